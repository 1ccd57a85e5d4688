"""The generic layout: whatever NWB allows, found by what it is and not by where one laboratory keeps it."""

from __future__ import annotations

from pynwb import NWBFile

from neurodrift.data.facts import Facts
from neurodrift.data.options import Options
from neurodrift.data.reading import read_as
from neurodrift.data.session import Session

__all__ = ["FACTS", "matches", "read"]

FACTS = Facts()


def matches(nwb: NWBFile) -> bool:
    """Every NWB file."""
    return True


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """All bins of the file as a Session."""
    return read_as(FACTS, nwb, source, options)
