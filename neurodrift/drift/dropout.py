"""Channels that fall silent."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neurodrift.drift.base import Recording, check_severity, choose, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Dropout"]


@dataclass(frozen=True)
class Dropout:
    """A share `fraction` x severity of the channels gives no counts any more."""

    fraction: float = 0.1
    on_counts: bool = True

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        path = DriftPath.identity(n_channels(recording))
        silent = np.zeros(path.n_channels, bool)
        silent[choose(path.n_channels, self.fraction * check_severity(severity), rng)] = True
        return replace(path, silent=silent)
