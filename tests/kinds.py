"""What the conformance suite walks: every cell, every rule, and variants of rules."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from neurodrift.learn import CELLS, RULES, Cell, Rule
from neurodrift.learn.rules import DecayTrace, SparseRTRL, WindowedRTRL, WindowedSparseRTRL
from tests.oracle import Problem

__all__ = [
    "EXACT",
    "INSTANCES",
    "N",
    "T",
    "cells",
    "close",
    "exact_pairs",
    "few_pairs",
    "pairs",
    "rules",
    "seeds_of",
    "sparse_pairs",
]

N, T = 6, 12
INSTANCES: list[Rule] = [
    *(make() for make in RULES.values()),
    *(SparseRTRL(k) for k in (0, 1, N)),
    *(SparseRTRL(k, own=True) for k in (0, 2, N - 1)),
    DecayTrace(0.95),
    SparseRTRL(2, redraw=True),
    SparseRTRL(2, choose="largest"),
    SparseRTRL(2, own=True, choose="smallest", redraw=True),
    SparseRTRL(2, choose="adversarial", redraw=True),
    SparseRTRL(2, keep="units"),
    SparseRTRL(3, keep="units", redraw=True),
    SparseRTRL(3, keep="units", choose="largest", redraw=True),
    SparseRTRL(N, keep="units"),
    WindowedRTRL(3),
    WindowedSparseRTRL(2, redraw=True, window=4),
]
# k of N paths is exact when it is all of them; the class cannot declare it.
EXACT = [r for r in INSTANCES if r.error == 0] + [
    SparseRTRL(N),
    SparseRTRL(N - 1, own=True),
    SparseRTRL(N, keep="units"),
]

# Every rule of the dict with every cell; their variants with a few cells, which differ in states, gates and features.
VARIED = ("rnn", "lstm", "rtu")


def _pairs(instances: list[Rule], cells: dict[str, Cell]) -> pytest.MarkDecorator:
    plain = {repr(make()) for make in RULES.values()}
    chosen = {
        f"{rule!r}-{name}": (cell, rule)
        for rule in {repr(r): r for r in instances}.values()
        for name, cell in cells.items()
        if repr(rule) in plain or name in VARIED
    }
    return pytest.mark.parametrize(("cell", "rule"), list(chosen.values()), ids=list(chosen))


_CELLS = {name: make() for name, make in CELLS.items()}
cells = pytest.mark.parametrize("cell", list(_CELLS.values()), ids=list(_CELLS))
rules = pytest.mark.parametrize("rule", INSTANCES, ids=repr)
pairs, exact_pairs = _pairs(INSTANCES, _CELLS), _pairs(EXACT, _CELLS)
few_pairs = _pairs(INSTANCES, {name: _CELLS[name] for name in VARIED})
sparse_pairs = _pairs([r for r in INSTANCES if isinstance(r, SparseRTRL)], _CELLS)


def close(got: Tensor, wanted: Tensor, tol: float, rtol: float = 0.0) -> None:
    torch.testing.assert_close(got, wanted, rtol=rtol, atol=tol)


def seeds_of(problem: Problem) -> list[int]:
    return [10 + r for r in range(problem.n_replicas)]
