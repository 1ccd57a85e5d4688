"""Evaluation: the one loop, the comparison on the same blocks, recovery and its intervals."""

from neurodrift.evaluation.metrics import METRICS, pearson, r2, r2_axes, r2_mean
from neurodrift.evaluation.prequential import stream, update_time
from neurodrift.evaluation.protocol import METHODS, Outcome, adapted, baseline
from neurodrift.evaluation.recovery import Recovery, recovery
from neurodrift.evaluation.statistics import Resampler, Scores, blocks_of
from neurodrift.evaluation.step_size import GRIDS, StepSize, choose_step_size

__all__ = [
    "GRIDS",
    "METHODS",
    "METRICS",
    "Outcome",
    "Recovery",
    "Resampler",
    "Scores",
    "StepSize",
    "adapted",
    "baseline",
    "blocks_of",
    "choose_step_size",
    "pearson",
    "r2",
    "r2_axes",
    "r2_mean",
    "recovery",
    "stream",
    "update_time",
]
