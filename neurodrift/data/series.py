"""Times and values of one NWB time series, with its conversion, axes and clock checked."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
from pynwb.behavior import SpatialSeries

from neurodrift.data.finding import Found
from neurodrift.data.safety import check_claim, whole
from neurodrift.errors import NeurodriftError

__all__ = ["axis_names", "check_times", "converted", "raw_times", "sample_times", "step_of"]

COLUMNS = re.compile(r"columns\s*=\s*\[([^\]]*)\]")
Floats = npt.NDArray[np.float64]


def raw_times(item: Found, source: str, period_as_rate: bool = False) -> tuple[Floats, list[str]]:
    """Times (N,) of the samples, s, in stored order: timestamps, or starting_time + i / rate; and notes.

    With `period_as_rate`, a rate below 1 Hz is taken as the period in s, and `offset` as the starting time.

    Raises:
        NeurodriftError: times missing, or of another length than the data.
    """
    series = item.series
    check_claim(series.data, f"{source}: {item.path}")
    n = len(series.data)
    if series.rate is not None:
        if not series.rate > 0:
            raise NeurodriftError(
                f"{source}: {item.path} has rate {series.rate}; it must be positive. Repair the file."
            )
        if period_as_rate and series.rate < 1:
            start = _number(getattr(series, "offset", None), 0.0)
            note = (
                f"rate {series.rate:g} of {item.path} is the period in s, offset {start:g} its starting time"
            )
            return start + np.arange(n, dtype=np.float64) * float(series.rate), [note]
        return float(series.starting_time or 0.0) + np.arange(n, dtype=np.float64) / float(series.rate), []
    if series.timestamps is None:
        raise NeurodriftError(f"{source}: {item.path} has neither timestamps nor a rate. Repair the file.")
    times = np.asarray(series.timestamps[:], np.float64)
    if len(times) != n:
        raise NeurodriftError(
            f"{source}: {item.path} has {n} samples but {len(times)} timestamps. Repair the file."
        )
    return times, []


def sample_times(item: Found, source: str) -> Floats:
    """Times (N,) of the samples, s, as `raw_times`, strictly increasing.

    Raises:
        NeurodriftError: times not finite, repeated, or backwards; and as `raw_times`.
    """
    times = raw_times(item, source)[0]
    check_times(times, item, source)
    return times


def check_times(times: Floats, item: Found, source: str) -> None:
    """Raises where times are not finite or do not increase strictly."""
    wrong = np.flatnonzero(~np.isfinite(times))
    if len(wrong):
        raise NeurodriftError(
            f"{source}: timestamp {wrong[0]} of {item.path} is {times[wrong[0]]}. Repair the file."
        )
    step = np.diff(times)
    if (step <= 0).any():
        at = int(np.flatnonzero(step <= 0)[0])
        same = step[at] == 0
        raise NeurodriftError(
            f"{source}: timestamps of {item.path} {'repeat' if same else 'run backwards'} at sample {at + 1} "
            f"({times[at]:.6f} s, then {times[at + 1]:.6f} s; {int((step <= 0).sum())} such places). "
            f"{'Drop the repeats' if same else 'The clock restarted: shift the samples'} in the file."
        )


def step_of(times: Floats) -> float | None:
    """Median step of times (s), to the microsecond; None for fewer than two."""
    return round(float(np.median(np.diff(times))), 6) if len(times) > 1 else None


def converted(item: Found, with_offset: bool = True) -> tuple[Floats, list[str]]:
    """Values (N, D) in the unit of the series, data x conversion + offset where sound; and notes."""
    series = item.series
    values = np.asarray(whole(series.data, item.path), np.float64)
    values = values[:, None] if values.ndim == 1 else values
    notes = []
    conversion, offset = _number(series.conversion, 1.0), _number(getattr(series, "offset", None), 0.0)
    if not np.isfinite(conversion) or conversion == 0:
        notes.append(f"conversion of {item.path} is {conversion}: not applied, values are as stored")
    elif conversion != 1:
        values = values * conversion
        notes.append(f"{item.path} multiplied by its conversion {conversion:g}")
    if not with_offset:
        return values, notes
    if not np.isfinite(offset):
        notes.append(f"offset of {item.path} is {offset}: not applied")
    elif offset:
        values = values + offset
        notes.append(f"offset {offset:g} of {item.path} added")
    return values, notes


def _number(value: Any, default: float) -> float:
    return default if value is None else float(value)


def axis_names(item: Found) -> tuple[tuple[str, ...], str]:
    """Names of the columns, by `columns=[...]` in the comments or else x, y, z; a note where assumed."""
    series, n = item.series, item.columns
    for text in (series.comments, series.description):
        match = COLUMNS.search(str(text or ""))
        names = [part.strip(" '\"") for part in match[1].split(",")] if match else []
        if len(names) == n and all(names):
            return tuple(names), ""
    if n == 1:
        return (item.name,), ""
    if n <= 3:
        names = ["x", "y", "z"][:n]
        written = f"({', '.join(names)})" in f"{series.description} {series.comments}"
        sure = written or isinstance(series, SpatialSeries)
        return tuple(names), "" if sure else f"axes of {item.path} are not named; taken as {', '.join(names)}"
    return tuple(f"{item.name}_{i}" for i in range(n)), ""
