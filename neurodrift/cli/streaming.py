"""What `neurodrift stream` shows: each session as it was read, and how much of its file crossed the network."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.filesize import decimal

from neurodrift.data.cache import is_cached, load_session
from neurodrift.data.catalogue import find_entry
from neurodrift.data.dandi import Unreachable
from neurodrift.data.fetch import Choice, open_plan
from neurodrift.data.inspect_text import show
from neurodrift.data.inspecting import inspect_file
from neurodrift.data.layouts import LAYOUTS
from neurodrift.data.remote import counting

__all__ = ["stream_one", "stream_set"]


def stream_set(name: str, choice: Choice, where: dict[str, Any], how: dict[str, Any], look: bool) -> None:
    """The chosen sessions of a public set, from the cache or from this disk where they are there, else from the web.

    Where no adapter knows the set's layout, the first series that the catalogue names fills what is not said.
    """
    entry = find_entry(name)
    if entry.layout not in LAYOUTS:
        how["neural"] = how["neural"] or next(iter(entry.neural), None)
        how["behavior"] = how["behavior"] or next(iter(entry.behavior), None)
    with open_plan(entry, choice.of, needed=False, **where) as plan:
        if plan.note:
            click.echo(plan.note)
        plan.ledger.list(plan.listed)
        for asset in plan.assets:
            digest = plan.ledger.digest(asset)
            sha256 = digest.removeprefix("sha256:") if digest.startswith("sha256:") else ""
            if asset not in plan.missing or (is_cached(sha256, **how) and not look):
                stream_one(str(plan.where(asset)), sha256, how, look)
            elif asset.locate is not None:
                stream_one(asset.locate(), sha256, how, look)
            else:
                raise Unreachable(
                    f"{asset.path} was not read in this way before, and there is no network to read it from."
                )


def stream_one(source: str, digest: str, how: dict[str, Any], look: bool) -> None:
    """One file, at an address or on this disk."""
    with counting() as counted:
        if look:
            show(inspect_file(source), Console())
        else:
            session = load_session(source, digest=digest, **how)
            click.echo(f"{session!r}".removeprefix("Session(").removesuffix(")"))
    read = f"{decimal(counted.received)} of {decimal(counted.size)} crossed the network"
    click.echo(f"  {read if counted.size else 'nothing crossed the network'}")
