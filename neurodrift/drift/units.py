"""Units that appear and are lost at random times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from neurodrift.drift.base import Recording, check_severity, n_channels
from neurodrift.drift.days import stack
from neurodrift.drift.path import DriftPath
from neurodrift.errors import NeurodriftError

__all__ = ["PoissonTurnover"]


@dataclass(frozen=True)
class PoissonTurnover:
    """On each channel units are lost and new ones appear, as two Poisson processes; severity counts days.

    After a loss the channel is silent until a new unit appears; a new unit takes the place of the one that is
    there. With a rate of events r = `loss` + `appearance` and hazards that differ over channels by a factor
    Gamma(`alike`, 1 / `alike`), the share of channels that still have their first unit after d days is
    (1 + r d / alike)^-alike, or exp(-r d) where all channels are alike (`alike` infinite). A share
    loss / r of the others is silent.

    One draw after the other (`DriftPath.then`) is the same process exactly where all channels are alike;
    else draw all days at once, as `over_days` does, since a channel's hazard stays its own.

    Args:
        loss: losses a day and channel.
        appearance: new units a day and channel.
        alike: shape of the hazards, larger is more alike.

    Raises:
        NeurodriftError: a rate is negative, or `alike` is not positive.

    References:
        Dickey et al. 2009, doi:10.1152/jn.90920.2008 (units that stayed are more likely to stay).
    """

    loss: float = 0.01
    appearance: float = 0.04
    alike: float = np.inf
    on_counts: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not (self.loss >= 0 and self.appearance >= 0 and self.alike > 0):
            raise NeurodriftError(f"{self}: rates must not be negative, `alike` must be positive.")

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        hazard = self._hazards(n_channels(recording), rng)
        return self._elapse(check_severity(severity) * hazard, rng)

    def rows(self, recording: Recording, n: int, severity: float, rng: np.random.Generator) -> DriftPath:
        """Row d is the array after d x severity days."""
        hazard = self._hazards(n_channels(recording), rng)
        days = [DriftPath.identity(len(hazard))]
        for _ in range(1, n):
            days.append(days[-1].then(self._elapse(check_severity(severity) * hazard, rng)))
        return stack(days)

    def _hazards(self, n: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        drawn = rng.gamma(min(self.alike, 1e6), 1 / min(self.alike, 1e6), n)
        return drawn if np.isfinite(self.alike) else np.ones(n)

    def _elapse(self, days: npt.NDArray[np.float64], rng: np.random.Generator) -> DriftPath:
        # Of all events in that time only the kind of the last one is seen.
        n, total = len(days), self.loss + self.appearance
        happened = rng.random(n) < -np.expm1(-total * days)
        lost = rng.random(n) * total < self.loss
        fresh = rng.integers(1, 2**62, size=n)
        return DriftPath.identity(n, silent=happened & lost, unit=np.where(happened & ~lost, fresh, 0))
