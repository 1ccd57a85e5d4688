"""What tests of the closed loop share: arrays without noise worth the name, and decoders that are exact."""

from __future__ import annotations

import numpy as np

from neurodrift.closed_loop import CentreOut, Episode, OptimalUser, VelocityPlant
from neurodrift.closed_loop.game import Trial
from neurodrift.decoders.base import Floats
from neurodrift.simulation import Encoder

__all__ = ["BIN", "Inverse", "episode_of", "quiet", "still_user", "sure_encoder"]

BIN = 0.05


def sure_encoder(n: int = 16) -> Encoder:
    """Rates so high that Poisson counts are their means, to a part in ten thousand; no floor at zero is met."""
    preferred = 2 * np.pi * np.arange(n) / n
    one = np.ones(n)
    return Encoder(1e10 * one, 0.3 * one, preferred, 0 * one, one, 0 * one, lag=0.0)


class Inverse:
    """The encoder's inverse: velocity from counts by least squares, then `turn`ed (radians) and shifted."""

    def __init__(self, encoder: Encoder, turn: float = 0.0, bias: tuple[float, float] = (0.0, 0.0)) -> None:
        p, k = encoder.preferred[0], encoder.rest[0] * encoder.depth[0] / encoder.unit_speed
        self.base = encoder.rest[0] * BIN
        self.matrix = np.linalg.pinv(BIN * k[:, None] * np.column_stack([np.cos(p), np.sin(p)]))
        self.turn = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        self.bias = np.array(bias)
        self.told: list[tuple[int, Floats | None, int]] = []
        self.bins = 0

    def fit(self, sessions: object) -> Inverse:
        return self

    def reset(self) -> None:
        self.bins = 0

    def predict(self, x: Floats) -> Floats:
        self.bins += 1
        return np.asarray(self.turn @ (self.matrix @ (np.asarray(x, np.float64) - self.base)) + self.bias)

    def update(self, target: Floats | None, lag: int = 0) -> None:
        self.told.append((self.bins - 1, target, lag))


def still_user(**options: float) -> OptimalUser:
    """A user without noise."""
    return OptimalUser(noise=0.0, tremor=0.0, **options)  # type: ignore[arg-type]


def quiet() -> VelocityPlant:
    """A cursor without smoothing."""
    return VelocityPlant(smoothing=0.0)


def episode_of(position: np.ndarray, trials: list[Trial], task: CentreOut) -> Episode:
    """An episode that only has positions and trials."""
    n = len(position)
    trial = np.full(n, -1)
    for i, t in enumerate(trials):
        trial[t.first : t.last + 1] = i
    zero = np.zeros((n, 2))
    return Episode(task, BIN, np.zeros((n, 1), np.float32), zero, zero, zero, position, trial, tuple(trials))
