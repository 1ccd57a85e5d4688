"""What all twins share: a cosine-tuned Poisson population, and what a reader should find in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.behavior import BehavioralTimeSeries, Position, SpatialSeries

__all__ = ["Population", "Truth", "arrays", "counted", "held", "new", "position", "save", "several", "units"]


@dataclass
class Truth:
    """What `read_session(path, **options)` must give back, known from how the file was made."""

    layout: str
    counts: np.ndarray  # (T, C)
    times: np.ndarray  # (T,) ends of the bins, s
    behavior: np.ndarray  # (T, D), NaN: no label
    channels: tuple[str, ...]
    width: float = 0.02
    options: dict[str, Any] = field(default_factory=dict)
    valid: np.ndarray | None = None
    says: tuple[str, ...] = ()  # each must stand in the provenance
    warns: tuple[str, ...] = ()  # each must be a warning
    persist: bool = True
    trials: int = 0


class Population:
    """Smooth velocities, and units whose rate is base + gain * cos(direction - preferred) * speed."""

    def __init__(self, n_units: int, seconds: float, seed: int, start: float = 0.0) -> None:
        self.rng = np.random.default_rng(seed)
        self.t = start + np.arange(round(seconds * 1000)) / 1000
        phase = self.rng.uniform(0, 2 * np.pi, (2, 3))
        speed = np.array([0.5, 0.9, 1.7])
        self.velocity = np.stack([np.sin(2 * np.pi * speed * self.t[:, None] + p).sum(1) for p in phase], 1)
        self.position = np.cumsum(self.velocity, 0) / 1000
        preferred = self.rng.uniform(0, 2 * np.pi, n_units)
        drive = self.velocity @ np.stack([np.cos(preferred), np.sin(preferred)])
        rate = np.maximum(self.rng.uniform(5, 25, n_units) + 6 * drive, 0)
        hits = self.rng.poisson(rate / 1000)
        # Within each ms, off its edges: no spike is ambiguous.
        self.spikes = [
            np.sort(np.repeat(self.t, n) + self.rng.uniform(0.0002, 0.0008, n.sum())) for n in hits.T
        ]


def counted(trains: Sequence[np.ndarray], times: np.ndarray, width: float = 0.02) -> np.ndarray:
    """Counts (T, C) in bins that end at `times`, one spike and one bin at a time."""
    out = np.zeros((len(times), len(trains)))
    for column, train in enumerate(trains):
        for t in train:
            out[(t > times - width + 1e-9) & (t <= times + 1e-9), column] += 1
    return out


def held(values: np.ndarray, at: np.ndarray, times: np.ndarray, width: float = 0.02) -> np.ndarray:
    """Mean of the samples in each bin, NaN without."""
    out = np.full((len(times), values.shape[1]), np.nan)
    for row, t in enumerate(times):
        inside = (at > t - width + 1e-9) & (at <= t + 1e-9)
        if inside.any():
            out[row] = values[inside].mean(axis=0)
    return out


def new(description: str, subject: str, day: datetime | None = None, name: str = "twin") -> NWBFile:
    from pynwb.file import Subject

    nwb = NWBFile(description, name, day or datetime(2014, 3, 1, tzinfo=UTC), session_id=name)
    nwb.subject = Subject(subject_id=subject, species="Macaca mulatta")
    return nwb


def arrays(nwb: NWBFile, groups: Sequence[str], each: int, **columns: Any) -> None:
    """Electrode groups of `each` electrodes; columns are functions of the row."""
    device = nwb.create_device(name="array")
    for name in columns:
        nwb.add_electrode_column(name, name)
    for g, name in enumerate(groups):
        group = nwb.create_electrode_group(name, name, name, device)
        for i in range(each):
            row = g * each + i
            more = {key: make(row) for key, make in columns.items()}
            nwb.add_electrode(id=row, location=name, group=group, group_name=name, **more)


def units(nwb: NWBFile, trains: Sequence[np.ndarray], ids: Sequence[int] | None = None, **more: Any) -> None:
    """Units with spike times; each keyword is a function of the unit's place."""
    for i, train in enumerate(trains):
        extra = {key: make(i) for key, make in more.items()}
        nwb.add_unit(spike_times=train, id=i if ids is None else ids[i], **extra)


def module(nwb: NWBFile, name: str) -> Any:
    return nwb.processing[name] if name in nwb.processing else nwb.create_processing_module(name, name)


def position(name: str, data: np.ndarray, at: np.ndarray, unit: str = "cm", **more: Any) -> SpatialSeries:
    return SpatialSeries(name=name, data=data, timestamps=at, unit=unit, reference_frame="screen", **more)


def several(name: str, parts: dict[str, np.ndarray], at: np.ndarray, unit: str) -> BehavioralTimeSeries:
    box = BehavioralTimeSeries(name=name)
    for key, data in parts.items():
        box.add_timeseries(TimeSeries(name=key, data=data, timestamps=at, unit=unit))
    return box


def container(*series: SpatialSeries, name: str = "Position") -> Position:
    return Position(spatial_series=list(series), name=name)


def save(nwb: NWBFile, path: Path) -> None:
    with NWBHDF5IO(str(path), "w") as io:
        io.write(nwb)
