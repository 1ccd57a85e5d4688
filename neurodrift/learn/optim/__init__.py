"""Optimizers that keep step sizes and norms per replica."""

from collections.abc import Callable

from neurodrift.learn.optim.adam import Adam, RMSprop
from neurodrift.learn.optim.adamw import AdamW
from neurodrift.learn.optim.base import Optimizer, clip_
from neurodrift.learn.optim.momentum import Momentum
from neurodrift.learn.optim.sgd import SGD

__all__ = ["OPTIMIZERS", "SGD", "Adam", "AdamW", "Momentum", "Optimizer", "RMSprop", "clip_"]

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}
