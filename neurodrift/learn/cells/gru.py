"""The gated recurrent unit."""

from __future__ import annotations

import torch
from torch import Tensor

from neurodrift.learn.cells.base import Cell

__all__ = ["GRU"]


class GRU(Cell):
    """h' = (1 - u) n + u h with n = tanh(a_x + r a_h); reset-after, equals `torch.nn.GRU`.

    Gates: reset r, update u, then the two halves of the candidate, which stay apart because r acts on one.

    References:
        Cho et al. 2014, arXiv:1406.1078.
    """

    name = "gru"
    states = 1
    gates = ("xh", "xh", "x", "h")
    nonlinear_update = True

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        r, u = torch.sigmoid(a[:, 0]), torch.sigmoid(a[:, 1])
        n = torch.tanh(a[:, 2] + r * a[:, 3])
        return ((1 - u) * n + u * s[:, 0]).unsqueeze(1)

    def jacobians(self, a: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        r, u = torch.sigmoid(a[:, :2]).unbind(1)
        n, h = torch.tanh(a[:, 2] + r * a[:, 3]), s[:, 0]
        dn = (1 - u) * (1 - n * n)
        da = torch.stack((dn * a[:, 3] * r * (1 - r), (h - n) * u * (1 - u), dn, dn * r), dim=1)
        return (n + u * (h - n)).unsqueeze(1), da.unsqueeze(1), u[:, None, None]
