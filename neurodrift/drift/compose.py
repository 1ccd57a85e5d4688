"""Several drifts at once, and the family that step sizes are chosen on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodrift.drift.base import Drift, Recording, check_severity, n_channels
from neurodrift.drift.baseline import Baseline
from neurodrift.drift.dropout import Dropout
from neurodrift.drift.gain import Gain
from neurodrift.drift.path import DriftPath
from neurodrift.drift.swap import Swap
from neurodrift.errors import NeurodriftError

__all__ = ["Compose", "Scaled", "draw_severity", "standard"]


@dataclass(frozen=True)
class Compose:
    """Drifts one after the other, all drawn from the same recording with the same severity.

    The order counts: `Compose((Gain(), Baseline()))` adds a rate to scaled spikes, the other way round the
    added rate is scaled too.
    """

    parts: tuple[Drift, ...] = ()

    @property
    def on_counts(self) -> bool:
        return all(part.on_counts for part in self.parts)

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        path = DriftPath.identity(n_channels(recording))
        for part in self.parts:
            path = path.then(part.sample(recording, severity, rng))
        return path


@dataclass(frozen=True)
class Scaled:
    """A drift that grows as `factor` x severity^`power`: .5 for what wanders, under .5 for what saturates.

    Raises:
        NeurodriftError: factor or power is not positive; severity 0 would not be the identity.
    """

    drift: Drift
    factor: float = 1.0
    power: float = 1.0

    def __post_init__(self) -> None:
        if not (self.factor > 0 and self.power > 0):
            raise NeurodriftError(f"Scaled: factor {self.factor} and power {self.power} must be positive.")

    @property
    def on_counts(self) -> bool:
        return self.drift.on_counts

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        return self.drift.sample(recording, self.factor * check_severity(severity) ** self.power, rng)


def standard() -> Compose:
    """The family of simulated drifts behind `lr="auto"`, fixed before any test day was looked at.

    At severity s: 30 % x s of the channels replaced by other channels, log-gain N(0, (.4 s)^2), added rate
    U(0, .5 s) of the channel's mean, 10 % x s silent.
    """
    return Compose((Swap(0.3), Gain(0.4), Baseline(0.5), Dropout(0.1)))


def draw_severity(rng: np.random.Generator) -> float:
    """A severity for one draw of `standard`: U(.5, 1.5)."""
    return float(rng.uniform(0.5, 1.5))
