"""The minimal gated unit."""

from __future__ import annotations

import torch
from torch import Tensor

from neurodrift.learn.cells.base import Cell

__all__ = ["MGU"]


class MGU(Cell):
    """h' = (1 - f) h + f n with n = tanh(a_x + f a_h): a GRU whose one gate both forgets and resets.

    Reset-after, as in `GRU`: the gate acts on W_h h, not on h, so that the cell stays pointwise after one affine map.

    References:
        Zhou et al. 2016, arXiv:1603.09420.
    """

    name = "mgu"
    states = 1
    gates = ("xh", "x", "h")
    nonlinear_update = True

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        f = torch.sigmoid(a[:, 0])
        n = torch.tanh(a[:, 1] + f * a[:, 2])
        return (s[:, 0] + f * (n - s[:, 0])).unsqueeze(1)

    def jacobians(self, a: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        f, h = torch.sigmoid(a[:, 0]), s[:, 0]
        n = torch.tanh(a[:, 1] + f * a[:, 2])
        dn = f * (1 - n * n)
        da = torch.stack(((n - h + dn * a[:, 2]) * f * (1 - f), dn, dn * f), dim=1)
        return (h + f * (n - h)).unsqueeze(1), da.unsqueeze(1), (1 - f)[:, None, None]
