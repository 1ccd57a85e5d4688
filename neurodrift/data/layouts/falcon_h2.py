"""DANDI 000950: FALCON H2, attempted handwriting."""

from __future__ import annotations

from pynwb import NWBFile

from neurodrift.data.facts import Facts, has, trial_columns
from neurodrift.data.options import Options
from neurodrift.data.reading import read_as
from neurodrift.data.session import Session

__all__ = ["FACTS", "matches", "read"]

FACTS = Facts(
    title="FALCON H2, attempted handwriting of a person (DANDI 000950)",
    neural=("acquisition/binned_spikes",),
    ignore={"eval_mask": "where the set is scored, not behaviour"},
    notes=(
        "there is nothing continuous to decode: the label of a trial is the sentence in its cue; "
        'behavior = "none" reads the counts alone',
        "the 192 columns are the same electrodes on every day",
    ),
)


def matches(nwb: NWBFile) -> bool:
    """Binned spikes and a mask in acquisition, cues in the trials, and no units."""
    return (
        nwb.units is None
        and has(nwb, "acquisition/binned_spikes", "acquisition/eval_mask")
        and "cue" in trial_columns(nwb)
    )


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """Counts of 192 channels in the file's own bins."""
    return read_as(FACTS, nwb, source, options)
