"""z-scores fitted on stated bins only, and a running, causal one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurodrift.errors import NeurodriftError

__all__ = ["RunningZScore", "ZScore"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ZScore:
    """(values - mean) / scale per column; mean and scale are (..., C), leading axes for replicas."""

    mean: Floats
    scale: Floats

    @classmethod
    def fit(cls, values: npt.ArrayLike, keep: npt.ArrayLike | None = None, floor: float = 0.05) -> ZScore:
        """Mean, and deviation + `floor`, of the rows `keep` (mask (T,), default all) of `values` (T, C).

        The floor, in the unit of the values, keeps near-silent channels from being blown up.

        Raises:
            NeurodriftError: no rows, numbers that are not finite, or a column without spread and no floor.
        """
        rows = np.asarray(values, np.float64)
        if keep is not None:
            rows = rows[np.asarray(keep, bool)]
        if not len(rows):
            raise NeurodriftError("ZScore.fit: no rows to fit on; the mask leaves none.")
        if not np.isfinite(rows).all():
            column = int(np.flatnonzero(~np.isfinite(rows).all(axis=0))[0])
            raise NeurodriftError(
                f"ZScore.fit: column {column} holds NaN or infinity; mask such rows out with keep."
            )
        scale = rows.std(axis=0) + floor
        if not (scale > 0).all():
            column = int(np.flatnonzero(~(scale > 0))[0])
            raise NeurodriftError(
                f"ZScore.fit: column {column} is constant; leave it out or give a floor above 0."
            )
        return cls(rows.mean(axis=0), scale)

    def apply(self, values: npt.ArrayLike) -> Floats:
        """z-scores of `values` (..., C)."""
        return (np.asarray(values, np.float64) - self.mean) / self.scale

    def invert(self, values: npt.ArrayLike) -> Floats:
        """Values whose z-scores are given, (..., C)."""
        return np.asarray(values, np.float64) * self.scale + self.mean


class RunningZScore:
    """z-scores whose mean and variance follow the recording, from bins at or before the present one.

    m <- m + a (x - m),   v <- (1 - a) (v + a (x - m_before)^2),   a = 1 / memory;
    z = (x - m) / (sqrt(v) + floor).

    Args:
        start: mean and scale (..., C) to begin with, fitted with the same `floor`.
        memory: bins over which statistics are forgotten, above 1.
        floor: added to the deviation.

    References:
        West 1979, doi:10.1145/359146.359153 (incremental form).
    """

    def __init__(self, start: ZScore, memory: float, floor: float = 0.05) -> None:
        if not memory > 1:
            raise NeurodriftError(f"RunningZScore: memory is {memory} bins; it must be above 1.")
        self.memory, self.floor = memory, floor
        self.mean = np.array(start.mean, np.float64)
        self.variance = np.maximum(np.asarray(start.scale, np.float64) - floor, 0.0) ** 2

    def step(self, x: npt.ArrayLike) -> Floats:
        """z-score of one bin (..., C); the statistics take it in first."""
        away = np.asarray(x, np.float64) - self.mean
        share = 1 / self.memory
        self.mean = self.mean + share * away
        self.variance = (1 - share) * (self.variance + share * away**2)
        return (np.asarray(x, np.float64) - self.mean) / (np.sqrt(self.variance) + self.floor)

    def apply(self, values: npt.ArrayLike) -> Floats:
        """z-scores (T, ..., C) of bins in order."""
        rows = np.asarray(values, np.float64)
        return np.stack([self.step(row) for row in rows]) if len(rows) else rows
