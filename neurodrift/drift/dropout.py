"""Channels that fall silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodrift.drift.base import Recording, choose, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Dropout"]


@dataclass(frozen=True)
class Dropout:
    """A share `fraction` x severity of the channels gives no counts any more."""

    fraction: float = 0.1
    on_counts: ClassVar[bool] = True

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        n = n_channels(recording)
        silent = np.isin(np.arange(n), choose(n, self.fraction, severity, rng))
        return DriftPath.identity(n, silent=silent)
