"""Kronecker-factored real-time recurrent learning."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurodrift.learn.rules.base import Trace
from neurodrift.learn.rules.drawing import keys, next_keys, signs
from neurodrift.learn.step import Step

__all__ = ["KFRTRL"]


class KFRTRL:
    """P of gate g is replaced by H_g u_g', unbiased:  past(c) = ((c'D) H_g) u_g'.

    H_g (K N, N) is how the state moves with a unit's pre-activation, u_g (M) what the gate read. With random signs
    e1, e2 a gate:  u <- e1 p1 u + e2 p2 z,  H <- e1 D H / p1 + e2 A / p2, where p1^2 = |D H| / |u| and
    p2^2 = |A| / |z| keep the variance low. The mean over signs is exact RTRL, far less noisy than `UORO`.

    References:
        Mujika, Meier & Steger 2018, arXiv:1805.10842.
    """

    name = "kf_rtrl"
    error: float | None = None
    unbiased = True

    def trace_size(self, k: int, g: int, n: int, m: int) -> int:
        return g * (m + k * n * n)

    def init(self, w: Tensor, states: int, seeds: Sequence[int]) -> Trace:
        r, g, n, m = w.shape
        return w.new_zeros(r, g, m), w.new_zeros(r, g, states, n, n), keys(seeds)

    def past(self, trace: Trace, step: Step, c: Tensor) -> Tensor | None:
        u, h, _ = trace
        moved = torch.einsum("rki,rgkij->rgj", step.back(c), h)
        return moved.unsqueeze(-1) * u.unsqueeze(2)

    def advance(self, trace: Trace, step: Step) -> Trace:
        u, h, key = trace
        draw = signs(key, (2, u.shape[1]), u)
        h = torch.einsum("rkilj,rgljm->rgkim", step.jacobian(), h)
        own = torch.diag_embed(step.a.transpose(1, 2))
        p1 = _balance(h.flatten(2), u) * draw[:, 0]
        p2 = _balance(own.flatten(2), step.z) * draw[:, 1]
        u = p1[..., None] * u + p2[..., None] * step.z
        p1, p2 = p1[..., None, None, None], p2[..., None, None, None]
        return u, h / p1 + own / p2, next_keys(key)

    def __repr__(self) -> str:
        return "KFRTRL()"


def _balance(over: Tensor, under: Tensor) -> Tensor:
    """sqrt(|over| / |under|) of each replica and gate, 1 where either is zero: (R, G)."""
    ratio = over.norm(dim=-1) / under.norm(dim=-1)
    return torch.where(ratio.isfinite() & (ratio > 0), ratio, 1.0).sqrt()
