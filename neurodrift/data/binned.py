"""Counts (T, C) of series that are binned already: as they are, or neighbouring bins added up."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pynwb import NWBFile

from neurodrift.data.counting import Counted
from neurodrift.data.electrodes import count_channels
from neurodrift.data.finding import Found, is_counts, is_rate
from neurodrift.data.safety import whole
from neurodrift.data.series import step_of
from neurodrift.data.words import many
from neurodrift.errors import NeurodriftError

__all__ = ["added_up", "read_counts", "width_of"]

Floats = npt.NDArray[np.float64]
WIDTH = re.compile(r"bin_width=([0-9.eE+-]+)")
AGREE = 0.1  # a bin width may differ by this part from the median step of the timestamps


def read_counts(nwb: NWBFile, item: Found, width: float, source: str) -> Counted:
    """Counts of a series in bins of `width` s as they are, rates times the width; NaN makes a bin not valid."""
    raw = np.asarray(whole(item.series.data, f"{source}: {item.path}"))
    notes = [f"{item.path}: {item.why}; values as stored"] if item.role == "signal" else []
    if raw.ndim == 2 and is_rate(item.series):
        raw = _nearly_whole(raw * width)
        notes.append(f"{item.path} holds rates: multiplied by the bin width {width:g} s")
    if raw.ndim != 2 or not (is_counts(raw) or (item.role == "signal" and not (raw < 0).any())):
        raise NeurodriftError(
            f"{source}: {item.path} does not hold counts (bins x channels of whole numbers, none negative): "
            f"its shape is {raw.shape}, its first values {raw.ravel()[:3].tolist()}"
            f"{' once multiplied by the bin width' * bool(notes)}. Name another series with neural=."
        )
    counts = raw.astype(np.float32)
    valid = np.asarray(np.isfinite(counts).all(axis=1))
    if not valid.all():
        counts[~np.isfinite(counts)] = 0
        notes.append(f"{many(int((~valid).sum()), 'bin')} of {item.path} hold NaN: not valid, NaN set to 0")
    if item.series.conversion not in (None, 1) and np.isfinite(item.series.conversion):
        notes.append(f"conversion {item.series.conversion:g} of {item.path} not applied: these are counts")
    channels, origin = count_channels(nwb, item.series, item.columns)
    return Counted(counts, channels, valid, True, [*notes, origin])


def _nearly_whole(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    near = np.round(values)
    return np.where(np.abs(values - near) < 1e-3, near, values)


def width_of(item: Found, times: Floats, asked: float | None, source: str) -> tuple[float, int, list[str]]:
    """Bin width (s) of a series with sample times (T,), how many bins make one as asked, and where this comes from."""
    step = step_of(times)
    if step is None:
        if asked is None:
            raise NeurodriftError(f"{source}: {item.path} has one bin only; give its bin_width in seconds.")
        return float(asked), 1, []
    stated = WIDTH.search(str(item.series.comments))
    if stated and abs(float(stated[1]) - step) <= AGREE * step:
        width, note = float(stated[1]), f"bin width {stated[1]} s as stated in the comments of {item.path}"
    else:
        width, note = step, f"bin width {step:g} s: median step of the timestamps of {item.path}"
    if asked is None:
        return width, 1, [note]
    if abs(asked - step) <= AGREE * step:
        return float(asked), 1, [f"bin width {asked:g} s as given; median step of {item.path} {step:g} s"]
    times_wider = round(asked / width)
    if times_wider > 1 and abs(asked - times_wider * width) < 0.01 * width:
        return width, times_wider, [note]
    near = max(1, times_wider) * width
    raise NeurodriftError(
        f"{source}: bin_width is {asked:g} s, but {item.path} is binned already, in bins of {width:g} s. Its counts "
        f"can only be added up: leave bin_width out, or give {near:g} or another multiple of {width:g}."
    )


def added_up(
    counted: Counted, times: Floats, width: float, number: int, path: str
) -> tuple[Floats, float, Counted]:
    """Times, width and counts where `number` bins of `width` s that touch become one; what is left before a gap is dropped."""
    if number == 1 or not len(times):
        return times, width, counted
    run = np.cumsum(np.r_[True, np.diff(times) > 1.5 * width]) - 1
    size = np.bincount(run)
    place = np.arange(len(times)) - np.r_[0, np.cumsum(size)[:-1]][run]
    keep = place < (size // number * number)[run]
    counts = counted.counts[keep].reshape(-1, number, counted.counts.shape[1]).sum(axis=1)
    valid = counted.valid[keep].reshape(-1, number).all(axis=1)
    note = f"each bin is the sum of {number} bins of {width:g} s of {path}"
    lost = int((~keep).sum())
    if lost:
        note += f"; {many(lost, 'bin')} before gaps or the end are too few for one and left out"
    done = replace(counted, counts=counts, valid=valid, notes=[*counted.notes, note])
    return times[keep][number - 1 :: number], number * width, done
