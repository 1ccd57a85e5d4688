"""Rates that grow or shrink together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodrift.drift.base import Recording, check_severity, n_channels
from neurodrift.drift.path import DriftPath
from neurodrift.errors import NeurodriftError

__all__ = ["Common"]


@dataclass(frozen=True)
class Common:
    """Log-gains N(0, (`deviation` x severity)^2) as in `gain`, but any two channels are correlated by `correlation`.

    This is how arousal, temperature or a shared reference act: averaging over channels does not remove it.

    Raises:
        NeurodriftError: the correlation is not from 0 to 1.
    """

    deviation: float = 0.4
    correlation: float = 0.7
    on_counts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= self.correlation <= 1:
            raise NeurodriftError(
                f"Common: correlation is {self.correlation}; two channels share from 0 to 1 of their drift."
            )

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        n = n_channels(recording)
        shared, own = rng.standard_normal(), rng.standard_normal(n)
        mixed = np.sqrt(self.correlation) * shared + np.sqrt(1 - self.correlation) * own
        return DriftPath.identity(n, gain=np.exp(self.deviation * check_severity(severity) * mixed))
