"""What rules declare of their mean, measured over thousands of draws."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from neurodrift.learn import CELLS, RULES, Rule
from tests.conformance.test_rules import run
from tests.oracle import Problem, state_gradients

DRAWS = 2048
pytestmark = pytest.mark.usefixtures("float64")
# Stochastic rules with a cell of one state, and one of two with parameters per unit.
FEW = ("gru", "rtu")
# A horizon and a window within these few steps, so that TBPTT leaves something out and P moves.
MADE = {name: make(2) if name in ("tbptt", "rtrl_windowed") else make() for name, make in RULES.items()}
UNBIASED = pytest.mark.parametrize("name", [name for name, rule in MADE.items() if rule.unbiased])
# What is exact to a tolerance is neither: the tests of the tolerance hold it.
BIASED = pytest.mark.parametrize(
    "name", [name for name, rule in MADE.items() if not rule.unbiased and not rule.error]
)
cells = pytest.mark.parametrize(
    "cell", [c if c in FEW else pytest.param(c, marks=pytest.mark.slow) for c in CELLS]
)


def worst(rule: Rule, cell: str) -> float:
    """The largest distance of the mean gradient from the exact one, in standard errors, over entries and steps."""
    one = Problem(CELLS[cell](), n_replicas=1, n_units=5, n_inputs=3, n_steps=6)
    many = one.replica([0] * DRAWS)
    gradients = run(rule, many, range(DRAWS))[0]
    return max(_distance(got, want[0]) for got, want in zip(gradients, state_gradients(one), strict=True))


def _distance(got: Tensor, want: Tensor) -> float:
    error = got.std(dim=0) / len(got) ** 0.5
    gap = (got.mean(dim=0) - want).abs()
    return float((gap / (error + 1e-9)).max())


@UNBIASED
@cells
def test_the_mean_of_an_unbiased_rule_is_the_exact_gradient(name: str, cell: str) -> None:
    assert worst(MADE[name], cell) < 5


@BIASED
def test_a_rule_that_does_not_say_so_is_biased(name: str) -> None:
    """On one cell: where no gate reads a unit, what a rule leaves out may be nothing."""
    assert worst(MADE[name], "gru") > 5


@pytest.mark.parametrize("name", ["uoro", "kf_rtrl"])
def test_draws_differ_from_seed_to_seed_and_from_step_to_step(name: str) -> None:
    one = Problem(CELLS["rnn"](), n_replicas=1, n_units=5, n_inputs=3, n_steps=6)
    gradients = run(RULES[name](), one.replica([0] * 50), range(50))[0]
    kinds = [len({float(v) for v in g[:, 0, 0, 0]}) for g in gradients]
    assert kinds[0] == 1 and kinds[-1] > 10 and all(b >= a for a, b in pairwise(kinds))
    again = run(RULES[name](), one.replica([0] * 50), range(50))[0]
    assert all(torch.equal(a, b) for a, b in zip(gradients, again, strict=True))
    assert all(not torch.equal(a, b) for a, b in pairwise(gradients))


def test_kronecker_factors_are_less_noisy_than_one_outer_product() -> None:
    one = Problem(CELLS["rnn"](), n_replicas=1, n_units=5, n_inputs=3, n_steps=6)
    spread = {
        name: float(run(RULES[name](), one.replica([0] * 500), range(500))[0][-1].var(dim=0).sum())
        for name in ("uoro", "kf_rtrl")
    }
    assert spread["kf_rtrl"] < spread["uoro"]
