"""Compiled rules with a trace against the torch reference: weights moving, labels late, missing and in parts, resets."""

from __future__ import annotations

import copy
from itertools import count, product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn import CELLS, OPTIMIZERS, RULES, Learner, Rule, make_learner
from neurodrift.learn.kernels.engine import has_twin
from neurodrift.learn.kernels.philox import uniforms
from neurodrift.learn.kernels.traced_engine import TracedLearner, has_traced_twin
from neurodrift.learn.rules import (
    TBPTT,
    AdaptiveRTRL,
    AdaptiveSparseRTRL,
    DecayTrace,
    EProp,
    Immediate,
    SnAp1,
    WindowedRTRL,
    WindowedSparseRTRL,
)
from tests.kinds import N, seeds_of
from tests.oracle import Problem

pytestmark = pytest.mark.usefixtures("float64")
T, RESET = 200, 120
HOT = [c for c in CELLS if has_twin(CELLS[c](), Immediate(), OPTIMIZERS["sgd"](), torch.zeros(1), "all")]
MOVING = [
    o for o in OPTIMIZERS if has_twin(CELLS["rnn"](), Immediate(), OPTIMIZERS[o](), torch.zeros(1), "all")
]
RATES = {"sgd": [0.03, 0.01, 0.02]}
PLAIN: list[Rule] = [DecayTrace(), EProp(), SnAp1(), AdaptiveRTRL(), WindowedRTRL(5)]
VARIED: list[Rule] = [
    DecayTrace(0.9),
    AdaptiveRTRL(1e-2, max_horizon=20),
    AdaptiveRTRL(max_horizon=1),
    TBPTT(7),
    AdaptiveSparseRTRL(3),
    AdaptiveSparseRTRL(3, own=True, redraw=True),
    AdaptiveSparseRTRL(N, own=False),
    AdaptiveSparseRTRL(3, keep="units"),
    AdaptiveSparseRTRL(4, keep="units", redraw=True),
    AdaptiveSparseRTRL(3, keep="units", choose="largest", redraw=True),
    AdaptiveSparseRTRL(3, keep="units", choose="adversarial"),
    AdaptiveSparseRTRL(3, choose="largest"),
    AdaptiveSparseRTRL(2, own=True, choose="smallest", redraw=True),
    AdaptiveSparseRTRL(2, choose="adversarial", redraw=True),
    WindowedRTRL(2),
    WindowedRTRL(32),
    WindowedSparseRTRL(3, redraw=True, window=6),
    WindowedSparseRTRL(3, keep="units", redraw=True, window=3),
    WindowedSparseRTRL(2, choose="largest", window=4),
]
_lags = count()
CASES = [
    pytest.param(
        cell,
        rule,
        o,
        d,
        next(_lags) % 3 * 2,
        id=f"{cell}-{rule!r}-{o}-{d}".replace("torch.", ""),
        # Single precision with one optimizer always; with all of them where time is no matter.
        marks=[pytest.mark.slow] if d == torch.float32 and o != "rmsprop" else [],
    )
    for cell, (rule, pairs) in product(
        HOT,
        [(r, list(product(MOVING, (torch.float64, torch.float32)))) for r in PLAIN]
        + [(r, [(MOVING[-1], torch.float64)]) for r in VARIED],
    )
    for o, d in pairs
]


def make(problem: Problem, rule: Rule, optimizer: str, dtype: torch.dtype, lag: int, engine: str) -> Learner:
    start = problem.weights[0].to(dtype).clone(), problem.readout.to(dtype).clone()
    rates = OPTIMIZERS[optimizer](lr=RATES.get(optimizer, [3e-3, 1e-3, 2e-3]))
    settings: dict[str, Any] = {"seeds": seeds_of(problem), "max_lag": lag, "average": 30.0, "engine": engine}
    return make_learner(problem.cell, *start, copy.copy(rule), rates, **settings)  # type: ignore[return-value]


def stream(problem: Problem, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Inputs (T, 1, C), labels (T, D): some axes, and some whole bins, without a label."""
    x, y = problem.inputs[:, :1].to(dtype), problem.targets[:, 0].to(dtype)
    y[::7] = torch.nan
    y[::5, 0] = torch.nan
    return x, y


def known_at(y: Tensor, lag: int) -> Tensor:
    """Labels as they become known, `lag` bins late; what a reset cuts off never does."""
    known = torch.full_like(y, torch.nan)
    known[lag:] = y[: len(y) - lag]
    known[RESET : RESET + lag] = torch.nan
    return known


@pytest.mark.parametrize(("cell", "rule", "optimizer", "dtype", "lag"), CASES)
def test_the_twin_learns_as_the_reference_bin_by_bin_and_whole(
    cell: str, rule: Rule, optimizer: str, dtype: torch.dtype, lag: int
) -> None:
    tol = 1e-10 if dtype == torch.float64 else 1e-5
    problem = Problem(CELLS[cell](), n_steps=T)
    x, y = stream(problem, dtype)
    known = known_at(y, lag)
    fast, whole, slow = (
        make(problem, rule, optimizer, dtype, lag, e) for e in ("compiled", "compiled", "reference")
    )
    assert isinstance(whole, TracedLearner) and type(slow) is Learner
    fresh = np.zeros(T, bool)
    fresh[RESET] = True
    parts = [slice(0, 50), slice(50, 51), slice(51, T)]
    told = np.concatenate([whole.run(x[p].numpy(), known[p].numpy(), fresh[p]) for p in parts])
    for t in range(T):
        for learn in (fast, slow):
            if fresh[t]:
                learn.reset()
        got, want = (learn.predict(x[t].expand(3, -1)).clone() for learn in (fast, slow))
        torch.testing.assert_close(got, want, rtol=tol, atol=tol)
        np.testing.assert_array_equal(told[t], got.numpy())
        if lag < (t - RESET if t >= RESET else t) + 1:
            for learn in (fast, slow):
                learn.update(known[t], lag)
        report = getattr(slow.rule, "report", None)
        if report is not None and lag == 0 and not known[t].isnan().all():
            seen = fast.reports[0]  # type: ignore[attr-defined]
            assert seen[:, 0].tolist() == report.horizon.tolist()
            assert seen[:, 1].astype(bool).tolist() == report.truncated.tolist()
    for a, b, c in zip(
        (fast.w, fast.w_out, *fast.averaged(), *fast.moments),
        (slow.w, slow.w_out, *slow.averaged(), *slow.moments),
        (whole.w, whole.w_out, *whole.averaged(), *whole.moments),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=tol, atol=tol)
        assert torch.equal(a, c)
    for mine, theirs in zip(fast.trace, slow.trace, strict=True):
        if not mine.is_floating_point():
            assert torch.equal(mine, theirs), "steps seen and keys of draws"
    assert float((fast.w - problem.weights[0].to(dtype)).abs().max()) > 0.01


@pytest.mark.parametrize("rule", [SnAp1(), AdaptiveSparseRTRL(3, redraw=True), WindowedRTRL(4)], ids=repr)
def test_labels_in_parts_and_early_labels_equal_the_reference(rule: Rule) -> None:
    problem = Problem(CELLS["gru"](), n_steps=60)
    fast, slow = (make(problem, rule, "rmsprop", torch.float64, 3, e) for e in ("compiled", "reference"))
    for learn in (fast, slow):
        for t in range(60):
            learn.predict(problem.inputs[t])
            if t % 3 == 1:
                learn.update(problem.targets[t - 1], 1)
            if t % 5 == 4 and learn.n_waiting > 3:
                learn.update(torch.tensor([1.0, torch.nan]), 3)
                learn.update(None, 0)
            if t == 40:
                learn.reset()
    torch.testing.assert_close(fast.w, slow.w, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(fast.w_out, slow.w_out, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("rule", [SnAp1(), AdaptiveSparseRTRL(3, redraw=True), WindowedRTRL(4)], ids=repr)
def test_a_copied_twin_goes_on_by_itself(rule: Rule) -> None:
    problem = Problem(CELLS["lstm"](), n_steps=60)
    first = make(problem, rule, "adam", torch.float64, 2, "compiled")
    assert isinstance(first, TracedLearner)
    x, y, fresh = problem.inputs.numpy(), problem.targets[:, 0].numpy(), np.zeros(60, bool)
    first.run(x[:30], y[:30], fresh[:30])
    first.predict(problem.inputs[30])
    twin = copy.deepcopy(first)
    runs = [learn.run(x[31:], y[31:], fresh[31:]) for learn in (twin, first)]
    np.testing.assert_array_equal(*runs)
    assert torch.equal(twin.w, first.w) and twin.w.data_ptr() != first.w.data_ptr()


def test_labels_of_some_replicas_alone_are_refused() -> None:
    problem = Problem(CELLS["rnn"]())
    learn = make(problem, SnAp1(), "sgd", torch.float64, 0, "compiled")
    learn.predict(problem.inputs[0])
    target = problem.targets[0].clone()
    target[1] = torch.nan
    with pytest.raises(NeurodriftError, match="some replicas"):
        learn.update(target)


def test_every_rule_that_has_a_twin_is_walked_here() -> None:
    walked = {type(rule) for rule in (*PLAIN, *VARIED)}
    for rule_factory in RULES.values():
        rule = rule_factory()
        if has_traced_twin(CELLS["rnn"](), rule, OPTIMIZERS["adam"](), torch.zeros(1), "all"):
            assert type(rule) in walked


@pytest.mark.parametrize(("seed", "step", "n"), [(0, 0, 7), (12, 3, 49), (2**62 + 5, 1000, 64), (7, 5, 1)])
def test_masks_are_drawn_from_numpys_own_generator(seed: int, step: int, n: int) -> None:
    drawn = np.empty(n)
    uniforms(np.int64(seed), np.int64(step), drawn)
    wanted = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, step, 0])).random(n)
    np.testing.assert_array_equal(drawn, wanted)
