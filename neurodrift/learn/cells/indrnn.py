"""The independently recurrent network."""

from __future__ import annotations

import torch
from torch import Tensor

from neurodrift.learn.cells.base import Cell

__all__ = ["IndRNN"]


class IndRNN(Cell):
    """h' = relu(W [x, 1] + u h): each unit reads itself alone, through one weight u of its own.

    u starts uniform on (0, 1), within the stable range of the paper.

    References:
        Li et al. 2018, arXiv:1803.04831.
    """

    name = "indrnn"
    states = 1
    gates = ("x", "1")
    nonlinear_update = True

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        return torch.relu(a[:, :1] + a[:, 1:] * s)

    def jacobians(self, a: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = self.pointwise(a, s)
        on = (h > 0).to(a)
        return h, torch.stack((on, on * s), dim=2), (on * a[:, 1:]).unsqueeze(1)

    def initial_(self, w: Tensor) -> None:
        super().initial_(w)
        w[1, :, -1].uniform_(0, 1)
