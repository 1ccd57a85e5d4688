"""The GRU whose gate and candidate read the input alone."""

from __future__ import annotations

import torch
from torch import Tensor

from neurodrift.learn.cells.base import Cell

__all__ = ["MinGRU"]


class MinGRU(Cell):
    """h' = (1 - f) h + f n with f = sigmoid(W_f [x, 1]), n = W_n [x, 1]: linear in the state, unit by unit.

    References:
        Feng et al. 2024, arXiv:2410.01201.
    """

    name = "mingru"
    states = 1
    gates = ("x", "x")
    nonlinear_update = False

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        f = torch.sigmoid(a[:, :1])
        return s + f * (a[:, 1:] - s)

    def jacobians(self, a: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        f, gap = torch.sigmoid(a[:, :1]), a[:, 1:] - s
        return s + f * gap, torch.stack((gap * f * (1 - f), f), dim=2), (1 - f).unsqueeze(1)
