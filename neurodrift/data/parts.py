"""Files that hold several sessions end to end: one of them is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pynwb import TimeSeries

from neurodrift.data.facts import Facts
from neurodrift.data.finding import Found
from neurodrift.data.options import Options
from neurodrift.data.safety import whole
from neurodrift.data.series import raw_times, step_of
from neurodrift.errors import NeurodriftError

__all__ = ["one_part", "parts_of", "trials_of"]


def one_part(
    used: list[Found], found: list[Found], facts: Facts, options: Options, source: str
) -> tuple[list[Found], list[Found], list[str]]:
    """The used series, and all, cut to the session `options.part`; as they are where a file holds one.

    Raises:
        NeurodriftError: several sessions and none asked for, or one that is not there.
    """
    index = _index(found, facts.session_index, source)
    held = [] if index is None else list(dict.fromkeys(index.tolist()))
    if index is None or (len(held) < 2 and options.part is None):
        if options.part is not None:
            raise NeurodriftError(
                f"{source}: it holds one session; part={options.part!r} cannot be. Leave it out."
            )
        return used, found, []
    names = [_plain(value) for value in held]
    if options.part not in names:
        asked = "none is named" if options.part is None else f"part {options.part!r} is not one of them"
        raise NeurodriftError(
            f"{source}: it holds {len(names)} sessions ({', '.join(names[:12])}{' ...' * (len(names) > 12)}) "
            f'and {asked}. Name one, such as part="{names[0]}".'
        )
    keep = index == held[names.index(options.part)]
    cut = {id(item): _cut(item, keep, source) for item in found if _long(item) == len(keep)}
    note = f"session {options.part} of {len(names)} in the file: {int(keep.sum())} of {len(keep)} bins"
    return (
        [cut.get(id(item), item) for item in used],
        [cut.get(id(item), item) for item in found],
        [note],
    )


def parts_of(found: list[Found], facts: Facts, source: str) -> list[str]:
    """Names of the sessions in a file, by the layout's session index; none where it has no such index."""
    index = _index(found, facts.session_index, source)
    return [] if index is None else [_plain(value) for value in dict.fromkeys(index.tolist())]


def _index(found: list[Found], path: str, source: str) -> npt.NDArray[Any] | None:
    for item in found:
        if path and item.path == path and isinstance(item.series, TimeSeries):
            return np.asarray(whole(item.series.data, f"{source}: {path}")).ravel()
    return None


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _long(item: Found) -> int:
    return len(item.series.data) if isinstance(item.series, TimeSeries) else -1


def _cut(item: Found, keep: npt.NDArray[np.bool_], source: str) -> Found:
    series = item.series
    times = raw_times(item, source)[0]
    data = np.asarray(whole(series.data, f"{source}: {item.path}"))[keep]
    part = TimeSeries(
        name=series.name,
        data=data,
        timestamps=times[keep],
        unit=series.unit or "unknown",
        conversion=1.0 if series.conversion is None else float(series.conversion),
        offset=float(getattr(series, "offset", None) or 0.0),
        description=series.description or "no description",
        comments=series.comments or "no comments",
    )
    return replace(item, series=part)


def trials_of(found: list[Found], facts: Facts, source: str) -> pd.DataFrame:
    """A trial table by the runs of equal numbers in the layout's trial index; bins end at their timestamps."""
    number = _index(found, facts.trial_index, source)
    table = pd.DataFrame({"start_time": np.zeros(0), "stop_time": np.zeros(0)})
    if number is None or not len(number):
        return table
    item = next(item for item in found if item.path == facts.trial_index)
    times = raw_times(item, source)[0]
    first = np.r_[0, np.flatnonzero(number[1:] != number[:-1]) + 1]
    last = np.r_[first[1:] - 1, len(number) - 1]
    step = step_of(times) or 0.0
    return pd.DataFrame(
        {"start_time": times[first] - step, "stop_time": times[last], "trial_id": number[first]}
    )
