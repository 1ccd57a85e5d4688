"""Every metric in METRICS against scikit-learn and scipy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import r2_score

from neurodrift.evaluation.metrics import METRICS, pearson, per_axis, r2, r2_axes, r2_mean

Traces = tuple[np.ndarray, np.ndarray]


def by_scipy(y: np.ndarray, y_hat: np.ndarray) -> np.ndarray:
    return np.array([scipy.stats.pearsonr(a, b).statistic for a, b in zip(y.T, y_hat.T, strict=True)])


ORACLES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "r2": lambda y, p: r2_score(y, p, multioutput="variance_weighted"),
    "r2_mean": lambda y, p: r2_score(y, p, multioutput="uniform_average"),
    "pearson": lambda y, p: float(by_scipy(y, p).mean()),
}


def traces(axes: int, seed: int = 0) -> Traces:
    """Axes of unlike variance and offset, predictions that are noisy, shrunk and shifted."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(300, axes)) * np.logspace(-1, 2, axes) + np.linspace(-50, 50, axes)
    mean, spread = y.mean(axis=0), y.std(axis=0)
    return y, mean + 0.6 * (y - mean) + spread * (0.4 * rng.normal(size=y.shape) + 0.1)


@pytest.mark.parametrize("axes", [1, 2, 5])
@pytest.mark.parametrize("name", list(METRICS))
def test_metrics_agree_with_other_peoples(name: str, axes: int) -> None:
    y, y_hat = traces(axes)
    assert METRICS[name](y, y_hat) == pytest.approx(ORACLES[name](y, y_hat), abs=1e-12)


@pytest.mark.parametrize("axes", [1, 2, 5])
def test_each_axis_agrees_too(axes: int) -> None:
    y, y_hat = traces(axes)
    np.testing.assert_allclose(r2_axes(y, y_hat), r2_score(y, y_hat, multioutput="raw_values"), atol=1e-12)
    np.testing.assert_allclose(per_axis(y, y_hat), by_scipy(y, y_hat), atol=1e-12)


def test_the_two_r2_differ_where_variances_do() -> None:
    y, y_hat = traces(5)
    y_hat[:, 0] += 1
    assert r2(y, y_hat) - r2_mean(y, y_hat) > 1


@pytest.mark.parametrize("name", list(METRICS))
def test_perfect_predictions_score_one(name: str) -> None:
    y, _ = traces(3)
    assert METRICS[name](y, y) == pytest.approx(1.0, abs=1e-12)


def test_constant_predictions_score_zero_or_nothing() -> None:
    y, _ = traces(3)
    flat = np.broadcast_to(y.mean(axis=0), y.shape)
    assert r2(y, flat) == pytest.approx(0.0, abs=1e-12)
    assert r2_mean(y, flat) == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(per_axis(y, np.full(y.shape, 7.0))).all()
    assert np.isnan(pearson(y, np.full(y.shape, 7.0)))


def test_labels_without_variance_have_no_r2() -> None:
    assert np.isnan(r2(np.ones((9, 2)), np.zeros((9, 2))))


def test_float32_labels_far_from_zero_lose_nothing() -> None:
    rng = np.random.default_rng(0)
    y = (rng.normal(size=(200_000, 2)) + 300).astype(np.float32)
    y_hat = (y + 0.5 * rng.normal(size=y.shape)).astype(np.float32)
    wide = (y.astype(np.float64), y_hat.astype(np.float64))
    for name, metric in METRICS.items():
        assert metric(y, y_hat) == pytest.approx(metric(*wide), abs=1e-9), name
