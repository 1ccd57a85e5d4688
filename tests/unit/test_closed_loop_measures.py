"""Measures, costs and the clock, on episodes whose values are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from neurodrift.closed_loop import (
    MEASURES,
    CentreOut,
    Clock,
    OptimalUser,
    Pinball,
    VelocityPlant,
    costs,
    run,
    timing,
)
from neurodrift.closed_loop.game import Trial
from neurodrift.errors import NeurodriftError
from tests.loops import BIN, Inverse, episode_of, sure_encoder


def straight() -> object:
    """Ten bins to a target 8 cm away, held for the dwell; then twenty bins that miss one."""
    task = CentreOut(dwell=0.5)
    way = np.column_stack([np.linspace(0.8, 8, 10), np.zeros(10)])
    rest = np.tile([8.0, 0.0], (10, 1))
    lost = np.tile([8.0, 0.0], (20, 1))
    hit = Trial(np.array([8.0, 0.0]), np.zeros(2), 0, 19, True, 1, 8, 8)
    miss = Trial(np.array([-8.0, 0.0]), np.array([8.0, 0.0]), 20, 39, False)
    return episode_of(np.vstack([way, rest, lost]), [hit, miss], task)


def test_measures_of_a_straight_hit_and_a_miss() -> None:
    got = {name: measure(straight()) for name, measure in MEASURES.items()}  # type: ignore[arg-type]
    bits = np.log2(8 / 3 + 1)
    assert got["success_rate"] == 0.5
    assert got["time_to_target"] == pytest.approx(9 * BIN)
    assert got["path_efficiency"] == pytest.approx(1)
    assert got["dial_in_time"] == 0 and got["orbiting"] == 0
    assert got["throughput"] == pytest.approx(bits / (9 * BIN + 20 * BIN))
    assert got["hits_per_minute"] == pytest.approx(1 / (40 * BIN / 60))
    assert np.isnan(got["throughput_effective"]), "a dwell leaves no endpoint of the user's choice"


def test_a_detour_costs_efficiency_and_leaving_the_target_costs_dial_in_time() -> None:
    corner = [np.array([0.0, y]) for y in (1, 2, 3, 4, 5, 6)] + [
        np.array([x, 6.0]) for x in (1, 2, 3, 4, 5, 6, 7, 8)
    ]
    target = np.array([8.0, 6.0])
    trial = Trial(target, np.zeros(2), 0, 13, True, 3, 5, 13)
    e = episode_of(np.array(corner), [trial], CentreOut())
    assert MEASURES["path_efficiency"](e) == pytest.approx(10 / 14)
    assert MEASURES["dial_in_time"](e) == pytest.approx(8 * BIN)
    assert MEASURES["orbiting"](e) == 2


def test_the_effective_width_is_that_of_the_scatter_along_the_way() -> None:
    """Ends scattered normally by 0.5 cm along the way: width 4.133 x 0.5, whatever the scatter across it."""
    rng, n = np.random.default_rng(0), 4000
    ends = np.column_stack([8 + 0.5 * rng.standard_normal(n), 3 * rng.standard_normal(n)])
    trials = [Trial(np.array([8.0, 0.0]), np.zeros(2), i, i, True, 1, i, i) for i in range(n)]
    e = episode_of(ends, trials, Pinball())  # type: ignore[arg-type]
    assert MEASURES["throughput_effective"](e) == pytest.approx(
        np.log2(8 / (4.133 * 0.5) + 1) / BIN, rel=0.03
    )


def test_costs_of_known_changes() -> None:
    y = np.random.default_rng(0).standard_normal((500, 2))
    start = np.zeros_like(y)
    still = costs([start, start, start], y, (0.8, 0.8))
    assert still == {"instability": 0, "over_correction": 0, "forgetting": 0}
    right = costs([start, y], y, (0.8, 0.5))
    spread = np.square(y - y.mean(axis=0)).sum()
    assert right["instability"] == pytest.approx(np.square(y).sum() / spread)
    assert right["over_correction"] == pytest.approx(0) and right["forgetting"] == pytest.approx(0.3)
    assert costs([start, 1.5 * y], y, (0, 0))["over_correction"] == pytest.approx(0.5)
    assert costs([start, 0.5 * y], y, (0, 0))["over_correction"] == 0


class Wall:
    """A wall clock that the test moves."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        self.time += 1e-6
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def test_the_clock_waits_for_bins_and_counts_what_comes_too_late() -> None:
    """Work of 10 ms fits bins of 50 ms; one of 120 ms misses its own deadline and that of the bin after it."""
    wall, encoder = Wall(), sure_encoder()

    class Slow(Inverse):
        def predict(self, x: np.ndarray) -> np.ndarray:
            wall.time += 0.12 if self.bins == 20 else 0.01
            return super().predict(x)

    clock = Clock(now=wall.now, sleep=wall.sleep)
    e = run(encoder, Slow(encoder), CentreOut(), OptimalUser(), VelocityPlant(), minutes=0.05, clock=clock)
    assert e.missed is not None and e.seconds is not None
    assert list(np.flatnonzero(e.missed)) == [20, 21]
    assert wall.time - 100 == pytest.approx(59 * BIN + 0.01, abs=0.005), "due times do not move"
    np.testing.assert_allclose(e.seconds[[0, 19, 20, 30]], [0.01, 0.01, 0.12, 0.01], atol=1e-3)
    assert e.seconds[21] == pytest.approx(0.12 - BIN + 0.01, abs=1e-3), "the wait counts as the user's"
    told = timing(e)
    assert (
        told["missed"] == 2
        and told["worst_ms"] == pytest.approx(120, abs=1)
        and told["p50_ms"] == pytest.approx(10, abs=1)
    )


def test_without_a_clock_there_is_no_timing() -> None:
    encoder = sure_encoder()
    e = run(encoder, None, CentreOut(), OptimalUser(), VelocityPlant(), minutes=0.02)
    with pytest.raises(NeurodriftError, match="clock"):
        timing(e)
