"""The protocol: who sees what and when, and what follows on recordings whose answer is known."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from neurodrift.data.binning import smooth
from neurodrift.data.normalize import ZScore
from neurodrift.data.nwb import read_session
from neurodrift.data.session import Session
from neurodrift.data.splits import split_session
from neurodrift.decoders import Recipe, RecurrentDecoder
from neurodrift.errors import NeurodriftError, NeurodriftWarning
from neurodrift.evaluation.metrics import r2
from neurodrift.evaluation.prequential import stream
from neurodrift.evaluation.protocol import (
    CHECKPOINTS,
    METHODS,
    START,
    adapted,
    baseline,
    frozen,
    heldout,
    prequential_mask,
    start_normalizer,
)
from neurodrift.evaluation.recovery import recovery
from neurodrift.evaluation.statistics import Resampler, Scores, blocks_of
from neurodrift.learn.optim import RMSprop
from tests.sessions import days, trained

FULL = Recipe(epochs=20)


class Spy:
    """Answers with the last label it was told, and writes down all it is asked and told."""

    def __init__(self, axes: int = 2) -> None:
        self.events: list[tuple[str, object, int]] = []
        self.last = np.zeros(axes)

    def fit(self, sessions: object) -> Spy:
        return self

    def reset(self) -> None:
        self.events.append(("reset", None, 0))

    def predict(self, x: np.ndarray) -> np.ndarray:
        self.events.append(("predict", x.copy(), 0))
        return self.last

    def update(self, target: np.ndarray | None, lag: int = 0) -> None:
        self.events.append(("update", None if target is None else target.copy(), lag))
        if target is not None and np.isfinite(target).all():
            self.last = target


def unrelated(n: int = 400) -> Session:
    """Labels drawn anew in every bin, one bin not valid and one without a label, and a gap in time."""
    rng = np.random.default_rng(0)
    times = 0.05 * np.arange(1, n + 1)
    times[200:] += 5
    behavior, valid = rng.normal(size=(n, 2)), np.ones(n, bool)
    behavior[50], valid[60] = np.nan, False
    return Session(
        counts=rng.poisson(2, (n, 3)),
        behavior=behavior,
        bin_width=0.05,
        times=times,
        channels=("a", "b", "c"),
        behavior_names=("x", "y"),
        valid=valid,
    )


def test_each_bin_is_answered_before_its_label_is_told() -> None:
    session, spy = unrelated(), Spy()
    stream(spy, session)
    assert [e[0] for e in spy.events] == ["predict", "update"] * len(session)
    asked, told = spy.events[::2], spy.events[1::2]
    np.testing.assert_array_equal(np.stack([e[1] for e in asked]), session.counts)
    labels = np.where(session.valid[:, None], session.behavior, np.nan)
    np.testing.assert_array_equal(np.stack([e[1] for e in told]), labels)
    assert np.isnan(told[50][1]).all() and np.isnan(told[60][1]).all()


@pytest.mark.parametrize("lag", [0, 1, 7])
def test_a_decoder_that_reads_the_label_gains_nothing_where_labels_are_unrelated(lag: int) -> None:
    session, spy = unrelated(), Spy()
    out = stream(spy, session, lag=lag)
    assert r2(session.behavior[session.labelled], out[session.labelled]) < 0
    told = [(i, e) for i, e in enumerate(e for e in spy.events if e[0] != "reset") if e[0] == "update"]
    assert len(told) == len(session) - lag
    assert {e[2] for _, e in told} == {lag}
    known = session.behavior[: len(session) - lag]
    np.testing.assert_array_equal(told[0][1][1], known[0])
    np.testing.assert_array_equal(told[100][1][1], known[100])


def test_no_label_is_told_where_nothing_is_to_be_learned() -> None:
    spy = Spy()
    stream(spy, unrelated(), learn=False)
    assert {e[0] for e in spy.events} == {"predict"}


@pytest.mark.parametrize("lag", [0, 2])
def test_gaps_reset_the_state_only_if_asked_and_no_label_crosses_them(lag: int) -> None:
    carried, spy = Spy(), Spy()
    stream(carried, unrelated(), lag=lag)
    stream(spy, unrelated(), lag=lag, over_gaps="reset")
    assert not [e for e in carried.events if e[0] == "reset"]
    kinds = [e[0] for e in spy.events]
    assert kinds.count("reset") == 2
    second = kinds.index("reset", 1)
    assert kinds[:second].count("predict") == 200
    assert kinds[second + 1 : second + 1 + lag + 1] == ["predict"] * (lag + 1)
    assert kinds.count("update") == 400 - 2 * lag
    with pytest.raises(NeurodriftError, match="over_gaps"):
        stream(spy, unrelated(), over_gaps="forget")


def test_held_out_predictions_cover_the_held_out_bins_after_a_warm_up() -> None:
    session, spy = days()[1], Spy()
    split = split_session(session)
    out = heldout(spy, session, split)
    assert out.shape == (1, split.heldout.sum(), 2)
    seen = np.stack([e[1] for e in spy.events if e[0] == "predict"])
    np.testing.assert_array_equal(seen, session.counts[np.flatnonzero(split.heldout)[0] - 200 :])
    assert {e[0] for e in spy.events} == {"predict", "reset"}


def learning(seeds: tuple[int, ...] = (0, 1), lr: float = 1e-3) -> RecurrentDecoder:
    return trained().replicate(seeds, optimizer=RMSprop(lr))


def test_adaptation_never_reads_the_held_out_block() -> None:
    session = days()[1].select(slice(0, 1200))
    split, rng = split_session(session), np.random.default_rng(0)
    later = ~split.adapt
    counts, behavior = session.counts.copy(), session.behavior.copy()
    counts[later], behavior[later] = rng.poisson(9, counts[later].shape), 1e3
    weights, before = [], []
    for s in (session, replace(session, counts=counts, behavior=behavior)):
        decoder = learning()
        before.append(adapted(decoder, s, split).prequential)
        weights.append(
            (decoder.learner.w, decoder.learner.w_out, start_normalizer(decoder, s.counts[split.adapt]).mean)
        )
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))
    np.testing.assert_array_equal(*before)
    assert not torch.equal(weights[0][0], trained().learner.w)


@pytest.mark.parametrize("name", ["frozen", "renormalized", "finetuned", "retrained", "ridge"])
def test_no_baseline_reads_held_out_labels(name: str) -> None:
    session = days()[1]
    split = split_session(session)
    behavior = session.behavior.copy()
    behavior[~split.adapt] = 1e3
    a, b = (
        baseline(name, trained(), s, split).heldout for s in (session, replace(session, behavior=behavior))
    )
    np.testing.assert_array_equal(a, b)
    assert a.shape == (1 if name == "ridge" else 2, split.heldout.sum(), 2)


def test_every_baseline_states_its_z_scores() -> None:
    assert set(METHODS) == {"frozen", "renormalized", "finetuned", "retrained", "ridge"}
    with pytest.raises(KeyError):
        baseline("adapted", trained(), days()[1], split_session(days()[1]))


def test_the_curve_runs_from_the_frozen_decoder_to_the_adapted_one() -> None:
    session = days()[1].select(slice(0, 1200))
    split, decoder = split_session(session), learning()
    outcome = adapted(decoder, session, split)
    n = int(split.adapt.sum())
    assert outcome.checkpoints == [round(f * n) for f in CHECKPOINTS]
    assert outcome.curve.shape == (len(CHECKPOINTS), 2, split.heldout.sum(), 2)
    np.testing.assert_allclose(
        outcome.curve[0], baseline("frozen", trained(), session, split).heldout, atol=1e-3
    )
    np.testing.assert_allclose(outcome.heldout, heldout(frozen(decoder, [0, 1]), session, split), atol=1e-3)
    half = learning()
    stream(half, session.select(split.adapt).select(slice(0, outcome.checkpoints[6])))
    np.testing.assert_allclose(outcome.curve[6], heldout(frozen(half, [0, 1]), session, split), atol=1e-3)
    assert outcome.update_us > 0


def test_prequential_predictions_are_made_before_their_labels() -> None:
    """Other labels from a bin on change no prediction up to it."""
    session = days()[1].select(slice(0, 1200))
    split = split_session(session)
    behavior = session.behavior.copy()
    behavior[500:] += 30
    a, b = (adapted(learning(), s, split).prequential for s in (session, replace(session, behavior=behavior)))
    np.testing.assert_array_equal(a[:, :501], b[:, :501])
    assert (a[:, 501] != b[:, 501]).any()


def test_test_day_statistics_come_from_the_first_quarter_and_its_score_starts_after() -> None:
    counts = days()[1].counts.copy()
    quarter = round(len(counts) * START)
    a = start_normalizer(trained(), counts)
    wanted = ZScore.fit(smooth(counts, 0.7)[:quarter], floor=0.05)
    np.testing.assert_array_equal(a.mean, wanted.mean)
    counts[quarter:] = 50
    np.testing.assert_array_equal(a.scale, start_normalizer(trained(), counts).scale)
    session = unrelated()
    for normalization in ("training_day", "test_day_start"):
        keep = prequential_mask(normalization, session)
        assert not keep[[50, 60]].any()
        assert keep[:100].any() == (normalization == "training_day")
        assert keep[100:].sum() == 300


def scores(session: Session, predictions: dict[str, np.ndarray]) -> dict[str, Scores]:
    keep = split_session(session).heldout
    y = session.behavior[keep]
    resampler = Resampler(y, blocks_of(session, keep)[0], 2, draws=400)
    return {name: resampler.scores(list(p)) for name, p in predictions.items()}


@pytest.mark.parametrize("mild", [True, False])
def test_true_labels_recover_and_shuffled_ones_do_not(mild: bool) -> None:
    """Shuffled labels teach the mean, R2 of about 0: worse than frozen after a mild drift.

    After a strong one frozen is below 0, and the ratio credits the mean; there the R2 tells.
    """
    first, second = days(n_channels=48, severity=1.0) if mild else days()
    split = split_session(second)
    decoder = RecurrentDecoder(trained().cell, 16, seeds=(0, 1), recipe=FULL).fit([first])
    behavior = second.behavior.copy()
    rows = np.flatnonzero(split.adapt)
    behavior[rows] = behavior[np.random.default_rng(0).permutation(rows)]
    lies = replace(second, behavior=behavior)
    learn = [decoder.replicate([0, 1], optimizer=RMSprop(1e-3)) for _ in range(2)]
    got = scores(
        second,
        {
            "frozen": baseline("frozen", decoder, second, split).heldout,
            "retrained": baseline("retrained", decoder, second, split).heldout,
            "adapted": adapted(learn[0], second, split).heldout,
            "shuffled": adapted(learn[1], lies, split).heldout,
        },
    )
    assert got["shuffled"].mean < 0.05
    assert got["adapted"].interval()[0] > got["shuffled"].interval()[1] + 0.1
    true, false = (recovery(got[name], got["frozen"], got["retrained"]) for name in ("adapted", "shuffled"))
    assert true.why == ""
    assert true.low > 0.3
    assert (got["frozen"].mean > 0.05) == mild
    if mild:
        assert false.high < 0


def test_equal_days_leave_nothing_to_recover() -> None:
    session = days()[0]
    split = split_session(session)
    decoder = RecurrentDecoder(trained().cell, 16, seeds=(0, 1), recipe=FULL).fit([session])
    outcomes = {n: baseline(n, decoder, session, split).heldout for n in ("frozen", "retrained")}
    got = scores(session, outcomes)
    assert recovery(got["retrained"], got["frozen"], got["retrained"]).why.startswith("nothing to recover")


def test_a_real_recording_runs_through_the_protocol(monkey_e: tuple) -> None:
    """Two thousand bins of monkey E with its trials, gaps and missing labels; how well is the benchmark's to say."""
    chosen = {"behavior": "intended_direction", "trials": "intuitive_mapping == True"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurodriftWarning)  # a constant channel
        first, second = (read_session(p, **chosen).select(slice(0, 2000)) for p in monkey_e)
    assert first.after_gap[1:].any() and not second.labelled.all()
    decoder = RecurrentDecoder(trained().cell, 8, recipe=Recipe(epochs=4)).fit([first])
    split = split_session(second)
    outcome = adapted(decoder.replicate([0], optimizer=RMSprop(3e-4)), second, split)
    plain = baseline("frozen", decoder, second, split)
    assert np.isfinite(outcome.curve).all()
    assert np.isfinite(prequential := outcome.prequential).all() and prequential.shape[1] == split.adapt.sum()
    np.testing.assert_allclose(outcome.curve[0], plain.heldout, atol=1e-4)
    assert (outcome.heldout != plain.heldout).any()
