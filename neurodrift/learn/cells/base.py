"""The contract of a recurrent cell: one pointwise function after one affine map."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["Cell", "gate_inputs"]


class Cell:
    """A recurrent cell.

    Subclasses state `states` (K, numbers per unit; `h` is state 0) and `gates` (what each reads of the input x
    and the units h: "xh", "x", "h" or "1"; each also reads the constant), and give `pointwise`.
    Some add `jacobians` in closed form; the suite holds it to autograd.

    Two facts stand as data, because the papers' rule turns on them: whether the new state is a nonlinear function of
    the old one, and whether the readout sees something besides the state (`output_bypass`). With the first and
    without the second, only optimizers with a second moment are said to adapt online (arXiv:2603.28750).
    """

    name: str
    states: int
    gates: tuple[str, ...]
    nonlinear_update: bool
    output_bypass: bool = False

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        """New state (R, K, N) from pre-activations a (R, G, N) and state s (R, K, N), unit by unit."""
        raise NotImplementedError

    def features(self, s: Tensor, x: Tensor) -> Tensor:
        """What the readout sees, (R, F): state 0."""
        return s[:, 0]

    def shape(self, n_inputs: int, n_units: int) -> tuple[int, int, int]:
        """(G, N, M) of the packed weights."""
        return len(self.gates), n_units, n_inputs + n_units + 1

    def n_inputs(self, w: Tensor) -> int:
        """C, from packed weights (..., N, M)."""
        return w.shape[-1] - w.shape[-2] - 1

    def read(self, w: Tensor, s: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pre-activations a (R, G, N), what the gates read z (R, G, M), and a view of the recurrent weights (R, G, N, N)."""
        z = gate_inputs(self, x, s[:, 0])
        n_inputs, n_units = x.shape[1], s.shape[2]
        w_h = w[..., n_inputs : n_inputs + n_units]
        return torch.matmul(w, z.unsqueeze(-1)).squeeze(-1), z, w_h

    def n_features(self, n_units: int, n_inputs: int) -> int:
        """F."""
        return n_units

    def initial_(self, w: Tensor) -> None:
        """Fills w (G, N, M) with weights to train from, from torch's global generator.

        Uniform within 1 / sqrt(N), as torch.nn starts its recurrent modules, zero where a gate does not read.
        """
        n = w.shape[1]
        w.uniform_(-(n**-0.5), n**-0.5)
        for gate, reads in enumerate(self.gates):
            if "x" not in reads:
                w[gate, :, : -n - 1] = 0
            if "h" not in reads:
                w[gate, :, -n - 1 : -1] = 0

    def jacobians(self, a: Tensor, s: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """s' (R, K, N), ds'/da (R, K, G, N) and the direct ds'/ds (R, K, K, N), by autograd."""
        with torch.enable_grad():
            a, s = a.detach().requires_grad_(), s.detach().requires_grad_()
            new = self.pointwise(a, s)
            pairs = [
                torch.autograd.grad(
                    new[:, k].sum(), (a, s), retain_graph=True, allow_unused=True, materialize_grads=True
                )
                for k in range(self.states)
            ]
        return new.detach(), torch.stack([p[0] for p in pairs], 1), torch.stack([p[1] for p in pairs], 1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def gate_inputs(cell: Cell, x: Tensor, h: Tensor) -> Tensor:
    """z (R, G, M): [x, h, 1] with zeros where a gate does not read. x (R, C), h (R, N)."""
    rows = []
    one = torch.ones_like(h[:, :1])
    for reads in cell.gates:
        parts = (x if "x" in reads else torch.zeros_like(x), h if "h" in reads else torch.zeros_like(h), one)
        rows.append(torch.cat(parts, dim=1))
    return torch.stack(rows, dim=1)
