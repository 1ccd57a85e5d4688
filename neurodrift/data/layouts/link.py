"""DANDI 001201: LINK, finger movements of one monkey on one array over 1,242 days; the layouts of 2024 and 2025."""

from __future__ import annotations

from pynwb import NWBFile

from neurodrift.data.facts import Facts, has
from neurodrift.data.options import Options
from neurodrift.data.reading import read_as
from neurodrift.data.session import Session

__all__ = ["FACTS", "matches", "read"]

PLACES = (("analysis", "analysis"), ("processing/ecephys", "processing/behavior"))
FACTS = Facts(
    title="LINK, finger movements over 303 days, one array of 96 channels (DANDI 001201)",
    neural=("ThresholdCrossings",),
    behavior=("index_velocity+mrs_velocity", "index_velocity+mrp_velocity"),
    signals=("SpikingBandPower",),
    notes=(
        "the 96 channels are the same electrodes on all days",
        "velocities are in flexion units per 20 ms bin, not per second",
        "SpikingBandPower is as stored; the set's own reader divides it by 0.25",
        "nothing says whether timestamps are starts or ends of bins; ends are assumed, bin_edge decides",
    ),
)


def matches(nwb: NWBFile) -> bool:
    """Threshold crossings, band power and the position of the index finger, in analysis (2025) or processing."""
    return any(
        has(nwb, f"{neural}/ThresholdCrossings", f"{neural}/SpikingBandPower", f"{moves}/index_position")
        for neural, moves in PLACES
    )


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """Threshold crossings per 20 ms bin and the velocities of both finger groups."""
    return read_as(FACTS, nwb, source, options)
