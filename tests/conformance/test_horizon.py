"""Rules with a horizon: exact RTRL to the stated tolerance, and its limits."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn import CELLS, Cell, Rule, take_step
from neurodrift.learn.rules import RTRL, TBPTT, AdaptiveRTRL, AdaptiveSparseRTRL, Immediate, SnAp1, SparseRTRL
from neurodrift.learn.rules.horizon import HorizonReport
from tests.kinds import N, cells, close, seeds_of
from tests.oracle import Problem

pytestmark = pytest.mark.usefixtures("float64")

EVERYTHING = AdaptiveRTRL(tol=0.0)


def gradients(rule: Rule, problem: Problem, size: float = 1.0) -> tuple[list[Tensor], list[HorizonReport]]:
    """At every step, over weights that move, recurrent weights scaled by `size`."""
    w, s = problem.weights[0].clone(), problem.start
    trace = rule.init(w, problem.cell.states, seeds_of(problem))
    out, reports = [], []
    for t in range(problem.n_steps):
        w.copy_(size * problem.weights[t])
        s, step = take_step(problem.cell, w, s, problem.inputs[t])
        past = rule.past(trace, step, problem.errors[t])
        out.append(step.immediate(problem.errors[t]) + (0 if past is None else past))
        reports.append(getattr(rule, "report", None))
        trace = rule.advance(trace, step)
    return out, reports


@cells
def test_without_a_tolerance_it_is_exact(cell: Cell) -> None:
    problem = Problem(cell)
    got, reports = gradients(EVERYTHING, problem)
    for a, b in zip(got, gradients(RTRL(), problem)[0], strict=True):
        close(a, b, 1e-10)
    assert [int(r.horizon[0]) for r in reports] == list(range(1, problem.n_steps + 1))


@cells
@pytest.mark.parametrize(
    ("rule", "oracle"),
    [
        (TBPTT(1), Immediate()),
        (AdaptiveRTRL(max_horizon=1), Immediate()),
        (TBPTT(12), RTRL()),
        (AdaptiveSparseRTRL(0, tol=0.0), Immediate()),
        (AdaptiveSparseRTRL(N, tol=0.0), RTRL()),
        (AdaptiveSparseRTRL(2, tol=0.0), SparseRTRL(2)),
        (AdaptiveSparseRTRL(2, own=True, tol=0.0), SparseRTRL(2, own=True)),
        (AdaptiveSparseRTRL(0, own=True, tol=0.0), SnAp1()),
        (AdaptiveSparseRTRL(2, redraw=True, tol=0.0), SparseRTRL(2, redraw=True)),
        (AdaptiveSparseRTRL(3, keep="units", redraw=True, tol=0.0), SparseRTRL(3, keep="units", redraw=True)),
        (AdaptiveSparseRTRL(2, choose="largest", tol=0.0), SparseRTRL(2, choose="largest")),
    ],
    ids=lambda rule: repr(rule),
)
def test_limits(cell: Cell, rule: Rule, oracle: Rule) -> None:
    problem = Problem(cell)
    for got, want in zip(gradients(rule, problem)[0], gradients(oracle, problem)[0], strict=True):
        close(got, want, 1e-10)


@cells
@pytest.mark.parametrize("tol", [1e-1, 1e-2, 1e-3])
def test_the_error_is_near_the_tolerance_and_the_horizon_short(cell: Cell, tol: float) -> None:
    """The estimate is random, with 8 probes: three times the tolerance at most, and under it nearly always."""
    problem = Problem(cell, n_units=10, n_steps=120)
    rule = AdaptiveRTRL(tol, max_horizon=64)
    (got, reports), want = gradients(rule, problem, 0.5), gradients(RTRL(), problem, 0.5)[0]
    error = torch.stack(
        [(a - b).flatten(1).norm(dim=1) / b.flatten(1).norm(dim=1) for a, b in zip(got, want, strict=True)]
    )
    told = torch.stack([r.rest / b.flatten(1).norm(dim=1) for r, b in zip(reports, want, strict=True)])
    truncated = torch.stack([r.truncated for r in reports])
    stopped = ~truncated & ~torch.stack([r.grew for r in reports])
    assert bool((error[stopped] < 3 * tol).all())
    assert float((error[stopped] < tol).double().mean()) > 0.95
    assert bool((told[stopped] <= tol * 1.01).all())
    if cell.name in ("rnn", "gru"):
        assert bool(stopped[20:].any()) and float(reports[-1].horizon.max()) < 64


def test_the_estimate_of_what_is_left_is_unbiased() -> None:
    """Over many replicas of one problem with their own signs: mean of (v'y)^2 against |v'P|^2."""
    problem = Problem(CELLS["gru"](), n_replicas=1, n_steps=6)
    many, replicas = AdaptiveRTRL(probes=8, safety=1.0), 800
    w = problem.weights[0].expand(replicas, -1, -1, -1).clone()
    s = torch.zeros(replicas, 1, N)
    trace, p = many.init(w, 1, range(replicas)), RTRL().init(w[:1], 1, [0])
    for t in range(5):
        s, step = take_step(problem.cell, w, s, problem.inputs[t].expand(replicas, -1))
        if t == 4:
            many.past(trace, step, problem.errors[t].expand(replicas, -1, -1))
            one = type(step)(*(v[:1] for v in step))
            exact = RTRL().past(p, one, problem.errors[t])
            break
        one = type(step)(*(v[:1] for v in step))
        trace, p = many.advance(trace, step), RTRL().advance(p, one)
    assert many.report is not None and exact is not None
    estimates = torch.einsum(
        "rkn,rpkn->rp", step.back(problem.errors[4].expand(replicas, -1, -1)), trace[4][3]
    ).square()
    spread = estimates.std() / (8 * replicas) ** 0.5
    assert abs(float(estimates.mean() - exact.square().sum())) < 5 * float(spread)


def test_a_chaotic_network_is_flagged_and_left_finite() -> None:
    problem = Problem(CELLS["irnn"]() if "irnn" in CELLS else CELLS["rnn"](), n_steps=60)
    rule = AdaptiveRTRL(growth=10.0)
    got, reports = gradients(rule, problem, 6.0)
    assert any(bool(r.grew.any()) for r in reports)
    assert all(bool(g.isfinite().all()) for g in got)


def test_a_short_limit_is_said() -> None:
    problem = Problem(CELLS["gru"](), n_steps=30)
    reports = gradients(AdaptiveRTRL(1e-6, max_horizon=9), problem, 1.0)[1]
    assert bool(reports[-1].truncated.all()) and reports[-1].horizon.tolist() == [9, 9, 9]
    assert bool((reports[-1].rest > 0).all())


@pytest.mark.parametrize(
    "wrong", [{"tol": -1}, {"tol": 1.0}, {"growth": 1}, {"max_horizon": 0}, {"probes": 1.5}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(NeurodriftError, match=next(iter(wrong))):
        AdaptiveRTRL(**wrong)  # type: ignore[arg-type]
