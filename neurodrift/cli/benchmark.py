"""`neurodrift benchmark`: the cross-session job, from recordings to a report."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["benchmark"]


@click.command()
@click.argument("spec", type=click.Path(path_type=Path), required=False)
@click.option(
    "--train",
    multiple=True,
    metavar="FILE",
    help="Train on this NWB file; may be repeated. Instead of a SPEC.",
)
@click.option(
    "--test", multiple=True, metavar="FILE", help="Test on this NWB file; each is a comparison of its own."
)
@click.option("--behavior", metavar="NAME", help="With --train and --test: the series to decode.")
@click.option("--neural", metavar="NAME", help="With --train and --test: the series or table to decode from.")
@click.option(
    "--bin-width", type=float, metavar="SECONDS", help="With --train and --test: needed for spike times."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Results [neurodrift-results/NAME].",
)
@click.option("--seeds", type=click.IntRange(1), metavar="N", help="Seeds [the spec's].")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Processes [one a core].")
@click.option("--scheduler", metavar="ADDRESS", default="", help="Use a Dask scheduler's workers instead.")
@click.option(
    "--sessions", type=click.IntRange(2), metavar="N", help="Of a ready SPEC: only its N first sessions."
)
@click.option("--yes", is_flag=True, help="Of a ready SPEC: fetch what is missing without asking.")
def benchmark(
    spec: Path | None,
    train: tuple[str, ...],
    test: tuple[str, ...],
    behavior: str | None,
    neural: str | None,
    bin_width: float | None,
    out: Path | None,
    seeds: int | None,
    jobs: int | None,
    scheduler: str,
    sessions: int | None,
    yes: bool,
) -> None:
    """Train on one day, keep decoding on another: frozen, adapted and retrained decoders compared.

    With a SPEC (TOML), with --train and --test, or with nothing: then on simulated sessions of three days. SPEC may be
    the name of a public set with a ready one, link or perich_miller: what it needs is fetched after asking.
    Writes rows.jsonl, summary.json and report.html into DIR; run again, it continues where it stopped.
    """
    from neurodrift.cli.running import run

    options = {"behavior": behavior, "neural": neural, "bin_width": bin_width}
    run(spec, train, test, options, out, seeds, jobs, scheduler, sessions, yes)
