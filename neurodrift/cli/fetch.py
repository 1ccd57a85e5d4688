"""`neurodrift fetch`: a public set, or some of its sessions, onto this disk."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

__all__ = ["choosing", "fetch"]


def choosing(command: Any) -> Any:
    """The options that choose sessions, shared by `fetch` and `stream`."""
    day = click.DateTime(["%Y-%m-%d", "%Y%m%d"])
    for option in (
        click.option("--api", metavar="URL", help="Archive [$DANDI_INSTANCE, else dandiarchive.org]."),
        click.option("--draft", is_flag=True, help="Take the set's draft, which changes without notice."),
        click.option("--version", metavar="V", help="Published version [the catalogue's]."),
        click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the N oldest of those."),
        click.option(
            "--before", type=day, metavar="DAY", help="Sessions up to this day, such as 2014-02-28."
        ),
        click.option("--after", type=day, metavar="DAY", help="Sessions from this day on."),
        click.option("--split", metavar="NAME", help="Part, such as train or held-in-calib."),
        click.option("--task", metavar="NAME", help="Task, such as CO."),
        click.option("--subject", metavar="NAME", help="Subject, such as C."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("name")
@choosing
@click.option(
    "--to", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Folder [$NEURODRIFT_DATA]."
)
@click.option("--jobs", type=click.IntRange(1, 8), default=3, show_default=True, help="Files at a time.")
@click.option("--dry-run", is_flag=True, help="Say what would be fetched, and how much, and stop.")
def fetch(
    name: str, after: datetime | None, before: datetime | None, version: str | None, draft: bool, api: str | None,
    to: Path | None, jobs: int, dry_run: bool, **which: Any,
) -> None:  # fmt: skip
    """Fetch the public set NAME: pinned version, every byte verified; run again, it continues.

    `neurodrift catalogue` lists the names; a dandiset's number will do too.
    """
    from neurodrift.cli.fetching import fetch_shown, show_plan
    from neurodrift.data.catalogue import find_entry
    from neurodrift.data.fetch import Choice, open_plan

    choice = Choice(after=after and after.date(), before=before and before.date(), **which)
    with open_plan(find_entry(name), choice.of, to=to, api=api, version=version, draft=draft) as plan:
        show_plan(plan, files=dry_run)
        if not dry_run:
            fetch_shown(plan, jobs)
