"""Channels that lose their unit to a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodrift.drift.base import Recording, choose, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Turnover"]


@dataclass(frozen=True)
class Turnover:
    """A share `fraction` x severity of the channels gets a unit that was not on the array before.

    Recorded counts know no such unit, so this acts on simulated arrays only; `Swap` is its stand-in there.
    """

    fraction: float = 0.3
    on_counts: ClassVar[bool] = False

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        n = n_channels(recording)
        replaced, unit = choose(n, self.fraction, severity, rng), np.zeros(n, np.int64)
        unit[replaced] = rng.integers(1, 2**62, size=len(replaced))
        return DriftPath.identity(n, unit=unit)
