"""Intervals: a crossed bootstrap over trials and seeds, paired over methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neurodrift.data.session import Session
from neurodrift.decoders.base import Floats

__all__ = ["Resampler", "Scores", "blocks_of"]

Samples = npt.NDArray[np.float64]


class Scores(NamedTuple):
    """One method's R2: as observed, a value a seed (S,), and over the bootstrap, mean over resampled seeds (B,)."""

    seeds: Samples
    samples: Samples

    @property
    def mean(self) -> float:
        return float(np.mean(self.seeds))

    def interval(self) -> tuple[float, float]:
        """95 %, percentile."""
        low, high = np.nanpercentile(self.samples, [2.5, 97.5])
        return float(low), float(high)


def blocks_of(
    session: Session, keep: npt.NDArray[np.bool_], seconds: float = 10.0
) -> tuple[npt.NDArray[np.int64], str]:
    """What the bins `keep` are resampled by: their trials, or blocks of `seconds` where there are none.

    Labels that are constant over a trial make its bins worth far less than their number.
    """
    trial = session.trial[keep]
    if len(trial) and (trial >= 0).all() and len(np.unique(trial)) > 1:
        return np.unique(trial, return_inverse=True)[1], "trials"
    block = ((session.times[keep] - session.times[keep][0]) // seconds).astype(np.int64)
    return np.unique(block, return_inverse=True)[1], f"{seconds:g} s"


class Resampler:
    """Draws once, so that every method is scored on the same resampled trials and seeds.

    Args:
        y: labels (T, D). block: the block of each bin (T,). n_seeds, draws, seed: sizes, and the generator's seed.
    """

    def __init__(
        self, y: Floats, block: npt.NDArray[np.int64], n_seeds: int, draws: int = 2000, seed: int = 0
    ) -> None:
        rng = np.random.default_rng(seed)
        n = int(block.max()) + 1
        self.y, self.block, self.n_blocks, self.n_seeds = np.asarray(y, np.float64), block, n, n_seeds
        self.weights = rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
        self.seed_draws = rng.integers(n_seeds, size=(draws, n_seeds))
        count = self.weights @ self._sum(np.ones(len(y)))
        first = self.weights @ np.stack([self._sum(v) for v in self.y.T], axis=1)
        second = self.weights @ self._sum(np.square(self.y).sum(axis=1))
        self.total = second - np.square(first).sum(axis=1) / count

    def scores(self, predictions: Sequence[Floats]) -> Scores:
        """Variance-weighted R2 of one method; predictions: (T, D) for each seed, or one for all seeds."""
        errors = [np.square(self.y - p).sum(axis=1) for p in predictions]
        whole = float(np.square(self.y - self.y.mean(axis=0)).sum())
        observed = np.array([1 - e.sum() / whole for e in errors])
        with np.errstate(divide="ignore", invalid="ignore"):
            samples = (
                1 - self.weights @ np.stack([self._sum(e) for e in errors], axis=1) / self.total[:, None]
            )
        if len(errors) == 1:
            return Scores(np.repeat(observed, self.n_seeds), samples[:, 0])
        return Scores(observed, np.take_along_axis(samples, self.seed_draws, axis=1).mean(axis=1))

    def _sum(self, values: Floats) -> Samples:
        return np.bincount(self.block, weights=values, minlength=self.n_blocks).astype(np.float64)
