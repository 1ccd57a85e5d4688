"""SnAp-1: each unit keeps the influence of its own weights on itself."""

from __future__ import annotations

import torch
from torch import Tensor

from neurodrift.learn.rules.eprop import EProp
from neurodrift.learn.step import Step

__all__ = ["SnAp1"]


class SnAp1(EProp):
    """RTRL that keeps the paths from each unit to itself:  E <- D_ii E + A z,  past(c) = (c' D_ii) E.

    D_ii is the K x K block of ds'/ds of unit i, its recurrent weight to itself included.

    References:
        Menick et al. 2021, arXiv:2006.07232.
    """

    name = "snap1"

    def blocks(self, step: Step) -> Tensor:
        """D_ii (R, K, K, N): new state, old state, unit."""
        d = step.b.clone()
        d[:, :, 0] += torch.einsum("rkgn,rgn->rkn", step.a, step.w_h.diagonal(dim1=2, dim2=3))
        return d
