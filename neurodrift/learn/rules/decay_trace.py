"""The eligibility trace with one decay for all."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn.rules.base import Trace
from neurodrift.learn.step import Step

__all__ = ["DecayTrace"]


class DecayTrace:
    """A trace of immediate derivatives that fades:  E <- decay E + a z,  past(c) = decay c'E.

    decay = 0 is the immediate derivative. The usual 0.95 remembers far longer than trained networks do, and is said to
    stop adaptation; under 0.5 is said to be safe (Shalev Merin 2026).

    References:
        Shalev Merin 2026, arXiv:2603.28750; traces: Sutton 1988, doi:10.1007/BF00115009.
    """

    name = "decay_trace"
    error: float | None = None
    unbiased = False

    def __init__(self, decay: float = 0.5) -> None:
        if not 0 <= decay < 1:
            raise NeurodriftError(f"DecayTrace: decay is {decay}, it must be at least 0 and under 1.")
        self.decay = decay

    def trace_size(self, k: int, g: int, n: int, m: int) -> int:
        return k * g * n * m

    def init(self, w: Tensor, states: int, seeds: Sequence[int]) -> Trace:
        r, g, n, m = w.shape
        return (w.new_zeros(r, states, g, n, m),)

    def past(self, trace: Trace, step: Step, c: Tensor) -> Tensor | None:
        return self.decay * torch.einsum("rkn,rkgnm->rgnm", c, trace[0])

    def advance(self, trace: Trace, step: Step) -> Trace:
        return (self.decay * trace[0] + torch.einsum("rkgn,rgm->rkgnm", step.a, step.z),)

    def __repr__(self) -> str:
        return f"DecayTrace(decay={self.decay})"
