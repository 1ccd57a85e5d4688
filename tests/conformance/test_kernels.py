"""The compiled engine against the torch reference: every compiled cell x optimizer x part that learns, weights moving."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from neurodrift.data.normalize import ZScore
from neurodrift.errors import NeurodriftError
from neurodrift.evaluation.prequential import stream
from neurodrift.learn import CELLS, OPTIMIZERS, Learner, make_learner
from neurodrift.learn.kernels.engine import CompiledLearner, has_twin
from neurodrift.learn.kernels.traced_engine import has_traced_twin
from neurodrift.learn.params import read_mask
from neurodrift.learn.rules import RULES, Immediate
from tests.sessions import days, trained

C, N, D, R, T = 5, 7, 2, 3, 300
COMPILED = [c for c in CELLS if has_twin(CELLS[c](), Immediate(), OPTIMIZERS["sgd"](), torch.zeros(1), "all")]
MOVING = [
    o for o in OPTIMIZERS if has_twin(CELLS["rnn"](), Immediate(), OPTIMIZERS[o](), torch.zeros(1), "all")
]
TWINS = (has_twin, has_traced_twin)
RATES = {"sgd": [0.1, 0.03, 0.01]}
every_cell = pytest.mark.parametrize("cell", COMPILED)
every_optimizer = pytest.mark.parametrize("optimizer", MOVING)


def learners(
    cell: str,
    optimizer: str,
    dtype: torch.dtype,
    learns: str = "all",
    max_lag: int = 0,
    engines: tuple[str, ...] = ("reference", "compiled"),
) -> list[Learner]:
    made = CELLS[cell]()
    draw = torch.Generator().manual_seed(1)
    w = torch.randn(R, len(made.gates), N, C + N + 1, generator=draw, dtype=torch.float64) * 0.4
    w, w_out = (
        w * read_mask(made, C, N)[:, None],
        torch.randn(R, D, N + 1, generator=draw, dtype=torch.float64),
    )
    return [
        make_learner(
            made, w.to(dtype).clone(), w_out.to(dtype).clone(), Immediate(),
            OPTIMIZERS[optimizer](lr=RATES.get(optimizer, [3e-3, 1e-3, 3e-4])), engine=engine, seeds=range(R),
            learns=learns, max_lag=max_lag, average=20.0,
        )
        for engine in engines
    ]  # fmt: skip


def problem(dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (T, 1, C) and labels (T, D): some axes, and some whole bins, without a label."""
    draw = torch.Generator().manual_seed(2)
    x, y = (torch.randn(T, k, generator=draw, dtype=torch.float64) for k in (C, D))
    y[torch.rand(T, D, generator=draw) < 0.2] = torch.nan
    y[torch.rand(T, generator=draw) < 0.2] = torch.nan
    return x[:, None].to(dtype), y.to(dtype)


def feed(learner: Learner, x: torch.Tensor, y: torch.Tensor, lag: int) -> torch.Tensor:
    out = []
    for t in range(T):
        out.append(learner.predict(x[t].expand(R, C)).clone())
        if t >= lag:
            learner.update(y[t - lag], lag)
    return torch.stack(out)


def assert_alike(a: Learner, b: Learner, **tolerance: float) -> None:
    for one, other in zip((a.w, a.w_out, *a.averaged()), (b.w, b.w_out, *b.averaged()), strict=True):
        torch.testing.assert_close(one, other, **tolerance)
    for one, other in zip(a.moments, b.moments, strict=True):
        torch.testing.assert_close(one, other, **tolerance)


def test_the_cells_and_optimizers_that_must_be_compiled_are() -> None:
    assert {"rnn", "gru", "lstm"} <= set(COMPILED) and {"sgd", "rmsprop", "adam"} <= set(MOVING)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("learns", ["all", "readout", "bias", "nothing"])
@every_optimizer
@every_cell
def test_hundreds_of_steps_equal_the_reference(
    cell: str, optimizer: str, learns: str, dtype: torch.dtype
) -> None:
    tolerance = {"atol": 1e-10, "rtol": 1e-10} if dtype == torch.float64 else {"atol": 1e-5, "rtol": 1e-4}
    reference, fast = learners(cell, optimizer, dtype, learns)
    before = reference.w_out.clone()
    x, y = problem(dtype)
    torch.testing.assert_close(feed(fast, x, y, 0), feed(reference, x, y, 0), **tolerance)
    assert_alike(fast, reference, **tolerance)
    assert learns == "nothing" or (reference.w_out - before).abs().max() > 1e-2


@pytest.mark.parametrize("lag", [0, 1, 4])
@every_optimizer
@every_cell
def test_late_labels_equal_the_reference_and_a_whole_run_equals_bin_by_bin(
    cell: str, optimizer: str, lag: int
) -> None:
    reference, fast = learners(cell, optimizer, torch.float64, max_lag=lag)
    (whole,) = learners(cell, optimizer, torch.float64, max_lag=lag, engines=("compiled",))
    x, y = problem(torch.float64)
    wanted, got = feed(reference, x, y, lag), feed(fast, x, y, lag)
    torch.testing.assert_close(got, wanted, atol=1e-10, rtol=1e-10)
    assert_alike(fast, reference, atol=1e-10, rtol=1e-10)
    assert isinstance(whole, CompiledLearner)
    known = torch.full_like(y, torch.nan)
    known[lag:] = y[: T - lag]
    parts = [slice(0, 101), slice(101, 102), slice(102, T)]
    out = [whole.run(x[p].numpy(), known[p].numpy(), np.zeros(len(x[p]), bool)) for p in parts]
    np.testing.assert_array_equal(np.concatenate(out), got.numpy())
    assert_alike(whole, fast, atol=0.0, rtol=0.0)


@every_cell
def test_labels_in_parts_and_early_labels_equal_the_reference(cell: str) -> None:
    x, y = problem(torch.float64)
    reference, fast = learners(cell, "rmsprop", torch.float64, max_lag=3)
    for learner in (reference, fast):
        for t in range(60):
            learner.predict(x[t].expand(R, C))
            if t % 3 == 1:
                learner.update(y[t - 1], 1)
            if t % 5 == 4:
                learner.update(torch.tensor([1.0, torch.nan], dtype=torch.float64), 3)
                learner.update(None, 0)
            if t == 40:
                learner.reset()
    assert_alike(fast, reference, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("learns", ["all", "readout", "bias"])
@pytest.mark.parametrize(
    "twin", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"]
)
def test_a_copy_goes_on_as_the_original_would_and_leaves_it_alone(
    twin: Callable[[Learner], Learner], learns: str
) -> None:
    (learner,) = learners("lstm", "adam", torch.float64, learns, max_lag=2, engines=("compiled",))
    x, y = problem(torch.float64)
    feed(learner, x, y, 2)
    before = learner.w_out.clone()
    other = twin(learner)
    feed(other, x, y, 2)
    assert torch.equal(learner.w_out, before)
    feed(learner, x, y, 2)
    assert_alike(learner, other, atol=0.0, rtol=0.0)
    assert not torch.equal(learner.w_out, before)


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_the_same_misuse_is_the_same_error(engine: str) -> None:
    (learner,) = learners("gru", "sgd", torch.float64, max_lag=1, engines=(engine,))
    with pytest.raises(NeurodriftError, match="waits for a label"):
        learner.update(torch.zeros(D))
    learner.predict(torch.zeros(R, C, dtype=torch.float64))
    with pytest.raises(NeurodriftError, match="max_lag"):
        learner.update(torch.zeros(D), 2)
    some = torch.zeros(R, D, dtype=torch.float64)
    some[0] = torch.nan
    learner.update(some)
    learner.predict(torch.zeros(R, C, dtype=torch.float64))
    with pytest.raises(NeurodriftError, match="some replicas"):
        learner.predict(torch.zeros(R, C, dtype=torch.float64))


def test_what_has_no_twin_falls_back_or_refuses() -> None:
    made = CELLS["rnn"]()
    w, w_out = torch.zeros(1, 1, N, C + N + 1), torch.zeros(1, D, N + 1)
    other = next(
        r for r in RULES if not any(twin(made, RULES[r](), OPTIMIZERS["sgd"](), w, "all") for twin in TWINS)
    )
    settings = {"seeds": [0]}
    auto = make_learner(made, w, w_out, RULES[other](), OPTIMIZERS["sgd"](), **settings)
    assert type(auto) is Learner
    with pytest.raises(NeurodriftError, match="not compiled"):
        make_learner(made, w, w_out, RULES[other](), OPTIMIZERS["sgd"](), engine="compiled", **settings)
    with pytest.raises(NeurodriftError, match="fastest"):
        make_learner(made, w, w_out, Immediate(), OPTIMIZERS["sgd"](), engine="fastest", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("over_gaps", ["carry", "reset"])
@pytest.mark.parametrize("lag", [0, 2])
@every_cell
def test_a_decoder_streams_a_session_as_the_reference_does(cell: str, lag: int, over_gaps: str) -> None:
    """Smoothing, z-scores and counts a replica, gaps, labels that lack: whole, in stretches and bin by bin."""
    session = days()[1].select(np.r_[0:80, 120:200])
    behavior = session.behavior.copy()
    behavior[20:30], behavior[50:60, 0] = np.nan, np.nan
    session = replace(session, behavior=behavior)
    counts = np.stack([session.counts, np.roll(session.counts, 3, axis=1)], axis=1)
    base = trained(cell)
    z = ZScore(*(np.stack([v, v * 1.1]) for v in (base.normalizer.mean, base.normalizer.scale)))
    results = []
    for engine in ("reference", "compiled", "compiled"):
        decoder = base.replicate(
            [0, 1], optimizer=OPTIMIZERS["rmsprop"](lr=[1e-3, 3e-3]), max_lag=lag, normalizer=z, engine=engine, average=10.0
        )  # fmt: skip
        pieces = [slice(0, 50), slice(50, None)] if len(results) == 2 else [slice(None)]
        out = [stream(decoder, session, counts=counts, bins=b, lag=lag, over_gaps=over_gaps) for b in pieces]
        results.append((np.concatenate(out), decoder.averaged().learner.w))
    np.testing.assert_allclose(results[1][0], results[0][0], atol=2e-3)
    torch.testing.assert_close(results[1][1], results[0][1], atol=1e-4, rtol=1e-4)
    np.testing.assert_array_equal(results[2][0], results[1][0])
    assert torch.equal(results[2][1], results[1][1])
    alone = base.replicate(
        [0, 1], max_lag=lag, normalizer=z, optimizer=OPTIMIZERS["rmsprop"](lr=[1e-3, 3e-3])
    )
    single = stream(
        alone,
        replace(session, behavior_names=session.behavior_names),
        counts=counts,
        lag=lag,
        over_gaps=over_gaps,
    )
    np.testing.assert_array_equal(single, results[1][0])


@pytest.mark.parametrize("max_lag", [0, 2])
@pytest.mark.parametrize("rule", ["immediate", "rtrl"])
def test_labels_of_another_shape_are_spread_or_refused_as_by_the_reference(rule: str, max_lag: int) -> None:
    draw = torch.Generator().manual_seed(4)
    w, w_out = torch.randn(1, 1, N, C + N + 1, generator=draw) * 0.4, torch.randn(1, D, N + 1, generator=draw)
    moved = []
    for engine in ("reference", "compiled"):
        learner = make_learner(
            CELLS["rnn"](), w.clone(), w_out.clone(), RULES[rule](), OPTIMIZERS["sgd"](0.1), engine=engine,
            seeds=[0], max_lag=max_lag,
        )  # fmt: skip
        for _ in range(max_lag + 1):
            learner.predict(torch.ones(1, C))
        for label in (torch.ones(D + 1), torch.ones(0)):
            with pytest.raises((RuntimeError, ValueError)):
                learner.update(label, max_lag)
        assert torch.equal(learner.w, w) and torch.equal(learner.w_out, w_out)
        learner.update(torch.ones(1), max_lag)
        moved.append(learner.w_out)
    assert not torch.equal(moved[0][:, -1], w_out[:, -1])
    torch.testing.assert_close(moved[1], moved[0], rtol=1e-5, atol=1e-6)
