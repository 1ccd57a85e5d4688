"""Slow, independent answers: autograd through whole runs, dense Jacobians, and the formulas in plain loops.

Of `neurodrift.learn` only a cell's `pointwise`, `features` and `gates` are used: no Step, no rule, no packing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from neurodrift.learn import Cell

__all__ = ["Problem", "forward", "loss_gradients", "masked_rtrl", "reads", "state_gradients"]


def reads(cell: Cell, n_inputs: int, n_units: int) -> Tensor:
    """1 where a gate reads an input, a unit or the constant, else 0 (G, 1, M)."""
    mask = torch.ones(len(cell.gates), 1, n_inputs + n_units + 1)
    for g, gate in enumerate(cell.gates):
        if "x" not in gate:
            mask[g, :, :n_inputs] = 0
        if "h" not in gate:
            mask[g, :, n_inputs:-1] = 0
    return mask


def forward(cell: Cell, w: Tensor, s: Tensor, x: Tensor) -> Tensor:
    """New state (R, K, N), written out: weights (R, G, N, M) times [h's part of s, x, 1]."""
    z = torch.cat((x, s[:, 0], torch.ones_like(x[:, :1])), dim=1)
    w = w * reads(cell, x.shape[1], s.shape[2]).to(w)
    return cell.pointwise((w * z[:, None, None, :]).sum(-1), s)


@dataclass
class Problem:
    """A short run in float64 whose weights move at every step; `errors` reach every state, not h alone."""

    cell: Cell
    n_replicas: int = 3
    n_units: int = 6
    n_inputs: int = 4
    n_steps: int = 12
    n_axes: int = 2
    seed: int = 0
    inputs: Tensor = field(init=False)
    errors: Tensor = field(init=False)
    targets: Tensor = field(init=False)
    weights: Tensor = field(init=False)
    readout: Tensor = field(init=False)

    def __post_init__(self) -> None:
        draw = torch.Generator().manual_seed(self.seed)
        r, n, c, t = self.n_replicas, self.n_units, self.n_inputs, self.n_steps

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=draw, dtype=torch.float64)

        mask = reads(self.cell, c, n).double()
        start = 0.6 * normal(r, len(self.cell.gates), n, c + n + 1) * mask
        # A parameter per unit may multiply the state: small, so that no state runs away.
        for gate, what in enumerate(self.cell.gates):
            start[:, gate] *= 0.5 if what == "1" else 1.0
        moves = 0.05 * normal(t, *start.shape) * mask
        self.weights = start + torch.cat((torch.zeros_like(moves[:1]), moves[:-1].cumsum(0)))
        self.inputs, self.errors = normal(t, r, c), normal(t, r, self.cell.states, n)
        self.targets, self.readout = (
            normal(t, r, self.n_axes),
            0.5 * normal(r, self.n_axes, self.cell.n_features(n, c) + 1),
        )

    @property
    def start(self) -> Tensor:
        return self.inputs.new_zeros(self.n_replicas, self.cell.states, self.n_units)

    def replica(self, index: Sequence[int]) -> Problem:
        """The problem of some replicas."""
        part = Problem(
            self.cell, len(index), self.n_units, self.n_inputs, self.n_steps, self.n_axes, self.seed
        )
        part.inputs, part.errors = self.inputs[:, index], self.errors[:, index]
        part.targets, part.weights = self.targets[:, index], self.weights[:, index]
        part.readout = self.readout[index]
        return part


def state_gradients(problem: Problem) -> list[Tensor]:
    """At each t, the gradient of errors_t . s_t with respect to one perturbation added to W_0 ... W_t."""
    nudge = torch.zeros_like(problem.weights[0], requires_grad=True)
    s, out = problem.start, []
    for t in range(problem.n_steps):
        s = forward(problem.cell, problem.weights[t] + nudge, s, problem.inputs[t])
        (gradient,) = torch.autograd.grad((problem.errors[t] * s).sum(), nudge, retain_graph=True)
        out.append(gradient)
    return out


def loss_gradients(
    cell: Cell,
    inputs: Sequence[Tensor],
    weights: Sequence[Tensor],
    readouts: Sequence[Tensor],
    targets: Sequence[Tensor],
) -> list[tuple[Tensor, Tensor]]:
    """At each t, gradients of half the squared error of bin t (axes with a label) by W and W_out.

    W_0 ... W_t are shifted together, W_out is the one bin t was predicted with.
    """
    nudge = torch.zeros_like(weights[0], requires_grad=True)
    r, _, n, _ = weights[0].shape
    s, out = weights[0].new_zeros(r, cell.states, n), []
    for x, w, w_out, target in zip(inputs, weights, readouts, targets, strict=True):
        s = forward(cell, w + nudge, s, x)
        w_out = w_out.clone().requires_grad_()
        y = (w_out[..., :-1] * cell.features(s, x)[:, None, :]).sum(-1) + w_out[..., -1]
        known = ~target.isnan()
        loss = 0.5 * (y - target)[known].square().sum()
        a, b = torch.autograd.grad(loss, (nudge, w_out), retain_graph=True)
        out.append((a, b))
    return out


def dense(cell: Cell, w: Tensor, s: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One replica: s' (K, N), ds'/ds (K, N, K, N) and ds'/dW (K, N, G, N, M), by torch.func.jacrev."""

    def step(w: Tensor, s: Tensor) -> Tensor:
        return forward(cell, w[None], s[None], x[None])[0]

    jacobian: Callable[..., tuple[Tensor, Tensor]] = torch.func.jacrev(step, argnums=(0, 1))
    by_weights, by_state = jacobian(w, s)
    return step(w, s), by_state, by_weights


def masked_rtrl(problem: Problem, masks: Tensor) -> list[Tensor]:
    """Gradients of RTRL with ds'/ds masked over unit pairs, masks (T, R, N, N) new unit by old unit."""
    replicas = []
    for r in range(problem.n_replicas):
        s, p, gradients = problem.start[r], None, []
        for t in range(problem.n_steps):
            s, d, own = dense(problem.cell, problem.weights[t, r], s, problem.inputs[t, r])
            d = d * masks[t, r][None, :, None, :]
            p = own if p is None else torch.tensordot(d, p, dims=2) + own
            gradients.append(torch.tensordot(problem.errors[t, r], p, dims=2))
        replicas.append(torch.stack(gradients))
    return list(torch.stack(replicas, dim=1))
