"""The replay viewer: one self-contained HTML page, its data and script inside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

import neurodrift
from neurodrift.benchmark.store import write_atomically
from neurodrift.report.html import _environment
from neurodrift.report.replay_figures import figures
from neurodrift.report.replay_tables import tables

__all__ = ["write_replay"]

Json = Mapping[str, Any]


def write_replay(folder: Path, summary: Json, view: Json) -> Path:
    """Writes replay.html into a replay's folder; it replaces an older one in one step.

    Args:
        summary: what summary.json holds. view: trials, channels and scores, as the replay returns them.
    """
    data = json.dumps(
        {k: v for k, v in view.items() if k not in ("versions", "machine", "command")},
        separators=(",", ":"),
        allow_nan=False,
    )
    script = files("neurodrift.report").joinpath("replay.js").read_text(encoding="utf-8")
    simulated = bool(summary.get("simulated"))
    text = (
        _environment()
        .get_template("replay.html.j2")
        .render(
            view=view,
            simulated=simulated,
            subtitle=_subtitle(summary, view),
            tables=tables(summary),
            figures=figures(summary),
            words=_words(summary, view),
            machine=json.dumps({k: view.get(k) for k in ("versions", "machine")}, indent=1),
            version=neurodrift.__version__,
            # Inside a script element only "</" and "<!--" can end or confuse it.
            data=Markup(data.replace("<", "\\u003c")),
            script=Markup(script),
        )
    )
    path = folder / "replay.html"
    write_atomically(path, text)
    return path


def _subtitle(summary: Json, view: Json) -> str:
    methods = ", ".join(m["name"] for m in view["methods"]) or ", ".join(
        dict.fromkeys(c["method"] for c in summary["comparisons"])
    )
    if summary.get("simulated"):
        days, seeds = len(summary["days"]), len(summary["seeds"])
        return f"{methods}: {days} simulated day{'s' * (days != 1)}, {seeds} world{'s' * (seeds != 1)}"
    return f"{methods}: a recorded session, bin by bin"


def _words(summary: Json, view: Json) -> list[str]:
    if not summary.get("simulated"):
        return list(view.get("words", []))
    return [
        "A simulated user sees the cursor late, corrects it, and commands with noise; a simulated array fires; the decoder answers one bin at a time; the cursor moves. All decoders meet the same targets and the same array.",
        "The viewer shows the first world (seed 0), and trials that every decoder has ended. Trial follows trial for all at once: a cursor that is there first waits for the others. A cursor may start a trial from where it missed the last.",
        f"Tables: {summary['intervals']}. Differences are paired, world by world.",
        "Time to target is the mean over hits: a decoder that hits only near targets looks fast. Read it beside the success rate, or read throughput, which counts misses.",
    ]
