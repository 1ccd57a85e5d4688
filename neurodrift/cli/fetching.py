"""What a fetch shows: the plan with its size, a bar for all and one for each file on its way, and how it ended."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import click
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from neurodrift.data.fetch import Plan, fetch

__all__ = ["fetch_shown", "show_plan"]


def show_plan(plan: Plan, files: bool = False) -> None:
    """Prints what is chosen, what is here, and what is missing."""
    console = Console()

    def line(text: str) -> None:
        console.print(escape(text), highlight=False, soft_wrap=True)

    if plan.note:
        line(plan.note)
    line(
        f"{plan.entry.title}\n{plan.entry.archive} {plan.entry.id}, version {plan.version}, into {plan.ledger.root}"
    )
    total = sum(a.size for a in plan.assets)
    here = len(plan.assets) - len(plan.missing)
    line(
        f"{len(plan.assets)} sessions, {decimal(total)}; {here} here, {len(plan.missing)} to fetch, {decimal(plan.to_fetch)}"
    )
    if files:
        for asset in plan.assets:
            line(f"  {'fetch' if asset in plan.missing else 'here '}  {decimal(asset.size):>9}  {asset.path}")


def fetch_shown(plan: Plan, jobs: int = 3) -> list[Path]:
    """Fetches under progress bars; Ctrl-C keeps what has arrived."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    lock, done = threading.Lock(), dict.fromkeys((a.path for a in plan.missing), 0)
    size = {a.path: a.size for a in plan.missing}
    with Progress(*columns, console=console, transient=True) as bar:
        whole = bar.add_task("all", total=plan.to_fetch)
        tasks = {
            a.path: bar.add_task(escape(a.path.rsplit("/", 1)[-1]), total=a.size, visible=False)
            for a in plan.missing
        }

        def tell(path: str, at: int) -> None:
            with lock:
                done[path] = at
                bar.update(tasks[path], completed=at, visible=0 < at < size[path])
                bar.update(whole, completed=sum(done.values()))

        try:
            files = fetch(plan, jobs=jobs, tell=tell)
        except KeyboardInterrupt:
            bar.stop()
            click.echo(
                "\nneurodrift: interrupted; what has arrived is kept. The same command continues.", err=True
            )
            sys.exit(130)
    Console().print(
        f"{len(files)} sessions are in {escape(str(plan.ledger.root))}, verified.",
        soft_wrap=True,
        highlight=False,
    )
    return files
