"""What `neurodrift reproduce` does: runs the studies under a progress bar, prints the verdicts and the page's path."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from neurodrift.benchmark.reproduce import reproduce
from neurodrift.report.studies import print_studies, write_studies

__all__ = ["run"]


def run(studies: Sequence[str], quick: bool, out: Path | None, jobs: int | None, seeds: int | None) -> None:
    """Some studies, or all, from the command line."""
    out = out or Path("neurodrift-results") / ("reproduce-quick" if quick else "reproduce")
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("starting", total=None)

        def tell(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)

        try:
            result = reproduce(
                studies,
                out,
                quick=quick,
                seeds=seeds,
                jobs=jobs or os.cpu_count() or 1,
                command=shlex.join(["neurodrift", *sys.argv[1:]]),
                progress=tell,
            )
        except KeyboardInterrupt:
            bar.stop()
            click.echo(
                f"\nneurodrift: interrupted; what is finished is kept in {out}. The same command continues.",
                err=True,
            )
            sys.exit(130)
    if result.reused:
        console.print(f"{result.reused} finished pieces of work were found in {out} and reused.")
    page = write_studies(out)
    print_studies(result.summary, Console())
    Console().print(f"Page: {page}", soft_wrap=True)
