"""`neurodrift cache`: the extracted sessions on this disk, listed or removed."""

from __future__ import annotations

import click

__all__ = ["cache"]


@click.command()
@click.option("--clear", is_flag=True, help="Remove them; fetched files stay.")
@click.option("--of", metavar="TEXT", default="", help="Only those whose source contains TEXT.")
def cache(clear: bool, of: str) -> None:
    """List the sessions that were read before and are kept, ready to use, in $NEURODRIFT_CACHE.

    They are found again by the contents of their file, how it was read, and the version of the reader.
    """
    from datetime import datetime

    from rich.filesize import decimal

    from neurodrift.data.cache import cached_sessions, clear_cache
    from neurodrift.data.folders import cache_folder

    if clear:
        number, size = clear_cache(of)
        click.echo(f"{number} sessions, {decimal(size)}, removed from {cache_folder()}.")
        return
    items = [item for item in cached_sessions() if of in item.source]
    for item in items:
        how = ", ".join(f"{k} {v}" for k, v in item.how.items() if v and v != "none")
        day = datetime.fromtimestamp(item.made).strftime("%Y-%m-%d %H:%M")
        click.echo(
            f"{day}  {decimal(item.size):>9}  {item.source or '(unreadable)'}{'  ' + how if how else ''}"
        )
    click.echo(f"{len(items)} sessions, {decimal(sum(i.size for i in items))}, in {cache_folder()}.")
