"""Recurrent trace units."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from neurodrift.learn.cells.base import Cell

__all__ = ["RTU"]


class RTU(Cell):
    """s' = tanh(r R(theta) s + gamma (W [x, 1])), a rotation R and shrinkage r of two numbers; the readout sees both.

    r = exp(-exp(nu)), theta = exp(log theta), gamma = sqrt(1 - r^2); nu and log theta are a parameter per unit each,
    started as in `LRU`. The nonlinear form of the paper, with tanh.

    References:
        Elelimy et al. 2024, arXiv:2409.01449.
    """

    name = "rtu"
    states = 2
    gates = ("x", "x", "1", "1")
    nonlinear_update = True
    r_min, r_max, phase = 0.0, 0.95, math.pi / 10

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        radius, angle = torch.exp(-torch.exp(a[:, 2])), torch.exp(a[:, 3])
        # 1 - r^2 without loss of digits where r is near 1.
        gamma = torch.sqrt(-torch.expm1(-2 * torch.exp(a[:, 2])))
        re, im = radius * torch.cos(angle), radius * torch.sin(angle)
        return torch.tanh(
            torch.stack(
                (
                    re * s[:, 0] - im * s[:, 1] + gamma * a[:, 0],
                    im * s[:, 0] + re * s[:, 1] + gamma * a[:, 1],
                ),
                dim=1,
            )
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
