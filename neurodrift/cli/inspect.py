"""`neurodrift inspect`: what is in a file, what would be used, what is ignored and why."""

from __future__ import annotations

import json

import click

__all__ = ["inspect"]


@click.command()
@click.argument("file", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON, for programs.")
def inspect(file: str, as_json: bool) -> None:
    """Say what is in an NWB FILE, what a benchmark would use, what is ignored and why, and how to go on.

    FILE is a path or an http(s) address, of which only the parts that are needed are read.
    """
    from rich.console import Console

    from neurodrift.data import inspect_file
    from neurodrift.data.inspect_text import show

    content = inspect_file(file)
    if as_json:
        click.echo(json.dumps(content, indent=2, allow_nan=False))
    else:
        show(content, Console())
