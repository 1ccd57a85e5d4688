"""DANDI 000070: whole sessions of the maze task, two arrays, by Churchland and colleagues."""

from __future__ import annotations

from pynwb import NWBFile

from neurodrift.data.facts import Facts, has, trial_columns, unit_columns
from neurodrift.data.options import Options
from neurodrift.data.reading import read_as
from neurodrift.data.session import Session

__all__ = ["FACTS", "matches", "read"]

FACTS = Facts(
    title="Churchland maze, whole sessions of two monkeys (DANDI 000070)",
    behavior=("Position/Hand",),
    bin_width=0.02,
    restarts=True,
    notes=(
        "threshold crossings of 192 electrodes: group 1 is dorsal premotor, group 2 primary motor cortex",
        "behaviour is kept within trials only; its conversion is NaN and is never applied",
        "target_positions is stored unsigned in some files, so that negative coordinates are wrong there: "
        "trust hit_target_position",
        "clocks that restart and trials that overlap are put in order, and it is said where",
        "LFP (most of a file's 3 to 7 GB) is never read",
    ),
)


def matches(nwb: NWBFile) -> bool:
    """Cursor, eye and hand positions, and trials or units as this laboratory's converter names them."""
    ours = bool(trial_columns(nwb) & {"maze_condition", "trial_version", "task_success", "discard_trial"})
    place = "processing/behavior/Position"
    return (
        nwb.units is not None
        and has(nwb, *(f"{place}/{name}" for name in ("Cursor", "Eye", "Hand")))
        and not has(nwb, f"{place}/DecodePos")
        and (ours or "electrode_group" in unit_columns(nwb))
    )


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """Hand position and counts per electrode on one clock, in 20 ms bins where nothing is asked."""
    return read_as(FACTS, nwb, source, options)
