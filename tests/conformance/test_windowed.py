"""RTRL in windows: the gradients of step-by-step RTRL, whatever the window, masked or not."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn import Cell, Rule
from neurodrift.learn.rules import RTRL, SparseRTRL, WindowedRTRL, WindowedSparseRTRL
from tests.conformance.test_rules import run
from tests.kinds import N, cells, close
from tests.oracle import Problem

pytestmark = pytest.mark.usefixtures("float64")
STEPS = 23


def largest(gradients: list[Tensor]) -> float:
    return max(float(g.abs().max()) for g in gradients)


@cells
def test_every_window_gives_the_gradients_of_step_by_step_rtrl(cell: Cell) -> None:
    """Weights moving; past the first windows, in the middle of a window and at its ends, P half moved on."""
    problem = Problem(cell, n_steps=STEPS)
    wanted = run(RTRL(), problem)[0]
    for window in (2, 3, 4, 5, 11):
        for t, (got, want) in enumerate(zip(run(WindowedRTRL(window), problem)[0], wanted, strict=True)):
            torch.testing.assert_close(got, want, rtol=0, atol=1e-10, msg=lambda m, t=t, w=window: f"{w} at {t}: {m}")  # fmt: skip


@cells
@pytest.mark.parametrize(
    "masks",
    [
        {"k": 2},
        {"k": 2, "own": True, "redraw": True},
        {"k": 3, "keep": "units", "redraw": True},
        {"k": 2, "choose": "largest"},
        {"k": 2, "choose": "adversarial", "redraw": True},
    ],
    ids=repr,
)
def test_masked_windows_give_the_gradients_of_sparse_rtrl(cell: Cell, masks: dict[str, object]) -> None:
    problem = Problem(cell, n_steps=STEPS)
    sparse: Rule = SparseRTRL(**masks)  # type: ignore[arg-type]
    windowed: Rule = WindowedSparseRTRL(**masks, window=4)  # type: ignore[arg-type]
    for got, want in zip(run(windowed, problem)[0], run(sparse, problem)[0], strict=True):
        close(got, want, 1e-10)


@cells
def test_all_paths_are_exact(cell: Cell) -> None:
    problem = Problem(cell, n_steps=STEPS)
    wanted = run(RTRL(), problem)[0]
    for got, want in zip(run(WindowedSparseRTRL(N, window=5), problem)[0], wanted, strict=True):
        close(got, want, 1e-10)
    assert largest(wanted) > 0.5


def test_work_is_spread_evenly_over_the_next_window() -> None:
    for window in range(2, 70):
        rule, blocks = WindowedRTRL(window), 192
        products = [rule.multiplied(share) for share in range(window + 1)]
        moved = [rule.folded(share, blocks) for share in range(window + 1)]
        assert products[0] == moved[0] == 0 and products[-1] == window and moved[-1] == blocks
        assert products == sorted(products) and moved == sorted(moved)
        assert all(p == window for p, m in zip(products, moved, strict=True) if m), "P moves by whole windows"
        assert max(b - a for a, b in pairwise(products)) <= 4
        assert window < 4 or max(b - a for a, b in pairwise(moved)) <= 2 * blocks / window + 1


@pytest.mark.parametrize("window", [1, 0, 2.5, True, "8"])
def test_a_window_that_is_none_is_refused(window: object) -> None:
    with pytest.raises(NeurodriftError, match="window"):
        WindowedRTRL(window)  # type: ignore[arg-type]
