"""The table of methods for the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neurodrift.report.answer import answer
from neurodrift.report.run import Json, as_pairs
from neurodrift.report.tables import methods_table

__all__ = ["print_table"]

_SHOWN = ("Held-out R²", "Recovery", "z-scores from", "Step size")


def print_table(summary: Json, console: Console, details: Json | None = None) -> None:
    """Print one table a session pair, the answer in words, and that sessions are simulated where they are.

    Args:
        summary: what summary.json holds.
        console: where to print.
        details: what details.json holds, for the days between the sessions.
    """
    simulated = bool(summary.get("simulated"))
    pairs = as_pairs(summary, details)
    for pair in pairs:
        data = methods_table(pair)
        table = Table(
            title=escape(f"{pair.decoder}: {', '.join(pair.train)} → {pair.test}"), title_justify="left"
        )
        table.add_column("method", overflow="fold")
        kept = [i for i, (name, _) in enumerate(data.columns) if name in _SHOWN]
        for i in kept:
            table.add_column(
                data.columns[i][0], justify="left" if "z-scores" in data.columns[i][0] else "right"
            )
        for place, row in enumerate(data.rows):
            if row.group and place:
                table.add_section()
            cells = [row.cells[i] for i in kept]
            table.add_row(
                escape(row.head.text),
                *(escape(f"{c.text} ({c.small})" if c.small else c.text) for c in cells),
            )
        console.print(table)
        console.print(answer(pair, simulated), markup=False, highlight=False)
    if simulated:
        console.print("[bold yellow]The sessions are SIMULATED:[/] no animal was recorded.", highlight=False)
