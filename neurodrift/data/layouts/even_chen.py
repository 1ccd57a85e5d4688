"""DANDI 000121: reaches and cursor control of the Shenoy laboratory, by Even-Chen and colleagues."""

from __future__ import annotations

from pynwb import NWBFile

from neurodrift.data.facts import Facts, has
from neurodrift.data.options import Options
from neurodrift.data.reading import read_as
from neurodrift.data.session import Session

__all__ = ["FACTS", "matches", "read"]

FACTS = Facts(
    title="Even-Chen, cursor control with hand recordings (DANDI 000121)",
    behavior=("Position/Hand",),
    unfair=("Cursor", "DecodePos"),
    bin_width=0.02,
    restarts=True,
    notes=(
        "DecodePos is what the laboratory's decoder made of the same spikes, and Cursor follows it in "
        "cursor-control blocks: neither is a fair label",
        'successful trials: trials = "is_successful == True"',
    ),
)


def matches(nwb: NWBFile) -> bool:
    """A decoded position beside those of cursor and hand."""
    place = "processing/behavior/Position"
    return has(nwb, *(f"{place}/{name}" for name in ("Cursor", "DecodePos", "Hand")))


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """Hand position and counts per electrode, in 20 ms bins where nothing is asked."""
    return read_as(FACTS, nwb, source, options)
