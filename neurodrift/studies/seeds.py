"""Figures over seeds: intervals, recovery, and what a diverged seed counts as."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from neurodrift.evaluation.recovery import Recovery, recovery
from neurodrift.evaluation.statistics import Scores
from neurodrift.studies.base import Estimate, Line, Row, matching

__all__ = ["NONE", "by_seed", "chosen", "estimate", "floored", "line", "recovered", "scores"]

Values = npt.NDArray[np.float64]
DRAWS = 2000
NONE = Estimate(float("nan"), float("nan"), float("nan"), 0)


def by_seed(rows: Sequence[Row], key: str, **where: Any) -> Values:
    """The values of `key` in the rows that match, in the order of their seeds; None is NaN."""
    found = sorted(matching(rows, **where), key=lambda row: int(row["seed"]))
    return np.array([np.nan if row[key] is None else row[key] for row in found], np.float64)


def scores(values: Iterable[float]) -> Scores:
    """Values of S seeds with their bootstrap over seeds; equal numbers of seeds share their draws, so pairs stay pairs."""
    seeds = np.asarray(list(values), np.float64)
    draws = np.random.default_rng(0).integers(len(seeds), size=(DRAWS, len(seeds)))
    return Scores(seeds, seeds[draws].mean(axis=1))


def estimate(values: Iterable[float]) -> Estimate:
    """Mean over seeds, 95 % percentile bootstrap; seeds whose value is not finite are left out of it and of the count."""
    given = np.asarray(list(values), np.float64)
    given = given[np.isfinite(given)]
    if not len(given):
        return NONE
    found = scores(given)
    return Estimate(found.mean, *found.interval(), len(given))


def floored(r2: Values, frozen: Values) -> Values:
    """R2 a seed enters a mean with: no lower than 1 below its frozen R2, which is also what a diverged seed gets."""
    return np.asarray(np.maximum(np.where(np.isfinite(r2), r2, -np.inf), frozen - 1.0))


def recovered(method: Values, frozen: Values, reference: Values, name: str = "RTRL") -> tuple[Estimate, str]:
    """(method - frozen) / (reference - frozen) of means over seeds, and why there is none where `why` is not empty."""
    found: Recovery = recovery(
        scores(floored(method, frozen)), scores(frozen), scores(floored(reference, frozen)), name
    )
    return Estimate(found.mean, found.low, found.high, len(frozen)), found.why


def line(name: str, x: Sequence[float], estimates: Sequence[Estimate]) -> Line:
    """A series of a curve from an estimate at each x."""
    return Line(name, x, [e.mean for e in estimates], [e.low for e in estimates], [e.high for e in estimates])


def chosen(mine: Sequence[Row]) -> tuple[str, str]:
    """Two cells of a table: the step size, and whether it lies at an end of its grid; and how many seeds diverged."""
    first = mine[0]
    lr = "–" if first["lr"] is None else f"{first['lr']:g}{' (edge)' if first.get('edge') else ''}"
    return lr, f"{sum(r['diverged'] for r in mine)} of {len(mine)}"
