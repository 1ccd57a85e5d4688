"""What `neurodrift replay` does: picks the spec, runs it under a progress bar, prints a table and the page's path."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from neurodrift.benchmark.replay import demo_replay, read_replay, run_replay
from neurodrift.cli.progress import say_reused, watched
from neurodrift.report.replay import write_replay
from neurodrift.report.replay_figures import save_figures
from neurodrift.report.replay_movie import check_movie, write_movie
from neurodrift.report.replay_tables import tables

__all__ = ["run"]

SHOWN = (
    "Success",
    "Throughput",
    "Time to target",
    "R² of intention",
    "R² of a probe",
    "R² before the drift",
    "R² after the drift",
)


def run(
    spec_file: Path | None,
    out: Path | None,
    seeds: int | None,
    jobs: int | None,
    scheduler: str,
    exports: tuple[Path, ...] = (),
) -> None:
    """One replay from the command line."""
    for movie in exports:
        check_movie(movie)
    spec = read_replay(spec_file) if spec_file else demo_replay()
    spec = spec.model_copy(update={"seeds": seeds}) if seeds else spec
    slug = re.sub(r"[^a-z0-9]+", "-", spec.name.lower()).strip("-") or "replay"
    out = out or Path("neurodrift-results") / slug
    console = Console(stderr=True)
    if not spec_file:
        console.print("No SPEC: a user, an array and its drift over three days are [bold]simulated[/bold].")
    with watched(out, console) as tell:
        result = run_replay(
            spec,
            out,
            spec_folder=spec_file.parent if spec_file else Path(),
            jobs=jobs or os.cpu_count() or 1,
            scheduler=scheduler,
            command=shlex.join(["neurodrift", *sys.argv[1:]]),
            progress=tell,
        )
    say_reused(result.reused, out, console)
    page = write_replay(out, result.summary, result.viewer)
    save_figures(out, result.summary, result.viewer)
    _print(result.summary, Console())
    for movie in exports:
        with console.status(f"Drawing {movie}"):
            write_movie(result.viewer, movie)
        Console().print(f"Movie: {movie}", soft_wrap=True)
    Console().print(f"Viewer: {page}", soft_wrap=True)


def _print(summary: dict[str, object], console: Console) -> None:
    for data in tables(summary):
        table = Table(title=data["title"], title_justify="left")
        kept = [i for i, c in enumerate(data["columns"]) if i == 0 or c["name"] in SHOWN]
        for i in kept:
            column = data["columns"][i]
            named = column["name"] + (f"\n{column['small']}" if column["small"] else "")
            table.add_column(named, justify="right" if i else "left")
        for row in data["rows"]:
            cells = [row["cells"][i - 1] for i in kept if i]
            table.add_row(
                row["name"], *(f"{c['text']} ({c['small']})" if c["small"] else c["text"] for c in cells)
            )
        console.print(table)
    if summary.get("simulated"):
        console.print("[bold yellow]SIMULATED:[/] nobody was recorded.", highlight=False)
    else:
        console.print("[bold]OPEN LOOP:[/] the animal could not react to these decoders.", highlight=False)
