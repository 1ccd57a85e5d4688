"""The trial table of a file, and which trial each bin lies in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from neurodrift.data.filters import parse_filter
from neurodrift.data.session import Session
from neurodrift.errors import NeurodriftError

__all__ = ["assign_trials", "filter_trials", "read_trials"]


def read_trials(table: Any, names: Sequence[str] | None = None) -> tuple[pd.DataFrame, list[str]]:
    """An NWB trial table (or None) as a frame with `start_time`, `stop_time`, and notes on what was left out.

    Cells of ragged or multidimensional columns are arrays; columns that refer to other objects are left out.
    `names` are the columns to read, by default all.
    """
    if table is None:
        return pd.DataFrame({"start_time": np.zeros(0), "stop_time": np.zeros(0)}), []
    columns: dict[str, Any] = {}
    notes = []
    for name in table.colnames if names is None else names:
        column = table[name]
        try:
            columns[name] = _cells(column, len(table))
        except (TypeError, ValueError, KeyError, IndexError, OSError, AttributeError) as error:
            notes.append(f"trial column {name} left out: {type(error).__name__}: {error}")
    return pd.DataFrame(columns), notes


def _cells(column: Any, n: int) -> Any:
    inner = column
    while hasattr(inner, "target"):
        inner = inner.target
    if type(inner).__name__ in ("DynamicTableRegion", "TimeSeriesReferenceVectorData"):
        raise TypeError(f"it refers to other objects ({type(inner).__name__})")
    if inner is not column:
        cells: list[Any] = [np.asarray(column[row]) for row in range(n)]
    else:
        values = np.asarray(column.data[:])
        if len(values) != n:
            raise ValueError(f"it has {len(values)} rows, the table {n}")
        if values.ndim == 1:
            if values.dtype == object:
                return [item.decode() if isinstance(item, bytes) else _plain(item) for item in values]
            return values
        cells = list(values)
    out = np.empty(n, object)
    for row, cell in enumerate(cells):
        out[row] = cell
    return out


def _plain(item: Any) -> Any:
    if item is None or isinstance(item, (str, bool, int, float, np.generic)):
        return item
    raise TypeError(f"it holds {type(item).__name__}")


def assign_trials(
    trials: pd.DataFrame, times: npt.NDArray[np.float64], bin_width: float
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Row of `trials` (T,) whose [start, stop) holds each bin's centre, -1: none; the later start wins."""
    centres = times - bin_width / 2
    out = np.full(len(times), -1, np.int64)
    start, stop = (np.asarray(trials[name], np.float64) for name in ("start_time", "stop_time"))
    sound = np.isfinite(start) & np.isfinite(stop) & (stop > start)
    order = [row for row in np.argsort(start, kind="stable") if sound[row]]
    for row in order:
        out[np.searchsorted(centres, start[row]) : np.searchsorted(centres, stop[row])] = row
    notes = []
    reach = np.maximum.accumulate(stop[order]) if order else stop[order]
    overlapping = int((start[order][1:] < reach[:-1] - 1e-9).sum())
    if overlapping:
        notes.append(
            f"{overlapping} trials start before an earlier one stops; their bins go to the later one"
        )
    if not sound.all():
        notes.append(f"{int((~sound).sum())} trials without a sound start_time and stop_time hold no bins")
    return out, notes


def filter_trials(session: Session, text: str) -> Session:
    """The bins of the trials that match the filter `text`; the trial table stays whole.

    Raises:
        NeurodriftError: no trials, a filter that cannot be applied, or nothing left.
    """
    chosen = parse_filter(text)
    if not len(session.trials):
        raise NeurodriftError(
            f"{session}: the trial filter {text!r} cannot be applied, the file has no trials. Leave it out."
        )
    try:
        matching = chosen(session.trials)
    except NeurodriftError as error:
        raise NeurodriftError(f"{session}: {error}") from None
    keep = (session.trial >= 0) & matching[np.maximum(session.trial, 0)]
    if not keep.any():
        raise NeurodriftError(
            f"{session}: the trial filter {text!r} leaves nothing: {int(matching.sum())} of {len(matching)} "
            f"trials match, and no bin lies in them. Loosen it; `neurodrift inspect` lists the columns."
        )
    held = len(np.unique(session.trial[keep]))
    return session.select(
        keep,
        f"trial filter {text!r}: {int(keep.sum())} of {len(keep)} bins kept, "
        f"in {held} of {len(matching)} trials; the other bins are left out",
    )
