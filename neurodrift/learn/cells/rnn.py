"""The tanh recurrent network."""

from __future__ import annotations

import torch
from torch import Tensor

from neurodrift.learn.cells.base import Cell

__all__ = ["RNN"]


class RNN(Cell):
    """h' = tanh(W [x, h, 1]); equals `torch.nn.RNN`.

    References:
        Elman 1990, Cognitive Science 14:179-211, doi:10.1207/s15516709cog1402_1.
    """

    name = "rnn"
    states = 1
    gates = ("xh",)
    nonlinear_update = True

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        return torch.tanh(a)

    def jacobians(self, a: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = torch.tanh(a)
        return h, (1 - h * h).unsqueeze(1), torch.zeros_like(s).unsqueeze(1)
