"""Channels that hear what another channel heard."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neurodrift.drift.base import Recording, check_severity, choose, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Swap"]


@dataclass(frozen=True)
class Swap:
    """A share `fraction` x severity of the channels is replaced by other channels, each drawn uniformly.

    The replacing channels stay where they are too, as new units on an electrode would not take others away.
    An array of one channel has no other and keeps its own.
    """

    fraction: float = 0.3
    on_counts: bool = True

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        path = DriftPath.identity(n_channels(recording))
        n = path.n_channels
        replaced = choose(n, self.fraction * check_severity(severity), rng)
        source = np.arange(n)
        if n > 1:
            source[replaced] = (replaced + rng.integers(1, n, size=len(replaced))) % n
        return replace(path, source=source)
