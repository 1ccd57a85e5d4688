"""ReFIT: the Kalman filter refitted, once, on what the user intended while using the first filter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurodrift.data.session import Session
from neurodrift.decoders.base import Floats
from neurodrift.decoders.kalman import Array, KalmanDecoder, observe
from neurodrift.errors import NeurodriftError

__all__ = ["ReFITDecoder"]


class ReFITDecoder(KalmanDecoder):
    """A velocity Kalman filter that gathers labels online, and is fitted anew on the first `batch` of them.

    The labels are the intention of whoever watches the loop: the decoded velocity turned towards the target, and
    zero inside it (`neurodrift.closed_loop`'s "to_target"). The published filter also takes the cursor's position
    out of the counts; `predict` is not told the position, so this one does not.

    Args:
        batch: labelled bins to gather before each refit.
        rounds: refits; the publication makes one.
        max_lag, ridge, floor: as for the Kalman filter.

    References:
        Gilja et al. 2012, doi:10.1038/nn.3265.
    """

    def __init__(
        self,
        batch: int = 2400,
        rounds: int = 1,
        ridge: float = 0.05,
        floor: float = 0.05,
        max_lag: int = 0,
    ) -> None:
        super().__init__(ridge, floor, max_lag)
        if batch < 10:
            raise NeurodriftError(f"ReFITDecoder: batch is {batch}; a refit needs at least 10 labelled bins.")
        self.batch, self.rounds = batch, rounds

    def fit(self, sessions: Sequence[Session]) -> ReFITDecoder:
        self._left = self.rounds
        self._gathered: list[tuple[Array, Array]] = []
        super().fit(sessions)
        return self

    def renew(self) -> None:
        """`rounds` more refits, from labels still to come: a new day."""
        self._left, self._gathered = self.rounds, []

    def update(self, target: Floats | None, lag: int = 0) -> None:
        """Gathers the label of the prediction made `lag` bins ago; refits when there are enough."""
        pair = self._labelled(target, lag)
        if pair is None or not self._left:
            return
        self._gathered.append(pair)
        if len(self._gathered) >= self.batch:
            y, z = (np.array(column) for column in zip(*self._gathered, strict=True))
            self._adopt(observe(y, z, self.ridge))
            self._move(y)
            self._gathered, self._left = [], self._left - 1
