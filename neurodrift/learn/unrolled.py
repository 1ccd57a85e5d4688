"""Any cell as a torch module over whole sequences, for offline training where torch.nn has no such cell."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neurodrift.learn.cells import Cell

__all__ = ["Unrolled"]


class Unrolled(nn.Module):
    """A cell stepped through time, its parameter the packed weights (G, N, M); called as a torch.nn recurrent module.

    forward: inputs (B, T, C) -> what the readout sees at each step (B, T, F), and the last state (B, K, N).
    """

    def __init__(self, cell: Cell, n_inputs: int, n_units: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.cell, self.n_inputs = cell, n_inputs
        w = torch.zeros(cell.shape(n_inputs, n_units), dtype=dtype)
        cell.initial_(w)
        self.w = nn.Parameter(w)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if type(self.cell).read is not Cell.read:
            return self._plain(x)
        # The inputs' part of all steps at once.
        g, n, _ = self.w.shape
        c = self.n_inputs
        of_x = [i for i, reads in enumerate(self.cell.gates) if "x" in reads]
        of_h = [i for i, reads in enumerate(self.cell.gates) if "h" in reads]
        a = self.w[:, :, -1].expand(*x.shape[:2], g, n)
        a = a.index_add(2, torch.tensor(of_x), torch.einsum("btc,gnc->btgn", x, self.w[of_x, :, :c]))
        back = self.w[of_h, :, c:-1].reshape(-1, n).T
        rows = torch.tensor(of_h)
        s = x.new_zeros(len(x), self.cell.states, n)
        seen = []
        for t, now in enumerate(a.unbind(1)):
            if of_h:
                now = now.index_add(1, rows, (s[:, 0] @ back).reshape(len(x), -1, n))
            s = self.cell.pointwise(now, s)
            seen.append(self.cell.features(s, x[:, t]))
        return torch.stack(seen, dim=1), s

    def _plain(self, x: Tensor) -> tuple[Tensor, Tensor]:
        w = self.w.expand(len(x), *self.w.shape)
        s = x.new_zeros(len(x), self.cell.states, self.w.shape[1])
        seen = []
        for now in x.unbind(1):
            s = self.cell.pointwise(self.cell.read(w, s, now)[0], s)
            seen.append(self.cell.features(s, now))
        return torch.stack(seen, dim=1), s
