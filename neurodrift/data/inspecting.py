"""What is in a file, what would be used, what is ignored and why, and what to do next, as plain data."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
from pynwb import NWBFile, TimeSeries

from neurodrift.data.choosing import choose_behavior, choose_neural
from neurodrift.data.clock import Clock
from neurodrift.data.counting import edge_of, pooled
from neurodrift.data.electrodes import count_channels
from neurodrift.data.facts import Facts
from neurodrift.data.finding import Found, doubt, find, likely, unit_of
from neurodrift.data.layouts import LAYOUTS, layout_of
from neurodrift.data.nwb_open import Source, name_of, open_nwb, subject_of
from neurodrift.data.options import Options
from neurodrift.data.parts import parts_of, trials_of
from neurodrift.data.series import raw_times, sample_times, step_of
from neurodrift.data.trials import read_trials
from neurodrift.data.words import many
from neurodrift.errors import NeurodriftError

__all__ = ["inspect_file"]

LOOKED = 512  # rows at the start, the middle and the end of a long behaviour, in which NaN are looked for
WARNS = re.compile(r"\b(warning|caution)\b", re.IGNORECASE)


def inspect_file(path: Source) -> dict[str, Any]:
    """The contents of one NWB file as plain data: seconds throughout, None where the file does not decide.

    Keys: path, layout, set (what is known of it), subject, session, start, description, n_channels, n_bins,
    bin_width, duration, neural (name, kind, path, size), behaviors (name, dimensions, unit, path), used (paths that a
    benchmark would take where nothing is named: neural, behavior), n_trials, trial_columns, ignored (path, why),
    notes, next.

    Raises:
        NeurodriftError: the file cannot be read as NWB.
    """
    with open_nwb(path) as (nwb, said):
        source = name_of(path)
        layout = layout_of(nwb)
        facts: Facts = LAYOUTS[layout].FACTS
        found = find(nwb, facts)
        neural = [item for item in found if item.role == "neural"]
        behaviors = [item for item in found if item.role == "behavior"]
        description = str(nwb.session_description or "").strip()
        notes = [f"the file warns: {description}"] if WARNS.search(description) else []
        notes += said
        spikes, labels = _used(found, facts, source)
        notes += _tied("neural data", neural, spikes) + _tied("behaviour", behaviors, labels)
        sizes = []
        for item in neural:
            size, more = _size(nwb, item, facts)
            sizes.append(size)
            notes += more if item in spikes or len(spikes) != 1 else []
        trials, left_out = read_trials(nwb.trials)
        clock, restarts = Clock.of(trials) if facts.restarts else (Clock(), [])
        parts = parts_of(found, facts, source)
        n_bins, bin_width, duration, more = _extent(spikes or neural, labels or behaviors, facts, source)
        if len(clock.shift):
            duration = float((clock.last - clock.first).sum())
        notes += more + [line for item in labels or behaviors for line in _remarks(item)] + restarts
        if len(parts) > 1:
            notes.append(f"{len(parts)} sessions end to end, each on a clock of its own")
        notes += [_scored(item, source) for item in found if item.role == "mask"] + left_out
        if nwb.trials is None and facts.trial_index:
            trials = trials_of(found, facts, source)
            notes.append(f"trials by {facts.trial_index}, as there is no table of them")
        elif nwb.trials is None:
            notes.append(
                "no trials: intervals are resampled in blocks of 10 s, and trial filters cannot be used"
            )
        return {
            "path": source,
            "layout": layout,
            "set": {"title": facts.title, "notes": list(facts.notes)},
            "subject": subject_of(nwb),
            "session": nwb.session_id or nwb.identifier or "",
            "start": nwb.session_start_time.isoformat() if nwb.session_start_time else None,
            "description": description,
            "n_channels": sizes[neural.index(spikes[0])] if spikes else None,
            "n_bins": n_bins,
            "bin_width": bin_width,
            "duration": duration,
            "neural": [
                {
                    "name": item.name,
                    "kind": "spike_times" if item.path == "units" else "counts",
                    "path": item.path,
                    "size": size,
                }
                for item, size in zip(neural, sizes, strict=True)
            ],
            "behaviors": [
                {
                    "name": item.name,
                    "dimensions": item.columns,
                    "unit": unit_of(item.series),
                    "path": item.path,
                }
                for item in behaviors
            ],
            "used": {"neural": [i.path for i in spikes], "behavior": [i.path for i in labels]},
            "n_trials": len(trials),
            "trial_columns": [str(name) for name in trials.columns] if nwb.trials is not None else [],
            "ignored": _ignored(nwb, found),
            "notes": notes,
            "next": _next(source, found, spikes, labels, facts, parts),
        }


def _used(found: list[Found], facts: Facts, source: str) -> tuple[list[Found], list[Found]]:
    """What would be read where nothing is named; empty where that is an error."""
    spikes: list[Found] = []
    labels: list[Found] = []
    try:
        spikes = [choose_neural(found, facts, Options(), source)[0]]
    except NeurodriftError:
        pass
    try:
        labels = choose_behavior([i for i in found if i not in spikes], facts, Options(), source)[0]
    except NeurodriftError:
        pass
    return spikes, labels


def _tied(what: str, items: list[Found], used: list[Found]) -> list[str]:
    if not items:
        return [f"no {what} found: a benchmark cannot run on this file"]
    if len(items) > 1 and not used:
        return [f"{len(items)} series could be the {what}: a benchmark needs the name of one"]
    return []


def _size(nwb: NWBFile, item: Found, facts: Facts) -> tuple[int, list[str]]:
    if item.path == "units":
        channels, _, _, notes = pooled(nwb, facts, Options())
        return len(channels), notes
    return item.columns, [count_channels(nwb, item.series, item.columns)[1]]


def _extent(
    neural: list[Found], behaviors: list[Found], facts: Facts, source: str
) -> tuple[int | None, float | None, float | None, list[str]]:
    """Bins, bin width (s) and duration (s, gaps not counted for bins), and notes."""
    timed = neural[0] if len(neural) == 1 and neural[0].path != "units" else None
    if timed is None and facts.bins and behaviors:
        timed = behaviors[0]
    if timed is not None:
        try:
            times = raw_times(timed, source, facts.period_as_rate)[0]
            if not facts.session_index:
                times = sample_times(timed, source) if not facts.period_as_rate else times
        except NeurodriftError as error:
            return len(timed.series.data), None, None, [str(error)]
        return _binned(timed, times, facts)
    ends: list[float] = []
    for item in [*neural, *behaviors]:
        if item.path == "units":
            spikes = np.asarray(item.series["spike_times"].target.data[:], np.float64)
        else:
            spikes = _quiet_times(item, source)
        if len(spikes):
            ends += [float(np.min(spikes)), float(np.max(spikes))]
    notes = []
    if len(neural) == 1 and facts.bin_width:
        notes = [f"spike times are counted in bins of {facts.bin_width:g} s where no bin_width is given"]
    elif len(neural) == 1:
        notes = ["spike times need a bin width: a benchmark needs bin_width, such as 0.02 (s)"]
    duration = max(ends) - min(ends) if ends else None
    if duration and duration > 86400:
        notes.append(
            f"times run over {duration / 3600:.1f} hours: NWB keeps seconds; are these milliseconds?"
        )
    return None, None, duration, notes


def _binned(
    item: Found, times: Any, facts: Facts
) -> tuple[int | None, float | None, float | None, list[str]]:
    width = step_of(times)
    if width is None:
        return (
            len(times),
            None,
            None,
            [f"{item.path} has {many(len(times), 'bin')}: no bin width can be inferred"],
        )
    gaps = np.diff(times) > 1.5 * width
    if (np.diff(times) < 0).any():
        return len(times), width, len(times) * width, [edge_of(item, facts, Options())[1]]
    notes = [f"bins from {times[0]:.3f} to {times[-1]:.3f} s", edge_of(item, facts, Options())[1]]
    if gaps.any():
        missing = np.diff(times)[gaps].sum() - width * gaps.sum()
        notes[0] += f", with {many(int(gaps.sum()), 'gap')} of {missing:.1f} s in all"
    return len(times), width, len(times) * width, notes


def _quiet_times(item: Found, source: str) -> Any:
    try:
        return raw_times(item, source)[0]
    except NeurodriftError:
        return []


def _remarks(item: Found) -> list[str]:
    """What speaks against a behaviour, and where it is NaN."""
    out = [doubt(item)] * bool(doubt(item))
    conversion = item.series.conversion
    if conversion is not None and not np.isfinite(conversion):
        out.append(f"{item.path}: its conversion is {conversion} and will not be applied")
    data, n = item.series.data, len(item.series.data)
    if n > 3 * LOOKED:
        rows = np.concatenate([np.asarray(data[i : i + LOOKED]) for i in (0, n // 2, n - LOOKED)])
        where = f"of {len(rows)} samples looked at"
    else:
        rows, where = np.asarray(data[:]), f"of its {many(n, 'sample')}"
    if rows.dtype.kind == "f" and np.isnan(rows).any():
        missing = np.isnan(rows.reshape(len(rows), -1)).any(axis=1).mean()
        out.append(f"{item.path} is NaN in {missing:.0%} {where}: no label there")
    return out


def _scored(item: Found, source: str) -> str:
    """How much of the set's mask is left out."""
    if not isinstance(item.series, TimeSeries):
        return f"{item.path} is no series: not applied"
    inside = np.asarray(item.series.data[:]).ravel().astype(bool)
    out = int(inside.sum() if item.name == "Blacklist" else (~inside).sum())
    return f"{item.path}: {out} of {many(len(inside), 'sample')} are not scored: no label there"


def _ignored(nwb: NWBFile, found: list[Found]) -> list[dict[str, str]]:
    out = [{"path": item.path, "why": item.why} for item in found if item.role in ("ignored", "signal")]
    if nwb.units is not None:
        extra = [name for name in nwb.units.colnames if name.startswith("waveform")]
        out += [{"path": f"units/{name}", "why": "waveforms are never read"} for name in extra]
    for place, items in (
        ("stimulus/presentation", nwb.stimulus),
        ("stimulus/templates", nwb.stimulus_template),
    ):
        out += [{"path": f"{place}/{name}", "why": "stimuli are not read"} for name in items]
    return out


def _next(
    source: str, found: list[Found], spikes: list[Found], labels: list[Found], facts: Facts, parts: list[str]
) -> list[str]:
    """Commands that go on from here."""
    neural = [item for item in found if item.role == "neural"] or [
        item for item in found if item.role in ("ignored", "signal") and item.readable and item.columns > 1
    ]
    behaviors = sorted((item for item in found if item.role == "behavior"), key=likely)
    if len(parts) > 1:
        return [
            f"it holds {len(parts)} sessions ({', '.join(parts[:12])}{' ...' * (len(parts) > 12)}): name one in a "
            f'spec or in Python, such as part = "{parts[0]}"'
        ]
    if not neural:
        return []
    if not behaviors:
        return [f'counts alone, in Python: read_session({source!r}, behavior="none")']
    other = "ANOTHER_DAY" + (Path(source).suffix or ".nwb")
    command = f"neurodrift benchmark --train {shlex.quote(source)} --test {other}"
    if not spikes:
        command += f" --neural {shlex.quote(neural[0].path)}"
    if not labels:
        command += f" --behavior {shlex.quote(behaviors[0].path)}"
    if (spikes or neural)[0].path == "units" and not facts.bin_width and not facts.bins:
        command += " --bin-width 0.02"
    return [command]
