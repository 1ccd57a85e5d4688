"""Ridge regression on lagged counts: the linear reference."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import Ridge

from neurodrift.data.binning import smooth
from neurodrift.data.normalize import ZScore
from neurodrift.data.session import Session
from neurodrift.decoders.base import Floats
from neurodrift.decoders.training import Recipe
from neurodrift.errors import NeurodriftError

__all__ = ["RidgeDecoder"]


class RidgeDecoder:
    """y = W [z_t, z_{t-1}, ..., z_{t-lags+1}, 1] on smoothed, z-scored counts; does not learn online.

    The penalty is the one of `penalties` that does best on the last `recipe.stop` of the bins; the fit that is
    kept uses all of them.

    References:
        Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634; the Wiener filter of Carmena et al. 2003,
        doi:10.1371/journal.pbio.0000042.
    """

    def __init__(
        self,
        lags: int = 8,
        penalties: Sequence[float] = tuple(np.logspace(0, 5, 11)),
        recipe: Recipe | None = None,
    ) -> None:
        if lags < 1:
            raise NeurodriftError(
                f"RidgeDecoder: lags is {lags}; the present bin is the first, so at least 1."
            )
        self.lags, self.penalties, self.recipe = lags, tuple(penalties), recipe or Recipe()

    def fit(self, sessions: Sequence[Session]) -> RidgeDecoder:
        """Fits on every bin with a label."""
        smoothed = [smooth(s.counts, self.recipe.smoothing) for s in sessions]
        self.normalizer = ZScore.fit(np.concatenate(smoothed), floor=self.recipe.floor)
        x = np.concatenate(
            [
                self._lagged(self.normalizer.apply(s))[s_.labelled]
                for s, s_ in zip(smoothed, sessions, strict=True)
            ]
        )
        y = np.concatenate([s.behavior[s.labelled] for s in sessions])
        cut = round(len(x) * (1 - self.recipe.stop))
        if not 1 < cut < len(x):
            raise NeurodriftError(
                f"{sessions[0]}: {len(x)} labelled bins are too few for a ridge regression."
            )
        losses = [
            np.mean((Ridge(alpha=p).fit(x[:cut], y[:cut]).predict(x[cut:]) - y[cut:]) ** 2)
            for p in self.penalties
        ]
        self.penalty = self.penalties[int(np.argmin(losses))]
        self.model = Ridge(alpha=self.penalty).fit(x, y)
        self.reset()
        return self

    def reset(self) -> None:
        self._smoothed: Floats = np.zeros(())
        self._recent: deque[Floats] = deque(maxlen=self.lags)

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
        self._smoothed = self.recipe.smoothing * self._smoothed + (1 - self.recipe.smoothing) * np.asarray(x)
        z = self.normalizer.apply(self._smoothed)
        if not self._recent:
            self._recent.extend([np.zeros_like(z)] * self.lags)
        self._recent.appendleft(z)
        return np.asarray(self.model.predict(np.concatenate(self._recent)[None])).reshape(-1)

    def update(self, target: Floats | None, lag: int = 0) -> None:
        """Does nothing: a ridge regression is frozen once fitted."""

    def _lagged(self, z: Floats) -> Floats:
        padded = np.pad(z, ((self.lags - 1, 0), (0, 0)))
        return np.concatenate([padded[self.lags - 1 - j : len(padded) - j] for j in range(self.lags)], axis=1)
