"""Counts drawn from rates: Poisson, more variable than Poisson, and correlated between channels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neurodrift.simulation.encoder import Encoder

__all__ = ["Spikes"]

Floats = npt.NDArray[np.float64]


class Spikes:
    """The noise of an encoder's array, bin after bin; a block of bins gives what the bins give one by one.

    counts ~ Poisson(rate width g exp(l'z - |l|^2 / 2)), where g ~ Gamma with mean 1 and variance `dispersion`
    is drawn for each channel and bin, and the K factors z are shared by all channels: standard normal, with
    an autocorrelation of exp(-t / memory). So the mean is that of the rates, channels i and j have a
    covariance of their means times exp(l_i'l_j) - 1, and without both the counts are Poisson.

    A dispersion d below 0 stands for spikes that keep their distance: counts are binomial, of round(-1 / d)
    at most, with the same mean as long as that is less.

    Args:
        encoder: whose dispersion, loadings and memory are used; for an encoder that drifts while it records
            the first draw is of its first bin.
        bin_width: seconds.
    """

    def __init__(self, encoder: Encoder, bin_width: float, rng: np.random.Generator) -> None:
        self.encoder, self.bin_width, self.rng = encoder, bin_width, rng
        self.plain = not (encoder.dispersion.any() or encoder.loadings.any())
        self._bin = 0
        if not self.plain:
            self._keep = float(np.exp(-bin_width / encoder.memory))
            self._factors = rng.standard_normal(len(encoder.loadings))

    def draw(self, rates: Floats) -> npt.NDArray[np.int64]:
        """Counts (T, C) for the next T bins of rates (T, C), Hz."""
        mean = rates * self.bin_width
        if self.plain:
            return np.asarray(self.rng.poisson(mean), np.int64)
        counts = np.empty(mean.shape, np.int64)
        for t, row in enumerate(mean):
            counts[t] = self._count(row)
        return counts

    def _count(self, mean: Floats) -> npt.NDArray[np.int64]:
        """Counts (C,) of the next bin around those means."""
        row = self._bin if len(self.encoder.rest) > 1 else 0
        loadings = self.encoder.loadings[:, row if self.encoder.loadings.shape[1] > 1 else 0]
        fresh = self.rng.standard_normal(len(loadings))
        if self._bin:
            self._factors = self._keep * self._factors + np.sqrt(1 - self._keep**2) * fresh
        self._bin += 1
        dispersion = self.encoder.dispersion[row]
        spread = np.maximum(dispersion, 1e-12)
        own = np.where(dispersion > 0, self.rng.gamma(1 / spread, spread), 1)
        mean = mean * own * np.exp(self._factors @ loadings - (loadings**2).sum(axis=0) / 2)
        few = dispersion < 0
        counts = self.rng.poisson(np.where(few, 0, mean))
        most = np.round(-1 / dispersion[few]).astype(np.int64)
        counts[few] = self.rng.binomial(most, np.minimum(mean[few] / most, 1))
        return counts
