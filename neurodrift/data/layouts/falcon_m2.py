"""DANDI 000953: FALCON M2, two finger groups."""

from __future__ import annotations

from dataclasses import replace

from pynwb import NWBFile

from neurodrift.data.facts import FIXED_UNITS, has
from neurodrift.data.options import Options
from neurodrift.data.reading import read_as
from neurodrift.data.session import Session

__all__ = ["FACTS", "matches", "read"]

FACTS = replace(
    FIXED_UNITS,
    title="FALCON M2, two finger groups of a monkey (DANDI 000953)",
    behavior=("acquisition/finger_vel",),
    edge="start",
    notes=(
        "the 96 units are threshold crossings of fixed channels: the same on every day",
        "the files were written with the end of each bin as its timestamp, but the challenge counts spikes as if "
        'it were the start, and so does this reader; bin_edge = "end" is the other reading',
        "spike times repeat on a grid of 1 ms; each one counts",
        "velocities are differences per bin, in arbitrary units; bins outside eval_mask have no label",
        "acquisition/fullband (1.5 to 2.4 GB) is never read",
    ),
)


def matches(nwb: NWBFile) -> bool:
    """Two containers of fingers in acquisition, and units."""
    return nwb.units is not None and has(nwb, "acquisition/finger_pos", "acquisition/finger_vel")


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """Velocities of both finger groups, and counts in their own 20 ms bins."""
    return read_as(FACTS, nwb, source, options)
