"""The simulated array does what its parameters say."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from neurodrift.data.session import Session
from neurodrift.drift import DriftPath, Dropout, Recurring, Scheduled
from neurodrift.errors import NeurodriftError
from neurodrift.simulation import Encoder, Population, Reaches, simulate_days, simulate_session


@cache
def days(seed: int = 0) -> list[Session]:
    return simulate_days(3, minutes=6, seed=seed)


def features(session: Session) -> np.ndarray:
    """Counts smoothed by 0.7 a bin, at lags of 0, 1 and 2 bins, (T, 3 C)."""
    smooth = np.array(session.counts, float)
    for t in range(1, len(smooth)):
        smooth[t] = 0.7 * smooth[t - 1] + 0.3 * smooth[t]
    padded = np.pad(smooth, ((2, 0), (0, 0)))
    return np.hstack([padded[2 - lag : len(padded) - lag] for lag in range(3)])


def r2(truth: np.ndarray, guess: np.ndarray) -> float:
    return float(1 - ((truth - guess) ** 2).sum() / ((truth - truth.mean(axis=0)) ** 2).sum())


def shallow(n: int = 20) -> Encoder:
    """Units that never reach the floor of rate 0, so that linear regression is exact for them."""
    preferred = np.linspace(-np.pi, np.pi, n, endpoint=False)
    ones = np.ones(n)
    return Encoder(30 * ones, 0.25 * ones, preferred, 0.1 * ones, ones, 0 * ones)


def regression(session: Session, lead: int) -> tuple[np.ndarray, np.ndarray]:
    """Least squares of rates on 1, vx, vy, speed `lead` bins later: coefficients, standard errors (4, C)."""
    n = len(session)
    v = session.behavior[lead:].astype(float) / 20
    x = np.column_stack([np.ones(n - lead), v, np.hypot(*v.T)])
    y = session.counts[: n - lead] / session.bin_width
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    rate = x @ beta / session.bin_width  # a Poisson rate: its variance is its mean, bin by bin
    inverse = np.linalg.inv(x.T @ x)
    errors = [np.sqrt(np.diag(inverse @ (x.T * rate[:, c]) @ x @ inverse)) for c in range(y.shape[1])]
    return beta, np.array(errors).T


def test_measured_tuning_is_the_stated_one():
    encoder = shallow()
    beta, error = regression(simulate_session(encoder, minutes=20, seed=3), lead=2)
    angle = encoder.preferred[0]
    stated = 30 * np.array([np.ones(20), 0.25 * np.cos(angle), 0.25 * np.sin(angle), np.full(20, 0.1)])
    assert (np.abs(beta - stated) < 5 * error).all()
    turned = np.abs(np.angle(np.exp(1j * (np.arctan2(beta[2], beta[1]) - angle))))
    assert turned.max() < 0.2


def test_neurons_lead_the_hand_by_the_lag():
    session = simulate_session(shallow(), minutes=10, seed=4)
    tuning = [np.hypot(*regression(session, lead)[0][1:3]).mean() for lead in range(6)]
    assert int(np.argmax(tuning)) == 2


def test_rates_are_the_formula_and_never_negative():
    encoder = Encoder.random(30, np.random.default_rng(0), population=Population(depth=2.0))
    velocity = np.random.default_rng(1).normal(0, 20, (50, 2))
    rates = encoder.rates(velocity)
    for t, c in np.ndindex(50, 30):
        speed, angle = np.hypot(*velocity[t]) / 20, np.arctan2(velocity[t, 1], velocity[t, 0])
        pull = encoder.depth[0, c] * np.cos(angle - encoder.preferred[0, c]) + encoder.speed[0, c]
        assert rates[t, c] == pytest.approx(encoder.rest[0, c] * max(0.0, 1 + speed * pull), abs=1e-9)
    assert (rates == 0).any()


def test_counts_are_poisson_given_the_rates():
    encoder = Encoder.random(96, np.random.default_rng(0))
    session = simulate_session(encoder, minutes=8, seed=1)
    where = np.random.default_rng([1, 0])
    expected = (
        encoder.rates(Reaches.random(session.times[-1] + 0.1, where).velocity(session.times + 0.1)) * 0.05
    )
    off = session.counts - expected
    fano = (off**2).sum() / expected.sum()
    error = np.sqrt((2 * expected**2 + expected).sum()) / expected.sum()  # the fourth moment of a Poisson
    assert abs(fano - 1) < 5 * error < 0.05
    assert np.abs(off.sum(axis=0) / np.sqrt(expected.sum(axis=0))).max() < 5


@pytest.mark.parametrize("constant", [True, False])
def test_a_path_changes_the_tuning_as_it_says(constant):
    encoder, velocity = shallow(6), np.random.default_rng(0).normal(0, 20, (9, 2))
    path = replace(
        DriftPath.identity(6),
        source=[5, 1, 2, 3, 4, 5],
        gain=[1, 2, 1, 1, 1, 1],
        added=[0, 0, 0.5, 0, 0, 0],
        silent=[False, False, False, True, False, False],
        rotation=[0, 0, 0, 0, np.pi / 3, 0],
        unit=[0, 0, 0, 0, 0, 77],
    )
    path = path if constant else path.expand(9)
    before, after = encoder.rates(velocity), encoder.drifted(path, 0.05).rates(velocity)
    np.testing.assert_allclose(after[:, 0], before[:, 5])
    np.testing.assert_allclose(after[:, 1], 2 * before[:, 1])
    np.testing.assert_allclose(after[:, 2], before[:, 2] + 10)
    np.testing.assert_array_equal(after[:, 3], 0)
    np.testing.assert_allclose(after[:, 4], before[:, 5])  # 60 degrees on is the next of six units
    rest, depth, preferred, speed = Population().draw(1, np.random.default_rng(77))
    new = Encoder(rest, depth, preferred, speed, np.ones(1), np.zeros(1))
    np.testing.assert_allclose(after[:, 5], new.rates(velocity)[:, 0])


def test_an_encoder_may_drift_within_a_session():
    n = 1200
    silent = np.zeros((n, 4), bool)
    silent[600:, 2] = True
    encoder = shallow(4).drifted(replace(DriftPath.identity(4), silent=silent), 0.05)
    counts = simulate_session(encoder, minutes=1, seed=0).counts
    assert counts[:600, 2].sum() > 500 and counts[600:, 2].sum() == 0 and counts[600:, 1].sum() > 500
    with pytest.raises(NeurodriftError, match="1200 bins"):
        simulate_session(encoder, minutes=2)
    with pytest.raises(NeurodriftError, match="4 channels"):
        encoder.drifted(DriftPath.identity(5), 0.05)


def test_reaches_arrive_at_their_targets():
    reaches = Reaches.random(60, np.random.default_rng(0))
    times = np.arange(0, 62, 0.001)
    hand = np.cumsum(reaches.velocity(times), axis=0) * 0.001
    at = hand[np.searchsorted(times, reaches.stop[reaches.stop < 61])]
    np.testing.assert_allclose(at, reaches.target[: len(at)], atol=0.05)
    assert (reaches.shown < reaches.onset).all() and (reaches.onset < reaches.end).all()
    assert (reaches.end < reaches.stop).all() and (reaches.stop[:-1] < reaches.shown[1:]).all()
    assert np.abs(reaches.target).max() <= 10 and len(at) > 30


def test_a_session_is_whole_and_says_that_it_is_simulated():
    session = days()[1]
    assert session.counts.shape == (7200, 96) and session.behavior_names == ("vx", "vy")
    assert session.behavior_unit == "cm/s" and session.subject == "simulated" and session.labelled.all()
    assert session.times[0] == pytest.approx(0.05) and session.times[-1] == pytest.approx(360)
    assert (
        session.provenance[0].startswith("simulated, not recorded")
        and "drift since day 0" in session.provenance[1]
    )
    starts = [day.start for day in days()]
    assert all(start is not None and start.tzinfo is not None for start in starts)
    assert [(start - starts[0]).days for start in starts] == [0, 7, 14]
    assert len({day.identifier for day in days()}) == 3
    for row, trial in session.trials.iterrows():
        bins = np.flatnonzero(session.trial == row)
        centres = session.times - 0.025
        inside = (centres >= trial.start_time) & (centres < trial.stop_time)
        np.testing.assert_array_equal(bins, np.flatnonzero(inside))


def test_rates_are_those_of_an_array():
    rates = days()[0].counts.mean(axis=0) / 0.05
    assert 8 < rates.mean() < 16 and rates.std() > 4 and rates.max() < 100


def test_the_same_seed_gives_the_same_days_and_days_differ():
    again, other = simulate_days(2, minutes=0.5, seed=0), simulate_days(2, minutes=0.5, seed=1)
    once_more = simulate_days(2, minutes=0.5, seed=0)
    for a, b in zip(again, once_more, strict=True):
        np.testing.assert_array_equal(a.counts, b.counts)
        np.testing.assert_array_equal(a.behavior, b.behavior)
        assert a.provenance == b.provenance
    assert not np.array_equal(again[0].counts, other[0].counts)
    assert not np.array_equal(again[0].behavior, again[1].behavior)


def test_without_severity_the_array_stays():
    still = simulate_days(2, minutes=2, severity=0.0, seed=2)
    a, b = (day.counts.mean(axis=0) for day in still)
    moved = simulate_days(2, minutes=2, severity=1.0, seed=2)[1].counts.mean(axis=0)
    assert np.corrcoef(a, b)[0, 1] > 0.97 > 0.95 > np.corrcoef(a, moved)[0, 1]
    assert "none changed" in still[1].provenance[1]


def test_drift_adds_up_and_dead_channels_stay_dead():
    drifting = simulate_days(4, minutes=1, drift=Dropout(0.2), severity=[1, 0, 0.5], n_channels=50, seed=0)
    dead = [set(np.flatnonzero(day.counts.sum(axis=0) == 0)) for day in drifting]
    assert len(dead[0]) == 0 and len(dead[1]) == 10 and dead[1] == dead[2] and dead[2] < dead[3]


def test_a_drift_with_a_course_over_days_is_drawn_once():
    back = Scheduled(Dropout(0.5), Recurring(0.5))
    days = simulate_days(5, minutes=0.5, drift=back, n_channels=20, seed=1)
    dead = [set(np.flatnonzero(day.counts.sum(axis=0) == 0)) for day in days]
    assert [len(d) for d in dead] == [0, 10, 0, 10, 0] and dead[1] == dead[3]
    with pytest.raises(NeurodriftError, match="one severity"):
        simulate_days(3, minutes=0.1, drift=back, severity=[1.0, 0.5])


def test_severities_and_lengths_that_do_not_fit_are_refused():
    with pytest.raises(NeurodriftError, match="2 severities for 2 days"):
        simulate_days(2, severity=[1, 1])
    with pytest.raises(NeurodriftError, match="no bin"):
        simulate_session(shallow(), minutes=0)


@pytest.mark.parametrize("seed", range(3))
def test_a_decoder_loses_on_later_days_and_retraining_restores_it(seed):
    x, y = zip(*((features(day), day.behavior) for day in days(seed)), strict=True)
    n = 4320

    def score(train: int, test: int) -> float:
        model = Ridge(30.0).fit(x[train][:n], y[train][:n])
        return r2(y[test][n:], model.predict(x[test][n:]))

    assert 0.75 < score(0, 0) < 0.9
    for day in (1, 2):
        assert score(day, day) > 0.75 and score(0, day) < score(0, 0) - 0.1
