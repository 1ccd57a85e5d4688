"""DANDI 000128, 000138, 000139 and 000140: MC_Maze of the Neural Latents Benchmark, four days of one monkey."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pynwb import NWBFile

from neurodrift.data.facts import Facts, trial_columns, unit_columns
from neurodrift.data.options import Options
from neurodrift.data.reading import read_as
from neurodrift.data.session import Session

__all__ = ["FACTS", "matches", "read"]

ARRAY = 96  # electrodes of each array
Rows = npt.NDArray[np.int64]


def _repaired(nwb: NWBFile, rows: Rows) -> tuple[Rows, list[str]]:
    """Rows of the second array counted from its own first electrode are moved behind those of the first."""
    second = np.array([str(item).startswith("2") for item in nwb.units.id.data[:]])
    if len(nwb.electrodes) != 2 * ARRAY or not second.any() or rows[second].max() >= ARRAY:
        return rows, []
    return np.where(second & (rows >= 0), rows + ARRAY, rows), [
        f"{int(second.sum())} units of the second array (id 2...) name rows of the first: rows corrected by {ARRAY}"
    ]


FACTS = Facts(
    title="MC_Maze, delayed reaches through mazes (DANDI 000128, 000138, 000139, 000140)",
    behavior=("hand_vel",),
    bin_width=0.02,
    repair_rows=_repaired,
    notes=(
        "units with heldout == True are absent from test files: read both with "
        'units = "heldout == False" to compare them',
        "behaviour is kept within trials only; test files hold none",
        "full, large, medium and small are four days of September and October 2009",
        "decoders of this set usually lag behaviour by 100 to 120 ms behind spikes",
    ),
)


def matches(nwb: NWBFile) -> bool:
    """Held-out units, and trials split with the onset of movement."""
    return "heldout" in unit_columns(nwb) and {"split", "move_onset_time"} <= trial_columns(nwb)


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """Hand velocity and counts per electrode; units of the second array moved onto its rows where they are not."""
    return read_as(FACTS, nwb, source, options)
