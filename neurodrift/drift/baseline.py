"""Channels that pick up spikes which carry nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neurodrift.drift.base import Recording, check_severity, mean_counts, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Baseline"]


@dataclass(frozen=True)
class Baseline:
    """Every channel gains a constant rate, U(0, `fraction` x severity) of its mean in the recording."""

    fraction: float = 0.5
    on_counts: bool = True

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        path = DriftPath.identity(n_channels(recording))
        share = self.fraction * check_severity(severity) * rng.random(path.n_channels)
        return replace(path, added=share * mean_counts(recording))
