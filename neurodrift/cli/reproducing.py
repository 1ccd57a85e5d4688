"""What `neurodrift reproduce` does: runs the studies under a progress bar, prints the verdicts and the page's path."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from neurodrift.benchmark.reproduce import reproduce
from neurodrift.cli.progress import say_reused, watched
from neurodrift.report.studies import print_studies, write_studies

__all__ = ["run"]


def run(studies: Sequence[str], quick: bool, out: Path | None, jobs: int | None, seeds: int | None) -> None:
    """Some studies, or all, from the command line."""
    out = out or Path("neurodrift-results") / ("reproduce-quick" if quick else "reproduce")
    console = Console(stderr=True)
    with watched(out, console) as tell:
        result = reproduce(
            studies,
            out,
            quick=quick,
            seeds=seeds,
            jobs=jobs or os.cpu_count() or 1,
            command=shlex.join(["neurodrift", *sys.argv[1:]]),
            progress=tell,
        )
    say_reused(result.reused, out, console)
    page = write_studies(out)
    print_studies(result.summary, Console())
    Console().print(f"Page: {page}", soft_wrap=True)
