"""Channels that pick up spikes which carry nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodrift.drift.base import Recording, check_severity, mean_counts, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Baseline"]


@dataclass(frozen=True)
class Baseline:
    """Every channel gains a constant rate, U(0, `fraction` x severity) of its mean in the recording."""

    fraction: float = 0.5
    on_counts: ClassVar[bool] = True

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        n = n_channels(recording)
        share = self.fraction * check_severity(severity) * rng.random(n)
        return DriftPath.identity(n, added=share * mean_counts(recording))
