"""Immediate derivatives."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from neurodrift.learn.rules.base import Trace
from neurodrift.learn.step import Step

__all__ = ["Immediate"]


class Immediate:
    """Nothing of the past: the gradient is c' ds'/dW with the old state held fixed.

    References:
        Shalev Merin 2026, arXiv:2603.28750.
    """

    name = "immediate"
    error: float | None = None
    unbiased = False

    def trace_size(self, k: int, g: int, n: int, m: int) -> int:
        return 0

    def init(self, w: Tensor, states: int, seeds: Sequence[int]) -> Trace:
        return ()

    def past(self, trace: Trace, step: Step, c: Tensor) -> Tensor | None:
        return None

    def advance(self, trace: Trace, step: Step) -> Trace:
        return ()

    def __repr__(self) -> str:
        return "Immediate()"
