"""How far neural features have moved from a reference period, without labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurodrift.data.binning import smooth
from neurodrift.data.session import Session
from neurodrift.drift.base import Recording
from neurodrift.errors import NeurodriftError

__all__ = ["Instability", "gaussian_divergence"]

Floats = npt.NDArray[np.float64]
FLOOR = 0.05
"""Counts added to every deviation, so that a channel without counts has one."""


def gaussian_divergence(mean: Floats, covariance: Floats, mean_2: Floats, covariance_2: Floats) -> float:
    """Kullback-Leibler divergence of N(mean_2, covariance_2) from N(mean, covariance), in nats.

    (tr(S2^-1 S1) + (m2 - m1)' S2^-1 (m2 - m1) - p + log |S2| - log |S1|) / 2.

    References:
        Kullback and Leibler 1951, doi:10.1214/aoms/1177729694.
    """
    off = mean_2 - mean
    quadratic = np.trace(np.linalg.solve(covariance_2, covariance)) + off @ np.linalg.solve(covariance_2, off)
    logs = np.linalg.slogdet(covariance_2)[1] - np.linalg.slogdet(covariance)[1]
    return float((quadratic - len(mean) + logs) / 2)


@dataclass(eq=False)
class Instability:
    """The divergence of smoothed counts from a reference period, in its principal components.

    Counts are smoothed causally, z-scored by the reference, and projected on the reference's first
    components. A window's score is the divergence between Gaussians fitted to reference and window, after
    Pun et al., who found it to follow the cursor error of people with a fixed decoder (r = .93 and .72).

    It sees what changes the distribution of those components, whatever the cause: another task moves it too,
    and a change outside them does not. A score means something only beside those of the reference itself,
    `null`: each of its windows against the rest of it.

    Args:
        window: bins of a score; they should hold several trials, as movement and rest differ.
        n_components: principal components kept.
        smoothing: share of the last bin's value that is kept.

    References:
        Pun et al. 2024, doi:10.1038/s42003-024-06784-4 (MINDFUL).
    """

    window: int = 400
    n_components: int = 5
    smoothing: float = 0.7

    def fit(self, reference: Recording) -> Instability:
        """Takes the reference period, at least three windows long.

        Raises:
            NeurodriftError: the reference is too short, or has fewer channels than components.
        """
        z, windows = self._features(reference), self._windows(len(reference))
        if len(windows) < 3 or not 1 <= self.n_components <= z.shape[1]:
            raise NeurodriftError(
                f"Instability: a reference of {len(z)} bins and {z.shape[1]} channels, but 3 windows of "
                f"{self.window} bins and {self.n_components} channels are the least; take a longer reference, "
                "shorter windows or fewer components."
            )
        self.null = np.empty(len(windows))
        for i, part in enumerate(windows):
            self._take(np.delete(z, part, axis=0))
            self.null[i] = self._score(z[part])
        self._take(z)
        return self

    def scores(self, recording: Recording) -> Floats:
        """One score for each whole window of a recording, without overlap."""
        z = self._features(recording)
        return np.array([self._score(z[part]) for part in self._windows(len(z))])

    def ends(self, session: Session) -> Floats:
        """The time at which each window of `scores` ends, seconds."""
        return session.times[[part.stop - 1 for part in self._windows(len(session))]]

    def channels(self, recording: Recording) -> Floats:
        """The divergence of each channel alone (C,), over the whole recording: which ones moved."""
        z = self._features(recording)
        off = z.mean(axis=0) - self.mean
        before, now = self.deviation**2, (z.std(axis=0) + FLOOR) ** 2
        return np.asarray(((before + off**2) / now - 1 + np.log(now / before)) / 2)

    def _features(self, recording: Recording) -> Floats:
        counts = recording.counts if isinstance(recording, Session) else recording
        return np.asarray(smooth(np.asarray(counts, np.float32), self.smoothing), np.float64)

    def _windows(self, n: int) -> list[slice]:
        return [slice(i, i + self.window) for i in range(0, n - self.window + 1, self.window)]

    def _take(self, z: Floats) -> None:
        self.mean, self.deviation = z.mean(axis=0), z.std(axis=0) + FLOOR
        x = (z - self.mean) / self.deviation
        values, vectors = np.linalg.eigh(x.T @ x / len(x))
        self.components = vectors[:, ::-1][:, : self.n_components]
        self.variances = values[::-1][: self.n_components]

    def _score(self, z: Floats) -> float:
        x = (z - self.mean) / self.deviation @ self.components
        tiny = 1e-3 * np.diag(self.variances) + 1e-9 * np.eye(self.n_components)
        covariance = np.atleast_2d(np.cov(x.T, bias=True)) + tiny
        none = np.zeros(self.n_components)
        return gaussian_divergence(none, np.diag(self.variances) + tiny, x.mean(axis=0), covariance)
