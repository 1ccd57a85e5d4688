"""Spike times and behaviour onto bins, and smoothing over bins; nothing here looks ahead."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from neurodrift.errors import NeurodriftError

__all__ = ["TOLERANCE", "bin_grid", "bin_spikes", "covered", "resample_behavior", "smooth", "velocity"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

TOLERANCE = 1e-9  # s; times on one clock that differ by less are the same time


def bin_grid(first: float, last: float, bin_width: float) -> Floats:
    """Ends (T,) of the whole bins of `bin_width` s that fit between `first` and `last` (s)."""
    if not bin_width > 0:
        raise NeurodriftError(
            f"bin_width is {bin_width}: it must be a positive number of seconds, such as 0.05."
        )
    return first + bin_width * np.arange(1, int((last - first) / bin_width + 1e-6) + 1, dtype=np.float64)


def bin_spikes(
    spike_times: Sequence[npt.ArrayLike],
    times: npt.ArrayLike,
    bin_width: float,
    columns: npt.ArrayLike | None = None,
    n_columns: int | None = None,
    closed: str = "right",
) -> npt.NDArray[np.float32]:
    """Counts (T, C) of C lists of spike times (s) in the bins (t - bin_width, t] that end at `times` (T,).

    Where bins overlap (ends closer than bin_width) a spike counts in each; in gaps it counts in none.
    Counts are exact up to 2^24 spikes a bin.

    Args:
        columns: column that each list is added to, -1 for none; default one column a list.
        n_columns: C, where `columns` is given.
        closed: "right" for bins (t - bin_width, t], "left" for [t - bin_width, t); it matters for spikes on an edge.
    """
    places = np.arange(len(spike_times)) if columns is None else np.asarray(columns, np.int64)
    ends = np.asarray(times, np.float64) + (TOLERANCE if closed == "right" else -TOLERANCE)
    starts = _starts(ends, bin_width)
    joined = len(ends) > 0 and np.array_equal(starts[1:], ends[:-1])
    edges = np.r_[starts[:1], ends]
    counts = np.zeros((len(ends), len(spike_times) if n_columns is None else n_columns), np.float32)
    for place, spikes in zip(places, spike_times, strict=True):
        ordered = np.asarray(spikes, np.float64)
        if place < 0 or not len(ordered):
            continue
        if (np.diff(ordered) < 0).any():
            ordered = np.sort(ordered)
        if joined:
            counts[:, place] += np.diff(np.searchsorted(ordered, edges, side="right"))
        else:
            upto = np.searchsorted(ordered, ends, side="right")
            counts[:, place] += upto - np.searchsorted(ordered, starts, side="right")
    return counts


def _starts(ends: Floats, bin_width: float) -> Floats:
    """Starts of bins; the very end of the bin before where they touch, so that no spike is lost."""
    starts = ends - bin_width
    close = np.abs(starts[1:] - ends[:-1]) < TOLERANCE
    starts[1:][close] = ends[:-1][close]
    return starts


def resample_behavior(
    values: npt.ArrayLike, sample_times: npt.ArrayLike, times: npt.ArrayLike, bin_width: float
) -> Floats:
    """Behaviour (N, D) sampled at `sample_times` (N,) onto bins (t - bin_width, t] ending at `times` (T,).

    A bin holds the mean of the finite samples inside it, per axis. Without a sample inside, it holds the last
    sample at or before its end, if that is no older than one sampling period or one bin; else NaN.

    Returns:
        (T, D), in the unit of `values`; row t depends on samples at or before times[t] alone.
    """
    y = np.asarray(values, np.float64)
    y = y[:, None] if y.ndim == 1 else y
    at, ends = np.asarray(sample_times, np.float64), np.asarray(times, np.float64)
    out = np.full((len(ends), y.shape[1]), np.nan)
    if not len(at) or not len(ends):
        return out
    upto = np.searchsorted(at, ends + TOLERANCE, side="right")
    since = np.searchsorted(at, _starts(ends + TOLERANCE, bin_width), side="right")
    finite = np.isfinite(y)
    for axis in range(y.shape[1]):
        # Sums per bin, not differences of a running sum: a bin must not inherit rounding from before it.
        pairs = np.column_stack([since, upto]).ravel()
        full = np.append(np.where(finite[:, axis], y[:, axis], 0.0), 0.0)
        seen = np.append(finite[:, axis].astype(np.float64), 0.0)
        total, number = np.add.reduceat(full, pairs)[::2], np.add.reduceat(seen, pairs)[::2]
        inside = (upto > since) & (number > 0)
        out[inside, axis] = total[inside] / number[inside]
    oldest = max(float(np.median(np.diff(at))) if len(at) > 1 else 0.0, bin_width)
    last = np.maximum(upto - 1, 0)
    held = (upto == since) & (upto > 0) & (ends - at[last] <= oldest + TOLERANCE)
    out[held] = y[last[held]]
    return out


def velocity(values: npt.ArrayLike, times: npt.ArrayLike, after_gap: npt.ArrayLike) -> Floats:
    """Difference quotient (T, D) of `values` (T, D) from the bin before, per second; NaN after a gap (T,)."""
    x, t = np.asarray(values, np.float64), np.asarray(times, np.float64)
    out = np.full(x.shape, np.nan)
    out[1:] = np.diff(x, axis=0) / np.diff(t)[:, None]
    out[np.asarray(after_gap, bool)] = np.nan
    return out


def covered(times: npt.ArrayLike, bin_width: float, intervals: npt.ArrayLike) -> Bools:
    """Bins (T,) that lie as a whole within the union of `intervals` (I, 2), seconds, in any order."""
    ends = np.asarray(times, np.float64)
    pairs = np.asarray(intervals, np.float64).reshape(-1, 2)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    if not len(pairs):
        return np.zeros(len(ends), bool)
    reach = np.maximum.accumulate(pairs[:, 1])
    fresh = np.r_[True, pairs[1:, 0] > reach[:-1] + TOLERANCE]
    start, stop = pairs[fresh, 0], reach[np.r_[np.flatnonzero(fresh)[1:] - 1, len(pairs) - 1]]
    # Bins as long as the interval fit despite rounding of the sums that gave their ends.
    slack = 1e-6
    which = np.searchsorted(start, ends - bin_width + slack, side="right") - 1
    return np.asarray((which >= 0) & (ends <= stop[np.maximum(which, 0)] + slack))


def smooth(
    counts: npt.ArrayLike,
    decay: float = 0.7,
    after_gap: npt.ArrayLike | None = None,
    over_gaps: str = "carry",
) -> npt.NDArray[np.float32]:
    """Causal exponential smoothing of (T, C): s_t = decay s_{t-1} + (1 - decay) c_t, from s = 0.

    Args:
        counts: (T, C).
        decay: per bin, in [0, 1).
        after_gap: bins (T,) that follow on a gap; needed to reset.
        over_gaps: "carry" runs on over gaps as if there were none, "reset" starts from s = 0 after each.
    """
    if not 0 <= decay < 1:
        raise NeurodriftError(f"smooth: decay is {decay}; it must be at least 0 (no smoothing) and below 1.")
    if over_gaps not in ("carry", "reset"):
        raise NeurodriftError(f'smooth: over_gaps is {over_gaps!r}; choose "carry" or "reset".')
    if over_gaps == "reset" and after_gap is None:
        raise NeurodriftError('smooth: over_gaps="reset" needs after_gap, such as session.after_gap.')
    x = np.asarray(counts, np.float64)
    cuts = np.flatnonzero(np.asarray(after_gap, bool)) if over_gaps == "reset" else np.zeros(0, int)
    edges = np.unique(np.r_[0, cuts, len(x)])
    out = np.empty(x.shape, np.float32)
    for begin, end in pairwise(edges):
        out[begin:end] = lfilter([1 - decay], [1, -decay], x[begin:end], axis=0)
    return out
