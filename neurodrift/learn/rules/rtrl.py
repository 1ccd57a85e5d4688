"""Exact real-time recurrent learning, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurodrift.learn.rules.base import Trace
from neurodrift.learn.step import Step

__all__ = ["RTRL"]


class RTRL:
    """Carries the influence matrix P = ds/dW:  P <- D P + I,  past(c) = (c'D) P.

    Exact, also while the weights move: each Jacobian is the one its step was taken with.
    Memory K N G N M numbers a replica, time O(K N) times that a step; for small networks and as the oracle.

    References:
        Williams & Zipser 1989, doi:10.1162/neco.1989.1.2.270.
    """

    name = "rtrl_stepwise"
    error: float | None = 0.0
    unbiased = True

    def trace_size(self, k: int, g: int, n: int, m: int) -> int:
        return k * n * g * n * m

    def init(self, w: Tensor, states: int, seeds: Sequence[int]) -> Trace:
        r, g, n, m = w.shape
        return (w.new_zeros(r, states, n, g, n, m),)

    def past(self, trace: Trace, step: Step, c: Tensor) -> Tensor | None:
        return contract(step.back(c), trace[0])

    def advance(self, trace: Trace, step: Step) -> Trace:
        return (carry(step.jacobian(), trace[0], step),)

    def __repr__(self) -> str:
        return "RTRL()"


def contract(v: Tensor, p: Tensor) -> Tensor:
    """v'P over the rows that P holds: (R, K, N), (R, K, N, G, N, M) -> (R, G, N, M)."""
    r, k, rows, g, n, m = p.shape
    return torch.bmm(v.reshape(r, 1, k * rows), p.reshape(r, k * rows, g * n * m)).reshape(r, g, n, m)


def carry(d: Tensor, p: Tensor, step: Step) -> Tensor:
    """D P + I, with D (R, K, N, K, N) and P (R, K, N, G, N, M)."""
    r, k, n, g, _, m = p.shape
    new = torch.bmm(d.reshape(r, k * n, k * n), p.reshape(r, k * n, g * n * m)).reshape(p.shape)
    unit = torch.arange(n)
    # Each unit's own weights: I[k, i, g, i, m] = A[k, g, i] z[g, m].
    new[:, :, unit, :, unit] += torch.einsum("rkgn,rgm->nrkgm", step.a, step.z)
    return new
