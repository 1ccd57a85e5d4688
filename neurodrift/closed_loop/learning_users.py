"""Users who change: one aims elsewhere, one slowly learns what the decoder does."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodrift.closed_loop.tasks import Floats
from neurodrift.closed_loop.user import OptimalUser
from neurodrift.errors import NeurodriftError

__all__ = ["LearningUser", "ReaimingUser"]


class ReaimingUser(OptimalUser):
    """Aims beside the target by what the cursor was turned lately: a strategy, and so it is fast and only an angle.

    The angle between what was commanded and how the cursor then moved is averaged, weighted by speed, over
    `memory` s; `share` of it is taken back by aiming the other way.

    References:
        Chase et al. 2010, doi:10.1016/j.neunet.2010.05.005; Taylor et al. 2014, doi:10.1523/JNEUROSCI.3619-13.2014.
    """

    def __init__(self, share: float = 0.7, memory: float = 10.0, **options: Any) -> None:
        super().__init__(**options)
        if not 0 <= share <= 1 or not memory > 0:
            raise NeurodriftError(
                f"ReaimingUser: share {share} must be in 0 .. 1, memory {memory} s positive."
            )
        self.share, self.memory = share, memory
        self.angle = 0.0
        self._turn = np.zeros(2)

    def reset(self, bin_width: float, stream: int = 0) -> None:
        super().reset(bin_width, stream)
        self._filtered = np.zeros(2)

    def notice(self, position: Floats, velocity: Floats) -> None:
        if len(self._given) <= self._bins:
            return
        # The command that led to what is seen, smoothed as the cursor smooths it.
        self._filtered = self.smoothing * self._filtered + (1 - self.smoothing) * self._given[0]
        c, v = self._filtered, velocity
        self._turn *= 1 - self.dt / self.memory
        self._turn += (c @ v, c[0] * v[1] - c[1] * v[0])
        if self._turn @ self._turn > 0:
            self.angle = float(np.arctan2(self._turn[1], self._turn[0]))

    def aim(self, intended: Floats) -> Floats:
        turn = -self.share * self.angle
        cos, sin = np.cos(turn), np.sin(turn)
        return np.array([cos * intended[0] - sin * intended[1], sin * intended[0] + cos * intended[1]])


class LearningUser(OptimalUser):
    """Learns, over `memory` s of use, the linear map from commands to the cursor's velocity, and inverts it.

    velocity = M [command, 1], least squares with forgetting that starts from the belief M = gain. The learned
    map bridges the delay too. What the user learns is kept from session to session.

    References:
        Sadtler et al. 2014, doi:10.1038/nature13665 (learning within what the neurons can do); Golub et al.
        2015, doi:10.7554/eLife.10015 (users act on internal models of the interface).
    """

    def __init__(self, memory: float = 120.0, trust: float = 30.0, **options: Any) -> None:
        super().__init__(**options)
        if not memory > 0 or not trust > 0:
            raise NeurodriftError(f"LearningUser: memory {memory} s and trust {trust} s must be positive.")
        self.memory, self.trust = memory, trust
        self.model = np.column_stack([self.gain * np.eye(2), np.zeros(2)])
        self._gram: Floats | None = None

    def reset(self, bin_width: float, stream: int = 0) -> None:
        super().reset(bin_width, stream)
        self._filtered = np.zeros(2)
        if self._gram is None:
            # The first belief counts as `trust` s of moving at 10 cm/s.
            self._gram = self.trust / bin_width * np.diag([100.0, 100.0, 1.0])
            self._cross = self.model @ self._gram

    def notice(self, position: Floats, velocity: Floats) -> None:
        if len(self._given) <= self._bins or self._gram is None:
            return
        self._filtered = self.smoothing * self._filtered + (1 - self.smoothing) * self._given[0]
        f, keep = np.append(self._filtered, 1.0), 1 - self.dt / self.memory
        self._gram = keep * self._gram + np.outer(f, f)
        self._cross = keep * self._cross + np.outer(velocity, f)
        # A little of the first belief always stays, so that the map can be inverted.
        prior = np.diag([100.0, 100.0, 1.0])
        first = np.column_stack([self.gain * np.eye(2), np.zeros(2)])
        self.model = np.linalg.solve((self._gram + prior).T, (self._cross + first @ prior).T).T

    def believed(self, command: Floats) -> Floats:
        return np.asarray(command @ self.model[:, :2].T + self.model[:, 2])

    def aim(self, intended: Floats) -> Floats:
        u, s, v = np.linalg.svd(self.model[:, :2])
        inverse = v.T @ np.diag(1 / np.maximum(s, 0.3)) @ u.T
        wanted = inverse @ (self.gain * intended - self.model[:, 2] * (np.hypot(*intended) > 0))
        return np.asarray(wanted * min(1.0, 1.5 * self.fastest / max(float(np.hypot(*wanted)), 1e-9)))
