"""What the decoder is taught: a guess at the intended velocity, from what is on the screen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from neurodrift.closed_loop.tasks import Floats
from neurodrift.closed_loop.user import feedback_gains
from neurodrift.errors import NeurodriftError

__all__ = ["INTENTIONS", "Labels", "Screen", "decoded", "feedback", "nothing", "to_target", "truth"]


@dataclass(frozen=True)
class Screen:
    """What can be known about a bin: the cursor before it moved, where it should go, what was decoded and meant."""

    position: Floats
    target: Floats
    inside: bool
    decoded: Floats
    intended: Floats
    kp: float
    fastest: float


def to_target(screen: Screen) -> Floats | None:
    """The decoded velocity turned towards the target, and zero inside it.

    References:
        Gilja et al. 2012, doi:10.1038/nn.3265.
    """
    away = screen.target - screen.position
    distance = math.hypot(*away)
    if screen.inside or distance == 0:
        return np.zeros(2)
    return away / distance * math.hypot(*screen.decoded[-2:])


def feedback(screen: Screen) -> Floats | None:
    """What an optimal controller would command from where the cursor is: the speed does not come from the decoder.

    References:
        Shanechi et al. 2016, doi:10.1371/journal.pcbi.1004730.
    """
    wanted = screen.kp * (screen.target - screen.position)
    return wanted * min(1.0, screen.fastest / max(math.hypot(*wanted), 1e-9))


def truth(screen: Screen) -> Floats | None:
    """What the user meant: known in a simulation, and nowhere else."""
    return screen.intended


def decoded(screen: Screen) -> Floats | None:
    """What was decoded, taken as meant: a control that assumes nothing about the intention."""
    return screen.decoded[-2:]


def nothing(screen: Screen) -> Floats | None:
    """No label."""
    return None


INTENTIONS: dict[str, Callable[[Screen], Floats | None]] = {
    "decoded": decoded,
    "feedback": feedback,
    "none": nothing,
    "to_target": to_target,
    "truth": truth,
}


@dataclass
class Labels:
    """A kind of intention, that may come late, and only in a share of the trials.

    Args:
        kind: of INTENTIONS.
        lag: bins that a label is late.
        share: of the trials that are labelled, drawn with `seed`.
        turn: degrees by which every label is turned, counterclockwise: a wrong guess at the intention.
        effort, fastest: of the controller behind "feedback", as for the user.
    """

    kind: str = "feedback"
    lag: int = 0
    share: float = 1.0
    turn: float = 0.0
    effort: float = 0.04
    fastest: float = 25.0
    seed: int = 0
    _drawn: dict[int, bool] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in INTENTIONS:
            raise NeurodriftError(f'Labels: "{self.kind}" is not known; there are {", ".join(INTENTIONS)}.')
        if self.lag < 0 or not 0 <= self.share <= 1:
            raise NeurodriftError(
                f"Labels: lag {self.lag} must not be negative, share {self.share} in 0 .. 1."
            )
        turn = np.radians(self.turn)
        self._matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])

    def kp(self, bin_width: float) -> float:
        """The gain of the controller behind "feedback", 1/s."""
        return float(feedback_gains(bin_width, 0.0, 1.0, self.effort)[0])

    def label(self, trial: int, screen: Screen) -> Floats | None:
        """The label (2,), cm/s, of a bin in trial number `trial`; None where there is none."""
        if self.share < 1:
            if trial not in self._drawn:
                self._drawn[trial] = bool(np.random.default_rng([self.seed, trial]).random() < self.share)
            if not self._drawn[trial]:
                return None
        value = INTENTIONS[self.kind](screen)
        return value if value is None or not self.turn else self._matrix @ value
