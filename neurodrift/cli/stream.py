"""`neurodrift stream`: read what a decoder needs of a file on the web, and nothing else of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from neurodrift.cli.fetch import choosing

__all__ = ["stream"]


@click.command()
@click.argument("name")
@choosing
@click.option("--neural", metavar="NAME", help="Series or table to decode from.")
@click.option("--behavior", metavar="NAME", help="Series to decode.")
@click.option("--bin-width", type=float, metavar="SECONDS", help="Needed for spike times.")
@click.option("--inspect", "look", is_flag=True, help="Say what is in the files instead.")
def stream(
    name: str, after: datetime | None, before: datetime | None, version: str | None, draft: bool, api: str | None,
    neural: str | None, behavior: str | None, bin_width: float | None, look: bool, **which: Any,
) -> None:  # fmt: skip
    """Read sessions of the public set NAME, or the file at an address, without fetching them.

    Only the series that are used cross the network, never waveforms, LFP or voltage. What is read is kept
    (`neurodrift cache`) and read from there the next time.
    """
    from neurodrift.cli.streaming import stream_one, stream_set
    from neurodrift.data.fetch import Choice
    from neurodrift.data.remote import is_url

    how = {"neural": neural, "behavior": behavior, "bin_width": bin_width}
    if is_url(name):
        stream_one(name, "", how, look)
        return
    choice = Choice(after=after and after.date(), before=before and before.date(), **which)
    stream_set(name, choice, {"api": api, "version": version, "draft": draft}, how, look)
