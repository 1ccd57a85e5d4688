"""Every decoder in DECODERS, the recurrent one with every cell in CELLS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from neurodrift.data.binning import smooth
from neurodrift.data.normalize import ZScore
from neurodrift.decoders import DECODERS, Decoder, Recipe, RecurrentDecoder
from neurodrift.decoders.saved import cell_of
from neurodrift.errors import NeurodriftError
from neurodrift.evaluation.prequential import stream
from neurodrift.learn import CELLS, unpack
from neurodrift.learn.optim import SGD, RMSprop
from neurodrift.learn.rules import RTRL, SparseRTRL
from tests.sessions import QUICK, days, trained


def recurrent(cell: str) -> RecurrentDecoder:
    """A decoder that learns at every label, from one seed of the shared training."""
    return trained(cell).replicate([0], optimizer=RMSprop(3e-3))


# A cell of torch.nn, one whose readout sees more than the state, one of two states unrolled.
DIFFERENT = ("gru", "residual_rnn", "rtu")
MAKE: dict[str, Callable[[], Decoder]] = {
    **{f"recurrent-{cell}": (lambda cell=cell: recurrent(cell)) for cell in DIFFERENT},
    "ridge": lambda: DECODERS["ridge"](lags=3).fit([days()[0]]),
    "kalman": lambda: DECODERS["kalman"]().fit([days()[0]]),
    "refit": lambda: DECODERS["refit"](batch=20).fit([days()[0]]),
    "rls": lambda: DECODERS["rls"]().fit([days()[0]]),
    "running": lambda: DECODERS["running"](partial(DECODERS["ridge"], lags=3)).fit([days()[0]]),
    "smooth_batch": lambda: DECODERS["smooth_batch"](batch=20).fit([days()[0]]),
}
every = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
every_cell = pytest.mark.parametrize("cell", list(CELLS))
different = pytest.mark.parametrize("cell", DIFFERENT)
T = 60


def test_every_decoder_is_tested() -> None:
    assert {name.split("-")[0] for name in MAKE} == set(DECODERS)


@every
def test_predictions_do_not_depend_on_later_counts(make: Callable[[], Decoder]) -> None:
    session = days()[1].select(slice(0, T))
    counts = session.counts.copy()
    counts[30:] = np.random.default_rng(0).poisson(3, counts[30:].shape)
    a, b = stream(make(), session), stream(make(), session, counts=counts)
    np.testing.assert_array_equal(a[:30], b[:30])
    assert (a[30] != b[30]).any(), "the present bin must count"


@every
def test_predictions_do_not_depend_on_present_or_later_labels(make: Callable[[], Decoder]) -> None:
    session = days()[1].select(slice(0, T))
    other = session.behavior.copy()
    other[30:] = 100
    a, b = stream(make(), session), stream(make(), replace(session, behavior=other))
    np.testing.assert_array_equal(a[:31], b[:31])


@every
def test_the_same_seed_gives_the_same_run(make: Callable[[], Decoder]) -> None:
    session = days()[1].select(slice(0, T))
    np.testing.assert_array_equal(stream(make(), session), stream(make(), session))


@every
def test_predicting_on_without_an_update_is_an_update_without_a_label(make: Callable[[], Decoder]) -> None:
    session = days()[1].select(slice(0, T))
    silent, told = make(), make()
    for t in range(T):
        np.testing.assert_array_equal(silent.predict(session.counts[t]), told.predict(session.counts[t]))
        if t % 3 == 0:
            silent.update(session.behavior[t])
            told.update(session.behavior[t])
        elif t % 3 == 1:
            told.update(None)
        else:
            told.update(np.full(2, np.nan, np.float32))


@every
def test_reset_starts_over(make: Callable[[], Decoder]) -> None:
    session, decoder = days()[1].select(slice(0, T)), make()
    first = stream(decoder, session, learn=False)
    assert (stream(decoder, session, learn=False) != first).any()
    decoder.reset()
    np.testing.assert_array_equal(stream(decoder, session, learn=False), first)


@every
@pytest.mark.parametrize("n", [23, 25, 1])
def test_another_number_of_channels_is_an_error(make: Callable[[], Decoder], n: int) -> None:
    with pytest.raises(NeurodriftError, match="match"):
        make().predict(np.ones(n, np.float32))


@every
def test_counts_in_read_only_memory_serve(make: Callable[[], Decoder]) -> None:
    session, decoder = days()[1], make()
    x, y = session.counts[0].copy(), session.behavior[0].copy()
    x.flags.writeable = y.flags.writeable = False
    assert np.isfinite(decoder.predict(x)).all()
    decoder.update(y)
    assert np.isfinite(decoder.predict(x)).all()


@every
def test_a_dead_channel_keeps_predictions_finite(make: Callable[[], Decoder]) -> None:
    session = days()[1].select(slice(0, T))
    counts = session.counts.copy()
    counts[:, :5] = 0
    assert np.isfinite(stream(make(), session, counts=counts)).all()


@different
def test_fitting_again_gives_the_same_weights_and_leaves_the_global_generator(cell: str) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    again = RecurrentDecoder(CELLS[cell](), 12, seeds=(1, 0), recipe=QUICK).fit([days()[0]])
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(again.learner.w, trained(cell).learner.w[[1, 0]])
    assert torch.equal(again.learner.w_out, trained(cell).learner.w_out[[1, 0]])
    assert not torch.equal(again.learner.w[0], again.learner.w[1])


@every_cell
def test_online_predictions_are_those_of_the_trained_network(cell: str) -> None:
    """Smoothing, z-scores, packing and the readout, bin by bin, against one pass of the module that was trained."""
    session, decoder = days()[1].select(slice(0, T)), trained(cell).replicate([0, 1], learns="nothing")
    z = decoder.normalizer.apply(smooth(session.counts, 0.7)).astype(np.float32)
    got = stream(decoder, session, learn=False)
    for r in range(2):
        with torch.no_grad():
            h = unpack(decoder.cell, decoder.learner.w[r])(torch.from_numpy(z)[None])[0][0]
            y = h @ decoder.learner.w_out[r, :, :-1].T + decoder.learner.w_out[r, :, -1]
        np.testing.assert_allclose(got[:, r], decoder.labels.invert(y.numpy()), atol=1e-3)


@different
@pytest.mark.parametrize("learns", ["nothing", "bias", "readout", "all"])
def test_what_may_learn_learns_and_nothing_else(cell: str, learns: str) -> None:
    session, source = days()[1].select(slice(0, T)), trained(cell)
    decoder = source.replicate([0], learns=learns)
    frozen = stream(source.replicate([0], learns="nothing"), session, learn=False)
    moved = (stream(decoder, session) != frozen).any()
    assert moved == (learns != "nothing")
    assert torch.equal(decoder.learner.w, source.learner.w[:1]) == (learns != "all")


@different
def test_a_replica_is_independent_of_its_source(cell: str) -> None:
    session, source = days()[1].select(slice(0, T)), trained(cell)
    w, w_out, seeds = source.learner.w.clone(), source.learner.w_out.clone(), source.seeds
    twin = source.replicate([1, 1, 0], rule=SparseRTRL(2), optimizer=RMSprop(0.01), max_lag=2)
    stream(twin, session, lag=2)
    assert not torch.equal(twin.learner.w[0], w[1])
    assert torch.equal(twin.learner.w[0], twin.learner.w[1])
    assert torch.equal(source.learner.w, w) and torch.equal(source.learner.w_out, w_out)
    assert (source.seeds, source.max_lag, twin.seeds) == (seeds, 0, (1, 1, 0))


def test_replicas_keep_their_own_z_scores_and_step_sizes() -> None:
    session, base = days()[1].select(slice(0, T)), trained()
    rows = [ZScore.fit(smooth(days()[day].counts, 0.7)) for day in (0, 1)]
    both = ZScore(np.stack([z.mean for z in rows]), np.stack([z.scale for z in rows]))
    pair = base.replicate([0, 1], normalizer=both, optimizer=SGD([0.0, 0.1]))
    wanted = stream(pair.replicate([0, 1]), session)
    for index in ([1], [1, 0], [0, 0, 1]):
        got = stream(pair.replicate(index), session)
        got = got if got.ndim == 3 else got[:, None]
        np.testing.assert_allclose(got, wanted[:, index], atol=1e-3)
    joined = stream(RecurrentDecoder.join([pair.replicate([1]), pair.replicate([0])]), session, learn=False)
    alone = stream(pair.replicate([1, 0], learns="nothing"), session, learn=False)
    np.testing.assert_allclose(joined, alone, atol=1e-3)


@every_cell
def test_saved_and_loaded_decoders_predict_and_learn_the_same(cell: str, tmp_path: Path) -> None:
    session, source = days()[1].select(slice(0, T)), trained(cell).replicate([0, 1], rule=RTRL())
    source.save(tmp_path / "decoder.pt")
    loaded = RecurrentDecoder(CELLS[cell](), rule=RTRL(), recipe=QUICK).load(tmp_path / "decoder.pt")
    assert (loaded.seeds, loaded.n_units) == (source.seeds, source.n_units)
    np.testing.assert_array_equal(stream(loaded, session), stream(source, session))


def test_weights_of_another_cell_are_not_loaded(tmp_path: Path) -> None:
    trained("gru").save(tmp_path / "decoder.pt")
    for other in ("lstm", "rnn"):  # the LSTM has as many gates
        with pytest.raises(NeurodriftError, match=r"was saved from gru\(\), and this decoder's cell is"):
            RecurrentDecoder(CELLS[other]()).load(tmp_path / "decoder.pt")
    assert type(cell_of(tmp_path / "decoder.pt")) is CELLS["gru"]


def test_options_of_a_cell_are_saved_with_it(tmp_path: Path) -> None:
    slow = RecurrentDecoder(CELLS["leaky_rnn"](alpha=0.25), 3, recipe=QUICK).fit([days()[0]])
    slow.save(tmp_path / "decoder.pt")
    found = cell_of(tmp_path / "decoder.pt")
    assert found is not None and found.alpha == 0.25  # type: ignore[attr-defined]
    with pytest.raises(NeurodriftError, match=r"alpha=0\.25"):
        RecurrentDecoder(CELLS["leaky_rnn"]()).load(tmp_path / "decoder.pt")


def test_a_file_that_does_not_name_its_cell_is_held_by_its_gates(tmp_path: Path) -> None:
    trained("rnn").save(tmp_path / "decoder.pt")
    state = torch.load(tmp_path / "decoder.pt", weights_only=True)
    del state["cell"]
    torch.save(state, tmp_path / "decoder.pt")
    assert cell_of(tmp_path / "decoder.pt") is None
    RecurrentDecoder(CELLS["leaky_rnn"]()).load(tmp_path / "decoder.pt")
    with pytest.raises(NeurodriftError, match="gates"):
        RecurrentDecoder(CELLS["gru"]()).load(tmp_path / "decoder.pt")


def test_a_label_of_another_size_is_an_error() -> None:
    decoder = recurrent("rnn")
    decoder.predict(days()[1].counts[0])
    for wrong in (np.ones(1), np.ones(3), np.float64(1)):
        with pytest.raises(NeurodriftError, match="axes"):
            decoder.update(wrong)


def test_a_session_without_labels_is_an_error() -> None:
    session = days()[0]
    blank = replace(session, behavior=np.full_like(session.behavior, np.nan))
    late = replace(
        session, behavior=np.where(np.arange(len(session))[:, None] < 3000, session.behavior, np.nan)
    )
    for bad, part in ((blank, "training"), (late, "early stopping")):
        with pytest.raises(NeurodriftError, match=part):
            RecurrentDecoder(CELLS["rnn"](), 4, recipe=QUICK).fit([bad])
    with pytest.raises(NeurodriftError, match="too few"):
        DECODERS["ridge"]().fit([blank])


def test_finetuning_moves_a_copy() -> None:
    source = trained()
    w = source.learner.w.clone()
    tuned = source.finetune(days()[1])
    assert torch.equal(source.learner.w, w)
    assert not torch.equal(tuned.learner.w, w)
    assert tuned.normalizer is source.normalizer


def test_training_reads_no_bin_that_is_not_valid() -> None:
    """Other labels there, the same decoder."""
    session = days()[0]
    valid = np.arange(len(session)) % 7 > 0
    odd = np.where(valid[:, None], session.behavior, 1e6)
    quick = Recipe(epochs=1, window=30)
    fits = [
        RecurrentDecoder(CELLS["rnn"](), 6, recipe=quick).fit([replace(session, behavior=b, valid=valid)])
        for b in (session.behavior, odd)
    ]
    assert torch.equal(fits[0].learner.w, fits[1].learner.w)
    assert torch.equal(fits[0].learner.w_out, fits[1].learner.w_out)
