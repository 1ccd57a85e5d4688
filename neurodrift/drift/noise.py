"""Channels whose spikes drown in noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodrift.drift.base import Recording, check_severity, mean_counts, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Noise"]


@dataclass(frozen=True)
class Noise:
    """Spikes are missed and crossings of the noise take their place, so rates stay and modulation fades.

    A channel keeps each spike with probability q = exp(-`decay` x severity x u), u ~ U(.5, 1.5), and gains
    (1 - q) of its mean rate as counts that carry nothing: what a fixed threshold gives on an electrode whose
    signal sinks into its noise. The default halves the signal at severity 1.

    References:
        Sponheim et al. 2021, doi:10.1088/1741-2552/ac3eaf (signal-to-noise ratio of arrays over years).
    """

    decay: float = 0.7
    on_counts: ClassVar[bool] = True

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        n = n_channels(recording)
        kept = np.exp(-self.decay * check_severity(severity) * rng.uniform(0.5, 1.5, n))
        return DriftPath.identity(n, gain=kept, added=(1 - kept) * mean_counts(recording))
