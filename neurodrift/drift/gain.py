"""Channels whose rates grow or shrink."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neurodrift.drift.base import Recording, check_severity, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Gain"]


@dataclass(frozen=True)
class Gain:
    """Every rate is multiplied by its own factor; the log of it is N(0, (`deviation` x severity)^2)."""

    deviation: float = 0.4
    on_counts: bool = True

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        path = DriftPath.identity(n_channels(recording))
        log_gain = self.deviation * check_severity(severity) * rng.standard_normal(path.n_channels)
        return replace(path, gain=np.exp(log_gain))
