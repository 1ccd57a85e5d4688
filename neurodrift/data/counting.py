"""Counts (T, C) per bin and channel, from spike times or from series that are binned already."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pynwb import NWBFile

from neurodrift.data.binning import bin_spikes, covered
from neurodrift.data.clock import Clock
from neurodrift.data.electrodes import count_channels, electrode_ids, unit_electrodes
from neurodrift.data.facts import Facts
from neurodrift.data.filters import parse_filter
from neurodrift.data.finding import Found, is_counts
from neurodrift.data.options import Options
from neurodrift.data.safety import whole
from neurodrift.data.series import step_of
from neurodrift.data.trials import read_trials
from neurodrift.errors import NeurodriftError

__all__ = ["UNSTABLE", "Counted", "count_units", "edge_of", "pooled", "read_counts", "width_of"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
STARTS = re.compile(
    r"(bin|window) (starts?|left)|(start|left edge|beginning) of (the |each )?bin", re.IGNORECASE
)
ENDS = re.compile(r"(bin|window) (ends?|right)|(end|right edge) of (the |each )?bin", re.IGNORECASE)
WIDTH = re.compile(r"bin_width=([0-9.eE+-]+)")
UNSTABLE = "a unit's identity does not persist across days"
AGREE = 0.1  # a bin width may differ by this part from the median step of the timestamps


@dataclass
class Counted:
    """Counts (T, C), channel ids, bins observed in full (T,), whether ids persist over days, and notes."""

    counts: npt.NDArray[np.float32]
    channels: list[str]
    valid: Bools
    persist: bool
    notes: list[str]


def count_units(
    nwb: NWBFile, times: Floats, width: float, facts: Facts, options: Options, clock: Clock, source: str
) -> Counted:
    """Spike times of /units in bins that end at `times`, pooled per electrode or kept apart."""
    units = nwb.units
    column = units["spike_times"]
    ends = np.asarray(column.data[:], np.int64)
    flat = np.asarray(whole(column.target.data, f"{source}: units/spike_times"), np.float64)
    if (len(ends) and (np.diff(ends, prepend=0) < 0).any()) or (len(ends) and ends[-1] > len(flat)):
        raise NeurodriftError(f"{source}: spike_times_index of units is out of order. Fetch the file again.")
    trains = np.split(flat, ends[:-1]) if len(ends) else []
    notes = [f"spike times of {len(trains)} units in bins of {width:g} s over the extent of the behaviour"]
    trains, more = clock.spikes(trains)
    channels, groups, persist, pooling = pooled(nwb, facts, options)
    groups, chosen = _chosen(units, groups, options.units, source)
    notes += more + pooling + chosen
    unsorted = sum(bool((np.diff(train) < 0).any()) for train in trains)
    if unsorted:
        notes.append(f"spike times of {unsorted} units are out of order: sorted")
    counts = bin_spikes(trains, times, width, groups, len(channels), facts.closed)
    valid = np.ones(len(times), bool)
    if "obs_intervals" in units.colnames:
        valid, observed = _observed(units, times, width, clock, groups)
        notes.append(observed)
    return Counted(counts, channels, valid, persist, notes)


def _chosen(
    units: Any, groups: npt.NDArray[np.int64], text: str | None, source: str
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Units that match the filter keep their channel; the others get none (-1)."""
    if text is None:
        return groups, []
    names = [n for n in units.colnames if n not in ("spike_times", "electrodes") and "waveform" not in n]
    frame = read_trials(units, names)[0]
    try:
        keep = parse_filter(text)(frame)
    except NeurodriftError as error:
        raise NeurodriftError(f"{source}: units: {error}") from None
    if not keep.any():
        raise NeurodriftError(
            f"{source}: the filter of units {text!r} leaves none of {len(keep)}. Loosen it."
        )
    return np.where(keep, groups, -1), [f"units {text!r}: {int(keep.sum())} of {len(keep)} kept"]


def _observed(
    units: Any, times: Floats, width: float, clock: Clock, groups: npt.NDArray[np.int64]
) -> tuple[Bools, str]:
    index = units["obs_intervals"]
    stops = np.asarray(index.data[:], np.int64)
    pairs = np.asarray(index.target.data[:], np.float64)
    seen: dict[bytes, Bools] = {}
    for part, group in zip(np.split(pairs, stops[:-1]) if len(stops) else [], groups, strict=False):
        if group >= 0 and len(part) and part.tobytes() not in seen:
            seen[part.tobytes()] = covered(times, width, clock.intervals(part))
    valid = np.ones(len(times), bool)
    for mask in seen.values():
        valid &= mask
    return (
        valid,
        f"obs_intervals: {int((~valid).sum())} bins are not observed in full by every unit: not valid",
    )


def pooled(
    nwb: NWBFile, facts: Facts, options: Options
) -> tuple[list[str], npt.NDArray[np.int64], bool, list[str]]:
    """Channel ids for /units, the channel of each unit (-1: none), whether ids persist over days, and notes."""
    units = nwb.units
    on = unit_electrodes(units)
    pool = options.pool or facts.pool
    if pool == "electrode" and on is not None and nwb.electrodes is not None:
        rows, notes = on
        if facts.repair_rows is not None:
            rows, repairs = facts.repair_rows(nwb, rows)
            notes += repairs
        channels, origin = electrode_ids(nwb.electrodes)
        if len(rows) and rows.max() >= len(channels):
            raise NeurodriftError(
                f"a unit names row {rows.max()} of the electrodes table, which has {len(channels)} rows. "
                f'Read units as they are with pool="unit".'
            )
        silent = len(channels) - len(set(rows[rows >= 0].tolist()))
        notes.insert(
            0, f"{len(rows)} units pooled per electrode onto {len(channels)} channels; ids: {origin}"
        )
        if silent:
            notes.append(f"{silent} electrodes have no unit; the electrodes table lists them: kept, counts 0")
        return channels, rows, True, notes
    if options.pool == "electrode":
        raise NeurodriftError(
            'units name no electrodes, so that pool="electrode" cannot be. Use pool="unit".'
        )
    names = [str(item) for item in units.id.data[:]]
    if facts.same_units or options.same_units:
        why = (
            "the set keeps them over days"
            if facts.same_units
            else "taken to be the same on every day, as asked"
        )
        return names, np.arange(len(names)), True, [f"channels are units by id; {why}"]
    if options.pool == "electrode":
        raise NeurodriftError(
            'units name no electrodes, so that pool="electrode" cannot be. Use pool="unit".'
        )
    why = "as asked" if options.pool == "unit" else "as units name no electrodes"
    return names, np.arange(len(names)), False, [f"channels are units by id, {why}; {UNSTABLE}"]


def edge_of(item: Found, facts: Facts, options: Options) -> tuple[str, str]:
    """Whether timestamps of bins are their "start" or "end", and a line that says who says so."""
    words = f"{item.series.description} {item.series.comments}"
    said = ("start" if STARTS.search(words) else "") if not ENDS.search(words) else "end"
    for edge, who in (
        (options.bin_edge, "as asked"),
        (said, "as its description says"),
        (facts.edge, "as the set keeps them"),
    ):
        if edge:
            return edge, f"timestamps of {item.path} are bin {edge}s, {who}"
    return "end", f"assumed: timestamps of {item.path} are bin ends (nothing in the file says)"


def read_counts(nwb: NWBFile, item: Found, source: str) -> Counted:
    """Counts of a binned series as they are; NaN makes a bin not valid."""
    raw = np.asarray(whole(item.series.data, f"{source}: {item.path}"))
    if raw.ndim != 2 or not (is_counts(raw) or (item.role == "signal" and not (raw < 0).any())):
        raise NeurodriftError(
            f"{source}: {item.path} does not hold counts (bins x channels of whole numbers, none negative): "
            f"its shape is {raw.shape}, its first values {raw.ravel()[:3].tolist()}. "
            f"Name another series with neural=."
        )
    counts = raw.astype(np.float32)
    notes = [f"{item.path}: {item.why}; values as stored"] if item.role == "signal" else []
    valid = np.asarray(np.isfinite(counts).all(axis=1))
    if not valid.all():
        counts[~np.isfinite(counts)] = 0
        notes.append(f"{int((~valid).sum())} bins of {item.path} hold NaN: not valid, NaN set to 0")
    if item.series.conversion not in (None, 1) and np.isfinite(item.series.conversion):
        notes.append(f"conversion {item.series.conversion:g} of {item.path} not applied: these are counts")
    channels, origin = count_channels(nwb, item.series, item.columns)
    return Counted(counts, channels, valid, True, [*notes, origin])


def width_of(item: Found, times: Floats, asked: float | None, source: str) -> tuple[float, list[str]]:
    """Bin width (s) of a binned series with sample times (T,), and where it comes from."""
    step = step_of(times)
    if step is None:
        if asked is None:
            raise NeurodriftError(f"{source}: {item.path} has one bin only; give its bin_width in seconds.")
        return float(asked), []
    if asked is not None:
        if abs(asked - step) > AGREE * step:
            raise NeurodriftError(
                f"{source}: bin_width is {asked} s, but the timestamps of {item.path} are {step:g} s apart "
                f"(median). Counts cannot be binned again: leave bin_width out or give {step:g}."
            )
        return float(asked), [f"bin width {asked:g} s as given; median step of {item.path} {step:g} s"]
    stated = WIDTH.search(str(item.series.comments))
    if stated and abs(float(stated[1]) - step) <= AGREE * step:
        return float(stated[1]), [f"bin width {stated[1]} s as stated in the comments of {item.path}"]
    return step, [f"bin width {step:g} s: median step of the timestamps of {item.path}"]
