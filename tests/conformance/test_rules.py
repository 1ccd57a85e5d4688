"""Every rule with every cell, weights moving at every step: float64, R = 3, N = 6, T = 12."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn import RULES, Cell, Rule, take_step
from neurodrift.learn.rules import RTRL, AdaptiveRTRL, DecayTrace, EProp, Immediate, SparseRTRL, WindowedRTRL
from neurodrift.learn.rules.base import Trace
from tests import oracle
from tests.kinds import N, T, cells, close, exact_pairs, few_pairs, pairs, rules, seeds_of
from tests.oracle import Problem

NOTHING_KEPT: list[Rule] = [SparseRTRL(0), Immediate(), DecayTrace(0.0)]

pytestmark = pytest.mark.usefixtures("float64")


def run(rule: Rule, problem: Problem, seeds: Sequence[int] | None = None) -> tuple[list[Tensor], Trace]:
    """The gradient at every step and the last trace; the weights change in place after every step."""
    w, s = problem.weights[0].clone(), problem.start
    trace = rule.init(w, problem.cell.states, seeds or seeds_of(problem))
    out = []
    for t in range(problem.n_steps):
        w.copy_(problem.weights[t])
        s, step = take_step(problem.cell, w, s, problem.inputs[t])
        w.add_(17.0)
        past = rule.past(trace, step, problem.errors[t])
        out.append(step.immediate(problem.errors[t]) + (0 if past is None else past))
        trace = rule.advance(trace, step)
    return out, trace


@rules
def test_the_dict_names_rules_by_their_name(rule: Rule) -> None:
    assert isinstance(rule, RULES[rule.name])  # type: ignore[arg-type]


@exact_pairs
def test_exact_rules_equal_autograd_at_every_step(cell: Cell, rule: Rule) -> None:
    problem = Problem(cell)
    wanted = oracle.state_gradients(problem)
    assert max(float(g.abs().max()) for g in wanted) > 0.5
    for got, want in zip(run(rule, problem)[0], wanted, strict=True):
        close(got, want, 1e-10)


@cells
@pytest.mark.parametrize("rule", NOTHING_KEPT, ids=repr)
def test_nothing_kept_is_the_gradient_with_the_old_state_held_fixed(cell: Cell, rule: Rule) -> None:
    problem = Problem(cell)
    s, got = problem.start, run(rule, problem)[0]
    for t in range(T):
        w = problem.weights[t].clone().requires_grad_()
        s = oracle.forward(cell, w, s.detach(), problem.inputs[t])
        (want,) = torch.autograd.grad((problem.errors[t] * s).sum(), w)
        close(got[t], want, 1e-12)


@cells
def test_eprop_is_autograd_with_the_units_detached_where_gates_read_them(cell: Cell) -> None:
    problem = Problem(cell)
    nudge = torch.zeros_like(problem.weights[0], requires_grad=True)
    s, got = problem.start, run(EProp(), problem)[0]
    mask = oracle.reads(cell, problem.n_inputs, N)
    for t in range(T):
        x = problem.inputs[t]
        z = torch.cat((x, s[:, 0].detach(), torch.ones_like(x[:, :1])), dim=1)
        s = cell.pointwise(((problem.weights[t] + nudge) * mask * z[:, None, None]).sum(-1), s)
        (want,) = torch.autograd.grad((problem.errors[t] * s).sum(), nudge, retain_graph=True)
        close(got[t], want, 1e-10)


@cells
@pytest.mark.parametrize("decay", [0.5, 0.95])
def test_a_decay_trace_weighs_each_immediate_derivative_by_its_age(cell: Cell, decay: float) -> None:
    problem = Problem(cell)
    s, own, got = problem.start, [], run(DecayTrace(decay), problem)[0]
    for t in range(T):
        w = problem.weights[t].clone().requires_grad_()
        s = oracle.forward(cell, w, s.detach(), problem.inputs[t])
        # ds'/dW of each unit's own state, which is all of the immediate derivative: (K, R, G, N, M).
        sums = [torch.autograd.grad(s[:, k].sum(), w, retain_graph=True)[0] for k in range(cell.states)]
        own.append(torch.stack(sums))
        want = sum(
            decay ** (t - past) * (problem.errors[t].transpose(0, 1)[:, :, None, :, None] * own[past]).sum(0)
            for past in range(t + 1)
        )
        close(got[t], want, 1e-10)


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_a_decay_out_of_range_is_refused(decay: float) -> None:
    with pytest.raises(NeurodriftError, match="decay"):
        DecayTrace(decay)


@pairs
def test_a_replica_alone_equals_itself_in_a_batch(cell: Cell, rule: Rule) -> None:
    problem, seeds = Problem(cell), [3, 1, 4]
    together = run(rule, problem, seeds)[0]
    for index in ([0], [1], [2], [2, 0, 1]):
        part = run(rule, problem.replica(index), [seeds[i] for i in index])[0]
        for got, want in zip(part, together, strict=True):
            close(got, want[index], 1e-13, rtol=1e-12)


@few_pairs
def test_past_and_advance_change_neither_step_nor_weights(cell: Cell, rule: Rule) -> None:
    problem = Problem(cell)
    w, s = problem.weights[0].clone(), problem.start
    trace = rule.init(w, cell.states, seeds_of(problem))
    for t in range(4):
        s, step = take_step(cell, w, s, problem.inputs[t])
        before = [v.clone() for v in (*step, w, s, problem.errors[t])]
        kept = [v.clone() for v in trace]
        first = rule.past(trace, step, problem.errors[t])
        second = rule.past(trace, step, problem.errors[t])
        assert (first is None) == (second is None)
        assert first is None or torch.equal(first, second)  # type: ignore[arg-type]
        assert all(torch.equal(a, b) for a, b in zip(trace, kept, strict=True))
        trace = rule.advance(trace, step)
        assert all(torch.equal(a, b) for a, b in zip((*step, w, s, problem.errors[t]), before, strict=True))


@few_pairs
def test_a_copied_trace_continues_identically_and_a_fresh_one_is_reset(cell: Cell, rule: Rule) -> None:
    problem = Problem(cell)
    w = problem.weights[0]
    _, trace = run(rule, problem)
    _, again = run(rule, problem)
    assert all(torch.equal(a, b) for a, b in zip(trace, again, strict=True))
    _, step = take_step(cell, w, problem.start, problem.inputs[0])
    copied = tuple(v.clone() for v in trace)
    here, there = rule.advance(trace, step), rule.advance(copied, step)
    assert all(torch.equal(a, b) for a, b in zip(here, there, strict=True))


@pairs
def test_the_trace_holds_as_many_numbers_as_declared(cell: Cell, rule: Rule) -> None:
    problem = Problem(cell)
    w = problem.weights[0]
    for trace in (rule.init(w, cell.states, seeds_of(problem)), run(rule, problem)[1]):
        # Masks and the keys of random draws are not counted.
        held = trace[:1] if isinstance(rule, SparseRTRL) else trace
        held = trace[:7] if isinstance(rule, AdaptiveRTRL | WindowedRTRL) else held
        numbers = sum(v.numel() for v in held if v.is_floating_point())
        assert numbers == problem.n_replicas * rule.trace_size(cell.states, *w.shape[1:])


@few_pairs
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_is_kept(cell: Cell, rule: Rule, dtype: torch.dtype) -> None:
    problem = Problem(cell, n_steps=3)
    for name in ("inputs", "errors", "weights"):
        setattr(problem, name, getattr(problem, name).to(dtype))
    gradients, trace = run(rule, problem)
    assert {v.dtype for v in (*gradients, *trace) if v.is_floating_point()} == {dtype}


@pairs
def test_weights_that_a_gate_does_not_read_get_no_gradient(cell: Cell, rule: Rule) -> None:
    problem = Problem(cell)
    unread = oracle.reads(cell, problem.n_inputs, N).expand(-1, N, -1) == 0
    for gradient in run(rule, problem)[0]:
        assert bool((gradient[:, unread] == 0).all())
        assert bool((gradient[:, ~unread] != 0).any())


@cells
def test_the_exact_gradient_is_what_finite_differences_measure(cell: Cell) -> None:
    problem = Problem(cell, n_replicas=1, n_units=3, n_inputs=2, n_steps=7)
    got = run(RTRL(), problem)[0][-1]
    mask = oracle.reads(cell, 2, 3).expand(-1, 3, -1)

    def last(nudge: Tensor) -> float:
        s = problem.start
        for t in range(problem.n_steps):
            s = oracle.forward(cell, problem.weights[t] + nudge, s, problem.inputs[t])
        return float((problem.errors[-1] * s).sum())

    for place in mask.nonzero():
        nudge = torch.zeros_like(problem.weights[0])
        nudge[(0, *place)] = 1e-5
        slope = (last(nudge) - last(-nudge)) / 2e-5
        assert slope == pytest.approx(float(got[(0, *place)]), abs=1e-8)
