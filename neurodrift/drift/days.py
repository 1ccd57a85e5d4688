"""A drift over days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from neurodrift.drift.base import Drift, Recording, check_severity, n_channels
from neurodrift.drift.common import Common
from neurodrift.drift.path import DriftPath
from neurodrift.drift.turnover import Turnover
from neurodrift.errors import NeurodriftError

__all__ = ["Daily", "over_days", "stack"]


@dataclass(frozen=True)
class Daily:
    """What adds up from day to day, and what each day has of its own; severity counts days.

    `adds_up` is drawn for the days that went by. `each` is drawn anew for a day and gone on the next: the
    place of the array in the tissue, arousal, the threshold that was set. It is there in full from a
    severity of 1 on.
    """

    adds_up: Drift = field(default_factory=lambda: Turnover(0.02))
    each: Drift = field(default_factory=Common)

    @property
    def on_counts(self) -> bool:
        return self.adds_up.on_counts and self.each.on_counts

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        days = check_severity(severity)
        return self.adds_up.sample(recording, days, rng).then(self.each.sample(recording, min(days, 1), rng))

    def rows(self, recording: Recording, n: int, severity: float, rng: np.random.Generator) -> DriftPath:
        """Row d is the array after d x severity days."""
        days = check_severity(severity)
        lasting = DriftPath.identity(n_channels(recording))
        out = [lasting]
        for _ in range(1, n):
            lasting = lasting.then(self.adds_up.sample(recording, days, rng))
            out.append(lasting.then(self.each.sample(recording, min(days, 1), rng)))
        return stack(out)


def stack(paths: Sequence[DriftPath]) -> DriftPath:
    """The rows of all those paths, one below the other."""
    return DriftPath(*(np.concatenate([getattr(p, f.name) for p in paths]) for f in fields(DriftPath)))


def over_days(
    drift: Drift, recording: Recording, n_days: int, *, severity: float = 1.0, seed: int = 0
) -> list[DriftPath]:
    """One constant path a day, each relative to day 0, which is the identity.

    A drift that has `rows` (a schedule, electrodes that come back, units with hazards of their own) draws all
    days at once. Any other is drawn anew between any two days and adds up.

    Args:
        recording: what the drift is sampled from: day 0.
        severity: of each step between two days; of the whole for a schedule.

    Raises:
        NeurodriftError: there is no day.
    """
    if n_days < 1:
        raise NeurodriftError(f"over_days: {n_days} days; ask for one or more.")
    rows = getattr(drift, "rows", None)
    if rows is not None:
        path = rows(recording, n_days, severity, np.random.default_rng([seed, 0]))
        return [path.at(slice(day, day + 1)) for day in range(n_days)]
    days = [DriftPath.identity(n_channels(recording))]
    for day in range(1, n_days):
        step = drift.sample(recording, severity, np.random.default_rng([seed, day]))
        if step.n_bins is not None:
            raise NeurodriftError(
                f"over_days: {drift} changes within a recording; put the schedule around the whole (Scheduled)."
            )
        days.append(days[-1].then(step))
    return days
