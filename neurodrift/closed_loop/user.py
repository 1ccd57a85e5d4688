"""The user: an optimal feedback controller who sees the cursor late and whose commands are noisy."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from scipy.linalg import solve_discrete_are

from neurodrift.closed_loop.tasks import Floats
from neurodrift.errors import NeurodriftError

__all__ = ["OptimalUser", "feedback_gains"]

BLOCK = 1024  # bins whose noise is drawn at once


def feedback_gains(dt: float, smoothing: float, gain: float, effort: float) -> Floats:
    """(k_p, k_v): the command u = -k_p (p - target) - k_v v that minimises sum of (p - target)^2 + effort u^2.

    The cursor: v <- a v + (1 - a) g u, p <- p + v dt; per axis. Where a = 0 and g = 1, k_v = 0 and
    k_p = P dt / (effort + P dt^2) with P dt^2 = (dt^2 + sqrt(dt^4 + 4 effort dt^2)) / 2: the scalar Riccati equation.
    """
    a, b = smoothing, (1 - smoothing) * gain
    # State (p - target, v); the velocity that a command leaves moves the cursor in the same bin.
    move, push = np.array([[1.0, a * dt], [0.0, a]]), np.array([[b * dt], [b]])
    cost = np.diag([1.0, 1e-12])
    p = solve_discrete_are(move, push, cost, np.array([[effort]]))
    gains = np.linalg.solve(push.T @ p @ push + effort, push.T @ p @ move)[0]
    return np.asarray(gains)


class OptimalUser:
    """Minimises distance and effort with a model of the cursor, and bridges the delay of vision with that model.

    The user sees target, position and velocity of `delay` s ago, and adds what the commands given since should
    have done: the best estimate there is when only vision is late and nothing but commands moves the cursor.
    A command is c = u (1 + N(0, noise^2)) + N(0, tremor^2), with |u| at most `fastest`.

    Args:
        delay: s. noise: relative. tremor: cm/s. effort: s^2, weight of a squared command. fastest: cm/s.
        gain, smoothing: of the cursor that the user believes in, decoder included.
        seed: of the noise.

    References:
        Todorov & Jordan 2002, doi:10.1038/nn963; Willett et al. 2019, doi:10.1038/s41598-019-44166-7 (users of
        a cursor as such controllers); Golub et al. 2015, doi:10.7554/eLife.10015 (internal models and delay).
    """

    def __init__(
        self,
        delay: float = 0.2,
        noise: float = 0.15,
        tremor: float = 1.0,
        effort: float = 0.04,
        fastest: float = 25.0,
        gain: float = 1.0,
        smoothing: float = 0.6,
        seed: int = 0,
    ) -> None:
        if delay < 0 or noise < 0 or tremor < 0 or not effort > 0:
            raise NeurodriftError(
                f"OptimalUser: delay {delay} s, noise {noise}, tremor {tremor} cm/s must not be negative, "
                f"and effort {effort} must be positive."
            )
        self.delay, self.noise, self.tremor, self.effort = delay, noise, tremor, effort
        self.fastest, self.gain, self.smoothing, self.seed = fastest, gain, smoothing, seed

    def reset(self, bin_width: float, stream: int = 0) -> None:
        """Before a session in bins of `bin_width` s; `stream` numbers the sessions, for the noise."""
        self.dt, bins = bin_width, round(self.delay / bin_width)
        self._k, self._kv = feedback_gains(bin_width, self.smoothing, self.gain, self.effort)
        self._seen: deque[tuple[Floats | None, Floats, Floats]] = deque(maxlen=bins + 1)
        # One more than vision is late: that one led to the velocity that is seen.
        self._given: deque[Floats] = deque(maxlen=bins + 1)
        self._bins = bins
        self._rng = np.random.default_rng([self.seed, stream])
        self._drawn, self._next = np.zeros((0, 2, 2)), 0
        # v <- a v + (1 - a) b and p <- p + v dt over the bins that vision is late, solved for all b at once.
        kept = self.smoothing ** np.arange(bins + 1)
        self._kept = float(kept[-1])
        self._pushes = (1 - self.smoothing) * kept[:-1][::-1]
        self._moves = self.dt * (1 - self.smoothing) * np.cumsum(kept[:-1])[::-1]
        self._coast = self.dt * float(kept[1:].sum())

    def act(self, target: Floats | None, position: Floats, velocity: Floats) -> tuple[Floats, Floats]:
        """What is intended and what is commanded, each (2,), cm/s, for what is on the screen now.

        Without a target, or before one is seen, the user rests.
        """
        self._seen.append((target, position, velocity))
        seen, p, v = self._seen[0]
        self.notice(p, v)
        intended = np.zeros(2)
        if seen is not None and len(self._seen) == self._bins + 1:
            if self._bins:
                pushed = self.believed(np.array(self._given)[-self._bins :])
                p = p + self._coast * v + self._moves @ pushed
                v = self._kept * v + self._pushes @ pushed
            wanted = -self._k * (p - seen) - self._kv * v
            intended = wanted * min(1.0, self.fastest / max(math.hypot(*wanted), 1e-9))
        if self._next == len(self._drawn):
            self._drawn, self._next = self._rng.standard_normal((BLOCK, 2, 2)), 0
        spread = self._drawn[self._next]
        self._next += 1
        command = self.aim(intended) * (1 + self.noise * spread[0]) + self.tremor * spread[1]
        self._given.append(command)
        return intended, command

    def believed(self, command: Floats) -> Floats:
        """The velocities (..., 2) that the user thinks commands (..., 2) lead to, once smoothed."""
        return self.gain * command

    def aim(self, intended: Floats) -> Floats:
        """The command that the user thinks leads where it should: as intended, where nothing is learned."""
        return intended

    def notice(self, position: Floats, velocity: Floats) -> None:
        """What is seen, for users who learn from it."""
