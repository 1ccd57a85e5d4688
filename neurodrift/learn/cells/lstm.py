"""The long short-term memory."""

from __future__ import annotations

import torch
from torch import Tensor

from neurodrift.learn.cells.base import Cell

__all__ = ["LSTM"]


class LSTM(Cell):
    """m' = f m + i g, h' = o tanh(m'); states (h, m); equals `torch.nn.LSTM`, gates in its order i, f, g, o.

    References:
        Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; forget gate: Gers et al. 2000,
        doi:10.1162/089976600300015015.
    """

    name = "lstm"
    states = 2
    gates = ("xh", "xh", "xh", "xh")
    nonlinear_update = True

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        i, f, o = torch.sigmoid(a[:, 0]), torch.sigmoid(a[:, 1]), torch.sigmoid(a[:, 3])
        m = f * s[:, 1] + i * torch.tanh(a[:, 2])
        return torch.stack((o * torch.tanh(m), m), dim=1)

    def jacobians(self, a: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (i, f, _, o), g, m0 = torch.sigmoid(a).unbind(1), torch.tanh(a[:, 2]), s[:, 1]
        m = f * m0 + i * g
        q = torch.tanh(m)
        zero = torch.zeros_like(m)
        dm = torch.stack((g * i * (1 - i), m0 * f * (1 - f), i * (1 - g * g), zero), dim=1)
        slope = o * (1 - q * q)
        dh = slope.unsqueeze(1) * dm
        dh[:, 3] = q * o * (1 - o)
        db = torch.stack((torch.stack((zero, slope * f), 1), torch.stack((zero, f), 1)), dim=1)
        return torch.stack((o * q, m), dim=1), torch.stack((dh, dm), dim=1), db
