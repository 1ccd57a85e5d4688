"""Every drift in DRIFTS keeps the contract of its kind."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from neurodrift.data.session import Session
from neurodrift.drift import (
    DRIFTS,
    Baseline,
    Compose,
    DriftPath,
    Dropout,
    Gain,
    Swap,
    Turnover,
    apply_to_counts,
    draw_severity,
    stack,
    standard,
)
from neurodrift.errors import NeurodriftError
from neurodrift.simulation import Encoder

NO_NEW_UNIT = "recorded counts hold no unit that was not there"
NO_OTHER_TUNING = "recorded counts do not say what a unit tuned otherwise would have fired"
ENCODER_ONLY = {
    "turnover": NO_NEW_UNIT,
    "poisson_turnover": NO_NEW_UNIT,
    "sorted_units": NO_NEW_UNIT,
    "daily": NO_NEW_UNIT,
    "link": NO_NEW_UNIT,
    "rotation": NO_OTHER_TUNING,
    "shrinkage": NO_OTHER_TUNING,
}
STRONG = 4.0
ON_COUNTS = {name: drift for name, drift in DRIFTS.items() if name not in ENCODER_ONLY}
every = pytest.mark.parametrize("drift", [d() for d in DRIFTS.values()], ids=list(DRIFTS))
on_counts = pytest.mark.parametrize("drift", [d() for d in ON_COUNTS.values()], ids=list(ON_COUNTS))


def counts(n_bins: int = 200, n_channels: int = 40, seed: int = 0) -> np.ndarray:
    """Poisson counts whose means differ from channel to channel, .2 to 3 a bin."""
    return (
        np.random.default_rng(seed)
        .poisson(np.linspace(0.2, 3, n_channels), (n_bins, n_channels))
        .astype(np.float32)
    )


def same(a: DriftPath, b: DriftPath) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))


def varying(drift, x: np.ndarray, seed: int = 0) -> DriftPath:
    """A path that differs in every bin: bin t is that of the t-th of many draws."""
    rng = np.random.default_rng(seed)
    draws = [drift.sample(x, draw_severity(rng), rng) for _ in range(len(x))]
    return stack([d.at(slice(t, t + 1)) for t, d in enumerate(draws)])


def expected(x: np.ndarray, path: DriftPath) -> np.ndarray:
    """Mean drifted counts, written out one entry at a time."""
    path, out = path.expand(len(x)), np.zeros(x.shape)
    for t, c in np.ndindex(*x.shape):
        if not path.silent[t, c]:
            out[t, c] = path.gain[t, c] * x[t, path.source[t, c]] + path.added[t, c]
    return out


@every
def test_severity_zero_is_the_identity_and_more_is_not(drift):
    x = counts()
    assert drift.sample(x, 0.0, np.random.default_rng(1)).is_identity
    assert not drift.sample(x, STRONG, np.random.default_rng(1)).is_identity


@on_counts
def test_severity_zero_leaves_counts_alone(drift):
    x, rng = counts(), np.random.default_rng(1)
    np.testing.assert_array_equal(apply_to_counts(x, drift.sample(x, 0.0, rng), rng), x)


@every
def test_severity_zero_leaves_an_encoder_alone(drift):
    rng, x = np.random.default_rng(1), counts()
    encoder = Encoder.random(40, rng)
    velocity = rng.normal(0, 20, (len(x), 2))
    still = encoder.drifted(drift.sample(x, 0.0, rng), 0.05)
    np.testing.assert_array_equal(still.rates(velocity), encoder.rates(velocity))


@every
def test_same_seed_same_path(drift):
    x = counts()
    first, again, other = (drift.sample(x, STRONG, np.random.default_rng(s)) for s in (3, 3, 4))
    assert same(first, again) and not same(first, other)


@every
def test_a_session_is_sampled_like_its_counts(drift):
    x = counts(20)
    names = tuple(str(c) for c in range(x.shape[1]))
    session = Session(x, np.zeros((20, 1)), 0.045, np.arange(20) * 0.045, names, ("v",))
    a, b = (drift.sample(recording, 1.0, np.random.default_rng(5)) for recording in (session, x))
    assert same(a, b)


@every
def test_severity_must_be_a_number_from_zero(drift):
    for wrong in (-0.1, np.nan, np.inf):
        with pytest.raises(NeurodriftError, match="severity"):
            drift.sample(counts(5), wrong, np.random.default_rng(0))


@every
def test_what_only_an_encoder_can_express_is_refused_on_counts(drift, request):
    refused = request.node.callspec.id in ENCODER_ONLY
    assert drift.on_counts != refused
    x, rng = counts(5), np.random.default_rng(0)
    path = drift.sample(x, STRONG, rng)
    assert path.changes_tuning == refused
    if refused:
        with pytest.raises(NeurodriftError, match="simulated array"):
            apply_to_counts(x, path, rng)


@on_counts
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_counts_stay_counts_and_seeded(drift, dtype):
    x = counts().astype(dtype)
    before, path = x.copy(), varying(drift, x)
    a, b = (apply_to_counts(x, path, np.random.default_rng(7)) for _ in range(2))
    assert a.dtype == dtype and a.shape == x.shape and (a >= 0).all() and (a == np.floor(a)).all()
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(x, before)


@on_counts
@pytest.mark.parametrize("constant", [True, False])
def test_a_block_is_its_bins_one_by_one(drift, constant):
    x = counts(60)
    path = drift.sample(x, 1.5, np.random.default_rng(2)) if constant else varying(drift, x)
    whole = apply_to_counts(x, path, np.random.default_rng(9))
    rng = np.random.default_rng(9)
    bins = [apply_to_counts(x[t : t + 1], path.at(slice(t, t + 1)), rng) for t in range(len(x))]
    np.testing.assert_array_equal(whole, np.concatenate(bins))


@on_counts
def test_later_counts_do_not_reach_back(drift):
    x = counts(60)
    path, future = varying(drift, x), x.copy()
    future[30:] = counts(30, seed=8) + 2
    a, b = (apply_to_counts(c, path, np.random.default_rng(9)) for c in (x, future))
    np.testing.assert_array_equal(a[:30], b[:30])
    assert not np.array_equal(a[30:], b[30:])


@on_counts
def test_mean_counts_are_gain_times_count_plus_added(drift):
    x = counts(4000, 12)
    path = drift.sample(x, 1.0, np.random.default_rng(6))
    off = apply_to_counts(x, path, np.random.default_rng(1)) - expected(x, path)
    error = off.std(axis=0) / np.sqrt(len(x))
    assert (np.abs(off.mean(axis=0)) <= 5 * error).all()


@pytest.mark.parametrize("severity", [0.5, 1.0, 1.5])
def test_fractions_are_as_stated(severity):
    x, rng = counts(10, 200), np.random.default_rng(0)
    silent = Dropout().sample(x, severity, rng)
    moved = Swap().sample(x, severity, rng)
    assert silent.silent.sum() == round(0.1 * severity * 200)
    assert (moved.source != np.arange(200)).sum() == round(0.3 * severity * 200)
    assert (Turnover().sample(x, severity, rng).unit > 0).sum() == round(0.3 * severity * 200)
    drifted = apply_to_counts(x + 1, silent, rng)
    np.testing.assert_array_equal((drifted == 0).all(axis=0), silent.silent[0])
    both = standard().sample(x, severity, rng)
    assert both.silent.sum() == round(0.1 * severity * 200)
    assert (both.source != np.arange(200)).sum() == round(0.3 * severity * 200)


def test_a_replaced_channel_never_takes_itself():
    rng = np.random.default_rng(0)
    drawn = np.array([Swap(1.0).sample(counts(1, 4), 1.0, rng).source[0] for _ in range(2000)])
    assert (drawn != np.arange(4)).all()
    share = [(drawn[:, 0] == c).mean() for c in (1, 2, 3)]
    assert np.abs(np.array(share) - 1 / 3).max() < 5 * np.sqrt(2 / 9 / 2000)


def test_a_gain_below_one_thins_and_above_one_adds():
    x, rng, n = np.full((4000, 3), 20), np.random.default_rng(0), 4000
    drifted = apply_to_counts(x, replace(DriftPath.identity(3), gain=[0.3, 1.0, 1.5]), rng)
    less, alike, more = drifted.T
    assert less.max() <= 20 <= more.min() and (alike == 20).all()
    for spikes, variance in ((less, 20 * 0.3 * 0.7), (more, 20 * 0.5)):  # of a binomial, of a Poisson
        assert abs(spikes.var() - variance) < 5 * variance * np.sqrt(2.1 / n)


@pytest.mark.parametrize("severity", [0.5, 1.5])
def test_gain_and_baseline_are_spread_as_stated(severity):
    x, rng, n = counts(50, 4000), np.random.default_rng(0), 4000
    log_gain = np.log(Gain().sample(x, severity, rng).gain[0])
    assert abs(log_gain.mean()) < 5 * 0.4 * severity / np.sqrt(n)
    assert abs(log_gain.std() - 0.4 * severity) < 5 * 0.4 * severity / np.sqrt(2 * n)
    share = Baseline().sample(x, severity, rng).added[0] / x.mean(axis=0)
    top = 0.5 * severity
    assert 0 <= share.min() and share.max() < top * (1 + 1e-6)
    assert abs(share.mean() - top / 2) < 5 * top / np.sqrt(12 * n)


def test_severities_are_drawn_between_a_half_and_one_and_a_half():
    rng = np.random.default_rng(0)
    drawn = np.array([draw_severity(rng) for _ in range(2000)])
    assert 0.5 <= drawn.min() < 0.51 and 1.49 < drawn.max() <= 1.5
    assert abs(drawn.mean() - 1) < 5 / np.sqrt(12 * 2000)


def test_baseline_looks_at_valid_bins_only():
    x = np.ones((10, 2), np.float32)
    x[5:] = 100
    bins = np.arange(10) * 0.05
    session = Session(x, np.zeros((10, 1)), 0.05, bins, ("0", "1"), ("v",), valid=np.arange(10) < 5)
    assert Baseline(0.5).sample(session, 1.0, np.random.default_rng(0)).added.max() <= 0.5


@every
def test_one_channel_and_no_bins(drift):
    rng = np.random.default_rng(0)
    path = drift.sample(counts(0, 1), 1.0, rng)
    if drift.on_counts:
        assert apply_to_counts(counts(0, 1), path, rng).shape == (0, 1)


PARTS = [Swap(0.6), Gain(), Baseline(), Dropout(0.5)]


@pytest.mark.parametrize("seed", range(5))
def test_then_is_one_after_the_other_on_counts(seed):
    x, rng = counts(40, 12), np.random.default_rng(seed)
    drifts = rng.permutation(np.array(PARTS * 2, object))
    paths = [varying(d, x, seed) if k % 2 else d.sample(x, 1.0, rng) for k, d in enumerate(drifts)]
    mean, whole = x.astype(float), DriftPath.identity(12)
    for path in paths:
        mean, whole = expected(mean, path), whole.then(path)
    np.testing.assert_allclose(expected(x, whole), mean, rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_then_is_one_after_the_other_on_an_encoder(seed):
    rng, x = np.random.default_rng(seed), counts(1, 12)
    turned = replace(DriftPath.identity(12), rotation=rng.normal(size=12))
    drifts = rng.permutation(np.array([*PARTS, *PARTS, Turnover(0.4), Turnover(0.4)], object))
    first, whole = Encoder.random(12, rng), DriftPath.identity(12)
    encoder = first
    for path in [turned, *(d.sample(x, 1.0, rng) for d in drifts), turned]:
        encoder, whole = encoder.drifted(path, 0.05), whole.then(path)
    velocity = rng.normal(0, 20, (30, 2))
    np.testing.assert_allclose(
        first.drifted(whole, 0.05).rates(velocity), encoder.rates(velocity), rtol=1e-12
    )


def test_identity_is_neutral_and_then_is_associative():
    x, rng = counts(5, 12), np.random.default_rng(0)
    a, b, c = (Compose((standard(), Turnover(0.3))).sample(x, 1.0, rng) for _ in range(3))
    none = DriftPath.identity(12)
    assert same(none.then(a), a) and same(a.then(none), a)
    left, right = a.then(b).then(c), a.then(b.then(c))
    for f in fields(left):
        np.testing.assert_allclose(getattr(left, f.name), getattr(right, f.name), rtol=1e-12, err_msg=f.name)


def test_a_dead_channel_stays_dead_until_something_is_added():
    dead = replace(DriftPath.identity(2), silent=[True, False])
    assert dead.then(replace(DriftPath.identity(2), gain=[3.0, 3.0])).silent[0].tolist() == [True, False]
    noisy = dead.then(replace(DriftPath.identity(2), added=[0.5, 0.5]))
    assert noisy.gain[0, 0] == 0 and noisy.added[0, 0] == 0.5 and not noisy.silent.any()
    assert dead.then(replace(DriftPath.identity(2), source=[1, 0])).silent[0].tolist() == [False, True]


def test_paths_that_cannot_be_are_refused():
    none, rng = DriftPath.identity(3), np.random.default_rng(0)
    x = np.ones((4, 3))
    for part, value in {
        "source": [0, 1, 3],
        "gain": [1, -1, 1],
        "added": [0, np.nan, 0],
        "rotation": [np.inf, 0, 0],
        "unit": [-1, 0, 0],
    }.items():
        with pytest.raises(NeurodriftError, match=part):
            replace(none, **{part: value})
    with pytest.raises(NeurodriftError, match="fit together"):
        replace(none, gain=np.ones((4, 5)))
    with pytest.raises(NeurodriftError, match="5 bins"):
        apply_to_counts(x, replace(none, gain=np.ones((5, 3))), rng)
    with pytest.raises(NeurodriftError, match="channels"):
        none.then(DriftPath.identity(4))
    with pytest.raises(NeurodriftError, match=r"\(T, 3\)"):
        apply_to_counts(np.ones((4, 2)), none, rng)
    for wrong in (0.5, -1.0, np.nan):
        with pytest.raises(NeurodriftError, match="whole spikes"):
            apply_to_counts(x * wrong, none, rng)
