"""Scores of a decoded trace: pure functions (y, y_hat) -> float, higher is better.

y and y_hat are (T, D); every row of y has a label on every axis.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from neurodrift.decoders.base import Floats

__all__ = ["METRICS", "pearson", "per_axis", "r2", "r2_axes", "r2_mean"]


def r2(y: Floats, y_hat: Floats) -> float:
    """R2, variance-weighted over axes: 1 - sum of squared errors / sum of squares about the mean (FALCON's)."""
    y, y_hat = _double(y), _double(y_hat)
    return _one_minus(np.square(y - y_hat).sum(), np.square(y - y.mean(axis=0)).sum())


def r2_axes(y: Floats, y_hat: Floats) -> npt.NDArray[np.float64]:
    """R2 of each axis (D,)."""
    return np.array([r2(y[:, [d]], y_hat[:, [d]]) for d in range(y.shape[1])])


def r2_mean(y: Floats, y_hat: Floats) -> float:
    """R2, mean over axes (NeuroBench's and NLB's)."""
    return float(np.mean(r2_axes(y, y_hat)))


def per_axis(y: Floats, y_hat: Floats) -> npt.NDArray[np.float64]:
    """Pearson correlation of each axis (D,); NaN where either trace is constant."""
    y, y_hat = _double(y), _double(y_hat)
    a, b = y - y.mean(axis=0), y_hat - y_hat.mean(axis=0)
    scale = np.sqrt(np.square(a).sum(axis=0) * np.square(b).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((a * b).sum(axis=0) / scale, dtype=np.float64)


def pearson(y: Floats, y_hat: Floats) -> float:
    """Pearson correlation, mean over axes."""
    return float(np.mean(per_axis(y, y_hat)))


def _double(values: Floats) -> npt.NDArray[np.float64]:
    # Means along the first axis are plain running sums: in single precision they are off for long sessions.
    return np.asarray(values, np.float64)


def _one_minus(errors: float, total: float) -> float:
    return 1.0 - float(errors) / float(total) if total > 0 else float("nan")


METRICS: dict[str, Callable[[Floats, Floats], float]] = {"r2": r2, "r2_mean": r2_mean, "pearson": pearson}
