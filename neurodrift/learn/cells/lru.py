"""The linear recurrent unit."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from neurodrift.learn.cells.base import Cell

__all__ = ["LRU"]


class LRU(Cell):
    """s' = lambda s + gamma (W [x, 1]), complex and diagonal; states (re, im), and the readout sees both.

    lambda = exp(-exp(nu) + i exp(theta)) with nu, theta and log gamma a parameter per unit each. They start as in the
    paper: |lambda|^2 uniform on (r_min^2, r_max^2), phases uniform on (0, pi / 10), gamma = sqrt(1 - |lambda|^2).

    References:
        Orvieto et al. 2023, arXiv:2303.06349.
    """

    name = "lru"
    states = 2
    gates = ("x", "x", "1", "1", "1")
    nonlinear_update = False
    r_min, r_max, phase = 0.0, 0.95, math.pi / 10

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        radius, angle, gamma = torch.exp(-torch.exp(a[:, 2])), torch.exp(a[:, 3]), torch.exp(a[:, 4])
        re, im = radius * torch.cos(angle), radius * torch.sin(angle)
        return torch.stack(
            (re * s[:, 0] - im * s[:, 1] + gamma * a[:, 0], im * s[:, 0] + re * s[:, 1] + gamma * a[:, 1]),
            dim=1,
        )

    def features(self, s: Tensor, x: Tensor) -> Tensor:
        return s.flatten(1)

    def n_features(self, n_units: int, n_inputs: int) -> int:
        return 2 * n_units

    def initial_(self, w: Tensor) -> None:
        super().initial_(w)
        square = torch.empty_like(w[0, :, 0]).uniform_(self.r_min**2, self.r_max**2).clamp_(min=1e-4)
        w[2, :, -1] = torch.log(-0.5 * torch.log(square))
        w[3, :, -1] = torch.log(torch.empty_like(square).uniform_(0, self.phase).clamp_(min=1e-4))
        w[4, :, -1] = 0.5 * torch.log(1 - square)
