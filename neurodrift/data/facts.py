"""What is known of a layout beyond what its files say, as data; a file that says otherwise is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from pynwb import NWBFile

from neurodrift.data.walking import walk

__all__ = ["FIXED_UNITS", "Facts", "has", "trial_columns", "unit_columns"]

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Facts:
    """Facts of one layout; the defaults are those of a file of which nothing is known.

    Args:
        title: the set in one line, for `neurodrift inspect`.
        neural, behavior: what to take where nothing is named, best first; series joined by "+".
        signals: names of neural series that are no counts, to be decoded from only when named.
        ignore: names of series that are neither, and why.
        unfair: names of behaviours that were decoded from the same spikes.
        pool: "electrode" or "unit", where nothing is asked.
        group_in_ids: an electrode's id names its group even where a file has one group only, as other days may have two.
        same_units: the same unit id is the same electrode on every day of the set.
        bin_width: seconds, for spike times where nothing is asked.
        bins: the behaviour comes in bins of its own, and spikes are counted in these.
        edge: what the timestamps of bins are, "start" or "end"; "" where nobody says.
        closed: "left" where the set's own loader counts a spike on an edge in the later bin, else "right".
        mask: series true where the set is scored ("~NAME": false there); the first of them that a file has.
        times_from: name of the series whose clock the behaviour shares.
        period_as_rate: a rate below 1 Hz is the sampling period (s), with the start time in `offset`.
        restarts: the clock may restart within a file.
        session_index, trial_index: names of series that number the session and trial of each bin.
        repair_rows: from the file and the electrodes' row of each unit to the right rows, and notes.
        notes: what an expert would tell you.
    """

    title: str = ""
    neural: tuple[str, ...] = ()
    behavior: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    ignore: Mapping[str, str] = field(default_factory=dict)
    unfair: tuple[str, ...] = ()
    pool: str = "electrode"
    group_in_ids: bool = False
    same_units: bool = False
    bin_width: float | None = None
    bins: bool = False
    edge: str = ""
    closed: str = "right"
    mask: tuple[str, ...] = ()
    times_from: str = ""
    period_as_rate: bool = False
    restarts: bool = False
    session_index: str = ""
    trial_index: str = ""
    repair_rows: Callable[[NWBFile, Rows], tuple[Rows, list[str]]] | None = None
    notes: tuple[str, ...] = ()


# Sets of FALCON whose units are the same channels on every day, with labels in bins of their own.
FIXED_UNITS = Facts(pool="unit", same_units=True, bins=True, closed="left", mask=("eval_mask",))


def has(nwb: NWBFile, *wanted: str) -> bool:
    """Whether every path such as "acquisition/eval_mask" is there, as a series or a container of series."""
    paths = [path for path, _, _ in walk(nwb)]
    return all(any(path == name or path.startswith(name + "/") for path in paths) for name in wanted)


def trial_columns(nwb: NWBFile) -> set[str]:
    """Names of the columns of the trial table; empty without one."""
    return set() if nwb.trials is None else set(nwb.trials.colnames)


def unit_columns(nwb: NWBFile) -> set[str]:
    """Names of the columns of the units table; empty without one."""
    return set() if nwb.units is None else set(nwb.units.colnames)
