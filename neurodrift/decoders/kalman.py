"""The velocity Kalman filter: the field's linear decoder, and the model that its adaptive relatives refit."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from neurodrift.data.normalize import ZScore
from neurodrift.data.session import Session
from neurodrift.decoders.base import Floats
from neurodrift.errors import NeurodriftError

__all__ = ["BatchKalman", "KalmanDecoder", "Observation", "observe"]

Array = npt.NDArray[np.float64]


class Observation(NamedTuple):
    """z = C y + d + noise of covariance Q: C (C, D), d (C,), Q (C, C)."""

    slope: Array
    offset: Array
    noise: Array


def observe(y: Array, z: Array, ridge: float) -> Observation:
    """Least squares of z (T, C) on [y, 1] (T, D); `ridge` is added to the diagonal of the noise.

    Raises:
        NeurodriftError: fewer bins than unknowns a channel.
    """
    if len(y) < 2 * (y.shape[1] + 1):
        raise NeurodriftError(
            f"Kalman filter: {len(y)} labelled bins are too few for {y.shape[1]} axes; give more."
        )
    design = np.column_stack([y, np.ones(len(y))])
    weights = np.asarray(np.linalg.lstsq(design, z, rcond=None)[0], np.float64)
    rest = z - design @ weights
    noise: Array = rest.T @ rest / len(y) + ridge * np.eye(z.shape[1])
    return Observation(weights[:-1].T, weights[-1], noise)


class KalmanDecoder:
    """y_t = A y_{t-1} + w, z_t = C y_t + d + q on z-scored counts of single bins; y is the behaviour, often a velocity.

    A and cov(w) come from consecutive labelled bins, C, d and cov(q) from all of them. Frozen once fitted.

    Args:
        ridge: added to the diagonal of cov(q), in variances of a z-scored count.
        floor: counts added to a channel's deviation in its z-score.
        max_lag: bins that a label may be late, for the relatives that learn.

    References:
        Wu et al. 2006, doi:10.1162/089976606774841585; Kim et al. 2008, doi:10.1088/1741-2560/5/4/010 (velocity).
    """

    def __init__(self, ridge: float = 0.05, floor: float = 0.05, max_lag: int = 0) -> None:
        if not ridge > 0:
            raise NeurodriftError(f"KalmanDecoder: ridge is {ridge}; it must be positive.")
        self.ridge, self.floor, self.max_lag = ridge, floor, max_lag

    def fit(self, sessions: Sequence[Session]) -> Self:
        """Fits on every bin with a label.

        Raises:
            NeurodriftError: too few of them.
        """
        self.normalizer = ZScore.fit(np.concatenate([s.counts[s.valid] for s in sessions]), floor=self.floor)
        y = np.concatenate([self._states(s)[s.labelled] for s in sessions])
        z = np.concatenate([self.normalizer.apply(s.counts[s.labelled]) for s in sessions])
        self._adopt(observe(y, z, self.ridge))
        self._move(y)
        self.reset()
        return self

    def reset(self) -> None:
        n = self.observation.slope.shape[1]
        self._mean: Array = np.zeros(n)
        self._covariance: Array = self._w.copy()
        self._recent: deque[Array] = deque(maxlen=self.max_lag + 1)

    def predict(self, x: Floats) -> Floats:
        """Counts of one bin (C,) -> behaviour (D,).

        Raises:
            NeurodriftError: where the number of channels is not that of the training sessions.
        """
        if np.shape(x) != self.normalizer.mean.shape:
            raise NeurodriftError(
                f"predict: counts of shape {np.shape(x)}, but this decoder was fitted on {len(self.normalizer.mean)} "
                f"channels; match the channels of the two sessions first (match_channels)."
            )
        z = self.normalizer.apply(x)
        self._recent.append(z)
        prior = self._a @ self._mean
        spread = self._a @ self._covariance @ self._a.T + self._w
        self._covariance = np.asarray(np.linalg.inv(np.linalg.inv(spread) + self._information), np.float64)
        surprise = self._pull @ (z - self._rest()) - self._information @ prior
        self._mean = np.asarray(prior + self._covariance @ surprise, np.float64)
        return self._mean.copy()

    def update(self, target: Floats | None, lag: int = 0) -> None:
        """Does nothing: this filter is frozen once fitted."""

    def _states(self, session: Session) -> Array:
        """What the counts (T, C) of a session are regressed on (T, D)."""
        return session.behavior.astype(np.float64)

    def _rest(self) -> Array:
        """z-scored counts (C,) of a state of zero, in this bin."""
        return self.observation.offset

    def _labelled(self, target: Floats | None, lag: int) -> tuple[Array, Array] | None:
        """(label, z-scored counts) of the bin that the label is for; None without a whole label."""
        if not 0 <= lag <= self.max_lag:
            raise NeurodriftError(
                f"update: a label {lag} bins late, but this decoder keeps {self.max_lag} bins; build it with max_lag={lag}."
            )
        if target is None or lag >= len(self._recent):
            return None
        label = np.asarray(target, np.float64)
        return (label, self._recent[-1 - lag]) if np.isfinite(label).all() else None

    def _adopt(self, observation: Observation) -> None:
        self.observation = observation
        self._pull = np.linalg.solve(observation.noise, observation.slope).T
        self._information = self._pull @ observation.slope

    def _move(self, y: Array) -> None:
        before, after = y[:-1], y[1:]
        self._a = np.asarray(np.linalg.lstsq(before, after, rcond=None)[0].T, np.float64)
        rest = after - before @ self._a.T
        # Labels that are constant over a trial hardly ever move: without a floor the filter would not either.
        least = 1e-4 * np.diag(np.maximum(y.var(axis=0), 1e-12))
        self._w = np.asarray(rest.T @ rest / len(after) + least, np.float64)


class BatchKalman(KalmanDecoder):
    """A Kalman filter that gathers labels online, and learns from `batch` of them at once."""

    def __init__(self, batch: int, ridge: float, floor: float, max_lag: int) -> None:
        super().__init__(ridge, floor, max_lag)
        if batch < 10:
            raise NeurodriftError(f"{type(self).__name__}: batch is {batch}; give at least 10 labelled bins.")
        self.batch = batch
        self._gathered: list[tuple[Array, Array]] = []

    def fit(self, sessions: Sequence[Session]) -> Self:
        self._gathered = []
        super().fit(sessions)
        return self

    def update(self, target: Floats | None, lag: int = 0) -> None:
        """Gathers the label (D,) of the prediction made `lag` bins ago; a full batch changes the model."""
        pair = self._labelled(target, lag)
        if pair is None or not self._wants():
            return
        self._gathered.append(pair)
        if len(self._gathered) >= self.batch:
            y, z = (np.array(column) for column in zip(*self._gathered, strict=True))
            self._gathered = []
            self._learn(y, z)

    def _wants(self) -> bool:
        """Whether another batch would still change the model."""
        return True

    def _learn(self, y: Array, z: Array) -> None:
        """From a batch of states (T, D) and z-scored counts (T, C)."""
        raise NotImplementedError
