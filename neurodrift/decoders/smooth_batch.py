"""SmoothBatch: a Kalman filter whose model of the neurons glides towards that of each last batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurodrift.data.session import Session
from neurodrift.decoders.base import Floats
from neurodrift.decoders.kalman import Array, KalmanDecoder, Observation, observe
from neurodrift.errors import NeurodriftError

__all__ = ["SmoothBatchDecoder"]


class SmoothBatchDecoder(KalmanDecoder):
    """A velocity Kalman filter: C, d, Q <- a (C, d, Q) + (1 - a) (those of the batch), a = 2^(-batch / half_life).

    Args:
        batch: labelled bins a batch.
        half_life: labelled bins after which an old model counts half.
        max_lag, ridge, floor: as for the Kalman filter.

    References:
        Orsborn et al. 2012, doi:10.1109/TNSRE.2012.2185066.
    """

    def __init__(
        self,
        batch: int = 400,
        half_life: float = 800.0,
        ridge: float = 0.05,
        floor: float = 0.05,
        max_lag: int = 0,
    ) -> None:
        super().__init__(ridge, floor, max_lag)
        if batch < 10 or not half_life > 0:
            raise NeurodriftError(
                f"SmoothBatchDecoder: batch {batch}, half_life {half_life}; at least 10 bins, and above 0."
            )
        self.batch, self.half_life = batch, half_life

    def fit(self, sessions: Sequence[Session]) -> SmoothBatchDecoder:
        self._gathered: list[tuple[Array, Array]] = []
        super().fit(sessions)
        return self

    def update(self, target: Floats | None, lag: int = 0) -> None:
        """Gathers the label of the prediction made `lag` bins ago; a full batch moves the model."""
        pair = self._labelled(target, lag)
        if pair is None:
            return
        self._gathered.append(pair)
        if len(self._gathered) < self.batch:
            return
        y, z = (np.array(column) for column in zip(*self._gathered, strict=True))
        self._gathered = []
        keep, fresh = 0.5 ** (self.batch / self.half_life), observe(y, z, self.ridge)
        self._adopt(
            Observation(
                *(keep * old + (1 - keep) * new for old, new in zip(self.observation, fresh, strict=True))
            )
        )
