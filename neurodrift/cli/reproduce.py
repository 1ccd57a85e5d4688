"""`neurodrift reproduce`: the claims of the two papers, each put to the test."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["reproduce"]


@click.command()
@click.argument("studies", nargs=-1, metavar="[STUDY]...")
@click.option("--quick", is_flag=True, help="Small networks, few seeds: minutes in the place of hours.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Results [neurodrift-results/reproduce, or reproduce-quick].",
)
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Processes [one a core].")
@click.option("--seeds", type=click.IntRange(2), metavar="N", help="Seeds of every study [its protocol's].")
def reproduce(
    studies: tuple[str, ...], quick: bool, out: Path | None, jobs: int | None, seeds: int | None
) -> None:
    """Put the claims of arXiv 2603.15195 and 2603.28750 to the test.

    All studies, or those named. Prints the papers' figure, ours and a verdict for each claim; writes rows.jsonl,
    summary.json and the page studies.html into DIR; run again, it continues where it stopped.
    """
    from neurodrift.cli.reproducing import run

    run(studies, quick, out, jobs, seeds)
