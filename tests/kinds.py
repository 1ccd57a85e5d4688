"""What the conformance suite walks: every cell, every rule, and variants of rules."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from neurodrift.learn import CELLS, RULES, Rule
from neurodrift.learn.rules import SparseRTRL
from tests.oracle import Problem

__all__ = ["EXACT", "INSTANCES", "N", "T", "cells", "close", "exact", "rules", "seeds_of"]

N, T = 6, 12
INSTANCES: list[Rule] = [
    *(make() for make in RULES.values()),
    *(SparseRTRL(k) for k in (0, 1, N)),
    *(SparseRTRL(k, own=True) for k in (0, 2, N - 1)),
]
# k of N paths is exact when it is all of them; the class cannot declare it.
EXACT = [r for r in INSTANCES if r.error == 0] + [SparseRTRL(N), SparseRTRL(N - 1, own=True)]

cells = pytest.mark.parametrize("cell", [make() for make in CELLS.values()], ids=list(CELLS))
rules = pytest.mark.parametrize("rule", INSTANCES, ids=repr)
exact = pytest.mark.parametrize("rule", EXACT, ids=repr)


def close(got: Tensor, wanted: Tensor, tol: float) -> None:
    torch.testing.assert_close(got, wanted, rtol=0, atol=tol)


def seeds_of(problem: Problem) -> list[int]:
    return [10 + r for r in range(problem.n_replicas)]
