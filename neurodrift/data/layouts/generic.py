"""The generic layout: whatever NWB allows, found by what it is and not by where one laboratory keeps it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pynwb import NWBFile

from neurodrift.data.binning import bin_grid, bin_spikes, covered, resample_behavior
from neurodrift.data.binning import velocity as difference
from neurodrift.data.electrodes import count_channels, electrode_ids, unit_electrodes
from neurodrift.data.finding import Found, choose, doubt, find, is_counts, unit_of
from neurodrift.data.series import axis_names, converted, sample_times, step_of
from neurodrift.data.session import Session
from neurodrift.data.trials import assign_trials, read_trials
from neurodrift.errors import NeurodriftError

__all__ = ["UNSTABLE", "matches", "pooled", "read"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
STARTS = re.compile(
    r"(bin|window) (starts?|left)|(start|left edge|beginning) of (the |each )?bin", re.IGNORECASE
)
ENDS = re.compile(r"(bin|window) (ends?|right)|(end|right edge) of (the |each )?bin", re.IGNORECASE)
WIDTH = re.compile(r"bin_width=([0-9.eE+-]+)")
UNSTABLE = "a unit's identity does not persist across days"
AGREE = 0.1  # a bin width may differ by this part from the median step of the timestamps


def matches(nwb: NWBFile) -> bool:
    """Every NWB file."""
    return True


def read(
    nwb: NWBFile,
    source: str,
    *,
    neural: str | None = None,
    behavior: str | None = None,
    behavior_transform: str = "none",
    bin_width: float | None = None,
) -> Session:
    """All bins of the file as a Session; arguments as in `neurodrift.data.read_session`."""
    found = find(nwb)
    spikes = choose(found, "neural", neural, source)
    label = choose([item for item in found if item is not spikes], "behavior", behavior, source)
    notes = [f"neural data: {spikes}", f"behaviour: {label}"]
    label_times = sample_times(label, source)
    if spikes.path == "units":
        times, width = _spike_grid(label_times, label, bin_width, source)
        counts, channels, valid, more = _units(nwb, times, width)
    else:
        times, width, counts, channels, valid, more = _binned(nwb, spikes, bin_width, source)
    notes += more
    values, more = _behavior(label, label_times, times, width)
    names, assumed = axis_names(label)
    notes += more + [assumed] * bool(assumed)
    valid, more = _without_invalid(nwb, valid, times, width)
    trials, left_out = read_trials(nwb.trials)
    trial, overlaps = assign_trials(trials, times, width)
    session = Session(
        counts=counts.astype(np.float32),
        behavior=values.astype(np.float32),
        bin_width=width,
        times=times,
        channels=tuple(channels),
        behavior_names=names,
        behavior_unit=unit_of(label.series),
        trial=trial,
        trials=trials,
        valid=valid,
        source=source,
        provenance=(*notes, *more, *left_out, *overlaps),
    )
    return _transformed(session, behavior_transform, label)


def _transformed(session: Session, transform: str, label: Found) -> Session:
    if transform == "none":
        return session
    if transform != "velocity":
        raise NeurodriftError(f'{session}: behavior_transform is {transform!r}; choose "none" or "velocity".')
    return replace(
        session,
        behavior=difference(session.behavior, session.times, session.after_gap).astype(np.float32),
        behavior_unit=f"{session.behavior_unit or '(unknown unit)'}/s",
        provenance=(
            *session.provenance,
            f"behaviour: velocity of {label.path}, the difference from the bin before over the time between; "
            f"none after a gap",
        ),
    )


def _behavior(label: Found, at: Floats, times: Floats, width: float) -> tuple[Floats, list[str]]:
    values, notes = converted(label)
    if doubt(label):
        notes.append(doubt(label))
    if len(at) == len(times) and np.allclose(at, times, rtol=0, atol=1e-6):
        return values, [*notes, f"{label.path} has the bins' timestamps: rows taken as they are"]
    step = step_of(at)
    notes.append(
        f"{label.path} resampled causally onto the bins (mean of the samples in a bin, else the last one)"
    )
    if step is not None and step > 1.1 * width:
        notes.append(f"{label.path} is sampled every {step:g} s, more slowly than the bins: values are held")
    return resample_behavior(values, at, times, width), notes


def _spike_grid(at: Floats, label: Found, bin_width: float | None, source: str) -> tuple[Floats, float]:
    if bin_width is None:
        raise NeurodriftError(
            f"{source}: units holds spike times, which need a bin width. "
            f"Give one in seconds, such as bin_width=0.02."
        )
    times = bin_grid(float(at[0]), float(at[-1]), bin_width) if len(at) else np.zeros(0)
    if not len(times):
        raise NeurodriftError(
            f"{source}: {label.path} is shorter than one bin of {bin_width} s. Choose a smaller bin_width."
        )
    return times, float(bin_width)


def _units(nwb: NWBFile, times: Floats, width: float) -> tuple[Floats, list[str], Bools, list[str]]:
    units = nwb.units
    column = units["spike_times"]
    ends = np.asarray(column.data[:], np.int64)
    flat = np.asarray(column.target.data[:], np.float64)
    trains = np.split(flat, ends[:-1]) if len(ends) else []
    notes = [f"spike times of {len(trains)} units in bins of {width:g} s over the extent of the behaviour"]
    channels, groups, more = pooled(nwb)
    notes += more
    counts = bin_spikes(trains, times, width)
    together = np.zeros((len(times), len(channels)))
    for unit, channel in enumerate(groups):
        if channel >= 0:
            together[:, channel] += counts[:, unit]
    valid = np.ones(len(times), bool)
    if "obs_intervals" in units.colnames:
        seen: dict[bytes, Bools] = {}
        index = units["obs_intervals"]
        stops = np.asarray(index.data[:], np.int64)
        pairs = np.asarray(index.target.data[:], np.float64)
        for part in np.split(pairs, stops[:-1]) if len(stops) else []:
            if len(part) and part.tobytes() not in seen:
                seen[part.tobytes()] = covered(times, width, part)
        for mask in seen.values():
            valid &= mask
        notes.append(
            f"obs_intervals: {int((~valid).sum())} bins are not observed in full by every unit: not valid"
        )
    return together, channels, valid, notes


def pooled(nwb: NWBFile) -> tuple[list[str], npt.NDArray[np.int64], list[str]]:
    """Channel ids for /units, the channel each unit goes to (-1: none), and notes."""
    units = nwb.units
    on = unit_electrodes(units)
    if on is not None and nwb.electrodes is not None:
        rows, notes = on
        channels, origin = electrode_ids(nwb.electrodes)
        silent = len(channels) - len(set(rows[rows >= 0].tolist()))
        notes.insert(
            0, f"{len(rows)} units pooled per electrode onto {len(channels)} channels; ids: {origin}"
        )
        if silent:
            notes.append(f"{silent} electrodes have no unit; the electrodes table lists them: kept, counts 0")
        return channels, rows, notes
    line = f"channels are units by id, as units name no electrodes; {UNSTABLE}"
    return [str(item) for item in units.id.data[:]], np.arange(len(units)), [line]


def _binned(
    nwb: NWBFile, item: Found, bin_width: float | None, source: str
) -> tuple[Floats, float, Floats, list[str], Bools, list[str]]:
    times = sample_times(item, source)
    width, notes = _width(item, times, bin_width, source)
    words = f"{item.series.description} {item.series.comments}"
    if STARTS.search(words) and not ENDS.search(words):
        times = times + width
        notes.append(
            f"timestamps of {item.path} are bin starts, as its description says; ends are {width:g} s later"
        )
    elif ENDS.search(words):
        notes.append(f"timestamps of {item.path} are bin ends, as its description says")
    else:
        notes.append(f"assumed: timestamps of {item.path} are bin ends (nothing in the file says)")
    raw = np.asarray(item.series.data[:])
    if raw.ndim != 2 or not is_counts(raw):
        raise NeurodriftError(
            f"{source}: {item.path} does not hold counts (bins x channels of whole numbers, none negative): "
            f"its shape is {raw.shape}, its first values {raw.ravel()[:3].tolist()}. "
            f"Name another series with neural=."
        )
    counts = raw.astype(np.float64)
    valid = np.asarray(np.isfinite(counts).all(axis=1))
    if not valid.all():
        counts[~np.isfinite(counts)] = 0
        notes.append(f"{int((~valid).sum())} bins of {item.path} hold NaN: not valid, NaN set to 0")
    if item.series.conversion not in (None, 1) and np.isfinite(item.series.conversion):
        notes.append(f"conversion {item.series.conversion:g} of {item.path} not applied: these are counts")
    channels, origin = count_channels(nwb, item.series, item.columns)
    return times, width, counts, channels, valid, [*notes, origin]


def _width(item: Found, times: Floats, asked: float | None, source: str) -> tuple[float, list[str]]:
    step = step_of(times)
    if asked is not None and not asked > 0:
        raise NeurodriftError(f"{source}: bin_width is {asked}; it must be a positive number of seconds.")
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


def _without_invalid(nwb: NWBFile, valid: Bools, times: Floats, width: float) -> tuple[Bools, list[str]]:
    table: Any = nwb.invalid_times
    if table is None or not len(table):
        return valid, []
    out = valid.copy()
    frame: pd.DataFrame = read_trials(table)[0]
    for start, stop in zip(frame["start_time"], frame["stop_time"], strict=True):
        out &= ~((np.minimum(times, stop) - np.maximum(times - width, start)) > 1e-6)
    return out, [
        f"invalid_times: {int((valid & ~out).sum())} bins touch one of {len(frame)} invalid times: not valid"
    ]
