"""What the units of a simulated array are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Noise", "Population"]

Floats = npt.NDArray[np.float64]
Noise = tuple[Floats, Floats, Floats]


@dataclass(frozen=True)
class Population:
    """What units are drawn from.

    The rate at rest is gamma distributed (`rate` Hz on average, shape `rate_shape`, at least 1 Hz), preferred
    directions are uniform, tuning depth is gamma distributed (`depth` on average, shape 2), and the speed
    gain is normal. Counts are Poisson unless `dispersion` or `noise` say otherwise.

    Args:
        lag_spread: deviation of the units' lags around the array's, s.
        dispersion: d of counts whose variance is m + d m^2 at the mean m.
        noise: deviation of the log-rate that units share, through `factors` slow factors with loadings of
            random sign: noise correlations.
        place: deviation of the share of `rest` that a unit gains over 10 cm, along either axis.
    """

    rate: float = 11.0
    rate_shape: float = 3.0
    depth: float = 0.42
    speed: float = 0.1
    speed_spread: float = 0.15
    lag_spread: float = 0.0
    dispersion: float = 0.0
    noise: float = 0.0
    factors: int = 3
    place: float = 0.0

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
        """Rest rate (Hz), depth, preferred direction (radians) and speed gain of n units, each (n,)."""
        rest = np.maximum(rng.gamma(self.rate_shape, self.rate / self.rate_shape, n), 1)
        depth = rng.gamma(2, self.depth / 2, n)
        return rest, depth, rng.uniform(-np.pi, np.pi, n), rng.normal(self.speed, self.speed_spread, n)

    def draw_noise(self, n: int, factors: int, rng: np.random.Generator) -> Noise:
        """Lags (s) and dispersion of n units, each (n,), and their loadings on the shared factors (factors, n)."""
        lags = self.lag_spread * rng.standard_normal(n)
        loadings = self.noise / np.sqrt(max(factors, 1)) * rng.standard_normal((factors, n))
        return lags, np.full(n, self.dispersion), loadings

    def draw_place(self, n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Gain along x and along y of n units, each (n,); nothing is drawn where there is none."""
        if not self.place:
            return np.zeros(n), np.zeros(n)
        return self.place * rng.standard_normal(n), self.place * rng.standard_normal(n)
