"""DANDI 000954: FALCON H1, attempted movements of seven degrees of freedom."""

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
    title="FALCON H1, attempted movements of a person, seven degrees of freedom (DANDI 000954)",
    behavior=("OpenLoopKinematicsVelocity",),
    ignore={
        "TrialNum": "number of the trial in each bin, not behaviour",
    },
    edge="end",
    mask=("eval_mask", "~Blacklist"),
    times_from="OpenLoopKinematics",
    period_as_rate=True,
    trial_index="acquisition/TrialNum",
    notes=(
        "the 176 units are threshold crossings of fixed channels: the same on every day; no electrodes table",
        "the file stores the sampling period (0.02 s) as rate and the starting time as offset; both are read so",
        "kinematics are those that were shown, not made: the person could not move",
    ),
)


def matches(nwb: NWBFile) -> bool:
    """Kinematics of the open loop in acquisition."""
    return has(nwb, "acquisition/OpenLoopKinematics") or has(nwb, "acquisition/OpenLoopKinematicsVelocity")


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """Seven velocities, and counts in their own 20 ms bins."""
    return read_as(FACTS, nwb, source, options)
