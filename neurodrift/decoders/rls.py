"""Recursive least squares with forgetting: the linear decoder that learns from every label."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from neurodrift.data.binning import smooth
from neurodrift.data.normalize import ZScore
from neurodrift.data.session import Session
from neurodrift.decoders.base import Floats
from neurodrift.decoders.training import Recipe
from neurodrift.errors import NeurodriftError

__all__ = ["RLSDecoder"]

Array = npt.NDArray[np.float64]


class RLSDecoder:
    """y = W' [z, 1] on smoothed, z-scored counts, W the minimum of sum_t l^(age of t) |y_t - W' f_t|^2, l = 1 - 1 / memory.

    k = P f / (l + f' P f),  W <- W + k (y - W' f)',  P <- (P - k f' P) / l. It starts from the ridge regression
    of the training sessions, which count as one memory of bins. P never grows beyond where it started (its
    trace): without that, channels that fall silent would blow it up.

    Args:
        memory: labelled bins over which old ones are forgotten, above 1.
        penalty: of the ridge regression, in bins.
        max_lag: bins that a label may be late.

    References:
        Plackett 1950, doi:10.1093/biomet/37.1-2.149; in closed loop Dangi et al. 2014, doi:10.1162/NECO_a_00632.
    """

    def __init__(
        self, memory: float = 1200.0, penalty: float = 30.0, max_lag: int = 0, recipe: Recipe | None = None
    ) -> None:
        if not memory > 1 or not penalty > 0:
            raise NeurodriftError(
                f"RLSDecoder: memory {memory}, penalty {penalty}; above 1 bin, and positive."
            )
        self.memory, self.penalty, self.max_lag = memory, penalty, max_lag
        self.recipe = recipe or Recipe()

    def fit(self, sessions: Sequence[Session]) -> RLSDecoder:
        """Ridge regression on every bin with a label.

        Raises:
            NeurodriftError: there are fewer than two.
        """
        smoothed = [smooth(s.counts, self.recipe.smoothing) for s in sessions]
        self.normalizer = ZScore.fit(np.concatenate(smoothed), floor=self.recipe.floor)
        z = np.concatenate(
            [self.normalizer.apply(x[s.labelled]) for x, s in zip(smoothed, sessions, strict=True)]
        )
        y = np.concatenate([s.behavior[s.labelled] for s in sessions]).astype(np.float64)
        if len(z) < 2:
            raise NeurodriftError(f"{sessions[0]}: {len(z)} labelled bins are too few for a regression.")
        f = np.column_stack([z, np.ones(len(z))])
        share = min(1.0, self.memory / len(f))
        gram = share * (f.T @ f) + self.penalty * np.eye(f.shape[1])
        self.covariance: Array = np.linalg.inv(gram)
        self.weights: Array = self.covariance @ (share * (f.T @ y))
        self._most = float(np.trace(self.covariance))
        self.reset()
        return self

    def reset(self) -> None:
        self._smoothed: Array = np.zeros(len(self.normalizer.mean))
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
        keep = self.recipe.smoothing
        self._smoothed = keep * self._smoothed + (1 - keep) * np.asarray(x, np.float64)
        f = np.append(self.normalizer.apply(self._smoothed), 1.0)
        self._recent.append(f)
        return np.asarray(f @ self.weights)

    def update(self, target: Floats | None, lag: int = 0) -> None:
        """The label (D,) of the prediction made `lag` bins ago; an axis that is NaN keeps its weights.

        Raises:
            NeurodriftError: for a label older than `max_lag`.
        """
        if not 0 <= lag <= self.max_lag:
            raise NeurodriftError(
                f"update: a label {lag} bins late, but this decoder keeps {self.max_lag} bins; build it with max_lag={lag}."
            )
        if target is None or lag >= len(self._recent) or not np.isfinite(target).any():
            return
        f, label = self._recent[-1 - lag], np.asarray(target, np.float64)
        forget = 1 - 1 / self.memory
        pf = self.covariance @ f
        gain = pf / (forget + f @ pf)
        error = np.where(np.isfinite(label), label - f @ self.weights, 0.0)
        self.weights = self.weights + np.outer(gain, error)
        self.covariance = self.covariance - np.outer(gain, pf)
        grown = self.covariance / forget
        if np.trace(grown) <= self._most:
            self.covariance = grown
