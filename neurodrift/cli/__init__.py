"""The command line: one file a command; the work is done by the library."""

from __future__ import annotations

import sys
import warnings

import click

import neurodrift
from neurodrift.cli.benchmark import benchmark
from neurodrift.cli.cache import cache
from neurodrift.cli.catalogue import catalogue
from neurodrift.cli.fetch import fetch
from neurodrift.cli.inspect import inspect
from neurodrift.cli.latency import latency
from neurodrift.cli.replay import replay
from neurodrift.cli.reproduce import reproduce
from neurodrift.cli.stream import stream
from neurodrift.errors import NeurodriftError

__all__ = ["cli", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(neurodrift.__version__, prog_name="neurodrift")
@click.option("--debug", is_flag=True, help="Show the traceback of an error; may stand anywhere.")
def cli(debug: bool) -> None:
    """Keep a brain-computer-interface decoder working while its electrodes drift.

    Start with `neurodrift benchmark`, which needs no data, then `neurodrift inspect FILE` on a file of yours.
    """


cli.add_command(benchmark)
cli.add_command(cache)
cli.add_command(catalogue)
cli.add_command(fetch)
cli.add_command(inspect)
cli.add_command(latency)
cli.add_command(stream)
cli.add_command(replay)
cli.add_command(reproduce)


def main() -> None:
    """Entry point: an error of the input is one paragraph and exit code 2; `--debug` shows the traceback."""
    debug = "--debug" in sys.argv
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    warnings.showwarning = _show  # type: ignore[assignment]
    try:
        cli.main(arguments, prog_name="neurodrift")
    except NeurodriftError as error:
        if debug:
            raise
        click.echo(f"neurodrift: {error}", err=True)
        sys.exit(2)


def _show(message: Warning | str, category: type[Warning], *rest: object) -> None:
    click.echo(
        f"note: {message}" if category.__name__ == "NeurodriftWarning" else f"{category.__name__}: {message}",
        err=True,
    )
