"""`neurodrift latency`: how long a bin takes on this machine, and how large a network fits into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

__all__ = ["latency"]


@click.command()
@click.argument("decoder", type=click.Path(path_type=Path), required=False, metavar="[DECODER_FILE]")
@click.option(
    "--cell", default="gru", show_default=True, metavar="NAME", help="Cell, where no file names it."
)
@click.option("--units", type=int, default=64, show_default=True, metavar="N", help="Units.")
@click.option("--inputs", type=int, default=96, show_default=True, metavar="N", help="Channels.")
@click.option("--axes", type=int, default=2, show_default=True, metavar="N", help="Axes that are decoded.")
@click.option("--rule", default="immediate", show_default=True, metavar="NAME", help="How it learns online.")
@click.option("--optimizer", default="rmsprop", show_default=True, metavar="NAME", help="Optimizer.")
@click.option("--engine", default="auto", show_default=True, metavar="NAME", help="auto, reference or compiled.")  # fmt: skip
@click.option("--bin-ms", type=float, default=20.0, show_default=True, metavar="MS", help="Width of a bin.")
@click.option("--bins", type=int, default=2000, show_default=True, metavar="N", help="Bins that are timed.")
@click.option("--no-largest", is_flag=True, help="Do not look for the largest network that fits.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the JSON to a file.")
def latency(
    decoder: Path | None, bin_ms: float, bins: int, no_largest: bool, as_json: bool, out: Path | None, **model: Any
) -> None:  # fmt: skip
    """Time predict and update, bin by bin, on this machine.

    With a DECODER_FILE (RecurrentDecoder.save): that decoder, whose sizes replace those of the
    options. Without one: an untrained decoder. Says median, 99 % and 99.9 %, the slowest bin, deadlines missed, and
    the most units whose 99.9 % fits twice into a bin (untrained networks; rules that stop at a tolerance at their
    longest horizon).
    """
    from neurodrift.benchmark.machine import machine, versions
    from neurodrift.errors import NeurodriftError
    from neurodrift.evaluation.latency import Model
    from neurodrift.evaluation.latency import latency as measure
    from neurodrift.report.latency import latency_lines

    if out and not out.absolute().parent.is_dir():
        raise NeurodriftError(f"--out {out}: its folder does not exist; make it first.")
    found = measure(Model(**model), path=decoder, bin_ms=bin_ms, bins=bins, search=not no_largest)
    found |= {"machine": machine(), "versions": versions()}
    text = json.dumps(found, indent=2, allow_nan=False)
    if out:
        out.write_text(text + "\n", encoding="utf-8")
    click.echo(text if as_json else "\n".join(latency_lines(found)))
