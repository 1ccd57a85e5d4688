"""What `neurodrift stream` shows: each session as it was read, and how much of its file crossed the network."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.filesize import decimal

from neurodrift.data.cache import load_session
from neurodrift.data.catalogue import find_entry
from neurodrift.data.fetch import Choice, open_plan
from neurodrift.data.inspecting import inspect_file, show
from neurodrift.data.remote import counting

__all__ = ["stream_set", "stream_url"]


def stream_set(name: str, choice: Choice, where: dict[str, Any], how: dict[str, Any], look: bool) -> None:
    """The chosen sessions of a public set; what the catalogue knows of it fills what is not said."""
    entry = find_entry(name)
    with open_plan(entry, choice.of, **where) as plan:
        for asset in plan.assets:
            if asset.locate is None:
                click.echo(f"{plan.where(asset)} is here already; there is no network to stream from.")
                continue
            digest = asset.detail() if asset.detail else asset.digest
            sha256 = digest.removeprefix("sha256:") if digest.startswith("sha256:") else ""
            stream_url(asset.locate(), sha256, how, look)


def stream_url(url: str, digest: str, how: dict[str, Any], look: bool) -> None:
    """One file at an address."""
    with counting() as counted:
        if look:
            show(inspect_file(url), Console())
        else:
            session = load_session(url, digest=digest, **how)
            click.echo(f"{session!r}".removeprefix("Session(").removesuffix(")"))
    read = f"{decimal(counted.received)} of {decimal(counted.size)} crossed the network"
    click.echo(f"  {read if counted.size else 'read before, from the cache'}")
