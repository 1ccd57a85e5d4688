"""DANDI 000688: centre-out and random-target reaches of the Miller laboratory, by Perich and Miller."""

from __future__ import annotations

from pynwb import NWBFile

from neurodrift.data.facts import Facts, has, trial_columns
from neurodrift.data.options import Options
from neurodrift.data.reading import read_as
from neurodrift.data.session import Session

__all__ = ["FACTS", "matches", "read"]

FACTS = Facts(
    title="Perich and Miller, reaches of four monkeys (DANDI 000688)",
    behavior=("cursor_vel",),
    bin_width=0.02,
    group_in_ids=True,
    notes=(
        "units are sorted anew every day, so that they are added up per electrode; days are matched by group "
        "and label of the electrode",
        "cursor position is in cm where the file gives no unit; 10 ms samples",
        "successful trials: trials = \"result == 'R'\"",
    ),
)


def matches(nwb: NWBFile) -> bool:
    """A cursor's position and velocity in their containers, and trials with go cues and results."""
    columns = trial_columns(nwb)
    return (
        nwb.units is not None
        and "result" in columns
        and bool(columns & {"go_cue_time", "go_cue_time_array"})
        and has(nwb, "processing/behavior/Position/cursor_pos", "processing/behavior/Velocity/cursor_vel")
    )


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """Cursor velocity and counts per electrode, in 20 ms bins where nothing is asked."""
    return read_as(FACTS, nwb, source, options)
