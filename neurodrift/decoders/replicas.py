"""What replicas own apart: rows of z-scores and step sizes follow them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TypedDict

from neurodrift.data.normalize import ZScore
from neurodrift.learn.engines import Engine, PredictWith
from neurodrift.learn.guard import UpdateGuard
from neurodrift.learn.learner import Feedback, Learns
from neurodrift.learn.optim import Optimizer

__all__ = ["Online", "rates_of", "rows_of"]


class Online(TypedDict, total=False):
    """How a recurrent decoder learns online, besides rule and optimizer."""

    learns: Learns
    clip: float
    max_lag: int
    average: float
    pull: float
    every: int
    feedback: Feedback
    guard: UpdateGuard | None
    predict_with: PredictWith
    engine: Engine


def rows_of(normalizer: ZScore, index: Sequence[int]) -> ZScore:
    """The z-scores of some replicas; one that all share stays."""
    mean, scale = normalizer.mean, normalizer.scale
    return normalizer if mean.ndim == 1 else ZScore(mean[list(index)], scale[list(index)])


def rates_of(optimizer: Optimizer, index: Sequence[int]) -> Optimizer:
    """An optimizer with the step sizes of some replicas; one that all share stays."""
    if not isinstance(optimizer.lr, Sequence):
        return optimizer
    twin, rates = copy.copy(optimizer), list(optimizer.lr)
    twin.lr = rates if len(rates) == 1 else [rates[i] for i in index]
    return twin
