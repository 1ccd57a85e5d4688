"""Eligibility propagation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurodrift.learn.rules.base import Trace
from neurodrift.learn.step import Step

__all__ = ["EProp"]


class EProp:
    """RTRL without the recurrent weights:  E <- B E + a z,  past(c) = (c'B) E.

    B is the direct part of ds'/ds, a K x K block per unit: the leak of a leaky unit, the update gate of a GRU, the forget
    gate of an LSTM; zero for a plain recurrent network, where the rule is the immediate derivative. On `LeakyRNN`
    with feedback="random" it is RFLO (Murray 2019).

    References:
        Bellec et al. 2020, doi:10.1038/s41467-020-17236-y; Murray 2019, doi:10.7554/eLife.43299.
    """

    name = "eprop"
    error: float | None = None
    unbiased = False

    def trace_size(self, k: int, g: int, n: int, m: int) -> int:
        return k * g * n * m

    def init(self, w: Tensor, states: int, seeds: Sequence[int]) -> Trace:
        r, g, n, m = w.shape
        return (w.new_zeros(r, states, g, n, m),)

    def past(self, trace: Trace, step: Step, c: Tensor) -> Tensor | None:
        return torch.einsum("rln,rlgnm->rgnm", torch.einsum("rkn,rkln->rln", c, self.blocks(step)), trace[0])

    def advance(self, trace: Trace, step: Step) -> Trace:
        carried = torch.einsum("rkln,rlgnm->rkgnm", self.blocks(step), trace[0])
        return (carried + torch.einsum("rkgn,rgm->rkgnm", step.a, step.z),)

    def blocks(self, step: Step) -> Tensor:
        """The K x K blocks of ds'/ds that are kept (R, K, K, N): new state, old state, unit."""
        return step.b

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
