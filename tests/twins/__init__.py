"""Small twins of every public layout, written to known truth: names, dtypes, units and quirks as described."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.twins import binned, indy, raw_sessions, reaches
from tests.twins.base import Truth

__all__ = ["TWINS", "file_name"]

TWINS: dict[str, Callable[[Path], Truth]] = {
    name: getattr(module, name) for module in (reaches, raw_sessions, binned, indy) for name in module.__all__
}


def file_name(twin: str) -> str:
    """What a file of this twin is called; the day of an Indy recording stands nowhere else."""
    return "indy_20160407_02.mat" if twin == "indy_loco" else f"{twin}.nwb"
