"""ReFIT: the Kalman filter refitted, once, on what the user intended while using the first filter."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Self

import numpy as np

from neurodrift.data.session import Session
from neurodrift.decoders.base import Floats
from neurodrift.decoders.kalman import Array, BatchKalman, Observation, observe
from neurodrift.errors import NeurodriftError

__all__ = ["ReFITDecoder"]


class ReFITDecoder(BatchKalman):
    """A velocity Kalman filter that gathers labels online, and is fitted anew on the first `batch` of them.

    The labels are the intention of whoever watches the loop: the decoded velocity turned towards the target, and
    zero inside it (`neurodrift.closed_loop`'s "to_target").

    With `position`, the second part of the publication: units that also fire for where the cursor is would push it,
    though whoever uses it sees where it is. The counts are regressed on velocity and position, the cursor's position
    is taken as known, and what it explains is taken out of the counts before the velocity is decoded. Sessions to fit
    on then have four axes, position and velocity; `see` is told the position before each bin, as the closed loop does.

    Args:
        batch: labelled bins to gather before each refit.
        rounds: refits; the publication makes one.
        position: whether the cursor's position is taken out of the counts.
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
        position: bool = False,
    ) -> None:
        super().__init__(batch, ridge, floor, max_lag)
        self.rounds, self.position = rounds, position

    def fit(self, sessions: Sequence[Session]) -> Self:
        """Fits on every bin with a label.

        Raises:
            NeurodriftError: too few of them, or, with `position`, sessions of other than four axes.
        """
        self._left = self.rounds
        return super().fit(sessions)

    def renew(self) -> None:
        """`rounds` more refits, from labels still to come: a new day."""
        self._left, self._gathered = self.rounds, []

    def reset(self) -> None:
        super().reset()
        self._position: Array = np.zeros(2)
        self._positions: deque[Array] = deque(maxlen=self.max_lag + 1)

    def see(self, position: Array) -> None:
        """Where the cursor (2,) is before the next bin, in the unit of the sessions it was fitted on."""
        self._position = np.array(position, np.float64)

    def predict(self, x: Floats) -> Floats:
        """Counts of one bin (C,) -> velocity (2,), or what the sessions hold without `position`."""
        self._positions.append(self._position)
        return super().predict(x)

    def _wants(self) -> bool:
        return self._left > 0

    def _learn(self, y: Array, z: Array) -> None:
        self._adopt(observe(y, z, self.ridge))
        self._move(y)
        self._left -= 1

    def _labelled(self, target: Floats | None, lag: int) -> tuple[Array, Array] | None:
        pair = super()._labelled(target, lag)
        if pair is None or not self.position:
            return pair
        return np.concatenate([pair[0], self._positions[-1 - lag]]), pair[1]

    def _states(self, session: Session) -> Array:
        states = super()._states(session)
        if not self.position:
            return states
        if states.shape[1] != 4:
            raise NeurodriftError(
                f"ReFITDecoder: with position=True a session has four axes, x, y and their velocities; {session} has "
                f"{', '.join(session.behavior_names)}. Episode.session(..., position=True) makes one."
            )
        return states[:, [2, 3, 0, 1]]

    def _rest(self) -> Array:
        rest = super()._rest()
        return rest + self._place @ self._position if self.position else rest

    def _adopt(self, observation: Observation) -> None:
        if self.position:
            self._place = observation.slope[:, 2:]
            observation = observation._replace(slope=observation.slope[:, :2])
        super()._adopt(observation)

    def _move(self, y: Array) -> None:
        super()._move(y[:, :2] if self.position else y)
