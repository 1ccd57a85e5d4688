"""Unbiased online recurrent optimization: the influence matrix as one random outer product."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurodrift.learn.rules.base import Trace
from neurodrift.learn.rules.drawing import keys, next_keys, signs
from neurodrift.learn.step import Step

__all__ = ["UORO"]


class UORO:
    """P is replaced by s~ theta~', unbiased:  past(c) = (c' D s~) theta~.

    With random signs nu:  s~ <- rho0 D s~ + rho1 nu,  theta~ <- theta~ / rho0 + nu' I / rho1, where
    rho0^2 = |theta~| / |D s~| and rho1^2 = |nu' I| / |nu| keep the variance low. The mean over nu is exact RTRL; one
    draw is noisy, the more so the longer the run.

    References:
        Tallec & Ollivier 2018, arXiv:1702.05043.
    """

    name = "uoro"
    error: float | None = None
    unbiased = True

    def trace_size(self, k: int, g: int, n: int, m: int) -> int:
        return k * n + g * n * m

    def init(self, w: Tensor, states: int, seeds: Sequence[int]) -> Trace:
        return w.new_zeros(len(w), states, w.shape[2]), torch.zeros_like(w), keys(seeds)

    def past(self, trace: Trace, step: Step, c: Tensor) -> Tensor | None:
        s, theta, _ = trace
        return (step.back(c) * s).sum(dim=(1, 2))[:, None, None, None] * theta

    def advance(self, trace: Trace, step: Step) -> Trace:
        s, theta, key = trace
        nu = signs(key, s.shape[1:], s)
        s, own = step.forward(s), step.immediate(nu)
        rho0, rho1 = _balance(theta, s), _balance(own, nu)
        s = rho0[:, None, None] * s + rho1[:, None, None] * nu
        rho0, rho1 = rho0[:, None, None, None], rho1[:, None, None, None]
        return s, theta / rho0 + own / rho1, next_keys(key)

    def __repr__(self) -> str:
        return "UORO()"


def _balance(over: Tensor, under: Tensor) -> Tensor:
    """sqrt(|over| / |under|) of each replica, 1 where either is zero: (R,)."""
    ratio = over.flatten(1).norm(dim=1) / under.flatten(1).norm(dim=1)
    return torch.where(ratio.isfinite() & (ratio > 0), ratio, 1.0).sqrt()
