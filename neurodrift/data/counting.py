"""Counts (T, C) per bin and channel, from spike times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pynwb import NWBFile

from neurodrift.data.binning import bin_spikes, covered
from neurodrift.data.clock import Clock
from neurodrift.data.electrodes import electrode_ids, unit_electrodes
from neurodrift.data.facts import Facts
from neurodrift.data.filters import parse_filter
from neurodrift.data.finding import Found
from neurodrift.data.options import Options
from neurodrift.data.safety import whole
from neurodrift.data.trials import read_trials
from neurodrift.data.words import many
from neurodrift.errors import NeurodriftError

__all__ = ["UNSTABLE", "Counted", "count_units", "edge_of", "pooled"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
STARTS = re.compile(
    r"(bin|window) (starts?|left)|(start|left edge|beginning) of (the |each )?bin", re.IGNORECASE
)
ENDS = re.compile(r"(bin|window) (ends?|right)|(end|right edge) of (the |each )?bin", re.IGNORECASE)
UNSTABLE = "a unit's identity does not persist across days"


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
    notes = [f"spike times of {many(len(trains), 'unit')} in bins of {width:g} s"]
    trains, more = clock.spikes(trains)
    channels, groups, persist, pooling = pooled(nwb, facts, options)
    groups, chosen = _chosen(units, groups, options.units, source)
    notes += more + pooling + chosen
    unsorted = sum(bool((np.diff(train) < 0).any()) for train in trains)
    if unsorted:
        notes.append(f"spike times of {many(unsorted, 'unit')} are out of order: sorted")
    counts = bin_spikes(trains, times, width, groups, len(channels), facts.closed)
    notes.append(
        _inside([t for t, g in zip(trains, groups, strict=True) if g >= 0], counts, times, width, source)
    )
    valid = np.ones(len(times), bool)
    if "obs_intervals" in units.colnames:
        valid, observed = _observed(units, times, width, clock, groups)
        notes.append(observed)
    return Counted(counts, channels, valid, persist, notes)


def _inside(trains: list[Floats], counts: Any, times: Floats, width: float, source: str) -> str:
    """How many spikes lie in the bins; none at all is an error, as of two clocks."""
    total, inside = sum(len(train) for train in trains), int(counts.sum(dtype=np.float64))
    if inside:
        return f"{'only ' * (2 * inside < total)}{inside} of {total} spikes lie in the bins"
    if not total:
        raise NeurodriftError(
            f"{source}: none of its {many(len(trains), 'unit')} has a spike. Name other neural data."
        )
    first, last = min(t.min() for t in trains if len(t)), max(t.max() for t in trains if len(t))
    raise NeurodriftError(
        f"{source}: the bins run from {times[0] - width:.3f} to {times[-1]:.3f} s, but all {total} spikes of units "
        f"lie elsewhere, from {first:.3f} to {last:.3f} s. Spikes and behaviour seem to be on two clocks: "
        f"put them on one in the file."
    )


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
    valid, some = np.ones(len(times), bool), np.zeros(len(times), bool)
    for mask in seen.values():
        valid &= mask
        some |= mask
    if 2 * valid.sum() < some.sum():
        return valid, (
            f"only {int(valid.sum())} of the {int(some.sum())} bins that some unit observes are observed by every "
            f"one, by obs_intervals: the others are not valid. A filter of units, such as "
            f"units=\"quality == 'good'\", may leave out those that are observed least"
        )
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
        channels, origin = electrode_ids(nwb.electrodes, facts.group_in_ids)
        if len(rows) and rows.max() >= len(channels):
            raise NeurodriftError(
                f"a unit names row {rows.max()} of the electrodes table, which has {len(channels)} rows. "
                f'Read units as they are with pool="unit".'
            )
        silent = len(channels) - len(set(rows[rows >= 0].tolist()))
        notes.insert(
            0,
            f"{many(len(rows), 'unit')} pooled per electrode onto {many(len(channels), 'channel')}; ids: {origin}",
        )
        if silent:
            verb = "has" if silent == 1 else "have"
            notes.append(f"{many(silent, 'electrode')} {verb} no unit: kept, counts 0")
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
