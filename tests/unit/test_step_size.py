"""lr="auto": chosen on the training day's tail, the same whatever is run side by side."""

from __future__ import annotations

import inspect
from dataclasses import replace

import numpy as np
import pytest

from neurodrift.data.session import Session
from neurodrift.decoders import RecurrentDecoder
from neurodrift.errors import NeurodriftError
from neurodrift.evaluation import step_size
from neurodrift.evaluation.step_size import GRIDS, choose_step_size
from neurodrift.learn import OPTIMIZERS
from neurodrift.learn.optim import SGD, RMSprop
from neurodrift.learn.rules import RTRL
from tests.sessions import days, trained

GRID = (1e-5, 1e-3, 0.3)


def tail(n: int = 500) -> Session:
    return days()[0].select(slice(len(days()[0]) - n, None))


def learning(seeds: tuple[int, ...] = (0, 1)) -> RecurrentDecoder:
    return trained().replicate(seeds, optimizer=RMSprop())


def test_every_optimizer_has_a_half_decade_grid() -> None:
    assert set(GRIDS) == set(OPTIMIZERS)
    for grid in GRIDS.values():
        np.testing.assert_allclose(np.diff(np.log10(grid)), 0.5, atol=0.03)


def test_it_is_given_no_test_day() -> None:
    sessions = [
        name
        for name, p in inspect.signature(choose_step_size).parameters.items()
        if "Session" in str(p.annotation)
    ]
    assert sessions == ["tail"]


def test_it_returns_the_best_mean_of_its_grid() -> None:
    found = choose_step_size(learning(), tail(), "training_day", grid=GRID)
    assert found.grid == GRID
    assert found.r2.shape == (3 * 2, 3)
    assert found.chosen == GRID[int(np.argmax(found.r2.mean(axis=0)))]
    assert found.chosen != 0.3, "a step size that wrecks the decoder must lose"
    assert len({tuple(row) for row in found.r2}) == 6, "draws and seeds must differ"


def test_its_scores_are_those_of_one_run_each() -> None:
    """One seed, one draw, one step size at a time: replicas only save time."""
    together = choose_step_size(learning(), tail(), "test_day_start", grid=GRID, draws=1)
    for s in (0, 1):
        for i, lr in enumerate(GRID):
            alone = choose_step_size(learning((s,)), tail(), "test_day_start", grid=(lr,), draws=1)
            assert alone.r2[0, 0] == pytest.approx(together.r2[s, i], abs=2e-3)


@pytest.mark.parametrize("normalization", ["training_day", "test_day_start"])
def test_running_in_chunks_changes_nothing(normalization: str, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = learning().replicate([0, 1], rule=RTRL())
    short = tail(200)
    whole = choose_step_size(decoder, short, normalization, grid=GRID[:2], draws=2)
    calls, score = [], step_size._score

    def counted(*args: object) -> list[float]:
        calls.append(len(args[1]))  # type: ignore[arg-type]
        return score(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(step_size, "_score", counted)
    monkeypatch.setattr(step_size, "MEMORY", 3 * 2 * 4 * RTRL().trace_size(1, *decoder.learner.w.shape[1:]))
    parts = choose_step_size(decoder, short, normalization, grid=GRID[:2], draws=2)
    assert calls == [3, 3, 2]
    assert parts.chosen == whole.chosen
    np.testing.assert_allclose(parts.r2, whole.r2, atol=1e-3)


def test_the_same_seed_repeats_another_draws_anew_and_the_decoder_stays() -> None:
    decoder = learning()
    w = decoder.learner.w.clone()
    a, b, c = (
        choose_step_size(decoder, tail(), "training_day", grid=GRID[:2], draws=2, seed=seed)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(a.r2, b.r2)
    assert (a.r2 != c.r2).all()
    assert bool((decoder.learner.w == w).all())
    assert decoder.optimizer.lr == RMSprop().lr


def test_labels_of_the_scored_part_do_not_adapt(monkeypatch: pytest.MonkeyPatch) -> None:
    s = tail()
    cut = round(len(s) * 0.6)
    other = s.behavior.copy()
    other[cut:] += 40
    decoded: list[list[np.ndarray]] = []

    def kept(y: np.ndarray, y_hat: np.ndarray) -> float:
        decoded[-1].append(y_hat)
        return 0.0

    monkeypatch.setattr(step_size, "r2", kept)
    for behavior in (s.behavior, other):
        decoded.append([])
        choose_step_size(learning(), replace(s, behavior=behavior), "training_day", grid=GRID, draws=1)
    np.testing.assert_array_equal(*decoded)
    assert len(decoded[0]) == 6


def test_warm_up_survives_where_state_is_reset_over_gaps() -> None:
    """Without a gap near the cut, both ways of treating gaps are the same run."""
    a, b = (
        choose_step_size(learning((0,)), tail(), "training_day", grid=(1e-3,), draws=1, over_gaps=how)
        for how in ("carry", "reset")
    )
    np.testing.assert_array_equal(a.r2, b.r2)


def test_too_few_labels_and_no_finite_score_are_errors() -> None:
    s = tail()
    for part in (slice(0, 300), slice(300, 500)):
        behavior = s.behavior.copy()
        behavior[part] = np.nan
        with pytest.raises(NeurodriftError, match="too few"):
            choose_step_size(learning(), replace(s, behavior=behavior), "training_day")
    wild = trained().replicate([0], optimizer=SGD())
    with pytest.raises(NeurodriftError, match="finite"):
        choose_step_size(wild, s, "training_day", grid=(float("inf"),), draws=1)
