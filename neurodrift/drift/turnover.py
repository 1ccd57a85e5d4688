"""Channels that lose their unit to a new one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neurodrift.drift.base import Recording, check_severity, choose, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Turnover"]


@dataclass(frozen=True)
class Turnover:
    """A share `fraction` x severity of the channels gets a unit that was not on the array before.

    Recorded counts know no such unit, so this acts on simulated arrays only; `Swap` is its stand-in there.
    """

    fraction: float = 0.3
    on_counts: bool = False

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        path = DriftPath.identity(n_channels(recording))
        unit = np.zeros(path.n_channels, np.int64)
        replaced = choose(path.n_channels, self.fraction * check_severity(severity), rng)
        unit[replaced] = rng.integers(1, 2**62, size=len(replaced))
        return replace(path, unit=unit)
