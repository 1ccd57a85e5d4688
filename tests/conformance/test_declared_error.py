"""What rules declare of their error, measured on trained decoders that adapt to a drifted day."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor

from neurodrift.learn import Rule
from neurodrift.learn.learner import Observed
from neurodrift.learn.optim import RMSprop
from neurodrift.learn.rules import RTRL, AdaptiveRTRL
from neurodrift.learn.rules.base import Trace
from tests.kinds import INSTANCES
from tests.sessions import days, trained

BINS = 150
# A tolerance is met by an estimate from random probes: never missed by more than this factor, and rarely at all.
MISSED = 3.0
TOLERANT: list[Rule] = [*(rule for rule in INSTANCES if rule.error), AdaptiveRTRL(1e-2)]
EXACT: list[Rule] = [rule for rule in INSTANCES if rule.error == 0]
hot = pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])


def errors_of(cell: str, rule: Rule) -> tuple[Tensor, Tensor]:
    """Relative errors (T, R) of the gradient of w of every labelled bin, and the last v'P (R, G, N, M) left out of it."""
    base = trained(cell)
    decoder = base.replicate([0, 1], rule=copy.copy(rule), optimizer=RMSprop(lr=1e-3), engine="reference")
    learner, exact = decoder.learner, RTRL()
    trace: list[Trace] = [exact.init(learner.w, learner.cell.states, [0, 1])]
    found: list[Tensor] = []
    left: list[Tensor] = []

    def look(seen: Observed) -> None:
        if seen.c is not None and seen.immediate is not None and seen.past is not None:
            past = exact.past(trace[0], seen.step, seen.c)
            assert past is not None
            want = seen.step.immediate(seen.c) + past
            gap = (seen.immediate + seen.past - want).flatten(1).norm(dim=1)
            found.append(gap / want.flatten(1).norm(dim=1))
            left[:] = [past]
        trace[0] = exact.advance(trace[0], seen.step)

    learner.observer = look
    session = days()[1]
    before = learner.w.clone()
    with torch.no_grad():
        for x, y in zip(session.counts[:BINS], session.behavior[:BINS], strict=True):
            decoder.predict(x)
            decoder.update(y)
    assert float((learner.w - before).abs().max()) > 1e-2, "weights move"
    return torch.stack(found), left[0]


@hot
@pytest.mark.parametrize("rule", TOLERANT, ids=repr)
def test_a_rule_with_a_tolerance_keeps_it(cell: str, rule: Rule) -> None:
    assert rule.error is not None
    found = errors_of(cell, rule)[0]
    assert len(found) > 100
    assert float(found.max()) < MISSED * rule.error
    assert float((found < rule.error).float().mean()) > 0.95
    assert float(found.max()) > 1e-5, "it does leave something out"


@hot
@pytest.mark.parametrize("rule", EXACT, ids=repr)
def test_an_exact_rule_is_exact_in_single_precision(cell: str, rule: Rule) -> None:
    assert float(errors_of(cell, rule)[0].max()) < 2e-5


@hot
def test_probes_of_products_of_signs_are_hardly_noisier_than_independent_signs(cell: str) -> None:
    """Var (v'y)^2 over draws, of what a trained decoder carries: 8 rows of signs a gate, each unit with a sign of its own."""
    x = errors_of(cell, RTRL())[1][0].double()
    g, n, m = x.shape
    draws = 500
    left, right = AdaptiveRTRL(max_horizon=1).init(torch.zeros(draws, g, n, m), 1, range(draws))[5:7]
    rows = torch.einsum("gim,dpgim->dpgi", x, right.double()[:, :, :, torch.arange(n) % 8])
    mine = (rows * left).sum((2, 3)).flatten()
    independent = (
        np.random.default_rng(0).choice([-1.0, 1.0], size=(len(mine), x.numel())) @ x.flatten().numpy()
    )
    size = float(x.square().sum())
    assert abs(float(mine.square().mean()) / size - 1) < 0.15
    assert float(mine.square().var()) < 1.6 * float(np.square(independent).var())
