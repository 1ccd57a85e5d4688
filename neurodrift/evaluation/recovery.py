"""Recovery: how much of what drift took a method gives back; no ratio where nothing was taken."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neurodrift.evaluation.statistics import Scores

__all__ = ["SMALLEST_GAP", "Recovery", "recovery"]

SMALLEST_GAP = 0.05


class Recovery(NamedTuple):
    """(method - frozen) / (reference - frozen), of means over seeds, with its 95 % interval; or `why` there is none."""

    mean: float
    low: float
    high: float
    why: str = ""


def recovery(method: Scores, frozen: Scores, reference: Scores, name: str = "retrained") -> Recovery:
    """Recovery of `method` between `frozen` (0) and `reference` (1), all on the same bins and the same resamples.

    Where the 95 % interval of the gap reaches under 0.05 R2 there is nothing to recover, and no ratio is given.
    """
    gap = Scores(reference.seeds - frozen.seeds, reference.samples - frozen.samples)
    low, high = gap.interval()
    if not low >= SMALLEST_GAP:
        nothing = (
            f"nothing to recover: {name} is {gap.mean:+.3f} R2 from frozen, 95 % interval {low:+.3f} to {high:+.3f}, "
            f"and its lower bound is under {SMALLEST_GAP}"
        )
        return Recovery(np.nan, np.nan, np.nan, nothing)
    ratio = Scores(
        np.atleast_1d((method.mean - frozen.mean) / (reference.mean - frozen.mean)),
        (method.samples - frozen.samples) / gap.samples,
    )
    return Recovery(ratio.mean, *ratio.interval())
