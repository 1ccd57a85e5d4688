"""`neurodrift catalogue`: the public sets that can be fetched by name, and what is known of each."""

from __future__ import annotations

import click

__all__ = ["catalogue"]


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON, for programs.")
def catalogue(name: str | None, as_json: bool) -> None:
    """List the public sets that `fetch`, `stream` and `benchmark` know, or explain the one called NAME.

    NAME is a set's name or its number in the archive, such as link or 000688.
    """
    import json

    from rich.console import Console

    from neurodrift.data.catalogue import catalogue as known
    from neurodrift.data.catalogue import find_entry
    from neurodrift.data.catalogue_text import explain, overview

    entries = [find_entry(name)] if name else list(known().values())
    if as_json:
        click.echo(json.dumps([entry.model_dump(mode="json") for entry in entries], indent=2))
    elif name:
        explain(entries[0], Console())
    else:
        overview(entries, Console())
