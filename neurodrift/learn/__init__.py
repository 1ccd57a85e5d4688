"""Online learning of recurrent networks: cells, rules, optimizers, and the step they share."""

from neurodrift.learn.cells import CELLS, Cell
from neurodrift.learn.engines import ENGINES, make_learner
from neurodrift.learn.guard import UpdateGuard
from neurodrift.learn.learner import Learner
from neurodrift.learn.optim import OPTIMIZERS, Optimizer
from neurodrift.learn.params import pack, unpack
from neurodrift.learn.rules import RULES, Rule
from neurodrift.learn.step import Step, take_step

__all__ = [
    "CELLS",
    "ENGINES",
    "OPTIMIZERS",
    "RULES",
    "Cell",
    "Learner",
    "Optimizer",
    "Rule",
    "Step",
    "UpdateGuard",
    "make_learner",
    "pack",
    "take_step",
    "unpack",
]
