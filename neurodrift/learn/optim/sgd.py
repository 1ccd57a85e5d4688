"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from neurodrift.learn.optim.base import State, rate

__all__ = ["SGD"]


class SGD:
    """w <- w - lr g.

    References:
        Robbins & Monro 1951, doi:10.1214/aoms/1177729586.
    """

    name = "sgd"

    def __init__(self, lr: float | Sequence[float] = 1e-2) -> None:
        self.lr = lr

    def init(self, params: Sequence[Tensor]) -> State:
        return []

    def update_(self, params: Sequence[Tensor], grads: Sequence[Tensor], state: State) -> None:
        for p, g in zip(params, grads, strict=True):
            p.sub_(rate(self.lr, p) * g)

    def __repr__(self) -> str:
        return f"SGD(lr={self.lr})"
