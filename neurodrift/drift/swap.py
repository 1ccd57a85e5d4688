"""Channels that hear what another channel heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodrift.drift.base import Recording, choose, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Swap"]


@dataclass(frozen=True)
class Swap:
    """A share `fraction` x severity of the channels is replaced by other channels, each drawn uniformly.

    The replacing channels stay where they are too, as new units on an electrode would not take others away.
    An array of one channel has no other and keeps its own.
    """

    fraction: float = 0.3
    on_counts: ClassVar[bool] = True

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        n = n_channels(recording)
        replaced, source = choose(n, self.fraction, severity, rng), np.arange(n)
        if n > 1:
            source[replaced] = (replaced + rng.integers(1, n, size=len(replaced))) % n
        return DriftPath.identity(n, source=source)
