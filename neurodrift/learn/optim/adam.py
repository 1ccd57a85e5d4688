"""Adam, and the bias-corrected RMSprop that is Adam without its first moment."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurodrift.learn.optim.base import State, rate

__all__ = ["Adam", "RMSprop"]


class Adam:
    """w <- w - lr m^ / (sqrt(v^) + eps), with bias-corrected running mean m^ and mean square v^ of the gradient.

    References:
        Kingma & Ba 2015, arXiv:1412.6980.
    """

    name = "adam"

    def __init__(
        self, lr: float | Sequence[float] = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
    ) -> None:
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps

    def init(self, params: Sequence[Tensor]) -> State:
        moments = [torch.zeros_like(p) for p in params for _ in range(2 if self.beta1 else 1)]
        return [torch.zeros((), dtype=torch.float64), *moments]

    def update_(self, params: Sequence[Tensor], grads: Sequence[Tensor], state: State) -> None:
        count, *moments = state
        count += 1
        t = float(count)
        squares, means = moments[:: 2 if self.beta1 else 1], moments[1::2] if self.beta1 else list(grads)
        for p, g, v, m in zip(params, grads, squares, means, strict=True):
            v.mul_(self.beta2).addcmul_(g, g, value=1 - self.beta2)
            if self.beta1:
                m.lerp_(g, 1 - self.beta1)
            scale = v.sqrt().mul_((1 - self.beta2**t) ** -0.5).add_(self.eps)
            p.addcmul_(torch.div(m, scale, out=scale), rate(self.lr, p) / (1 - self.beta1**t), value=-1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(lr={self.lr}, beta1={self.beta1}, beta2={self.beta2}, eps={self.eps})"


class RMSprop(Adam):
    """w <- w - lr g / (sqrt(v^) + eps), v^ the bias-corrected running mean square: Adam with beta1 = 0.

    `torch.optim.RMSprop` is not bias-corrected and forgets faster (alpha = 0.99).

    References:
        Tieleman & Hinton 2012, Coursera lecture 6.5; bias correction: Kingma & Ba 2015, arXiv:1412.6980.
    """

    name = "rmsprop"

    def __init__(self, lr: float | Sequence[float] = 1e-4, beta2: float = 0.999, eps: float = 1e-6) -> None:
        super().__init__(lr, 0.0, beta2, eps)

    def __repr__(self) -> str:
        return f"RMSprop(lr={self.lr}, beta2={self.beta2}, eps={self.eps})"
