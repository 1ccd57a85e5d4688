"""SnAp-1: each unit keeps the influence of its own weights on itself."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurodrift.learn.rules.base import Trace
from neurodrift.learn.step import Step

__all__ = ["SnAp1"]


class SnAp1:
    """RTRL that keeps the paths from each unit to itself:  E <- D_ii E + A z,  past(c) = (c' D_ii) E.

    D_ii is the K x K block of ds'/ds of unit i, its recurrent weight to itself included.

    References:
        Menick et al. 2021, arXiv:2006.07232.
    """

    name = "snap1"
    error: float | None = None
    unbiased = False

    def trace_size(self, k: int, g: int, n: int, m: int) -> int:
        return k * g * n * m

    def init(self, w: Tensor, states: int, seeds: Sequence[int]) -> Trace:
        r, g, n, m = w.shape
        return (w.new_zeros(r, states, g, n, m),)

    def past(self, trace: Trace, step: Step, c: Tensor) -> Tensor | None:
        return torch.einsum("rln,rlgnm->rgnm", torch.einsum("rkn,rkln->rln", c, _own(step)), trace[0])

    def advance(self, trace: Trace, step: Step) -> Trace:
        carried = torch.einsum("rkln,rlgnm->rkgnm", _own(step), trace[0])
        return (carried + torch.einsum("rkgn,rgm->rkgnm", step.a, step.z),)

    def __repr__(self) -> str:
        return "SnAp1()"


def _own(step: Step) -> Tensor:
    """D_ii (R, K, K, N): new state, old state, unit."""
    d = step.b.clone()
    d[:, :, 0] += torch.einsum("rkgn,rgn->rkn", step.a, step.w_h.diagonal(dim1=2, dim2=3))
    return d
