"""Channels that trade places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodrift.drift.base import Recording, choose, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Exchange"]


@dataclass(frozen=True)
class Exchange:
    """A share `fraction` x severity of the channels trade places in a ring, as after a connector put on wrongly.

    No signal is lost: a decoder that knew the new order would score as before. Fewer than two channels
    cannot trade.
    """

    fraction: float = 0.3
    on_counts: ClassVar[bool] = True

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        n = n_channels(recording)
        moved, source = choose(n, self.fraction, severity, rng), np.arange(n)
        source[moved] = np.roll(moved, 1)
        return DriftPath.identity(n, source=source)
