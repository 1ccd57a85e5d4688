"""The catalogue for a person: a line a set, or a note on one."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neurodrift.data.catalogue import Entry, Sessions

__all__ = ["explain", "overview"]


def overview(entries: Sequence[Entry], console: Console) -> None:
    """A line a set; a dash where something is not known."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column, right in (("name", 0), ("number", 0), ("files", 1), ("GB", 1), ("what it is", 0)):
        table.add_column(column, justify="right" if right else "left", no_wrap=column != "what it is")
    for e in entries:
        size = f"{e.gigabytes:g}" if e.gigabytes else "-"
        table.add_row(e.name, e.id, str(e.files or "-"), size, escape(e.title))
    console.print(table)
    console.print(
        "\n`neurodrift catalogue NAME` explains one, `neurodrift fetch NAME` fetches it, `neurodrift stream NAME` reads what a "
        "decoder needs without fetching it.",
        highlight=False,
    )


def explain(entry: Entry, console: Console) -> None:
    """All that is known of one set; what is not known is said to be so."""

    def line(text: str, style: str = "") -> None:
        console.print(escape(text), style=style, highlight=False, soft_wrap=True)

    sizes = [
        f"{entry.files} files" if entry.files else "",
        f"{entry.gigabytes:g} GB" if entry.gigabytes else "",
    ]
    line(f"{entry.name}: {entry.title}", "bold")
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    pinned = entry.version or "none pinned: the newest published one on the first fetch, then that one"
    same = {True: "yes", False: "no: pool them per electrode", None: ""}[entry.same_units]
    rows = {
        "address": entry.address,
        "version": pinned if entry.archive == "dandi" else "",
        "size": ", ".join(filter(None, sizes)),
        "array": entry.array,
        "task": entry.task,
        "decode from": ", ".join(entry.neural),
        "decode": ", ".join(entry.behavior),
        "same units daily": same,
        "licence": entry.licence,
        "cite": entry.citation,
    }
    for name, text in rows.items():
        if text:
            table.add_row(name, escape(text))
    unknown = [name for name, text in rows.items() if not text and not (name == "version")]
    if unknown:
        table.add_row("not known here", ", ".join(unknown))
    console.print(table)
    for title, lines in (
        ("Sessions", [_sessions(s) for s in entry.sessions]),
        ("Known traps", entry.traps),
    ):
        if lines:
            console.print()
            line(title, "bold")
            for text in lines:
                line(f"  {text}")


def _sessions(s: Sessions) -> str:
    number = s.count or len(s.dates) or None
    what = " ".join(part for part in (s.subject, s.task, s.split) if part)
    days = [d.isoformat() for d in s.dates]
    when = f"{s.first} to {s.last}" if s.first else ", ".join(days)
    return f"{what}: {number if number else 'number not known'}{', ' + when if when else ''}"
