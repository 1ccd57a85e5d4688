"""DANDI 000129: MC_RTT of the Neural Latents Benchmark, one day of random targets of monkey Indy."""

from __future__ import annotations

from pynwb import NWBFile

from neurodrift.data.facts import Facts, trial_columns, unit_columns
from neurodrift.data.options import Options
from neurodrift.data.reading import read_as
from neurodrift.data.session import Session

__all__ = ["FACTS", "matches", "read"]

FACTS = Facts(
    title="MC_RTT, self-paced reaches to random targets (DANDI 000129)",
    behavior=("finger_vel",),
    bin_width=0.02,
    notes=(
        "trials are windows of 600 ms, not reaches",
        "units with heldout == True are absent from the test file: read both with "
        'units = "heldout == False" to compare them',
        "behaviour was sampled at 250 Hz and is stored at 1 kHz; the test file holds none",
        "decoders of this set usually lag behaviour by 140 ms behind spikes",
    ),
)


def matches(nwb: NWBFile) -> bool:
    """Held-out units, and trials of nothing but their times and split."""
    columns = trial_columns(nwb)
    return "heldout" in unit_columns(nwb) and columns - {"timeseries"} == {"start_time", "stop_time", "split"}


def read(nwb: NWBFile, source: str, options: Options) -> Session:
    """Finger velocity and counts per electrode, in 20 ms bins where nothing is asked."""
    return read_as(FACTS, nwb, source, options)
