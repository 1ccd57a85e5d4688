"""The instability score and the change detector, on closed forms and on drifts that are known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from neurodrift.data.session import Session
from neurodrift.drift import (
    DRIFTS,
    ChangeDetector,
    Instability,
    apply_to_session,
    gaussian_divergence,
    standard,
)
from neurodrift.errors import NeurodriftError
from neurodrift.simulation import Encoder, simulate_session

SEEN = [name for name, make in DRIFTS.items() if make().on_counts]


@cache
def recording() -> Session:
    return simulate_session(Encoder.random(48, np.random.default_rng(0)), minutes=12, seed=0)


@cache
def fitted() -> Instability:
    return Instability(400).fit(recording().select(slice(0, 8000)))


def rest() -> Session:
    return recording().select(slice(8000, None))


def test_divergence_is_the_mean_of_the_log_ratio():
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(3, 3)) for _ in range(2))
    first, second = (m @ m.T + np.eye(3) for m in (a, b))
    mean, other = np.array([0.0, 1.0, -1.0]), np.array([0.5, 0.0, 0.0])
    p, q = multivariate_normal(mean, first), multivariate_normal(other, second)
    x = p.rvs(200000, random_state=1)
    ratio = p.logpdf(x) - q.logpdf(x)
    error = ratio.std() / np.sqrt(len(x))
    assert abs(gaussian_divergence(mean, first, other, second) - ratio.mean()) < 5 * error
    assert gaussian_divergence(mean, first, mean, first) == pytest.approx(0, abs=1e-12)


def test_an_array_that_stays_scores_like_its_reference():
    scores, null = fitted().scores(rest()), fitted().null
    assert len(scores) == len(rest()) // 400 and len(null) == 20
    spread = null.std() * np.sqrt(1 / len(null) + 1 / len(scores))
    assert abs(scores.mean() - null.mean()) < 4 * spread
    assert ChangeDetector().fit(null).first(scores) is None


@pytest.mark.parametrize("name", SEEN)
def test_every_drift_that_counts_can_express_is_seen(name):
    session = rest()
    path = DRIFTS[name]().sample(session, 2.0, np.random.default_rng(1))
    drifted = apply_to_session(session, path)
    scores = fitted().scores(drifted)
    assert scores[len(scores) // 2 :].mean() > 1.5 * fitted().null.mean()
    assert ChangeDetector().fit(fitted().null).first(scores) is not None


def test_scores_rise_with_severity():
    session, rising = rest(), []
    for severity in (0.0, 0.5, 1.0, 2.0):
        draws = [standard().sample(session, severity, np.random.default_rng(s)) for s in range(2)]
        rising.append(np.mean([fitted().scores(apply_to_session(session, path)).mean() for path in draws]))
    assert (np.diff(rising) > 0).all()


def test_it_names_the_channels_that_moved():
    session = rest()
    x = np.array(session.counts)
    x[:, 7] = 0
    x[:, 11] += 3
    moved = fitted().channels(x)
    assert set(np.argsort(moved)[-2:]) == {7, 11} and np.median(moved) < 0.01 < moved[[7, 11]].min()


def test_the_order_of_channels_does_not_count_and_ends_are_times():
    order = np.random.default_rng(0).permutation(48)
    x = recording().counts
    a = Instability(400).fit(x[:4800]).scores(x[4800:])
    b = Instability(400).fit(x[:4800, order]).scores(x[4800:, order])
    np.testing.assert_allclose(a, b, rtol=1e-6)
    ends = fitted().ends(rest())
    np.testing.assert_allclose(ends, rest().times[399::400][: len(ends)])


def test_false_alarms_are_as_rare_as_stated():
    rng, waits = np.random.default_rng(0), []
    detector = ChangeDetector()
    detector.fit([1.0, 2.0, 3.0])
    detector.mean, detector.deviation = 0.0, 1.0
    for _ in range(200):
        detector.reset()
        waits.append(next(i for i in range(10**6) if detector.update(np.exp(rng.standard_normal()))) + 1)
    assert np.mean(waits) == pytest.approx(930, abs=5 * 930 / np.sqrt(200))


def test_a_rise_is_found_soon_and_reset_forgets():
    detector = ChangeDetector().fit(np.exp(np.random.default_rng(0).normal(0, 1, 50)))
    later = np.exp(np.random.default_rng(1).normal(2, 1, 40))
    at = detector.first(later)
    assert at is not None and at < 12 and detector.alarm
    detector.reset()
    assert not detector.alarm and detector.sum == 0


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(NeurodriftError, match="3 windows"):
        Instability(400).fit(recording().counts[:900])
    with pytest.raises(NeurodriftError, match="components"):
        Instability(10, n_components=60).fit(recording().counts[:900])
    for wrong in ([1.0, 2.0], [1.0, 0.0, 2.0]):
        with pytest.raises(NeurodriftError, match="reference scores"):
            ChangeDetector().fit(wrong)


@pytest.mark.filterwarnings("ignore::neurodrift.errors.NeurodriftWarning")
def test_monkey_e_288_days_later_is_another_array(monkey_e):
    from neurodrift.data import read_session

    first, later = (
        read_session(file, behavior="intended_direction", trials="intuitive_mapping == True")
        for file in monkey_e
    )
    score = Instability(400).fit(first)
    assert score.scores(later).min() > score.null.max()
    assert ChangeDetector().fit(score.null).first(score.scores(later)) in (0, 1, 2)
