"""The closed loop: a simulated user corrects the decoder, and the decoder learns from the user."""

from __future__ import annotations

from collections.abc import Callable

from neurodrift.closed_loop.costs import COSTS, answers, costs
from neurodrift.closed_loop.episode import Episode
from neurodrift.closed_loop.faults import FAULTS, Fault
from neurodrift.closed_loop.intention import INTENTIONS, Labels
from neurodrift.closed_loop.learning_users import LearningUser, ReaimingUser
from neurodrift.closed_loop.loop import run
from neurodrift.closed_loop.measures import BETTER, MEASURES
from neurodrift.closed_loop.plants import PositionVelocityPlant, VelocityPlant
from neurodrift.closed_loop.realtime import Clock, timing
from neurodrift.closed_loop.tasks import CentreOut, Pinball, RandomTarget, Task, TwoFinger
from neurodrift.closed_loop.user import OptimalUser, feedback_gains

__all__ = [
    "BETTER",
    "COSTS",
    "FAULTS",
    "INTENTIONS",
    "MEASURES",
    "PLANTS",
    "TASKS",
    "USERS",
    "CentreOut",
    "Clock",
    "Episode",
    "Fault",
    "Labels",
    "LearningUser",
    "OptimalUser",
    "Pinball",
    "PositionVelocityPlant",
    "RandomTarget",
    "ReaimingUser",
    "Task",
    "TwoFinger",
    "VelocityPlant",
    "answers",
    "costs",
    "feedback_gains",
    "run",
    "timing",
]

TASKS: dict[str, Callable[..., Task]] = {
    "centre_out": CentreOut,
    "pinball": Pinball,
    "random_target": RandomTarget,
    "two_finger": TwoFinger,
}
USERS: dict[str, Callable[..., OptimalUser]] = {
    "learning": LearningUser,
    "optimal": OptimalUser,
    "reaiming": ReaimingUser,
}
PLANTS: dict[str, Callable[..., VelocityPlant]] = {
    "position_velocity": PositionVelocityPlant,
    "velocity": VelocityPlant,
}
