"""Tasks: where the targets are, how large, how long to stay in them, and when a trial is given up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from neurodrift.errors import NeurodriftError

__all__ = ["CentreOut", "Pinball", "RandomTarget", "Task", "TwoFinger"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """What all tasks have.

    Args:
        radius: cm from the middle of a target to its edge.
        dwell: s that the cursor must stay in a target; 0 is touching it.
        timeout: s after which a trial has failed.
        pause: s between two trials, without a target.
        half_width: cm from the middle of the workspace to its edges, where the cursor stops.
    """

    radius: float = 1.5
    dwell: float = 0.5
    timeout: float = 10.0
    pause: float = 0.3
    half_width: float = 12.0
    shape: Literal["circle", "box"] = "circle"

    def __post_init__(self) -> None:
        if not (self.radius > 0 and self.timeout > self.dwell >= 0 and self.pause >= 0):
            raise NeurodriftError(
                f"{type(self).__name__}: radius {self.radius} cm, dwell {self.dwell} s, timeout {self.timeout} s, "
                f"pause {self.pause} s; the radius must be positive and the timeout longer than the dwell."
            )

    def targets(self, rng: np.random.Generator) -> Iterator[Floats]:
        """Middles of targets (2,), cm, without end."""
        raise NotImplementedError

    def inside(self, position: Floats, target: Floats) -> bool:
        """Whether the cursor is in the target."""
        away = position - target
        if self.shape == "box":
            return bool(np.abs(away).max() <= self.radius)
        return bool(away @ away <= self.radius**2)


def _scattered(
    half: float, shortest: float, rng: np.random.Generator, start: Floats | None = None
) -> Iterator[Floats]:
    last = np.zeros(2) if start is None else start
    while True:
        target = rng.uniform(-half, half, 2)
        if np.hypot(*(target - last)) >= shortest:
            last = target
            yield target


@dataclass(frozen=True)
class CentreOut(Task):
    """Out to one of `n` targets on a circle, and back to the middle; each block of `n` holds every target once.

    References:
        Georgopoulos et al. 1982, doi:10.1523/JNEUROSCI.02-11-01527.1982.
    """

    n: int = 8
    distance: float = 8.0

    def targets(self, rng: np.random.Generator) -> Iterator[Floats]:
        while True:
            for i in rng.permutation(self.n):
                angle = 2 * np.pi * i / self.n
                yield self.distance * np.array([np.cos(angle), np.sin(angle)])
                yield np.zeros(2)


@dataclass(frozen=True)
class RandomTarget(Task):
    """From target to target, each uniform on a square of 2 x `reach` cm and at least `shortest` cm from the last.

    References:
        Serruya et al. 2002, doi:10.1038/416141a.
    """

    reach: float = 10.0
    shortest: float = 4.0

    def targets(self, rng: np.random.Generator) -> Iterator[Floats]:
        return _scattered(self.reach, self.shortest, rng)


@dataclass(frozen=True)
class Pinball(RandomTarget):
    """Random targets without an end to the movement: a touch takes a target, and the next is there at once.

    References:
        Serruya et al. 2002, doi:10.1038/416141a (continuous pursuit of random targets).
    """

    dwell: float = 0.0
    pause: float = 0.0


@dataclass(frozen=True)
class TwoFinger(Task):
    """Two groups of fingers, one an axis, each to be held at its own flexion; a target is a pair of intervals.

    Flexion runs from -`reach` to `reach`; both fingers must be within `radius` of their middles.

    References:
        Nason et al. 2021, doi:10.1016/j.neuron.2021.08.009.
    """

    shape: Literal["circle", "box"] = "box"
    reach: float = 8.0
    shortest: float = 3.0

    def targets(self, rng: np.random.Generator) -> Iterator[Floats]:
        return _scattered(self.reach, self.shortest, rng)
