"""What is in a file, what would be used, and what is ignored and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pynwb import NWBFile
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neurodrift.data.electrodes import count_channels
from neurodrift.data.finding import Found, doubt, find, unit_of
from neurodrift.data.layouts import LAYOUTS
from neurodrift.data.layouts.generic import pooled
from neurodrift.data.nwb_open import open_nwb, subject_of
from neurodrift.data.series import sample_times, step_of
from neurodrift.data.trials import read_trials
from neurodrift.errors import NeurodriftError

__all__ = ["inspect_file", "show"]


def inspect_file(path: str | Path) -> dict[str, Any]:
    """The contents of one NWB file as plain data: seconds throughout, None where the file does not decide.

    Keys: path, layout, subject, session, n_channels, n_bins, bin_width, duration, neural (name, kind, path,
    size), behaviors (name, dimensions, unit, path), n_trials, trial_columns, ignored (path, why), notes.

    Raises:
        NeurodriftError: the file cannot be read as NWB.
    """
    with open_nwb(path) as (nwb, said):
        layout = next(name for name, module in LAYOUTS.items() if module.matches(nwb))
        found = find(nwb)
        neural = [item for item in found if item.role == "neural"]
        behaviors = [item for item in found if item.role == "behavior"]
        notes = [f"session description: {nwb.session_description}"] if nwb.session_description else []
        notes += said
        notes += _tied("neural data", "neural", neural) + _tied("behaviour", "behavior", behaviors)
        sizes = []
        for item in neural:
            size, more = _size(nwb, item)
            sizes.append(size)
            notes += more
        n_bins, bin_width, duration, more = _extent(nwb, neural, behaviors, str(path))
        trials, left_out = read_trials(nwb.trials)
        notes += more + [_remark(item) for item in behaviors if _remark(item)] + left_out
        if nwb.trials is None:
            notes.append(
                "no trials: intervals are resampled in blocks of 10 s, and trial filters cannot be used"
            )
        return {
            "path": str(path),
            "layout": layout,
            "subject": subject_of(nwb),
            "session": nwb.session_id or nwb.identifier or "",
            "n_channels": sizes[0] if len(sizes) == 1 else None,
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
            "n_trials": len(trials),
            "trial_columns": [str(name) for name in trials.columns] if nwb.trials is not None else [],
            "ignored": _ignored(nwb, found),
            "notes": notes,
        }


def _tied(what: str, option: str, items: list[Found]) -> list[str]:
    if not items:
        return [f"no {what} found: a benchmark cannot run on this file"]
    if len(items) > 1:
        fair = min(items, key=lambda item: bool(doubt(item)))
        listing = ", ".join(item.path for item in items)
        return [
            f"{len(items)} series could be the {what} ({listing}): a benchmark needs a name, "
            f'such as {option} = "{fair.path}"'
        ]
    return []


def _size(nwb: NWBFile, item: Found) -> tuple[int, list[str]]:
    if item.path == "units":
        channels, _, notes = pooled(nwb)
        return len(channels), notes
    return item.columns, [f"{item.path}: {count_channels(nwb, item.series, item.columns)[1]}"]


def _extent(
    nwb: NWBFile, neural: list[Found], behaviors: list[Found], source: str
) -> tuple[int | None, float | None, float | None, list[str]]:
    """Bins, bin width (s) and duration (s, gaps not counted for counts), and notes."""
    if len(neural) == 1 and neural[0].path != "units":
        try:
            times = sample_times(neural[0], source)
        except NeurodriftError as error:
            return len(neural[0].series.data), None, None, [str(error)]
        width = step_of(times)
        if width is None:
            return (
                len(times),
                None,
                None,
                [f"{neural[0].path} has {len(times)} bins: no bin width can be inferred"],
            )
        gaps = np.diff(times) > 1.5 * width
        notes = [f"{neural[0].path}: {times[0]:.3f} to {times[-1]:.3f} s"]
        if gaps.any():
            missing = np.diff(times)[gaps].sum() - width * gaps.sum()
            notes[0] += f", with {int(gaps.sum())} gaps of {missing:.1f} s in all"
        return len(times), width, len(times) * width, notes
    ends: list[float] = []
    for item in [*neural, *behaviors]:
        if item.path == "units":
            spikes = np.asarray(item.series["spike_times"].target.data[:], np.float64)
        else:
            spikes = _quiet_times(item, source)
        if len(spikes):
            ends += [float(np.min(spikes)), float(np.max(spikes))]
    notes = ["spike times need a bin width: a benchmark needs bin_width, such as 0.02 (s)"] if neural else []
    only = len(neural) == 1 and neural[0].path == "units"
    return None, None, max(ends) - min(ends) if ends else None, notes if only else []


def _quiet_times(item: Found, source: str) -> Any:
    try:
        return sample_times(item, source)
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
    out = [{"path": item.path, "why": item.why} for item in found if item.role == "ignored"]
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
    size = [f"{content['n_channels']} channels"] if content["n_channels"] is not None else []
    if content["n_bins"] is not None:
        width = content["bin_width"]
        size.append(f"{content['n_bins']} bins" + (f" of {width:g} s" if width else ""))
    if content["duration"] is not None:
        size.append(f"{content['duration'] / 60:.1f} min")
    line(", ".join([*size, f"{content['n_trials']} trials"]))
    for title, items, one in (
        ("Neural data", content["neural"], "size"),
        ("Behaviour", content["behaviors"], "dimensions"),
    ):
        console.print()
        used = (
            "would be used" if len(items) == 1 else ("choose one by name or path" if items else "none found")
        )
        line(f"{title}: {used}", "bold")
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        for item in items:
            unit = item.get("kind", item.get("unit")) or "unit not given"
            word = {"size": "channels", "dimensions": "columns"}[one]
            table.add_row(escape(item["path"]), f"{item[one]} {word}", escape(unit.replace("_", " ")))
        if items:
            console.print(table)
    for title, lines in (
        ("Trial columns", [", ".join(content["trial_columns"])] if content["trial_columns"] else []),
        ("Ignored", [f"{item['path']}: {item['why']}" for item in content["ignored"]]),
        ("Notes", content["notes"]),
    ):
        if lines:
            console.print()
            line(title, "bold")
            for text in lines:
                line(f"  {text}")
