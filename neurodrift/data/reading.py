"""From an open NWB file and the facts of its layout to a Session; every layout is read by this."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pynwb import NWBFile

from neurodrift.data.binned import added_up, read_counts, width_of
from neurodrift.data.binning import bin_grid
from neurodrift.data.binning import velocity as difference
from neurodrift.data.choosing import choose_behavior, choose_neural
from neurodrift.data.clock import Clock
from neurodrift.data.counting import Counted, count_units, edge_of
from neurodrift.data.facts import Facts
from neurodrift.data.finding import Found, find
from neurodrift.data.labels import Labels, on_bins, read_labels
from neurodrift.data.options import Options
from neurodrift.data.parts import one_part, trials_of
from neurodrift.data.series import check_times, raw_times
from neurodrift.data.session import Session
from neurodrift.data.trials import assign_trials, read_trials
from neurodrift.errors import NeurodriftError

__all__ = ["read_as"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
DAY = 86400.0  # s


def read_as(facts: Facts, nwb: NWBFile, source: str, options: Options) -> Session:
    """All bins of the file as a Session, by what is asked, what the file says and what is known of its layout.

    Raises:
        NeurodriftError: whatever makes the file unusable as asked.
    """
    found = find(nwb, facts)
    spikes, notes = choose_neural(found, facts, options, source)
    chosen, more = choose_behavior([i for i in found if i is not spikes], facts, options, source)
    notes += [f"neural data: {spikes}", *more, *(f"behaviour: {item}" for item in chosen)]
    [spikes, *chosen], found, more = one_part([spikes, *chosen], found, facts, options, source)
    trials, left_out = read_trials(nwb.trials)
    if facts.trial_index and nwb.trials is None:
        trials, left_out = trials_of(found, facts, source), []
    clock, restarts = Clock.of(trials) if facts.restarts else (Clock(), [])
    trials = clock.trials(trials)
    labels = read_labels(chosen, found, facts, options, clock, source)
    notes += more + restarts + labels.notes
    if spikes.path == "units":
        times, width, counted, more = _from_units(nwb, labels, trials, facts, options, clock, source)
    else:
        times, width, counted, more = _from_counts(nwb, spikes, labels, facts, options, source)
    notes += more + counted.notes
    values, more = on_bins(labels, times, width)
    valid, invalid = _without_invalid(nwb, counted.valid, times, width)
    trial, overlaps = assign_trials(trials, times, width)
    session = Session(
        counts=counted.counts,
        behavior=values.astype(np.float32),
        bin_width=width,
        times=times,
        channels=tuple(counted.channels),
        behavior_names=labels.names,
        behavior_unit=labels.unit,
        trial=trial,
        trials=trials,
        valid=valid,
        persist=counted.persist,
        source=source,
        provenance=(*notes, *more, *invalid, *left_out, *overlaps),
    )
    return _velocity(session, chosen) if options.behavior_transform == "velocity" else session


def _from_units(
    nwb: NWBFile,
    labels: Labels,
    trials: pd.DataFrame,
    facts: Facts,
    options: Options,
    clock: Clock,
    source: str,
) -> tuple[Floats, float, Counted, list[str]]:
    width, notes = options.bin_width, []
    if labels.bins and (width is None or abs(width - labels.step) < 0.1 * labels.step):
        width, times = labels.step, labels.times
        notes.append(f"spikes are counted in the behaviour's own bins of {width:g} s")
    else:
        if width is None and facts.bin_width is not None:
            width = facts.bin_width
            notes.append(f"bin width {width:g} s: what this layout is read in where nothing is asked")
        if width is None:
            raise NeurodriftError(
                f"{source}: units holds spike times, which need a bin width. "
                f"Give one in seconds, such as bin_width=0.02."
            )
        first, last = _extent(nwb, labels, trials)
        if last - first > DAY:
            raise NeurodriftError(
                f"{source}: {labels.path or 'what is to be read'} lasts {(last - first) / 3600:.1f} hours, from "
                f"{first:g} to {last:g} s. NWB keeps times in seconds: if these are milliseconds, divide all times "
                f"of the file by 1000; a recording of more than a day is to be cut into files."
            )
        times = bin_grid(first, last, width)
        if not len(times):
            what = labels.path or "the extent of spikes and trials"
            raise NeurodriftError(
                f"{source}: {what} is shorter than one bin of {width} s. Choose a smaller bin_width."
            )
    return times, float(width), count_units(nwb, times, float(width), facts, options, clock, source), notes


def _extent(nwb: NWBFile, labels: Labels, trials: pd.DataFrame) -> tuple[float, float]:
    """First and last time (s) of the behaviour; without any, of the trials; without these, of the spikes."""
    if len(labels.times):
        return float(labels.times[0]), float(labels.times[-1])
    for column in (
        trials[["start_time", "stop_time"]].to_numpy(np.float64),
        nwb.units["spike_times"].target.data,
    ):
        column = np.asarray(column[:])
        column = column[np.isfinite(column)]
        if len(column):
            return float(column.min()), float(column.max())
    return 0.0, 0.0


def _from_counts(
    nwb: NWBFile, item: Found, labels: Labels, facts: Facts, options: Options, source: str
) -> tuple[Floats, float, Counted, list[str]]:
    times, notes = raw_times(item, source, facts.period_as_rate)
    check_times(times, item, source)
    width, number, more = width_of(item, times, options.bin_width, source)
    edge, said = edge_of(item, facts, options)
    if edge == "start":
        labels.same_bins(times, width, edge if options.bin_edge or facts.edge else "")
        times = times + width
        said += f"; ends are {width:g} s later"
    counted = read_counts(nwb, item, width, source)
    times, width, counted = added_up(counted, times, width, number, item.path)
    if not len(times):
        raise NeurodriftError(
            f"{source}: {item.path} has no {number} bins without a gap, as bin_width={options.bin_width:g} needs. "
            f"Choose a smaller bin_width."
        )
    return times, width, counted, [*notes, *more, said]


def _velocity(session: Session, chosen: list[Found]) -> Session:
    return replace(
        session,
        behavior=difference(session.behavior, session.times, session.after_gap).astype(np.float32),
        behavior_unit=f"{session.behavior_unit or '(unknown unit)'}/s",
        provenance=(
            *session.provenance,
            f"behaviour: velocity of {', '.join(item.path for item in chosen)}, the difference from the bin "
            f"before over the time between; none after a gap",
        ),
    )


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
