"""How a figure becomes a verdict, the same for every study."""

from __future__ import annotations

import math

from neurodrift.studies.base import FAILS, HOLDS, IN_PART, UNDEFINED, Answer, Estimate

__all__ = ["percent", "recovery_answer", "within"]

MARGIN = 0.1


def percent(found: Estimate) -> str:
    """An estimate of a share as text."""
    if not math.isfinite(found.mean):
        return "–"
    return f"{100 * found.mean:.0f} % ({100 * found.low:.0f} to {100 * found.high:.0f})"


def recovery_answer(
    claim: str, ours: Estimate, why: str, paper: float, spread: float = MARGIN / 2, said: str = ""
) -> Answer:
    """A recovery beside the paper's: shares, 1 is all of what the reference recovers.

    It holds where the mean is no more than two of the paper's deviations (a tenth where it gives none) under its
    figure and the interval excludes 0; in part where the interval only excludes 0. Undefined where the reference itself
    does not recover.
    """
    if why:
        return Answer(claim, ours, f"{UNDEFINED}: {why}", "There is no ratio to compare.")
    enough, some = ours.mean >= paper - 2 * spread, ours.low > 0
    verdict = HOLDS if enough and some else IN_PART if some else FAILS
    return Answer(
        claim, ours, verdict, f"{percent(ours)} beside {100 * paper:.0f} %.{' ' + said if said else ''}"
    )


def within(claim: str, ours: Estimate, low: float, high: float, said: str, part: float) -> Answer:
    """A measured number beside the paper's: it holds where the mean lies within `low` to `high`, described by `said`;
    in part where it lies no further than `part` beyond the nearer end (above where `part` is above `high`, else below).
    """
    inside = low <= ours.mean <= high
    near = high < ours.mean <= part if part > high else part <= ours.mean < low
    verdict = HOLDS if inside else IN_PART if near else FAILS
    words = (
        f"{ours.mean:.3g} ({ours.low:.3g} to {ours.high:.3g}), {'within' if inside else 'outside'} {said}."
    )
    return Answer(claim, ours, verdict, words)
