"""A population of cosine-tuned Poisson units, and what a drift does to it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from neurodrift.drift.path import DriftPath
from neurodrift.errors import NeurodriftError

__all__ = ["Encoder", "Population"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """What units are drawn from.

    The rate at rest is gamma distributed (`rate` Hz on average, shape `rate_shape`, at least 1 Hz), preferred
    directions are uniform, tuning depth is gamma distributed (`depth` on average, shape 2), and the speed
    gain is normal.
    """

    rate: float = 11.0
    rate_shape: float = 3.0
    depth: float = 0.42
    speed: float = 0.1
    speed_spread: float = 0.15

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
        """Rest rate (Hz), depth, preferred direction (radians) and speed gain of n units, each (n,)."""
        rest = np.maximum(rng.gamma(self.rate_shape, self.rate / self.rate_shape, n), 1)
        depth = rng.gamma(2, self.depth / 2, n)
        return rest, depth, rng.uniform(-np.pi, np.pi, n), rng.normal(self.speed, self.speed_spread, n)


@dataclass(frozen=True, eq=False)
class Encoder:
    """Rates that follow the velocity of the hand.

    rate = scale rest max(0, 1 + |v| / v0 (depth cos(angle(v) - preferred) + speed)) + added.

    Per-channel arrays are (C,), (1, C) or, for an array that drifts while it records, (T, C).

    Args:
        rest: rate of the unit at rest, Hz.
        depth: share of `rest` gained at v0 in the preferred direction, and lost in the opposite one.
        preferred: preferred direction, radians.
        speed: share of `rest` gained at v0 in any direction.
        scale: factor of the rate (1), 0 for a silent channel.
        added: rate that carries nothing, Hz.
        lag: seconds by which rates lead the hand.
        unit_speed: v0 of the formula, cm/s.
        population: what new units are drawn from.

    References:
        Georgopoulos et al. 1982, doi:10.1523/JNEUROSCI.02-11-01527.1982 (cosine tuning);
        Moran and Schwartz 1999, doi:10.1152/jn.1999.82.5.2676 (speed and direction).
    """

    rest: Floats
    depth: Floats
    preferred: Floats
    speed: Floats
    scale: Floats
    added: Floats
    lag: float = 0.1
    unit_speed: float = 20.0
    population: Population = field(default_factory=Population)

    def __post_init__(self) -> None:
        names = self._arrays()
        arrays = np.broadcast_arrays(
            *(np.atleast_2d(np.asarray(getattr(self, n), np.float64)) for n in names)
        )
        for name, array in zip(names, arrays, strict=True):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @staticmethod
    def _arrays() -> list[str]:
        return [f.name for f in fields(Encoder)][:6]

    @classmethod
    def random(
        cls,
        n_channels: int,
        rng: np.random.Generator,
        *,
        population: Population | None = None,
        lag: float = 0.1,
    ) -> Encoder:
        """An array with one unit a channel, drawn from the population."""
        population = population or Population()
        units = population.draw(n_channels, rng)
        return cls(*units, np.ones(n_channels), np.zeros(n_channels), lag=lag, population=population)

    @property
    def n_channels(self) -> int:
        return int(self.rest.shape[1])

    def rates(self, velocity: Floats) -> Floats:
        """Rates (T, C), Hz, for velocities (T, 2), cm/s: those that the hand will have `lag` s later.

        Raises:
            NeurodriftError: the encoder drifts over another number of bins.
        """
        if len(self.rest) not in (1, len(velocity)):
            raise NeurodriftError(
                f"Encoder: it drifts over {len(self.rest)} bins, asked for {len(velocity)}; "
                "apply a path of as many bins as the session has."
            )
        v = velocity / self.unit_speed
        direction = v[:, :1] * np.cos(self.preferred) + v[:, 1:] * np.sin(self.preferred)
        tuned = 1 + self.depth * direction + self.speed * np.hypot(v[:, :1], v[:, 1:])
        return np.asarray(self.scale * self.rest * np.maximum(tuned, 0) + self.added)

    def drifted(self, path: DriftPath, bin_width: float) -> Encoder:
        """The encoder after the drift; `bin_width` (s) makes a rate of the path's added counts per bin.

        New units (`path.unit`) are drawn from `population`, each with its number as the seed: the same path
        brings the same units.

        Raises:
            NeurodriftError: the path is of another number of channels, or both vary over differing bins.
        """
        if path.n_channels != self.n_channels:
            raise NeurodriftError(
                f"Encoder: it has {self.n_channels} channels, the drift {path.n_channels}; "
                "sample the drift for this array."
            )
        n = max(len(self.rest), len(path.source))
        path = path if n == 1 else path.expand(n)
        old = (np.broadcast_to(getattr(self, name), path.source.shape) for name in self._arrays())
        now = {
            name: np.take_along_axis(array, path.source, axis=1)
            for name, array in zip(self._arrays(), old, strict=True)
        }
        for number in np.unique(path.unit[path.unit != 0]):
            unit = (*self.population.draw(1, np.random.default_rng(number)), 1.0, 0.0)
            for name, value in zip(self._arrays(), unit, strict=True):
                now[name][path.unit == number] = value
        now["preferred"] = now["preferred"] + path.rotation
        now["depth"], now["speed"] = now["depth"] * path.depth, now["speed"] * path.depth
        now["scale"] = np.where(path.silent, 0, now["scale"] * path.gain)
        now["added"] = np.where(path.silent, 0, now["added"] * path.gain + path.added / bin_width)
        return Encoder(**now, lag=self.lag, unit_speed=self.unit_speed, population=self.population)
