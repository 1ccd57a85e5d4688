"""Twins of public layouts, written with pynwb alone: the other side of what the reader is held to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.behavior import Position, SpatialSeries

N, C, W = 200, 8, 0.05
TIMES = np.arange(1, N + 1) * W
RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(2, (N, C)).astype(np.uint8)
LABEL = RNG.normal(size=(N, 2))


def empty() -> NWBFile:
    return NWBFile("twin", "id", datetime(2020, 1, 1, tzinfo=UTC), session_id="day")


def electrodes(nwb: NWBFile, n: int = C, groups: int = 1, labels: bool = True) -> None:
    device = nwb.create_device(name="d")
    made = [nwb.create_electrode_group(f"g{i}", "g", "M1", device) for i in range(groups)]
    if labels:
        nwb.add_electrode_column("label", "label")
    for i in range(n):
        extra = {"label": f"chan{i // groups}"} if labels else {}
        nwb.add_electrode(
            id=10 + i, location="M1", group=made[i % groups], group_name=f"g{i % groups}", **extra
        )


def series(name: str = "counts", data: Any = COUNTS, unit: str = "counts", **more: Any) -> TimeSeries:
    clock = {} if "rate" in more else {"timestamps": TIMES[: len(data)]}
    return TimeSeries(name=name, data=data, unit=unit, **{**clock, **more})


def module(nwb: NWBFile, name: str) -> Any:
    return nwb.processing[name] if name in nwb.processing else nwb.create_processing_module(name, name)


def saved(nwb: NWBFile, path: Path) -> Path:
    with NWBHDF5IO(str(path), "w") as io:
        io.write(nwb)
    return path


def counted(place: str = "processing", label: Any = None, **more: Any) -> NWBFile:
    nwb = empty()
    item = series(**more)
    if place == "processing":
        module(nwb, "ecephys").add(item)
    else:
        {"acquisition": nwb.add_acquisition, "analysis": nwb.add_analysis}[place](item)
    if label is not False:
        module(nwb, "behavior").add(label or series("hand_vel", LABEL, "m/s"))
    return nwb


def with_units(on: list[int] | None, table: int = 4, obs: Any = None, groups: int = 1) -> NWBFile:
    nwb = empty()
    if on is not None:
        electrodes(nwb, table, groups)
    for i, train in enumerate(TRAINS):
        more: dict[str, Any] = {} if on is None else {"electrodes": [on[i]]}
        if obs is not None:
            more["obs_intervals"] = obs
        nwb.add_unit(spike_times=train, id=100 + i, **more)
    at = np.arange(0, 10.0005, 0.01)
    pos = SpatialSeries(name="hand", data=np.c_[at, -at], reference_frame="r", timestamps=at, unit="mm")
    module(nwb, "behavior").add(Position(spatial_series=pos))
    return nwb


TRAINS = [np.sort(RNG.uniform(0.001, 9.99, n)) for n in (50, 30, 80)]


def trials(nwb: NWBFile, spans: list[tuple[float, float]]) -> None:
    for a, b in spans:
        nwb.add_trial(start_time=a, stop_time=b)
    nwb.add_trial_column("result", "r", ["R", "A", "R"][: len(spans)])
    nwb.add_trial_column("corners", "ragged", data=[1.0, 2.0, 3.0], index=[1, 2, 3][: len(spans)])
