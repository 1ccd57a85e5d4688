"""Running z-scores in front of any decoder: adaptation without a label."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from neurodrift.data.normalize import RunningZScore, ZScore
from neurodrift.data.session import Session
from neurodrift.decoders.base import Decoder, Floats
from neurodrift.decoders.ridge import RidgeDecoder
from neurodrift.errors import NeurodriftError

__all__ = ["RunningDecoder"]


class RunningDecoder:
    """Counts are shifted and scaled, channel by channel, to the mean and deviation they had on the training day.

    x -> mean + deviation (x - m) / s, with m and s of the last `memory` bins, before the inner decoder sees them.
    No label is needed; what changed in tuning stays changed.

    Args:
        inner: the decoder behind it: one, or what makes one (default: ridge regression).
        memory: bins over which mean and deviation are forgotten.

    References:
        Jarosiewicz et al. 2015, doi:10.1126/scitranslmed.aac7328.
    """

    def __init__(self, inner: Decoder | Callable[[], Decoder] = RidgeDecoder, memory: float = 1200.0) -> None:
        self.inner: Decoder = inner if hasattr(inner, "predict") and not isinstance(inner, type) else inner()  # type: ignore[assignment]
        self.memory = memory

    def fit(self, sessions: Sequence[Session]) -> RunningDecoder:
        """Fits the inner decoder, and remembers the counts' mean and deviation."""
        self.inner.fit(sessions)
        return self.around(sessions)

    def around(self, sessions: Sequence[Session]) -> RunningDecoder:
        """Only remembers the counts' mean and deviation: the inner decoder is fitted already."""
        self.reference = ZScore.fit(np.concatenate([s.counts[s.valid] for s in sessions]))
        self.reset()
        return self

    def reset(self) -> None:
        """Mean and deviation are those of the training day again; the inner decoder is reset."""
        self._running = RunningZScore(self.reference, self.memory)
        self.inner.reset()

    def predict(self, x: Floats) -> Floats:
        """Counts of one bin (C,) -> behaviour (D,)."""
        if np.shape(x) != self.reference.mean.shape:
            raise NeurodriftError(
                f"predict: counts of shape {np.shape(x)}, but this decoder was fitted on {len(self.reference.mean)} "
                f"channels; match the channels of the two sessions first (match_channels)."
            )
        return self.inner.predict(self.reference.invert(self._running.step(x)))

    def update(self, target: Floats | None, lag: int = 0) -> None:
        """Passed on to the inner decoder."""
        self.inner.update(target, lag)
