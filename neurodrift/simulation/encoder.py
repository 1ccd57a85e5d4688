"""A population of cosine-tuned units, and what a drift does to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from neurodrift.drift.path import DriftPath
from neurodrift.errors import NeurodriftError
from neurodrift.simulation.population import Population

__all__ = ["Encoder"]

Floats = npt.NDArray[np.float64]
ARRAYS = ("rest", "depth", "preferred", "speed", "scale", "added", "lags", "dispersion", "place_x", "place_y")
REACH = 10.0
"""Centimetres over which `place_x` and `place_y` count."""


def zero() -> Floats:
    return np.zeros((1, 1))


def ahead(rows: Floats, bins: int | npt.NDArray[np.int64]) -> Floats:
    """Row t holds rows[t + bins], zeros beyond the ends: (T, D) -> (T, D), or (T, C, D) for bins (1 or T, C)."""
    where = np.arange(len(rows))
    where = where + bins if np.ndim(bins) == 0 else where[:, None] + bins
    inside = (where >= 0) & (where < len(rows))
    return np.asarray(rows[np.clip(where, 0, max(len(rows) - 1, 0))] * inside[..., None])


@dataclass(frozen=True, eq=False)
class Encoder:
    """Rates that follow the velocity of the hand, or a direction that is intended.

    rate = scale rest max(0, 1 + |v| / v0 (depth cos(angle(v) - preferred) + speed) + place . p / 10 cm) + added.

    Per-channel arrays are (C,), (1, C) or, for an array that drifts while it records, (T, C). Counts are drawn
    from rates by `Spikes`.

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
        lags: seconds by which a channel leads the hand beyond `lag`; negative where it follows.
        dispersion: d of counts whose variance is m + d m^2 at the mean m; 0 is Poisson, and counts that vary
            less have one from -1 to 0.
        loadings: of the log-rates on shared standard normal factors (K, C), or (K, T, C); none is (0, C).
        memory: seconds in which the shared factors forget.
        place_x, place_y: share of `rest` gained 10 cm to the right, or up; none (0) unless stated.

    References:
        Georgopoulos et al. 1982, doi:10.1523/JNEUROSCI.02-11-01527.1982 (cosine tuning);
        Moran and Schwartz 1999, doi:10.1152/jn.1999.82.5.2676 (speed and direction);
        Goris et al. 2014, doi:10.1038/nn.3711 (rates that vary around their mean);
        Paninski et al. 2004, doi:10.1152/jn.00587.2002 (position beside velocity).
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
    lags: Floats = field(default_factory=zero)
    dispersion: Floats = field(default_factory=zero)
    loadings: Floats = field(default_factory=lambda: np.zeros((0, 1)))
    memory: float = 0.1
    place_x: Floats = field(default_factory=zero)
    place_y: Floats = field(default_factory=zero)

    def __post_init__(self) -> None:
        arrays = np.broadcast_arrays(
            *(np.atleast_2d(np.asarray(getattr(self, n), np.float64)) for n in ARRAYS)
        )
        for name, array in zip(ARRAYS, arrays, strict=True):
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        loadings = np.asarray(self.loadings, np.float64)
        if loadings.ndim == 2:
            loadings = loadings[:, None]
        if loadings.ndim != 3 or loadings.shape[2] not in (1, self.n_channels):
            raise NeurodriftError(
                f"Encoder: loadings have shape {np.shape(self.loadings)}; they must be (factors, {self.n_channels})."
            )
        if not ((self.dispersion >= -1).all() and self.memory > 0):
            raise NeurodriftError("Encoder: dispersion must be -1 or more, memory must be positive seconds.")
        object.__setattr__(self, "loadings", loadings)

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
        factors = population.factors if population.noise else 0
        lags, dispersion, loadings = population.draw_noise(n_channels, factors, rng)
        place_x, place_y = population.draw_place(n_channels, rng)
        return cls(
            *units,
            np.ones(n_channels),
            np.zeros(n_channels),
            lag=lag,
            population=population,
            lags=lags,
            dispersion=dispersion,
            loadings=loadings,
            place_x=place_x,
            place_y=place_y,
        )

    @property
    def n_channels(self) -> int:
        return int(self.rest.shape[1])

    @property
    def same_lag(self) -> bool:
        """Whether all channels lead by `lag`."""
        return not self.lags.any()

    def rates(self, velocity: Floats, position: Floats | None = None) -> Floats:
        """Rates (T, C), Hz, for velocities (T, 2), cm/s: those that the hand will have `lag` s later.

        `position` (T, 2), cm, is where it is; in the middle if not given.

        Where channels have lags of their own, give each its velocities (T, C, 2), as `led` makes them.

        Raises:
            NeurodriftError: the encoder drifts over another number of bins.
        """
        if len(self.rest) not in (1, len(velocity)):
            raise NeurodriftError(
                f"Encoder: it drifts over {len(self.rest)} bins, asked for {len(velocity)}; "
                "apply a path of as many bins as the session has."
            )
        v = (velocity if velocity.ndim == 3 else velocity[:, None]) / self.unit_speed
        x, y = v[..., 0], v[..., 1]
        along, across, highest = self._factors
        tuned = 1 + x * along + y * across + self.speed * np.hypot(x, y)
        if position is not None and self.feels_place:
            tuned = tuned + (position[:, :1] * self.place_x + position[:, 1:] * self.place_y) / REACH
        return np.asarray(highest * np.maximum(tuned, 0) + self.added)

    @cached_property
    def feels_place(self) -> bool:
        """Whether any unit fires for where the hand is."""
        return bool(self.place_x.any() or self.place_y.any())

    @cached_property
    def _factors(self) -> tuple[Floats, Floats, Floats]:
        """What does not change from bin to bin."""
        turn = self.preferred
        return self.depth * np.cos(turn), self.depth * np.sin(turn), self.scale * self.rest

    def led(self, velocity: npt.NDArray[np.floating], bin_width: float) -> Floats:
        """What each channel sees of velocities that are known bin by bin: (T, 2) -> (T, C, 2).

        The velocity `lag` + `lags` seconds later, to the nearest bin; 0 beyond the ends. NaN becomes 0: no
        label is taken as no movement.
        """
        known = np.nan_to_num(np.asarray(velocity, np.float64))
        return ahead(known, np.round((self.lag + self.lags) / bin_width).astype(np.int64))

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
        shape, factors = path.source.shape, len(self.loadings)

        def moved(array: Floats) -> Floats:
            return np.take_along_axis(np.broadcast_to(array, shape), path.source, axis=1)

        now: dict[str, Any] = {name: moved(getattr(self, name)) for name in ARRAYS}
        loadings = np.array([moved(array) for array in self.loadings]).reshape(factors, *shape)
        for number in np.unique(path.unit[path.unit != 0]):
            rng, here = np.random.default_rng(number), path.unit == number
            unit = (*self.population.draw(1, rng), 1.0, 0.0)
            lags, dispersion, loading = self.population.draw_noise(1, factors, rng)
            for name, value in zip(
                ARRAYS, (*unit, lags, dispersion, *self.population.draw_place(1, rng)), strict=True
            ):
                now[name][here] = value
            loadings[:, here] = loading
        now["preferred"] = now["preferred"] + path.rotation
        now["depth"], now["speed"] = now["depth"] * path.depth, now["speed"] * path.depth
        now["scale"] = np.where(path.silent, 0, now["scale"] * path.gain)
        now["added"] = np.where(path.silent, 0, now["added"] * path.gain + path.added / bin_width)
        return replace(self, **now, loadings=loadings)
