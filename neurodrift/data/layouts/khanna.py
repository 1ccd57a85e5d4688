"""DANDI 000404: closed-loop cursor control of the Carmena laboratory, by Khanna and colleagues."""

from __future__ import annotations

from pynwb import NWBFile

from neurodrift.data.facts import Facts, has
from neurodrift.data.options import Options
from neurodrift.data.reading import read_as
from neurodrift.data.session import Session

__all__ = ["FACTS", "matches", "read"]

FACTS = Facts(
    title="Khanna, closed-loop cursor control with the decoder's state (DANDI 000404)",
    neural=("processing/behavior/spike_counts",),
    behavior=("cursor",),
    unfair=("cursor", "decoder_state"),
    ignore={
        "update_bmi": "when the decoder ran, not behaviour",
        "te_num": "number of the task entry, not behaviour",
    },
    notes=(
        "the cursor was moved by a decoder of these counts: it is no fair label, and target_state says where it "
        "should have gone",
        "the task ran at 60 Hz, its decoder at 10 Hz: the bins of counts and of behaviour may differ",
    ),
)


def matches(nwb: NWBFile) -> bool:
    """Counts beside the state of a decoder."""
    return has(nwb, "processing/behavior/decoder_state", "processing/behavior/spike_counts")


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """Cursor and counts in the file's own bins."""
    return read_as(FACTS, nwb, source, options)
