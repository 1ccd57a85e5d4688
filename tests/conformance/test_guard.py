"""The guard: sound streams pass, hostile ones leave finite weights and a score near frozen's; for cells and rules."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from neurodrift.data.session import Session
from neurodrift.decoders import Recipe, RecurrentDecoder
from neurodrift.errors import NeurodriftError
from neurodrift.evaluation.metrics import r2
from neurodrift.evaluation.prequential import stream
from neurodrift.learn import CELLS, OPTIMIZERS, RULES
from neurodrift.learn.guard import UpdateGuard
from neurodrift.learn.optim import SGD, RMSprop
from neurodrift.simulation.hostile import HOSTILE, STAYS
from tests.sessions import days, trained

BOUND = 0.1  # R2 that a hostile stream may cost a guarded decoder, against the frozen one


def sound(session: Session) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(session.counts, np.float32), np.where(
        session.labelled[:, None], session.behavior, np.nan
    )


def feed(decoder: RecurrentDecoder, counts: np.ndarray, labels: np.ndarray, lag: int = 0) -> np.ndarray:
    answers = []
    for t, x in enumerate(counts):
        answers.append(decoder.predict(x))
        if t >= lag:
            decoder.update(labels[t - lag], lag)
    return np.stack(answers)


def score(decoder: RecurrentDecoder, session: Session) -> float:
    return r2(session.behavior[session.labelled], stream(decoder, session, learn=False)[session.labelled])


@cache
def able() -> RecurrentDecoder:
    """A decoder worth guarding."""
    first = days(n_channels=64, severity=1.0)[0]
    return RecurrentDecoder(CELLS["rnn"](), 16, recipe=Recipe(epochs=12, window=30, batch=8)).fit([first])


def halves() -> tuple[Session, Session]:
    second = days(n_channels=64, severity=1.0)[1]
    return second.select(slice(0, 1800)), second.select(slice(1800, None))


@pytest.mark.parametrize("name", list(HOSTILE))
@pytest.mark.parametrize("from_part", [0.0, pytest.param(0.5, marks=pytest.mark.slow)])
def test_a_hostile_stream_costs_a_guarded_decoder_little(name: str, from_part: float) -> None:
    early, later = halves()
    if name in STAYS:
        later = replace(later, counts=HOSTILE[name](later, 0, np.random.default_rng(0)).counts)
    decoder = able()
    frozen = score(decoder.replicate([0], learns="nothing"), later)
    guarded = decoder.replicate([0], optimizer=RMSprop(3e-3), average=100, guard=UpdateGuard())
    begin = round(from_part * len(early))
    counts, labels = HOSTILE[name](early, begin, np.random.default_rng(0))
    answers = feed(guarded, counts, labels)
    assert np.isfinite(answers).all()
    kept = guarded.averaged()
    for decoder in (guarded, kept):
        assert all(bool(w.isfinite().all()) for w in (decoder.learner.w, decoder.learner.w_out))
    assert score(kept, later) > frozen - BOUND


@pytest.mark.parametrize("name", ["shuffled labels", "stuck labels", "overflow"])
def test_without_a_guard_the_same_streams_ruin_it(name: str) -> None:
    """What the bound above is worth: the streams are hostile indeed."""
    early, later = halves()
    decoder = able()
    frozen = score(decoder.replicate([0], learns="nothing"), later)
    bare = decoder.replicate([0], optimizer=RMSprop(3e-3), average=100)
    feed(bare, *HOSTILE[name](early, 0, np.random.default_rng(0)))
    assert not score(bare.averaged(), later) > frozen - BOUND


def test_on_a_sound_stream_the_guard_ends_up_answering_with_what_was_learned() -> None:
    early, later = halves()
    frozen, bare, guarded = (
        able().replicate([0], optimizer=RMSprop(1e-3), average=100, **more)
        for more in ({"learns": "nothing"}, {}, {"guard": UpdateGuard()})
    )
    feed(bare, *sound(early))
    feed(guarded, *sound(early))
    r_frozen, r_bare, r_guarded = (score(d.averaged(), later) for d in (frozen, bare, guarded))
    assert r_bare > r_frozen + 0.1
    assert r_guarded > r_bare - 0.02
    report = guarded.guard_report
    assert report is not None and int(report.rollbacks) == 0
    assert int(report.trusted) > int(report.windows) // 2


@pytest.mark.parametrize("cell", list(CELLS))
@pytest.mark.parametrize(("rule", "optimizer"), [("immediate", "sgd"), ("rtrl", "adam"), ("uoro", "rmsprop")])
def test_no_step_size_leaves_weights_that_are_not_finite(cell: str, rule: str, optimizer: str) -> None:
    session = days()[1].select(slice(0, 120))
    guarded = trained(cell).replicate(
        [0, 1],
        rule=RULES[rule](),
        optimizer=OPTIMIZERS[optimizer](1e8),
        clip=1e30,
        guard=UpdateGuard(window=10, max_change=0.3),
    )
    answers = feed(guarded, *sound(session))
    assert np.isfinite(answers).all()
    assert bool(guarded.learner.w.isfinite().all()) and bool(guarded.learner.w_out.isfinite().all())


@pytest.mark.parametrize("cell", list(CELLS))
@pytest.mark.parametrize("lag", [0, 2])
def test_no_update_moves_the_present_prediction_farther_than_allowed(cell: str, lag: int) -> None:
    session = days()[1].select(slice(0, 60))
    bound = 0.05
    guarded = trained(cell).replicate(
        [0, 1], optimizer=SGD(1.0), max_lag=lag, guard=UpdateGuard(max_change=bound)
    )
    learner = guarded.learner
    moved = 0.0
    counts, labels = sound(session)
    for t, x in enumerate(counts):
        guarded.predict(x)
        before = learner._answer((learner.w.clone(), learner.w_out.clone()))
        if t >= lag:
            guarded.update(labels[t - lag], lag)
        change = float((learner._answer((learner.w, learner.w_out)) - before).norm(dim=1).max())
        assert change <= bound * 1.001
        moved = max(moved, change)
    assert moved > bound / 3
    assert bool((learner.report.updates_bounded > 5).all())


def test_a_guard_that_nothing_reaches_changes_no_weight() -> None:
    session = days()[1].select(slice(0, 400))
    inf = float("inf")
    wide = UpdateGuard(max_change=inf, max_input=1e9, max_label=inf, band=inf)
    bare, guarded = (
        trained("gru").replicate([0, 1], optimizer=RMSprop(1e-3), average=20, guard=g) for g in (None, wide)
    )
    feed(bare, *sound(session))
    feed(guarded, *sound(session))
    assert torch.equal(bare.learner.w, guarded.learner.w)
    assert torch.equal(bare.learner.w_out, guarded.learner.w_out)


def test_replicas_are_judged_alone() -> None:
    session = days()[1].select(slice(0, 600))
    guard = UpdateGuard(window=20)
    both = trained("rnn").replicate([0, 1], optimizer=RMSprop([1e-3, 3e-2]), guard=guard)
    answers = feed(both, *sound(session))
    for r, lr in enumerate((1e-3, 3e-2)):
        alone = trained("rnn").replicate([r], optimizer=RMSprop(lr), guard=guard)
        np.testing.assert_allclose(feed(alone, *sound(session)), answers[:, r], rtol=1e-3, atol=1e-4)
        mine, others = alone.guard_report, both.guard_report
        assert mine is not None and others is not None
        for name, value in others.as_dict().items():
            assert mine.as_dict()[name][0] == pytest.approx(value[r], rel=0.05), name


def test_weights_that_diverge_go_back_and_at_last_freeze_until_thawed() -> None:
    session = days()[1].select(slice(0, 500))
    guard = UpdateGuard(window=10, max_change=float("inf"), patience=2, band=1.5)
    guarded = trained("rnn").replicate([0], optimizer=SGD(3.0), clip=1e9, guard=guard)
    start = guarded.learner.w.clone()
    feed(guarded, *sound(session))
    learner, report = guarded.learner, guarded.guard_report
    assert report is not None and int(report.rollbacks) == 2
    assert bool(learner.frozen.all())
    assert torch.equal(learner.w, learner.good.w)
    assert torch.equal(learner.good.w, start), "nothing it learned was worth keeping"
    learner.thaw()
    feed(guarded, *sound(session.select(slice(0, 15))))
    assert not torch.equal(learner.w, start)


def test_late_labels_of_bins_that_a_roll_back_dropped_are_passed_over() -> None:
    session = days()[1].select(slice(0, 200))
    guard = UpdateGuard(window=5, max_change=float("inf"), band=1.01)
    guarded = trained("rnn").replicate([0], optimizer=SGD(3.0), clip=1e9, max_lag=4, guard=guard)
    assert np.isfinite(feed(guarded, *sound(session), lag=4)).all()
    report = guarded.guard_report
    assert report is not None and int(report.rollbacks) > 0
    fresh = trained("rnn").replicate([0], guard=UpdateGuard())
    with pytest.raises(NeurodriftError, match="none was made"):
        fresh.update(session.behavior[0])


def test_without_a_guard_counts_and_labels_that_are_not_finite_are_errors_that_name_the_channel() -> None:
    decoder, session = trained("rnn").replicate([0]), days()[1]
    x = np.array(session.counts[0], np.float32)
    x[3] = np.nan
    with pytest.raises(NeurodriftError, match=r"channel 3 .* nan"):
        decoder.predict(x)
    with pytest.raises(NeurodriftError, match="channel 3"):
        decoder.run(x[None], np.full((1, 2), np.nan), np.zeros(1, bool))
    decoder.predict(session.counts[0])
    with pytest.raises(NeurodriftError, match="infinite"):
        decoder.update(np.array([np.inf, 0.0]))


def test_a_channel_that_is_not_finite_is_held_where_it_was() -> None:
    session = days()[1].select(slice(0, 80))
    counts = np.array(session.counts, np.float32)
    counts[40:, 5] = np.nan
    guarded = trained("gru").replicate(
        [0], learns="all", optimizer=SGD(0.0), guard=UpdateGuard(max_input=1e9)
    )
    plain = trained("gru").replicate([0], learns="nothing")
    answers = [guarded.predict(x) for x in counts]
    smoothed, keep = 0.0, plain.recipe.smoothing
    filled = counts.copy()
    for t in range(len(counts)):
        if np.isnan(filled[t, 5]):
            filled[t, 5] = smoothed
        smoothed = keep * smoothed + (1 - keep) * filled[t, 5]
    np.testing.assert_allclose(answers, [plain.predict(x) for x in filled], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_change": 0},
        {"max_input": -1},
        {"max_label": float("nan")},
        {"window": 0},
        {"window": 2.5},
        {"patience": 0},
        {"memory": 0.5},
        {"band": 0},
    ],
    ids=str,
)
def test_a_setting_out_of_range_is_an_error_that_names_it(wrong: dict[str, float]) -> None:
    with pytest.raises(NeurodriftError, match=next(iter(wrong))):
        UpdateGuard(**wrong)  # type: ignore[arg-type]
