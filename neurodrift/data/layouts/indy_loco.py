"""Zenodo 3854034: self-paced reaches of Indy and Loco, by O'Doherty and colleagues (MATLAB v7.3, or NWB made of it)."""

from __future__ import annotations

from pynwb import NWBFile

from neurodrift.data.facts import Facts, has
from neurodrift.data.indy_mat import CONVERTED
from neurodrift.data.options import Options
from neurodrift.data.reading import read_as
from neurodrift.data.session import Session

__all__ = ["FACTS", "matches", "read"]

FACTS = Facts(
    title="Indy and Loco, self-paced reaches to random targets (Zenodo 3854034)",
    behavior=("cursor_pos", "CursorPosition/cursor_position"),
    bin_width=0.02,
    notes=(
        "units are sorted anew every day, so that all spikes of a channel are added up; the MATLAB files hold "
        "those that were not sorted too, the units of NWB files do not (they are in acquisition, as waveforms)",
        'finger positions are (z, -x, -y) in cm; velocities come by behavior_transform = "velocity"',
        "channels of S1 are in some sessions only",
        "there is no trial table: target_pos changes where a reach ends",
    ),
)


def matches(nwb: NWBFile) -> bool:
    """What the conversion of these MATLAB files says of itself, or the three positions of the laboratory's own."""
    names = ("cursor", "finger", "target")
    return str(nwb.session_description) == CONVERTED or (
        nwb.units is not None
        and has(nwb, *(f"processing/behavior/{n.capitalize()}Position/{n}_position" for n in names))
    )


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """Cursor position and counts per channel, in 20 ms bins where nothing is asked."""
    return read_as(FACTS, nwb, source, options)
