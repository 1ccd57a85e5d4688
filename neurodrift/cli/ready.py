"""A ready spec by its name: what it needs is shown, fetched after asking, and put into the spec."""

from __future__ import annotations

from pathlib import Path

import click

from neurodrift.benchmark import Spec, read_spec
from neurodrift.benchmark.ready import ready_spec
from neurodrift.cli.fetching import fetch_shown, show_plan
from neurodrift.data.fetch import open_plan
from neurodrift.errors import NeurodriftError

__all__ = ["named_spec"]


def named_spec(name: Path, sessions: int | None, yes: bool) -> Spec:
    """The spec in a file, or the ready one of a public set with its sessions on this disk.

    Raises:
        NeurodriftError: neither; or the set cannot be fetched.
        click.Abort: the answer was no.
    """
    if name.exists() or name.suffix or len(name.parts) != 1:
        if sessions is not None or yes:
            raise NeurodriftError(
                f"benchmark: --sessions and --yes go with a ready spec, but {name} is a file."
            )
        if name.suffix.lower() in (".nwb", ".mat", ".h5", ".hdf5"):
            raise NeurodriftError(
                f"benchmark: {name} is a recording, not a SPEC; give recordings as --train {name} --test OTHER.nwb."
            )
        return read_spec(name)
    ready = ready_spec(str(name), sessions)
    with open_plan(ready.entry, ready.pick) as plan:
        show_plan(plan, files=True)
        if plan.missing:
            if not yes:
                click.confirm("Fetch them?", abort=True)
            fetch_shown(plan)
        return ready.spec(plan)
