"""Recovery and its interval, against a bootstrap written out in loops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score

from neurodrift.data.session import Session
from neurodrift.evaluation.metrics import r2
from neurodrift.evaluation.recovery import SMALLEST_GAP, recovery
from neurodrift.evaluation.statistics import Resampler, Scores, blocks_of

SEEDS, DRAWS = 3, 60


def labels(n_blocks: int = 12, length: int = 25, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two axes, and blocks of unlike length whose labels are nearly constant."""
    rng = np.random.default_rng(seed)
    block = np.repeat(np.arange(n_blocks), rng.integers(length // 2, 2 * length, n_blocks))
    return 3 + rng.normal(size=(n_blocks, 2))[block] + 0.1 * rng.normal(size=(len(block), 2)), block


def decoded(y: np.ndarray, noise: float, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [y + noise * (1 + 0.2 * s) * rng.normal(size=y.shape) for s in range(SEEDS)]


def by_hand(resampler: Resampler, y: np.ndarray, block: np.ndarray, seeds: list[np.ndarray]) -> np.ndarray:
    """The mean R2 of the drawn seeds on the drawn blocks: bins repeated as often as their block was drawn."""
    out = []
    for weights, drawn in zip(resampler.weights, resampler.seed_draws, strict=True):
        rows = np.concatenate([np.tile(np.flatnonzero(block == b), int(w)) for b, w in enumerate(weights)])
        scores = [r2_score(y[rows], p[rows], multioutput="variance_weighted") for p in seeds]
        out.append(np.mean([scores[s] for s in drawn]))
    return np.array(out)


def test_the_bootstrap_resamples_blocks_and_seeds() -> None:
    y, block = labels()
    resampler, seeds = Resampler(y, block, SEEDS, draws=DRAWS), decoded(y, 0.5, 1)
    scores = resampler.scores(seeds)
    np.testing.assert_allclose(scores.samples, by_hand(resampler, y, block, seeds), atol=1e-10)
    np.testing.assert_allclose(scores.seeds, [r2(y, p) for p in seeds], atol=1e-12)
    assert scores.mean == pytest.approx(np.mean([r2(y, p) for p in seeds]))
    np.testing.assert_allclose(scores.interval(), np.percentile(scores.samples, [2.5, 97.5]))


def test_draws_are_as_many_blocks_and_seeds_as_there_are_and_repeat_with_the_seed() -> None:
    y, block = labels()
    a, b, c = (Resampler(y, block, SEEDS, draws=DRAWS, seed=s) for s in (0, 0, 1))
    assert set(a.weights.sum(axis=1)) == {12.0}
    assert a.seed_draws.shape == (DRAWS, SEEDS)
    assert set(np.unique(a.seed_draws)) == set(range(SEEDS))
    np.testing.assert_array_equal(a.weights, b.weights)
    assert (a.weights != c.weights).any()


def test_one_decoder_for_all_seeds_is_a_decoder_repeated() -> None:
    y, block = labels()
    resampler, one = Resampler(y, block, SEEDS, draws=DRAWS), decoded(y, 0.5, 1)[0]
    alone, repeated = resampler.scores([one]), resampler.scores([one] * SEEDS)
    np.testing.assert_allclose(alone.samples, repeated.samples, atol=1e-12)
    np.testing.assert_allclose(alone.seeds, repeated.seeds, atol=1e-12)


def test_recovery_is_paired_and_of_means() -> None:
    y, block = labels()
    resampler = Resampler(y, block, SEEDS, draws=DRAWS)
    bad, half, good = (decoded(y, noise, seed) for noise, seed in ((0.9, 1), (0.5, 2), (0.2, 3)))
    got = recovery(*(resampler.scores(p) for p in (half, bad, good)))
    f, m, g = (np.mean([r2(y, p) for p in ps]) for ps in (bad, half, good))
    assert got.mean == pytest.approx((m - f) / (g - f), abs=1e-12)
    slow_f, slow_m, slow_g = (by_hand(resampler, y, block, p) for p in (bad, half, good))
    ratio = (slow_m - slow_f) / (slow_g - slow_f)
    np.testing.assert_allclose([got.low, got.high], np.percentile(ratio, [2.5, 97.5]), atol=1e-10)
    assert got.low < got.mean < got.high
    assert got.why == ""


def test_frozen_recovers_nothing_and_retrained_all() -> None:
    y, block = labels()
    resampler = Resampler(y, block, SEEDS, draws=DRAWS)
    frozen, retrained = (resampler.scores(decoded(y, noise, seed)) for noise, seed in ((0.9, 1), (0.2, 3)))
    assert recovery(frozen, frozen, retrained)[:3] == (0.0, 0.0, 0.0)
    assert recovery(retrained, frozen, retrained)[:3] == (1.0, 1.0, 1.0)


def test_more_than_retrained_and_worse_than_frozen_are_told() -> None:
    y, block = labels()
    resampler = Resampler(y, block, SEEDS, draws=DRAWS)
    worst, frozen, retrained, best = (
        resampler.scores(decoded(y, noise, 1)) for noise in (1.1, 0.8, 0.4, 0.1)
    )
    assert recovery(best, frozen, retrained).low > 1
    assert recovery(worst, frozen, retrained).high < 0


def test_equal_days_leave_nothing_to_recover() -> None:
    y, block = labels()
    resampler = Resampler(y, block, SEEDS, draws=DRAWS)
    one, same = resampler.scores(decoded(y, 0.4, 1)), resampler.scores(decoded(y, 0.4, 2))
    for reference in (one, same):
        got = recovery(one, one, reference, "finetuned")
        assert np.isnan(got[:3]).all()
        assert got.why.startswith("nothing to recover: finetuned is ")
        assert str(SMALLEST_GAP) in got.why


@pytest.mark.parametrize(("low", "told"), [(SMALLEST_GAP - 1e-6, False), (SMALLEST_GAP + 1e-6, True)])
def test_a_ratio_needs_a_gap_whose_lower_bound_is_large_enough(low: float, told: bool) -> None:
    frozen = Scores(np.zeros(1), np.zeros(1000))
    reference = Scores(np.full(1, low), np.full(1000, low))
    assert (recovery(reference, frozen, reference).why == "") == told


def session(trial: list[int], width: float = 0.05) -> Session:
    n = len(trial)
    rows = max(trial, default=-1) + 1
    return Session(
        counts=np.zeros((n, 1)),
        behavior=np.zeros((n, 1)),
        bin_width=width,
        times=width * np.arange(1, n + 1),
        channels=("0",),
        behavior_names=("x",),
        trial=np.array(trial),
        trials=pd.DataFrame({"start_time": np.arange(rows), "stop_time": np.arange(rows) + 1}),
    )


def test_blocks_are_trials_where_every_bin_has_one() -> None:
    s = session([0, 0, 1, 1, 1, 4])
    keep = np.array([True, False, True, True, False, True])
    block, kind = blocks_of(s, keep)
    assert kind == "trials"
    assert block.tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize("trial", [[-1] * 600, [0] * 300 + [-1] * 300, [0] * 600])
def test_blocks_are_ten_seconds_where_trials_do_not_serve(trial: list[int]) -> None:
    block, kind = blocks_of(session(trial), np.ones(600, bool))
    assert kind == "10 s"
    assert len(np.unique(block)) == 3
    assert np.bincount(block).tolist() == [200, 200, 200]
