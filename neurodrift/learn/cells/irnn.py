"""The recurrent network of rectified units, started near the identity."""

from __future__ import annotations

import torch
from torch import Tensor

from neurodrift.learn.cells.base import Cell

__all__ = ["IRNN"]


class IRNN(Cell):
    """h' = relu(W [x, h, 1]); equals `torch.nn.RNN` with nonlinearity="relu".

    Recurrent weights start as half the identity, which the paper advises (a small multiple) for short dependencies: with
    the whole identity a state that is carried over thousands of bins grows without bound.

    References:
        Le, Jaitly & Hinton 2015, arXiv:1504.00941.
    """

    name = "irnn"
    states = 1
    gates = ("xh",)
    nonlinear_update = True
    identity = 0.5

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        return torch.relu(a)

    def jacobians(self, a: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = torch.relu(a)
        return h, (h > 0).to(a).unsqueeze(1), torch.zeros_like(s).unsqueeze(1)

    def initial_(self, w: Tensor) -> None:
        super().initial_(w)
        n = w.shape[1]
        w[0, :, -n - 1 : -1] = self.identity * torch.eye(n, dtype=w.dtype)
