"""Units that change what they are tuned to, or how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodrift.drift.base import Recording, check_severity, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Rotation", "Shrinkage"]


@dataclass(frozen=True)
class Rotation:
    """Preferred directions turn by N(0, (`degrees` x severity)^2) each.

    The mean cosine between old and new direction is exp(-deviation^2 / 2), in radians. Recorded counts cannot
    express it: what a unit would have fired for another direction was not recorded.

    References:
        Rokni et al. 2007, doi:10.1016/j.neuron.2007.04.030 (preferred directions drift in motor cortex).
    """

    degrees: float = 30.0
    on_counts: ClassVar[bool] = False

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        n = n_channels(recording)
        angle = np.radians(self.degrees) * check_severity(severity) * rng.standard_normal(n)
        return DriftPath.identity(n, rotation=angle)


@dataclass(frozen=True)
class Shrinkage:
    """Tuning gets shallower: the modulation around the rate at rest falls by exp(-`decay` x severity x u), u ~ U(.5, 1.5).

    Recorded counts cannot express it, since they do not tell rest from modulation; `noise` is its stand-in there.

    References:
        Wilson et al. 2023, doi:10.1101/2023.02.03.527022 (tuning that shrinks and turns, in a simulated interface).
    """

    decay: float = 0.35
    on_counts: ClassVar[bool] = False

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        n = n_channels(recording)
        kept = np.exp(-self.decay * check_severity(severity) * rng.uniform(0.5, 1.5, n))
        return DriftPath.identity(n, depth=kept)
