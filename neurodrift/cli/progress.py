"""The progress bar of long commands, and what they say when they are interrupted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

from neurodrift.errors import NeurodriftError

__all__ = ["say_reused", "watched"]


@contextmanager
def watched(out: Path, console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A bar, and what moves it: `tell(stage, done, total)`. Ctrl-C ends the command with 130 and says that `out` is kept."""
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
            yield tell
        except KeyboardInterrupt:
            bar.stop()
            click.echo(
                f"\nneurodrift: interrupted; what is finished is kept in {out}. The same command continues.",
                err=True,
            )
            sys.exit(130)
        except NeurodriftError:
            bar.live.transient = True  # what is wrong stands alone
            raise


def say_reused(pieces: int, out: Path, console: Console) -> None:
    """How much of an earlier run was taken over."""
    if pieces:
        console.print(f"{pieces} finished pieces of work were found in {out} and reused.")
