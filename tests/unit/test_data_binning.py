"""Binning against counting by hand; nothing may depend on what comes later."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neurodrift import NeurodriftError
from neurodrift.data.binning import bin_grid, bin_spikes, covered, resample_behavior, smooth, velocity

spikes = st.lists(st.floats(0, 10, allow_nan=False), max_size=60)
widths = st.sampled_from([0.02, 0.045, 0.1, 1 / 3])


@given(spikes, widths)
def test_every_spike_in_the_extent_is_counted_once(train: list[float], width: float) -> None:
    times = bin_grid(0.0, 10.0, width)
    counts = bin_spikes([train], times, width)[:, 0]
    surely = [s for s in train if 1e-8 < s < times[-1] - 1e-8]
    perhaps = [s for s in train if min(abs(s), abs(s - times[-1])) <= 1e-8]
    assert len(surely) <= counts.sum() <= len(surely) + len(perhaps)
    for t, n in zip(times, counts, strict=True):
        clear = [s for s in train if t - width + 1e-8 < s < t - 1e-8]
        near = [s for s in train if min(abs(s - t), abs(s - t + width)) <= 1e-8]
        assert len(clear) <= n <= len(clear) + len(near)


def test_a_spike_at_an_edge_belongs_to_the_bin_that_ends_there() -> None:
    assert bin_spikes([[0.1, 0.2, 0.2000001]], [0.1, 0.2, 0.3], 0.1)[:, 0].tolist() == [1, 1, 1]


def test_spikes_in_gaps_count_nowhere() -> None:
    assert bin_spikes([[0.05, 0.5, 0.95]], [0.1, 1.0], 0.1)[:, 0].tolist() == [1, 1]


@given(spikes, st.integers(0, 99))
def test_counts_do_not_look_ahead(train: list[float], row: int) -> None:
    times = bin_grid(0.0, 10.0, 0.1)
    past = [s for s in train if s <= times[row] + 1e-9]
    np.testing.assert_array_equal(
        bin_spikes([train], times, 0.1)[: row + 1], bin_spikes([past], times, 0.1)[: row + 1]
    )


samples = arrays(np.float64, (80, 2), elements=st.floats(-5, 5) | st.just(np.nan))
clocks = arrays(np.float64, 80, elements=st.floats(0.001, 0.2)).map(np.cumsum)


@given(samples, clocks, st.integers(0, 59))
def test_behaviour_does_not_look_ahead(y: np.ndarray, at: np.ndarray, row: int) -> None:
    times = bin_grid(0.0, 6.0, 0.1)
    changed = np.where((at > times[row] + 1e-9)[:, None], 1e6, y)
    np.testing.assert_array_equal(
        resample_behavior(y, at, times, 0.1)[: row + 1], resample_behavior(changed, at, times, 0.1)[: row + 1]
    )


@given(samples, clocks)
def test_behaviour_equals_the_definition(y: np.ndarray, at: np.ndarray) -> None:
    width = 0.1
    times = bin_grid(0.0371, 6.0, width)
    got = resample_behavior(y, at, times, width)
    oldest = max(np.median(np.diff(at)), width)
    for t, row in zip(times, got, strict=True):
        if np.abs(at - t).min() < 1e-7 or np.abs(at - t + width).min() < 1e-7:
            continue
        inside = y[(at > t - width) & (at <= t)]
        for axis in range(2):
            good = inside[np.isfinite(inside[:, axis]), axis]
            if len(good):
                assert row[axis] == pytest.approx(good.mean(), abs=1e-12)
            elif len(inside):
                assert np.isnan(row[axis])
            else:
                before = np.flatnonzero(at <= t)
                fresh = len(before) and t - at[before[-1]] <= oldest
                np.testing.assert_equal(row[axis], y[before[-1], axis] if fresh else np.nan)


def test_velocity_of_a_ramp_and_across_a_gap() -> None:
    times = np.array([0.1, 0.2, 0.3, 1.0, 1.1])
    v = velocity(np.c_[3 * times, -times], times, [True, False, False, True, False])
    np.testing.assert_allclose(v[[1, 2, 4]], [[3, -1]] * 3)
    assert np.isnan(v[[0, 3]]).all()


@given(arrays(np.float64, (30, 3), elements=st.floats(0, 9)), st.floats(0, 0.99))
def test_smoothing_is_the_recursion(c: np.ndarray, decay: float) -> None:
    gap = np.zeros(30, bool)
    gap[[0, 12]] = True
    for mode in ("carry", "reset"):
        s = np.zeros(3)
        for row, got in zip(range(30), smooth(c, decay, gap, mode), strict=True):
            s = np.zeros(3) if mode == "reset" and gap[row] else s
            s = decay * s + (1 - decay) * c[row]
            np.testing.assert_allclose(got, s, rtol=1e-5, atol=1e-6)


def test_smoothing_refuses_what_it_does_not_know() -> None:
    for options in ({"decay": 1.0}, {"over_gaps": "drop"}, {"over_gaps": "reset"}):
        with pytest.raises(NeurodriftError):
            smooth(np.zeros((3, 1)), **options)  # type: ignore[arg-type]


def test_covered_needs_the_whole_bin_and_joins_touching_intervals() -> None:
    times = np.arange(1, 11) / 10
    assert covered(times, 0.1, [[0.5, 0.7], [0.1, 0.3], [0.3, 0.45]]).tolist() == [
        t in (0.2, 0.3, 0.4, 0.6, 0.7) for t in times.tolist()
    ]
    assert not covered(times, 0.1, np.zeros((0, 2))).any()
    assert not covered(times, 0.1, [[np.nan, 5.0]]).any()


trains = st.lists(st.lists(st.floats(0, 10), max_size=30), min_size=1, max_size=6)


@given(trains, st.randoms(use_true_random=False), st.data())
def test_order_of_spikes_empty_units_and_pooling_conserve_counts(
    units: list[list[float]], random: Any, data: st.DataObject
) -> None:
    times = bin_grid(0.0, 10.0, 0.1)
    apart = bin_spikes(units, times, 0.1)
    shuffled = [random.sample(train, len(train)) for train in units]
    np.testing.assert_array_equal(bin_spikes(shuffled, times, 0.1), apart)
    groups = data.draw(st.lists(st.integers(-1, 2), min_size=len(units), max_size=len(units)))
    together = bin_spikes(units, times, 0.1, groups, 3)
    for column in range(3):
        mine = [i for i, group in enumerate(groups) if group == column]
        np.testing.assert_array_equal(together[:, column], apart[:, mine].sum(axis=1))


@given(trains, st.floats(-50, 50))
def test_repeated_times_count_each_and_an_offset_moves_everything(
    units: list[list[float]], shift: float
) -> None:
    # On a grid of 1 ms but off the edges of bins, so that rounding decides nothing.
    grid = [np.floor(np.array(train) * 100) / 100 + 0.005 for train in units]
    times = bin_grid(0.0, 10.0, 0.1)
    once = bin_spikes(grid, times, 0.1)
    np.testing.assert_array_equal(bin_spikes([np.repeat(t, 3) for t in grid], times, 0.1), 3 * once)
    np.testing.assert_array_equal(bin_spikes([t + shift for t in grid], times + shift, 0.1), once)


@given(st.lists(st.integers(0, 100), max_size=50), clocks)
def test_a_spike_on_an_edge_goes_left_or_right(ms: list[int], ends: np.ndarray) -> None:
    times = np.arange(1, 11) / 10
    train = np.array(ms) / 100
    for closed, before in (("right", "left"), ("left", "right")):
        edges = np.searchsorted(np.arange(11) * 10, ms, side=before) - 1
        wanted = np.bincount(edges[(edges >= 0) & (edges < 10)], minlength=10)
        np.testing.assert_array_equal(bin_spikes([train], times, 0.1, closed=closed)[:, 0], wanted)
    # Irregular bins with gaps and overlaps: each bin by itself.
    width = 0.05
    got = bin_spikes([train], ends, width)[:, 0]
    for t, n in zip(ends, got, strict=True):
        if np.abs(train - t).min(initial=1) > 1e-7 and np.abs(train - t + width).min(initial=1) > 1e-7:
            assert n == ((train > t - width) & (train <= t)).sum()
