"""When a drift is there: rising, at once, or again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from neurodrift.drift.base import Drift, Recording
from neurodrift.drift.dropout import Dropout
from neurodrift.drift.path import DriftPath
from neurodrift.errors import NeurodriftError

__all__ = ["SCHEDULES", "Abrupt", "Gradual", "Recurring", "Schedule", "Scheduled"]


class Schedule(Protocol):
    """How much of a drift is there at each part of a recording, or of a run of days."""

    def levels(self, n: int) -> npt.NDArray[np.float64]:
        """Levels (n,) from 0, no drift, to 1, all of it; the first of several is 0."""


def parts(n: int) -> npt.NDArray[np.float64]:
    """Where each of n bins lies, from 0 for the first to 1 for the last."""
    return np.arange(n) / max(n - 1, 1)


@dataclass(frozen=True)
class Gradual:
    """The level rises in a straight line from `start` to `stop`, as parts of the recording, and stays."""

    start: float = 0.0
    stop: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise NeurodriftError(f"{self}: start must be from 0 and come before stop.")

    def levels(self, n: int) -> npt.NDArray[np.float64]:
        return np.clip((parts(n) - self.start) / (self.stop - self.start), 0, 1)


@dataclass(frozen=True)
class Abrupt:
    """All of the drift at once, after the part `at` of the recording."""

    at: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.at < 1:
            raise NeurodriftError(f"{self}: it must come from 0 on, before 1.")

    def levels(self, n: int) -> npt.NDArray[np.float64]:
        return (parts(n) > self.at).astype(np.float64)


@dataclass(frozen=True)
class Recurring:
    """The drift comes and goes: absent, then there for the last `share` of each `period` of the recording."""

    period: float = 0.25
    share: float = 0.5

    def __post_init__(self) -> None:
        if not (self.period > 0 and 0 < self.share < 1):
            raise NeurodriftError(f"{self}: the period must be positive, the share between 0 and 1.")

    def levels(self, n: int) -> npt.NDArray[np.float64]:
        return ((parts(n) / self.period) % 1 >= 1 - self.share).astype(np.float64)


SCHEDULES: dict[str, Callable[[], Schedule]] = {
    "abrupt": Abrupt,
    "gradual": Gradual,
    "recurring": Recurring,
}


@dataclass(frozen=True)
class Scheduled:
    """One draw of a drift that comes within a recording as a schedule says, instead of before it.

    Under a rising level channels are replaced or silenced one by one, in an order that is drawn; under a
    falling one they recover. Over days (`over_days`) the same schedule runs over the days.
    """

    drift: Drift = field(default_factory=Dropout)
    schedule: Schedule = field(default_factory=Gradual)

    @property
    def on_counts(self) -> bool:
        return self.drift.on_counts

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        return self.rows(recording, len(recording), severity, rng)

    def rows(self, recording: Recording, n: int, severity: float, rng: np.random.Generator) -> DriftPath:
        """The drift over n rows, bins or days."""
        path = self.drift.sample(recording, severity, rng)
        return path.graded(self.schedule.levels(max(n, 1)), rng.random(path.n_channels))
