"""Each family of drifts is what its docstring says, against closed forms; schedules, days, and the encoder."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from neurodrift.data.session import Session
from neurodrift.drift import (
    DRIFTS,
    SCHEDULES,
    UTAH,
    Abrupt,
    Baseline,
    Common,
    Compose,
    Daily,
    DriftPath,
    Dropout,
    Exchange,
    Gain,
    Intermittent,
    Noise,
    PoissonTurnover,
    Recurring,
    Rotation,
    Scaled,
    Scheduled,
    Shift,
    Shrinkage,
    StabilizedBci,
    Turnover,
    apply_to_counts,
    apply_to_session,
    over_days,
    sorted_units,
    standard,
)
from neurodrift.errors import NeurodriftError
from neurodrift.simulation import Encoder

every = pytest.mark.parametrize("drift", [d() for d in DRIFTS.values()], ids=list(DRIFTS))
schedules = pytest.mark.parametrize("schedule", [s() for s in SCHEDULES.values()], ids=list(SCHEDULES))
MANY = np.ones((3, 4000), np.float32)


def counts(n_bins: int = 60, n_channels: int = 40, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(np.linspace(0.2, 3, n_channels), (n_bins, n_channels))


def same(a: DriftPath, b: DriftPath) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))


def within(got: float, wanted: float, error: float) -> bool:
    return abs(got - wanted) < 5 * error


def test_the_standard_family_is_the_stated_one():
    """Written out from the statement, with the same stream of random numbers: `lr="auto"` depends on it."""
    x = counts()
    for severity in (0.5, 1.0, 1.4):
        n, rng = 40, np.random.default_rng(8)
        swapped = rng.choice(n, size=round(0.3 * severity * n), replace=False)
        source = np.arange(n)
        source[swapped] = (swapped + rng.integers(1, n, size=len(swapped))) % n
        gain = np.exp(0.4 * severity * rng.standard_normal(n))
        added = 0.5 * severity * rng.random(n) * x.mean(axis=0)
        silent = np.isin(np.arange(n), rng.choice(n, size=round(0.1 * severity * n), replace=False))
        path = standard().sample(x, severity, np.random.default_rng(8))
        np.testing.assert_array_equal(path.source[0], source)
        np.testing.assert_array_equal(path.gain[0], gain)
        np.testing.assert_allclose(path.added[0], added, rtol=1e-12)
        np.testing.assert_array_equal(path.silent[0], silent)
        assert not path.changes_tuning


@every
def test_rates_of_an_encoder_are_the_closed_form(drift):
    """Every part of a path, channel by channel: tuning first, then gain, then what is added, then silence."""
    rng, x = np.random.default_rng(0), counts(12)
    encoder = Encoder.random(40, rng)
    path = drift.sample(x, 3.0, rng).expand(len(x))
    v = rng.normal(0, 10, (len(x), 2))
    got = encoder.drifted(path, 0.05).rates(v)
    speed, angle = np.hypot(*v.T) / 20, np.arctan2(v[:, 1], v[:, 0])
    for t, c in np.ndindex(*got.shape):
        k = path.source[t, c]
        unit = encoder.rest[0, k], encoder.depth[0, k], encoder.preferred[0, k], encoder.speed[0, k]
        if path.unit[t, c]:
            drawn = encoder.population.draw(1, np.random.default_rng(path.unit[t, c]))
            unit = tuple(float(part[0]) for part in drawn)
        rest, depth, preferred, gain = unit
        tuned = depth * np.cos(angle[t] - preferred - path.rotation[t, c]) + gain
        rate = path.gain[t, c] * rest * max(0, 1 + speed[t] * path.depth[t, c] * tuned)
        wanted = 0 if path.silent[t, c] else rate + path.added[t, c] / 0.05
        assert got[t, c] == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@every
def test_a_channel_without_counts_stays_finite(drift):
    x = counts()
    x[:, 3] = 0
    path = drift.sample(x, 3.0, np.random.default_rng(0))
    assert np.isfinite(path.gain).all() and np.isfinite(path.added).all()


def test_the_order_of_a_composition_counts():
    x, gain, base = counts(), Gain(0.4), Baseline(0.5)
    one, other = (
        Compose(parts).sample(x, 1.0, np.random.default_rng(0)) for parts in ((gain, base), (base, gain))
    )
    mean, first = x.mean(axis=0), np.random.default_rng(0)
    g = np.exp(0.4 * first.standard_normal(40))
    np.testing.assert_allclose(one.added[0], 0.5 * first.random(40) * mean)
    first = np.random.default_rng(0)
    share, h = first.random(40), np.exp(0.4 * first.standard_normal(40))
    np.testing.assert_allclose(other.added[0], 0.5 * share * mean * h)
    np.testing.assert_allclose(one.gain[0], g)


def test_common_gains_are_correlated_as_stated():
    rng = np.random.default_rng(0)
    logs = np.array([np.log(Common(0.5, 0.6).sample(MANY[:, :8], 2.0, rng).gain[0]) for _ in range(6000)])
    assert within(logs.std(), 1.0, 0.02)
    off = np.corrcoef(logs.T)[np.triu_indices(8, 1)]
    assert np.abs(off - 0.6).max() < 5 / np.sqrt(6000)


def test_noise_keeps_the_mean_and_halves_the_modulation():
    x = np.random.default_rng(1).poisson(4.0, (20000, 6)).astype(np.float32)
    rng = np.random.default_rng(0)
    path = Noise().sample(x, 1.0, rng)
    noisy = apply_to_counts(x, path, rng)
    np.testing.assert_allclose(noisy.mean(axis=0), x.mean(axis=0), atol=5 * np.sqrt(4 / 20000))
    slope = [np.polyfit(x[:, c], noisy[:, c], 1)[0] for c in range(6)]
    np.testing.assert_allclose(slope, path.gain[0], atol=0.03)
    kept = Noise().sample(MANY, 1.0, rng).gain
    assert within(np.log(kept).mean(), -0.7, 0.7 / np.sqrt(12 * 4000)) and kept.min() > np.exp(-1.05) - 1e-9


def test_exchange_loses_no_signal_and_moves_every_chosen_channel():
    for severity, moved in ((1.0, 12), (0.1, 0), (9.0, 40)):
        source = Exchange(0.3).sample(counts(), severity, np.random.default_rng(0)).source[0]
        assert sorted(source) == list(range(40)) and (source != np.arange(40)).sum() in (moved, 0)
    alone = Exchange(1.0).sample(counts(3, 1), 1.0, np.random.default_rng(0))
    assert alone.is_identity


@pytest.mark.parametrize("edge", ["silent", "new"])
def test_shift_moves_units_to_neighbours(edge):
    place = np.array(UTAH)
    assert len(UTAH) == 96 and {(0, 0), (0, 9), (9, 0), (9, 9)}.isdisjoint(UTAH)
    seen = set()
    for seed in range(20):
        path = Shift(edge=edge).sample(counts(3, 96), 1.0, np.random.default_rng(seed))
        off = path.silent[0] | (path.unit[0] > 0)
        step = (place[path.source[0]] - place)[~off]
        assert len(np.unique(step, axis=0)) == 1 and np.abs(step[0]).sum() == 1
        wanted = [tuple(p + step[0]) not in UTAH for p in place]
        np.testing.assert_array_equal(off, wanted)
        assert path.changes_tuning == (edge == "new")
        seen.add(tuple(step[0]))
    assert len(seen) == 4
    half = Shift(edge=edge).sample(counts(3, 96), 0.5, np.random.default_rng(0))
    still = (half.source[0] == np.arange(96)) & ~half.silent[0] & (half.unit[0] == 0)
    assert within(still.mean(), 0.5, 0.5 / np.sqrt(96))


def test_shift_takes_a_grid_and_refuses_a_wrong_one():
    line = tuple((0, i) for i in range(5))
    x = counts(3, 5)
    paths = [Shift(2.0, grid=line).sample(x, 1.0, np.random.default_rng(s)) for s in range(12)]
    assert {int(path.silent.sum()) for path in paths} == {2, 5}
    with pytest.raises(NeurodriftError, match="5 electrodes"):
        Shift(grid=line).sample(counts(3, 6), 1.0, np.random.default_rng(0))
    with pytest.raises(NeurodriftError, match="edge"):
        Shift(edge="wrap")


def test_intermittent_electrodes_are_silent_as_often_as_stated():
    n, f, outage = 400, 0.3, 0.05
    path = Intermittent(f, outage).sample(np.ones((n, 3000), np.float32), 1.0, np.random.default_rng(0))
    assert not path.silent[0].any()
    u = np.arange(n) / n
    wanted = f * -np.expm1(-u / (outage * (1 - f)))
    assert np.abs(path.silent.mean(axis=1) - wanted).max() < 5 * np.sqrt(f / 3000) + 0.02
    lengths = [
        len(run)
        for c in range(300)
        for run in "".join("x" if s else " " for s in path.silent[:, c]).split()
        if len(run) < n
    ]
    assert within(np.mean(lengths), outage * n, 20 / np.sqrt(len(lengths)) + 1)
    assert (path.silent[:-1] & ~path.silent[1:]).any(), "none recovered"


@pytest.mark.parametrize("alike", [np.inf, 0.6])
def test_units_turn_over_as_two_poisson_processes(alike):
    drift, r = PoissonTurnover(0.02, 0.06, alike), 0.08
    days = over_days(drift, MANY, 31, seed=1)
    for d in (1, 7, 30):
        kept = np.exp(-r * d) if np.isinf(alike) else (1 + r * d / alike) ** -alike
        first = (days[d].unit[0] == 0) & ~days[d].silent[0]
        assert within(first.mean(), kept, np.sqrt(kept * (1 - kept) / 4000))
        gone = 1 - kept
        assert within(days[d].silent.mean(), 0.25 * gone, np.sqrt(0.25 * gone / 4000))
        at_once = drift.sample(MANY, float(d), np.random.default_rng(d))
        still = (at_once.unit[0] == 0) & ~at_once.silent[0]
        assert within(still.mean(), kept, np.sqrt(kept * (1 - kept) / 4000))
    # a unit that stayed is more likely to stay, where hazards differ
    there = [(day.unit[0] == 0) & ~day.silent[0] for day in days]
    early, late = there[10].mean() / there[0].mean(), there[30].mean() / there[20].mean()
    assert (late - early > 0.05) == np.isfinite(alike)


def test_sorted_units_survive_as_published():
    drift = sorted_units()
    for day, published in (
        (7, 0.57),
        (10, 0.43),
        (15, 0.39),
        (15, 0.67),
        (47, 0.31),
        (106, 0.21),
        (270, 0.08),
    ):
        share = (1 + (drift.loss + drift.appearance) * day / drift.alike) ** -drift.alike
        assert abs(share - published) < 0.22


def test_tuning_turns_and_shrinks_as_stated():
    rng = np.random.default_rng(0)
    turn = Rotation(30.0).sample(MANY, 2.0, rng).rotation
    assert within(np.cos(turn).mean(), np.exp(-(np.radians(60) ** 2) / 2), 0.5 / np.sqrt(4000))
    kept = np.log(Shrinkage(0.35).sample(MANY, 2.0, rng).depth)
    assert within(kept.mean(), -0.7, 0.7 / np.sqrt(12 * 4000))


def test_stabilized_bci_touches_as_many_channels_as_the_study():
    path = StabilizedBci().sample(counts(3, 83), 1.0, np.random.default_rng(0))
    assert (path.source[0] != np.arange(83)).sum() == 10 and path.silent.sum() == 5
    assert 60 <= (path.added > 0).sum() <= 68
    big = StabilizedBci().sample(MANY, 1.0, np.random.default_rng(0))
    added = big.added[big.added > 0]
    assert within(np.median(added), 2.03, 1.3 / np.sqrt(len(added)) + 0.02)


def test_scaled_is_the_drift_at_another_severity():
    x = counts()
    a = Scaled(Gain(), 2.0, 0.5).sample(x, 4.0, np.random.default_rng(0))
    assert same(a, Gain().sample(x, 4.0, np.random.default_rng(0)))
    with pytest.raises(NeurodriftError, match="positive"):
        Scaled(Gain(), power=0.0)


@schedules
@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_levels_start_at_zero_and_stay_in_bounds(schedule, n):
    levels = schedule.levels(n)
    assert levels.shape == (n,) and levels[0] == 0 and (levels >= 0).all() and (levels <= 1).all()
    assert n < 7 or levels.max() == 1


def test_schedules_are_what_they_say():
    assert (np.diff(SCHEDULES["gradual"]().levels(50)) > 0).all()
    assert SCHEDULES["abrupt"]().levels(10).tolist() == [0] * 5 + [1] * 5
    assert np.diff(Recurring(0.25, 0.5).levels(1000)).clip(0).sum() == 4
    for wrong in (lambda: Abrupt(1.0), lambda: Recurring(0.0), lambda: SCHEDULES["gradual"](0.5, 0.5)):  # type: ignore[call-arg]
        with pytest.raises(NeurodriftError):
            wrong()


@every
@schedules
def test_a_scheduled_drift_starts_at_the_identity_and_arrives(drift, schedule):
    x = counts(40)
    if drift.sample(x, 3.0, np.random.default_rng(0)).n_bins not in (None, 40):
        pytest.skip("no rows to schedule")
    path = Scheduled(drift, schedule).sample(x, 3.0, np.random.default_rng(5))
    whole = drift.sample(x, 3.0, np.random.default_rng(5)).expand(40)
    levels = schedule.levels(40)
    assert path.expand(40).at(slice(0, 1)).is_identity
    assert all(path.at(slice(t, t + 1)).is_identity for t in np.flatnonzero(levels == 0))
    for t in np.flatnonzero(levels == 1):
        assert same(path.at(slice(t, t + 1)), whole.at(slice(t, t + 1)))


def test_a_rising_level_changes_channels_one_by_one_and_numbers_smoothly():
    x = counts(101)
    path = Scheduled(Compose((Dropout(0.5), Gain()))).sample(x, 1.0, np.random.default_rng(0))
    assert (np.diff(path.silent.astype(int), axis=0) >= 0).all() and path.silent[-1].sum() == 20
    assert within(path.silent[50].sum(), 10, np.sqrt(5))
    kept = ~path.silent[-1]
    np.testing.assert_allclose(path.gain[50, kept], np.sqrt(path.gain[100, kept]), rtol=1e-12)
    late = ~path.silent[50] & path.silent[-1]
    assert late.any() and (path.gain[50, late] > 0).all()


def test_days_add_up_or_are_drawn_at_once():
    x = counts()
    days = over_days(Gain(), x, 4, severity=0.5, seed=7)
    assert days[0].is_identity and len(days) == 4 and all(day.n_bins is None for day in days)
    steps = [Gain().sample(x, 0.5, np.random.default_rng([7, d])).gain for d in (1, 2, 3)]
    np.testing.assert_allclose(days[3].gain, np.prod(steps, axis=0))
    back = over_days(Scheduled(Dropout(0.5), Recurring(0.5)), x, 9)
    assert [bool(day.silent.any()) for day in back] == [False, False, True, True] * 2 + [False]
    own = over_days(Daily(Turnover(0.1), Gain()), x, 5)
    assert own[0].is_identity and [int((d.unit > 0).sum()) for d in own][1] == 4
    assert all((a.unit[0] > 0)[b.unit[0] == 0].sum() == 0 for a, b in pairwise(own))
    assert within(np.corrcoef(np.log(own[3].gain), np.log(own[4].gain))[0, 1], 0, 1 / np.sqrt(40))
    with pytest.raises(NeurodriftError, match="0 days"):
        over_days(Gain(), x, 0)
    with pytest.raises(NeurodriftError, match="within a recording"):
        over_days(Compose((Scheduled(),)), x, 2)


def test_a_drifted_session_is_the_recording_with_other_counts():
    x = counts(30).astype(np.float32)
    names = tuple(map(str, range(40)))
    session = Session(x, np.zeros((30, 1)), 0.05, np.arange(30) * 0.05, names, ("v",))
    path = standard().sample(session, 1.0, np.random.default_rng(0))
    drifted = apply_to_session(session, path, seed=3)
    np.testing.assert_array_equal(drifted.counts, apply_to_counts(x, path, np.random.default_rng(3)))
    assert "simulated drift (seed 3)" in drifted.provenance[-1] and drifted.behavior is session.behavior
    same_counts = apply_to_session(session, DriftPath.identity(40))
    np.testing.assert_array_equal(same_counts.counts, x)


def test_depth_is_part_of_a_path():
    flat = replace(DriftPath.identity(3), depth=[0.5, 1.0, 2.0])
    assert flat.changes_tuning and "other tuning depth 2" in str(flat)
    np.testing.assert_allclose(flat.then(flat).depth, [[0.25, 1, 4]])
    fresh = flat.then(replace(DriftPath.identity(3), unit=[9, 0, 0]))
    np.testing.assert_allclose(fresh.depth, [[1, 1, 2]])
    with pytest.raises(NeurodriftError, match="depth"):
        replace(flat, depth=[-1, 1, 1])
