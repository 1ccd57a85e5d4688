"""DANDI 000941 and 001209: FALCON M1, muscle activity while reaching and grasping."""

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
    title="FALCON M1, muscle activity of a monkey that reaches and grasps (DANDI 000941, 001209)",
    behavior=("acquisition/preprocessed_emg",),
    edge="end",
    notes=(
        "the 64 units are threshold crossings of fixed channels, silent ones included: the same on every day",
        "muscle activity is rectified and filtered, 50 Hz; bins outside eval_mask have no label",
    ),
)


def matches(nwb: NWBFile) -> bool:
    """Muscles in acquisition/preprocessed_emg, and units."""
    return nwb.units is not None and has(nwb, "acquisition/preprocessed_emg")


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """All muscles, and counts in their own 20 ms bins."""
    return read_as(FACTS, nwb, source, options)
