"""Masks of sparse RTRL: RTRL with a masked Jacobian, drawn as said, from the seeds alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from neurodrift.benchmark.spec import parse_spec
from neurodrift.errors import NeurodriftError
from neurodrift.learn import CELLS, Cell, take_step
from neurodrift.learn.rules import SparseRTRL
from tests import oracle
from tests.conformance.test_rules import run
from tests.kinds import INSTANCES, N, T, close, seeds_of, sparse_pairs
from tests.oracle import Problem

SPARSE = [r for r in INSTANCES if isinstance(r, SparseRTRL)]
sparse = pytest.mark.parametrize("rule", SPARSE, ids=repr)
pytestmark = pytest.mark.usefixtures("float64")


def masks_of(rule: SparseRTRL, problem: Problem) -> Tensor:
    """(T, R, N, N)."""
    state, s, out = rule.masks.init(problem.n_units, seeds_of(problem), problem.weights), problem.start, []
    for t in range(problem.n_steps):
        s, step = take_step(problem.cell, problem.weights[t], s, problem.inputs[t])
        out.append(rule.masks.of(state, step))
        state = rule.masks.advance(state, step)
    return torch.stack(out)


def jacobians(problem: Problem) -> Tensor:
    """(T, R, K, N, K, N), dense, by the oracle."""
    s, out = problem.start, []
    for t in range(problem.n_steps):
        steps = [
            oracle.dense(problem.cell, problem.weights[t, r], s[r], problem.inputs[t, r])
            for r in range(problem.n_replicas)
        ]
        s = torch.stack([step[0] for step in steps])
        out.append(torch.stack([step[1] for step in steps]))
    return torch.stack(out)


@sparse_pairs
def test_sparse_rtrl_is_rtrl_with_the_jacobian_masked(cell: Cell, rule: SparseRTRL) -> None:
    problem = Problem(cell)
    masks = masks_of(rule, problem)
    for got, want in zip(run(rule, problem)[0], oracle.masked_rtrl(problem, masks), strict=True):
        close(got, want, 1e-10)


@sparse
def test_masks_open_as_many_pairs_as_said_and_change_only_if_redrawn(rule: SparseRTRL) -> None:
    masks = masks_of(rule, Problem(CELLS["lstm"]()))
    assert set(masks.unique().tolist()) <= {0.0, 1.0}
    if rule.keep == "paths":
        assert bool((masks.sum(3) == rule.k + rule.own).all())
        assert not rule.own or bool((masks.diagonal(dim1=2, dim2=3) == 1).all())
    else:
        assert bool((masks == masks[:, :, :1]).all()), "a unit is open to all others or to none"
        assert int(masks[1:, :, 0].sum(2).max()) <= rule.k
    assert bool((masks[1:] == masks[1:2]).all()) != rule.redraw


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("redraw", [False, True])
def test_paths_chosen_by_entries_are_the_largest_the_smallest_or_against_their_row(
    cell: str, own: bool, redraw: bool
) -> None:
    problem = Problem(CELLS[cell]())
    d, k = jacobians(problem), 2
    size, pull = d.square().sum(dim=(2, 4)).sqrt(), d.sum(dim=(2, 4))
    chosen = {
        c: masks_of(SparseRTRL(k, own, choose=c, redraw=redraw), problem)
        for c in ("largest", "smallest", "adversarial")
    }  # type: ignore[arg-type]
    for t in range(T):
        at = t if redraw else 0
        for r in range(problem.n_replicas):
            for i in range(N):
                others = [j for j in range(N) if not (own and j == i)]
                by_size = sorted(others, key=lambda j: float(size[at, r, i, j]))
                toward = float(torch.sign(pull[at, r, i].sum()))
                by_pull = sorted(others, key=lambda j: toward * float(pull[at, r, i, j]))
                wanted = {"smallest": by_size[:k], "largest": by_size[-k:], "adversarial": by_pull[:k]}
                for name, sources in wanted.items():
                    got = chosen[name][t, r, i].nonzero().flatten().tolist()
                    assert got == sorted([*sources, *([i] if own else [])])


def test_units_chosen_by_entries_are_those_of_the_largest_columns() -> None:
    problem = Problem(CELLS["gru"]())
    masks = masks_of(SparseRTRL(2, keep="units", choose="largest"), problem)
    columns = jacobians(problem)[0].square().sum(dim=(1, 3)).sqrt().sum(1)
    for r in range(problem.n_replicas):
        wanted = sorted(range(N), key=lambda j: float(columns[r, j]))[-2:]
        assert masks[-1, r, 0].nonzero().flatten().tolist() == sorted(wanted)


@pytest.mark.parametrize("keep", ["paths", "units"])
def test_masks_are_drawn_anew_for_each_seed_and_the_same_for_the_same(keep: str) -> None:
    w = torch.zeros(40, 1, N, N + 5)
    masks = SparseRTRL(2, keep=keep).init(w, 1, range(40))[1]  # type: ignore[arg-type]
    assert len({tuple(m.flatten().tolist()) for m in masks}) > (30 if keep == "paths" else 10)
    assert bool((masks.mean(0) > 0.1).all()), "some path is never drawn"
    assert torch.equal(masks, SparseRTRL(2, keep=keep).init(w, 1, range(40))[1])  # type: ignore[arg-type]


@pytest.mark.parametrize(("k", "own"), [(N + 1, False), (N, True)])
def test_more_paths_than_units_are_refused(k: int, own: bool) -> None:
    with pytest.raises(NeurodriftError, match="lower k"):
        SparseRTRL(k, own).init(torch.zeros(1, 1, N, N + 3), 1, [0])


@pytest.mark.parametrize("k", [-1, 2.5, True, "4"])
def test_a_number_of_paths_that_is_none_is_refused(k: object) -> None:
    with pytest.raises(NeurodriftError, match="number of paths"):
        SparseRTRL(k)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [{"keep": "rows"}, {"choose": "best"}, {"own": True, "keep": "units"}], ids=repr
)
def test_a_choice_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(NeurodriftError, match="SparseRTRL"):
        SparseRTRL(2, **wrong)  # type: ignore[arg-type]


def test_a_spec_says_the_same_in_toml() -> None:
    entry = {"rule": "sparse_rtrl", "k": 3, "keep": "units", "choose": "smallest", "redraw": True}
    content = {"data": {"train": ["a"], "test": ["b"]}, "methods": {"adapted": [entry]}}
    rule = parse_spec(content).methods.adapted[0].build_rule()
    assert repr(rule).startswith("AdaptiveSparseRTRL(k=3, keep='units', choose='smallest', redraw=True")
    with pytest.raises(NeurodriftError, match="keep is 'rows'"):
        parse_spec(content | {"methods": {"adapted": [entry | {"keep": "rows"}]}})
