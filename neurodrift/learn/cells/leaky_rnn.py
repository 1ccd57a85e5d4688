"""The leaky recurrent network."""

from __future__ import annotations

import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn.cells.base import Cell

__all__ = ["LeakyRNN"]


class LeakyRNN(Cell):
    """h' = (1 - alpha) h + alpha tanh(W [x, h, 1]): a continuous-time network, a step of alpha of its time constant.

    alpha = 1 is the plain recurrent network. The network of RFLO (Murray 2019).

    References:
        Funahashi & Nakamura 1993, doi:10.1016/S0893-6080(05)80125-X; Murray 2019, doi:10.7554/eLife.43299.
    """

    name = "leaky_rnn"
    states = 1
    gates = ("xh",)
    nonlinear_update = True

    def __init__(self, alpha: float = 0.5) -> None:
        if not 0 < alpha <= 1:
            raise NeurodriftError(f"LeakyRNN: alpha is {alpha}, it must be over 0 and at most 1.")
        self.alpha = alpha

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        return (1 - self.alpha) * s + self.alpha * torch.tanh(a)

    def jacobians(self, a: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        u = torch.tanh(a)
        new = (1 - self.alpha) * s + self.alpha * u
        slope = (self.alpha * (1 - u * u)).unsqueeze(1)
        return new, slope, torch.full_like(slope, 1 - self.alpha)

    def __repr__(self) -> str:
        return f"LeakyRNN(alpha={self.alpha})"
