"""What is in a file, what would be used, and what is ignored and why."""

from __future__ import annotations

from typing import Any

import numpy as np
from pynwb import NWBFile
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neurodrift.data.choosing import choose_behavior, choose_neural
from neurodrift.data.clock import Clock
from neurodrift.data.counting import edge_of, pooled
from neurodrift.data.electrodes import count_channels
from neurodrift.data.facts import Facts
from neurodrift.data.finding import Found, doubt, find, unit_of
from neurodrift.data.layouts import LAYOUTS, layout_of
from neurodrift.data.nwb_open import Source, name_of, open_nwb, subject_of
from neurodrift.data.options import Options
from neurodrift.data.series import raw_times, sample_times, step_of
from neurodrift.data.trials import read_trials
from neurodrift.errors import NeurodriftError

__all__ = ["inspect_file", "show"]


def inspect_file(path: Source) -> dict[str, Any]:
    """The contents of one NWB file as plain data: seconds throughout, None where the file does not decide.

    Keys: path, layout, set (what is known of it), subject, session, n_channels, n_bins, bin_width, duration, neural
    (name, kind, path, size), behaviors (name, dimensions, unit, path), used (paths that a benchmark would
    take where nothing is named: neural, behavior), n_trials, trial_columns, ignored (path, why), notes.

    Raises:
        NeurodriftError: the file cannot be read as NWB.
    """
    with open_nwb(path) as (nwb, said):
        layout = layout_of(nwb)
        facts: Facts = LAYOUTS[layout].FACTS
        found = find(nwb, facts)
        neural = [item for item in found if item.role == "neural"]
        behaviors = [item for item in found if item.role == "behavior"]
        notes = [f"session description: {nwb.session_description}"] if nwb.session_description else []
        notes += said
        spikes, labels = _used(found, facts, name_of(path))
        notes += _tied("neural data", "neural", neural, spikes[:1], facts)
        notes += _tied("behaviour", "behavior", behaviors, labels, facts)
        sizes = []
        for item in neural:
            size, more = _size(nwb, item, facts)
            sizes.append(size)
            notes += more if item in spikes or len(spikes) != 1 else []
        n_bins, bin_width, duration, more = _extent(
            spikes or neural, labels or behaviors, facts, name_of(path)
        )
        trials, left_out = read_trials(nwb.trials)
        remarks = [_remark(item) for item in labels or behaviors]
        notes += more + [line for line in remarks if line] + left_out
        notes += Clock.of(trials)[1] if facts.restarts else []
        if nwb.trials is None and not facts.trial_index:
            notes.append(
                "no trials: intervals are resampled in blocks of 10 s, and trial filters cannot be used"
            )
        return {
            "path": name_of(path),
            "layout": layout,
            "set": {"title": facts.title, "notes": list(facts.notes)},
            "subject": subject_of(nwb),
            "session": nwb.session_id or nwb.identifier or "",
            "n_channels": sizes[neural.index(spikes[0])] if len(spikes) == 1 else None,
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
        }


def _used(found: list[Found], facts: Facts, source: str) -> tuple[list[Found], list[Found]]:
    """What would be read where nothing is named; empty where that is an error."""
    spikes: list[Found] = []
    labels: list[Found] = []
    try:
        spikes = [choose_neural(found, facts, Options(), source)[0]]
        labels = choose_behavior([i for i in found if i not in spikes], facts, Options(), source)[0]
    except NeurodriftError:
        pass
    return spikes, labels


def _tied(what: str, option: str, items: list[Found], used: list[Found], facts: Facts) -> list[str]:
    if not items:
        if option == "behavior":
            return [
                'no behaviour found: a benchmark cannot run on this file; behavior = "none" reads counts alone'
            ]
        return [f"no {what} found: a benchmark cannot run on this file"]
    if len(items) > len(used) > 0:
        return [f"{what}: the layout takes {', '.join(item.path for item in used)} where nothing is named"]
    if len(items) > 1 and not used:
        fair = min(items, key=lambda item: bool(doubt(item)))
        listing = ", ".join(item.path for item in items)
        return [
            f"{len(items)} series could be the {what} ({listing}): a benchmark needs a name, "
            f'such as {option} = "{fair.path}"'
        ]
    return []


def _size(nwb: NWBFile, item: Found, facts: Facts) -> tuple[int, list[str]]:
    if item.path == "units":
        channels, _, _, notes = pooled(nwb, facts, Options())
        return len(channels), notes
    return item.columns, [f"{item.path}: {count_channels(nwb, item.series, item.columns)[1]}"]


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
        notes = [f"spike times are read in bins of {facts.bin_width:g} s where no bin_width is given"]
    elif len(neural) == 1:
        notes = ["spike times need a bin width: a benchmark needs bin_width, such as 0.02 (s)"]
    return None, None, max(ends) - min(ends) if ends else None, notes


def _binned(
    item: Found, times: Any, facts: Facts
) -> tuple[int | None, float | None, float | None, list[str]]:
    width = step_of(times)
    if width is None:
        return len(times), None, None, [f"{item.path} has {len(times)} bins: no bin width can be inferred"]
    gaps = np.diff(times) > 1.5 * width
    notes = [f"{item.path}: {times[0]:.3f} to {times[-1]:.3f} s", edge_of(item, facts, Options())[1]]
    if gaps.any():
        missing = np.diff(times)[gaps].sum() - width * gaps.sum()
        notes[0] += f", with {int(gaps.sum())} gaps of {missing:.1f} s in all"
    return len(times), width, len(times) * width, notes


def _quiet_times(item: Found, source: str) -> Any:
    try:
        return raw_times(item, source)[0]
    except NeurodriftError:
        return []


def _remark(item: Found) -> str:
    if doubt(item):
        return doubt(item)
    conversion = item.series.conversion
    if conversion is not None and not np.isfinite(conversion):
        return f"{item.path}: its conversion is {conversion} and will not be applied"
    return ""


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


def show(content: dict[str, Any], console: Console) -> None:
    """Print what `inspect_file` returned, as a note a colleague would write."""

    def line(text: str, style: str = "") -> None:
        console.print(escape(text), style=style, highlight=False, soft_wrap=True)

    who = content["subject"] or "no subject given"
    line(content["path"], "bold")
    line(f"subject {who}, session {content['session'] or 'not named'}, layout {content['layout']}")
    if content["set"]["title"]:
        line(content["set"]["title"])
    size = [f"{content['n_channels']} channels"] if content["n_channels"] is not None else []
    if content["n_bins"] is not None:
        width = content["bin_width"]
        size.append(f"{content['n_bins']} bins" + (f" of {width:g} s" if width else ""))
    if content["duration"] is not None:
        seconds = content["duration"]
        size.append(f"{seconds / 60:.1f} min" if seconds >= 120 else f"{seconds:.1f} s")
    line(", ".join([*size, f"{content['n_trials']} trials"]))
    for title, items, one, kind in (
        ("Neural data", content["neural"], "size", "neural"),
        ("Behaviour", content["behaviors"], "dimensions", "behavior"),
    ):
        console.print()
        used = content["used"][kind]
        if not items:
            word = "none found"
        elif not used:
            word = "choose one by name or path"
        elif len(used) == len(items):
            word = "would be used"
        else:
            word = "those marked * would be used, others by name or path"
        line(f"{title}: {word}", "bold")
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        for item in items:
            unit = item.get("kind", item.get("unit")) or "unit not given"
            mark = "* " if item["path"] in used and len(used) < len(items) else ""
            word = {"size": "channel", "dimensions": "column"}[one] + "s" * (item[one] != 1)
            table.add_row(escape(mark + item["path"]), f"{item[one]} {word}", escape(unit.replace("_", " ")))
        if items:
            console.print(table)
    for title, lines in (
        ("Trial columns", [", ".join(content["trial_columns"])] if content["trial_columns"] else []),
        ("Ignored", [f"{item['path']}: {item['why']}" for item in content["ignored"]]),
        ("What is known of this set", content["set"]["notes"]),
        ("Notes", content["notes"]),
    ):
        if lines:
            console.print()
            line(title, "bold")
            for text in lines:
                line(f"  {text}")
