"""SmoothBatch: a Kalman filter whose model of the neurons glides towards that of each last batch."""

from __future__ import annotations

from neurodrift.decoders.kalman import Array, BatchKalman, Observation, observe
from neurodrift.errors import NeurodriftError

__all__ = ["SmoothBatchDecoder"]


class SmoothBatchDecoder(BatchKalman):
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
        super().__init__(batch, ridge, floor, max_lag)
        if not half_life > 0:
            raise NeurodriftError(f"SmoothBatchDecoder: half_life is {half_life}; it must be above 0 bins.")
        self.half_life = half_life

    def _learn(self, y: Array, z: Array) -> None:
        keep, fresh = 0.5 ** (self.batch / self.half_life), observe(y, z, self.ridge)
        pairs = zip(self.observation, fresh, strict=True)
        self._adopt(Observation(*(keep * old + (1 - keep) * new for old, new in pairs)))
