"""The LSTM whose gates see the memory."""

from __future__ import annotations

import torch
from torch import Tensor

from neurodrift.learn.cells.base import Cell

__all__ = ["PeepholeLSTM"]


class PeepholeLSTM(Cell):
    """m' = f m + i g, h' = o tanh(m'), with i and f reading p m besides, and o reading p m'; states (h, m).

    Gates i, f, g, o as in `LSTM`, then the peepholes of i, f and o: a weight per unit each.

    References:
        Gers, Schraudolph & Schmidhuber 2002, Journal of Machine Learning Research 3:115-143,
        doi:10.1162/153244303768966139.
    """

    name = "peephole_lstm"
    states = 2
    gates = ("xh", "xh", "xh", "xh", "1", "1", "1")
    nonlinear_update = True

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        m = s[:, 1]
        i, f = torch.sigmoid(a[:, 0] + a[:, 4] * m), torch.sigmoid(a[:, 1] + a[:, 5] * m)
        new = f * m + i * torch.tanh(a[:, 2])
        o = torch.sigmoid(a[:, 3] + a[:, 6] * new)
        return torch.stack((o * torch.tanh(new), new), dim=1)

    def jacobians(self, a: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        m = s[:, 1]
        i, f = torch.sigmoid(a[:, 0] + a[:, 4] * m), torch.sigmoid(a[:, 1] + a[:, 5] * m)
        g = torch.tanh(a[:, 2])
        new = f * m + i * g
        o, q, zero = torch.sigmoid(a[:, 3] + a[:, 6] * new), torch.tanh(new), torch.zeros_like(m)
        di, df = g * i * (1 - i), m * f * (1 - f)
        dm = torch.stack((di, df, i * (1 - g * g), zero, di * m, df * m, zero), dim=1)
        do = q * o * (1 - o)
        slope = o * (1 - q * q) + do * a[:, 6]
        dh = slope.unsqueeze(1) * dm
        dh[:, 3], dh[:, 6] = do, do * new
        kept = f + di * a[:, 4] + df * a[:, 5]
        db = torch.stack((torch.stack((zero, slope * kept), 1), torch.stack((zero, kept), 1)), dim=1)
        return torch.stack((o * q, new), dim=1), torch.stack((dh, dm), dim=1), db
