"""What `neurodrift benchmark` does: picks the spec, runs it under a progress bar, prints the table and the report's path."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from neurodrift.benchmark import Spec, demo_spec, parse_spec, run_benchmark
from neurodrift.cli.progress import say_reused, watched
from neurodrift.cli.ready import named_spec
from neurodrift.errors import NeurodriftError
from neurodrift.report import print_table, write_report

__all__ = ["run"]


def run(
    spec_file: Path | None,
    train: Sequence[str],
    test: Sequence[str],
    options: Mapping[str, Any],
    out: Path | None,
    seeds: int | None,
    jobs: int | None,
    scheduler: str,
    sessions: int | None = None,
    yes: bool = False,
) -> None:
    """One benchmark from the command line."""
    given = {k: v for k, v in options.items() if v is not None}
    if spec_file and (train or test or given):
        raise NeurodriftError("benchmark: give a SPEC, or --train and --test with their options, not both.")
    if bool(train) != bool(test):
        raise NeurodriftError("benchmark: --train and --test go together; give at least one file to each.")
    if given and not train:
        raise NeurodriftError(f"benchmark: --{next(iter(given)).replace('_', '-')} needs --train and --test.")
    simulated = not (spec_file or train)
    folder = Path()
    if spec_file:
        spec, folder = named_spec(spec_file, sessions, yes), spec_file.parent
    elif train:
        name = f"{Path(train[0]).stem} to {Path(test[0]).stem}"
        spec = parse_spec(
            {"name": name, "data": {"train": list(train), "test": list(test), **given}}, "benchmark"
        )
    else:
        out = folder = out or Path("neurodrift-results/simulated")
        spec = demo_spec(out)
    spec = spec.model_copy(update={"seeds": seeds}) if seeds else spec
    out = out or Path("neurodrift-results") / _slug(spec)
    console = Console(stderr=True)
    if simulated:
        console.print("No recordings named: three days of a drifting array are [bold]simulated[/bold].")
    with watched(out, console) as tell:
        result = run_benchmark(
            spec,
            out,
            spec_folder=folder,
            jobs=jobs or os.cpu_count() or 1,
            scheduler=scheduler,
            simulated=simulated,
            command=shlex.join(["neurodrift", *sys.argv[1:]]),
            progress=tell,
        )
    say_reused(result.reused, out, console)
    report = write_report(out)
    print_table(result.summary, Console(), result.details)
    Console().print(f"Report: {report}", soft_wrap=True)


def _slug(spec: Spec) -> str:
    return re.sub(r"[^a-z0-9]+", "-", spec.name.lower()).strip("-") or "benchmark"
