"""DANDI 001055 to 001059 and 001078: NeuroTask, many sessions of several laboratories in one form."""

from __future__ import annotations

from pynwb import NWBFile

from neurodrift.data.facts import Facts, has
from neurodrift.data.options import Options
from neurodrift.data.reading import read_as
from neurodrift.data.session import Session

__all__ = ["FACTS", "matches", "read"]

INDICES = ("animal", "session", "trial_id", "datasetID")
FACTS = Facts(
    title="NeuroTask, many sessions of several laboratories in one form (DANDI 001055 to 001059, 001078)",
    neural=("processing/spikes/spikes_counts",),
    behavior=("hand_vel_x+hand_vel_y", "cursor_vel_x+cursor_vel_y", "cursor_pos_x+cursor_pos_y"),
    ignore={name: "an index of the bins, not behaviour" for name in INDICES},
    session_index="processing/indices/session",
    trial_index="processing/indices/trial_id",
    notes=(
        "a file holds several sessions end to end; part names one",
        "events in processing/events are not behaviour to decode",
    ),
)


def matches(nwb: NWBFile) -> bool:
    """Counts, and indices that say which session and trial each bin belongs to."""
    return has(nwb, "processing/spikes/spikes_counts", "processing/indices/trial_id")


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """One session's counts and kinematics in the file's own bins."""
    return read_as(FACTS, nwb, source, options)
