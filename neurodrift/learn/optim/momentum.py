"""Gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurodrift.learn.optim.base import State, rate

__all__ = ["Momentum"]


class Momentum:
    """v <- beta v + g,  w <- w - lr v; equals `torch.optim.SGD` with momentum = beta.

    References:
        Polyak 1964, doi:10.1016/0041-5553(64)90137-5.
    """

    name = "momentum"

    def __init__(self, lr: float | Sequence[float] = 1e-3, beta: float = 0.9) -> None:
        self.lr, self.beta = lr, beta

    def init(self, params: Sequence[Tensor]) -> State:
        return [torch.zeros_like(p) for p in params]

    def update_(self, params: Sequence[Tensor], grads: Sequence[Tensor], state: State) -> None:
        for p, g, v in zip(params, grads, state, strict=True):
            v.mul_(self.beta).add_(g)
            p.addcmul_(v, rate(self.lr, p), value=-1)

    def __repr__(self) -> str:
        return f"Momentum(lr={self.lr}, beta={self.beta})"
