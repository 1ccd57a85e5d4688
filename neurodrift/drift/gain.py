"""Channels whose rates grow or shrink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodrift.drift.base import Recording, check_severity, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Gain"]


@dataclass(frozen=True)
class Gain:
    """Every rate is multiplied by its own factor; the log of it is N(0, (`deviation` x severity)^2)."""

    deviation: float = 0.4
    on_counts: ClassVar[bool] = True

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        n = n_channels(recording)
        log_gain = self.deviation * check_severity(severity) * rng.standard_normal(n)
        return DriftPath.identity(n, gain=np.exp(log_gain))
