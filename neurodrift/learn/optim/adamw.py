"""Adam with weights that decay apart from their gradient."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from neurodrift.learn.optim.adam import Adam
from neurodrift.learn.optim.base import State, rate

__all__ = ["AdamW"]


class AdamW(Adam):
    """w <- (1 - lr decay) w, then a step of Adam; equals `torch.optim.AdamW`.

    References:
        Loshchilov & Hutter 2019, arXiv:1711.05101.
    """

    name = "adamw"

    def __init__(
        self,
        lr: float | Sequence[float] = 1e-3,
        decay: float = 1e-2,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(lr, beta1, beta2, eps)
        self.decay = decay

    def update_(self, params: Sequence[Tensor], grads: Sequence[Tensor], state: State) -> None:
        for p in params:
            p.mul_(1 - rate(self.lr, p) * self.decay)
        super().update_(params, grads, state)

    def __repr__(self) -> str:
        return (
            f"AdamW(lr={self.lr}, decay={self.decay}, beta1={self.beta1}, beta2={self.beta2}, eps={self.eps})"
        )
