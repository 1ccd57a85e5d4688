"""Sparse real-time recurrent learning: the influence travels along k paths into each unit, or through k units."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurodrift.learn.rules.base import Trace
from neurodrift.learn.rules.masks import Choose, Keep, Masks
from neurodrift.learn.rules.rtrl import carry, contract
from neurodrift.learn.step import Step

__all__ = ["SparseRTRL"]


class SparseRTRL:
    """RTRL with D masked over unit pairs:  P <- (m o D) P + I,  past(c) = (c'(m o D)) P.

    Masks cut whole K x K blocks of the state Jacobian. `own=False` chooses among all units: k = N is RTRL, k = 0 the
    immediate derivative. `own=True` keeps each unit's path from itself and chooses k among the others: k = N - 1 is
    RTRL, k = 0 SnAp-1.

    Args:
        k: paths into each unit, or units.
        keep: "paths", or "units": only k units carry influence, and only their rows of P are stored.
        choose: "random", or by Jacobian entries "largest", "smallest", "adversarial"; see `Masks`.
        redraw: masks chosen anew at every step, in place of once.

    References:
        Shalev Merin 2026, arXiv:2603.15195.
    """

    name = "sparse_rtrl_stepwise"
    error: float | None = None
    unbiased = False

    def __init__(
        self,
        k: int = 4,
        own: bool = False,
        keep: Keep = "paths",
        choose: Choose = "random",
        redraw: bool = False,
    ) -> None:
        self.masks = Masks(k, own, keep, choose, redraw)
        self.k, self.own, self.keep, self.choose, self.redraw = k, own, keep, choose, redraw

    def trace_size(self, k: int, g: int, n: int, m: int) -> int:
        return k * (self.k if self.keep == "units" else n) * g * n * m

    def init(self, w: Tensor, states: int, seeds: Sequence[int]) -> Trace:
        r, g, n, m = w.shape
        rows = self.k if self.keep == "units" else n
        return w.new_zeros(r, states, rows, g, n, m), *self.masks.init(n, seeds, w)

    def past(self, trace: Trace, step: Step, c: Tensor) -> Tensor | None:
        p, stored, key = trace
        if self.keep == "paths":
            mask = self.masks.of((stored, key), step)
            return contract(torch.einsum("rkn,rknlm->rlm", c, _masked(step, mask)), p)
        before, now = self.masks.units((stored, key), step)
        return contract(_rows(step.back(c) * now.unsqueeze(1), _members(before, self.k), dim=2), p)

    def advance(self, trace: Trace, step: Step) -> Trace:
        p, *state = trace
        held = (state[0], state[1])
        following = self.masks.advance(held, step)
        if self.keep == "paths":
            return carry(_masked(step, self.masks.of(held, step)), p, step), *following
        before, now = self.masks.units(held, step)
        source, target = _members(before, self.k), _members(now, self.k)
        d = _rows(_rows(step.jacobian() * now[:, None, None, None], source, dim=4), target, dim=2)
        r, k, rows, g, n, m = p.shape
        new = torch.bmm(d.reshape(r, k * rows, k * rows), p.reshape(r, k * rows, g * n * m)).reshape(p.shape)
        own = torch.einsum("rkgn,rgm->rkngm", step.a, step.z)
        at = torch.arange(r)[:, None], torch.arange(rows)[None], target
        new.permute(0, 2, 4, 1, 3, 5)[at] += own.permute(0, 2, 1, 3, 4)[at[0], target]
        return new, *following

    def __repr__(self) -> str:
        return f"SparseRTRL({self.masks!r})"


def _masked(step: Step, mask: Tensor) -> Tensor:
    return step.jacobian() * mask[:, None, :, None, :]


def _members(chosen: Tensor, k: int) -> Tensor:
    """Indices (R, k) of the k ones in each row of chosen (R, N), in order."""
    return torch.argsort(chosen, dim=1, descending=True, stable=True)[:, :k]


def _rows(tensor: Tensor, index: Tensor, dim: int) -> Tensor:
    """tensor with dimension `dim` reduced to the units index (R, k), replica by replica."""
    shape = [1] * tensor.ndim
    shape[0], shape[dim] = index.shape
    wanted = [*tensor.shape]
    wanted[dim] = index.shape[1]
    return tensor.gather(dim, index.reshape(shape).expand(wanted))
