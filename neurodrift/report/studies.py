"""The studies as one self-contained page, and as a table in the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

import neurodrift
from neurodrift.benchmark.reproduce import read_rows
from neurodrift.benchmark.store import write_atomically
from neurodrift.report.html import _environment
from neurodrift.report.study_figures import pictures
from neurodrift.studies import STUDIES

__all__ = ["figure_text", "paper_text", "print_studies", "write_studies"]

Json = Mapping[str, Any]


def figure_text(ours: Json) -> str:
    """A mean with its interval and seeds."""
    if ours["mean"] is None:
        return "–"
    low, high = ours["low"], ours["high"]
    interval = f" ({_number(low)} to {_number(high)})" if low is not None and high is not None else ""
    return (
        f"{_number(ours['mean'])}{interval}, {ours['seeds']} seeds"
        if ours["seeds"]
        else f"{_number(ours['mean'])}{interval}"
    )


def paper_text(paper: str | float | None) -> str:
    """The paper's figure."""
    return "–" if paper in ("", None) else paper if isinstance(paper, str) else _number(paper)


def print_studies(summary: Sequence[Json], console: Console) -> None:
    """One line a claim."""
    table = RichTable(show_lines=False)
    for name in ("study", "claim", "paper", "ours, 95 % interval", "verdict"):
        table.add_column(name, overflow="fold")
    last = ""
    for entry in summary:
        study = entry["study"] if entry["study"] != last else ""
        last = entry["study"]
        table.add_row(
            study, entry["says"], paper_text(entry["paper"]), figure_text(entry["ours"]), entry["verdict"]
        )
    console.print(table)
    if summary and summary[0]["quick"]:
        console.print(
            "Quick: small networks and few seeds. Run without --quick before you believe a verdict."
        )


def write_studies(folder: Path) -> Path:
    """Writes studies.html from rows.jsonl, summary.json and run.json of a run; it replaces an older one in one step."""
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    rows = read_rows(folder / "rows.jsonl")
    sections = []
    for name, mine in rows.items():
        study = STUDIES[name]()
        sections.append(
            {
                "name": name,
                "title": study.title,
                "settings": study.settings,
                "entries": [e for e in summary if e["study"] == name],
                "pictures": pictures(name, study.curves(mine)),
                "tables": study.tables(mine),
                "seconds": facts["seconds"].get(name),
            }
        )
    text = (
        _environment()
        .get_template("studies.html.j2")
        .render(
            sections=sections,
            summary=summary,
            facts=facts,
            machine=json.dumps({k: facts[k] for k in ("versions", "machine")}, indent=1),
            figure_text=figure_text,
            paper_text=paper_text,
            version=neurodrift.__version__,
        )
    )
    path = folder / "studies.html"
    write_atomically(path, text)
    return path


def _number(value: float) -> str:
    """Three figures, as plain as they can be."""
    if value and (abs(value) >= 1e5 or abs(value) < 1e-3):
        return f"{value:.2g}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
