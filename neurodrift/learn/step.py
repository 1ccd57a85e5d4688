"""Step: all that a learning rule may know of one update s -> s'; the only Jacobians in the package.

Shapes: R replicas, K numbers of state per unit, G gates, N units, C inputs, M = C + N + 1 (inputs, units, constant).
A gate sees z[g], its part of [x, h, 1], and a[g] = W[g] z[g]; the new state is s'_i = phi(a_i, s_i), unit by unit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from neurodrift.learn.cells.base import Cell, gate_inputs

__all__ = ["Step", "gate_inputs", "state_error", "take_step"]


class Step(NamedTuple):
    """One step's derivatives, as three small arrays and the recurrent weights the step was taken with.

    ds'/dW[g] follows from `a` and `z`; ds'/ds from `b`, `a` and `w_h`. `w_h` is a copy: optimizers work in
    place, and a view would make every rule that looks back use weights the step never saw.
    """

    a: Tensor  # ds'/da (R, K, G, N)
    b: Tensor  # ds'/ds, the direct part (R, K, K, N): new state, old state, unit
    z: Tensor  # what each gate read (R, G, M), zero where it does not read
    w_h: Tensor  # recurrent weights (R, G, N, N)

    def immediate(self, c: Tensor) -> Tensor:
        """c' ds'/dW with the old state held fixed: (R, K, N) -> (R, G, N, M)."""
        return torch.einsum("rkn,rkgn->rgn", c, self.a).unsqueeze(-1) * self.z.unsqueeze(2)

    def back(self, c: Tensor) -> Tensor:
        """c' ds'/ds: (R, K, N) -> (R, K, N)."""
        v = torch.einsum("rkn,rkln->rln", c, self.b)
        v[:, 0] += torch.einsum("rkn,rkgn,rgnm->rm", c, self.a, self.w_h)
        return v

    def forward(self, t: Tensor) -> Tensor:
        """ds'/ds t: (R, K, N) -> (R, K, N)."""
        moved = torch.einsum("rgnm,rm->rgn", self.w_h, t[:, 0])
        return torch.einsum("rkln,rln->rkn", self.b, t) + torch.einsum("rkgn,rgn->rkn", self.a, moved)

    def jacobian(self) -> Tensor:
        """D = ds'/ds (R, K, N, K, N): new state and unit, old state and unit."""
        r, k, _, n = self.b.shape
        d = torch.diag_embed(self.b).permute(0, 1, 3, 2, 4).contiguous()
        d[:, :, :, 0] += torch.einsum("rkgn,rgnm->rknm", self.a, self.w_h)
        return d.reshape(r, k, n, k, n)


def take_step(cell: Cell, w: Tensor, s: Tensor, x: Tensor, *, copy: bool = True) -> tuple[Tensor, Step]:
    """The new state (R, K, N) and its `Step`. w (R, G, N, M), s (R, K, N), x (R, C).

    `copy=False` leaves `w_h` a view, for rules that never look back.
    """
    a, z, w_h = cell.read(w, s, x)
    new, da, db = cell.jacobians(a, s)
    return new, Step(da, db, z, w_h.clone() if copy else w_h)


def state_error(cell: Cell, s: Tensor, x: Tensor, error: Tensor) -> Tensor:
    """c = error' dfeatures/ds (R, K, N), for an error (R, F) on what the readout sees."""
    if type(cell).features is Cell.features:
        c = torch.zeros_like(s)
        c[:, 0] = error
        return c
    with torch.enable_grad():
        leaf = s.detach().requires_grad_()
        (c,) = torch.autograd.grad(cell.features(leaf, x), leaf, error)
    return c
