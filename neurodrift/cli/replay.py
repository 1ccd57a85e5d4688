"""`neurodrift replay`: closed-loop simulations, and recorded sessions bin by bin."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["replay"]


@click.command()
@click.argument("spec", type=click.Path(path_type=Path), required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Results [neurodrift-results/NAME].",
)
@click.option("--seeds", type=click.IntRange(1), metavar="N", help="Simulated worlds [the spec's].")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Processes [one a core].")
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    default="",
    help="Use the workers of this Dask scheduler instead of processes (the extra neurodrift[dask]).",
)
@click.option(
    "--export",
    "exports",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    multiple=True,
    help="Also the cursors as a movie, .gif or .mp4 (ffmpeg); may be given twice.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def replay(
    spec: Path | None,
    out: Path | None,
    seeds: int | None,
    jobs: int | None,
    scheduler: str,
    exports: tuple[Path, ...],
    debug: bool,
) -> None:
    """Play decoders through the same trials, in closed loop with a simulated user, or through a recording.

    With a SPEC (TOML): a campaign of simulated days, or, with its section [recording], a recorded session with a
    known drift, in open loop. Without one: two decoders in closed loop over three simulated days. Writes
    rows.jsonl, summary.json, the viewer replay.html and SVG figures into DIR; run again, it continues where it stopped.
    """
    from neurodrift.cli.replaying import run

    run(spec, out, seeds, jobs, scheduler, exports)
