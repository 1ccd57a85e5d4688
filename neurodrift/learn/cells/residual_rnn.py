"""The recurrent network whose readout sees the inputs too."""

from __future__ import annotations

import torch
from torch import Tensor

from neurodrift.learn.cells.base import Cell

__all__ = ["ResidualRNN"]


class ResidualRNN(Cell):
    """h' = tanh(W [x, h, 1]), and the readout sees [h', x]: an output bypass around the nonlinear state.

    References:
        Elman 1990, doi:10.1207/s15516709cog1402_1; skip connections to the output: Graves 2013, arXiv:1308.0850.
    """

    name = "residual_rnn"
    states = 1
    gates = ("xh",)
    nonlinear_update = True
    output_bypass = True

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        return torch.tanh(a)

    def features(self, s: Tensor, x: Tensor) -> Tensor:
        return torch.cat((s[:, 0], x), dim=1)

    def n_features(self, n_units: int, n_inputs: int) -> int:
        return n_units + n_inputs

    def jacobians(self, a: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = torch.tanh(a)
        return h, (1 - h * h).unsqueeze(1), torch.zeros_like(s).unsqueeze(1)
