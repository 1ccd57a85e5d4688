"""The contract of a learning rule: what it carries of the past, and the gradient it reads from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from neurodrift.learn.step import Step

__all__ = ["Rule", "Trace"]

Trace = tuple[Tensor, ...]


class Rule(Protocol):
    """Every rule's gradient is `step.immediate(c) + past(trace, step, c)`.

    With P = ds/dW, exactly c'P_t = c'I_t + (c'D_t) P_{t-1}; a rule says how it approximates the second term.
    It declares its theory, and the suite measures it: `error` (0 exact, a tolerance, or None), `unbiased`, and
    `trace_size`, the numbers carried per replica (masks not counted).
    """

    name: str
    error: float | None
    unbiased: bool

    def trace_size(self, k: int, g: int, n: int, m: int) -> int:
        """Numbers carried per replica for K states, G gates, N units, M = inputs + N + 1."""
        ...

    def init(self, w: Tensor, states: int, seeds: Sequence[int]) -> Trace:
        """A fresh trace for weights w (R, G, N, M); `seeds` (R,), so that a replica draws alone what it draws in a batch."""
        ...

    def past(self, trace: Trace, step: Step, c: Tensor) -> Tensor | None:
        """Gradient through the old state (R, G, N, M), None for zero. Changes nothing."""
        ...

    def advance(self, trace: Trace, step: Step) -> Trace:
        """The trace after this step. Consumes `trace`; needs no error."""
        ...
