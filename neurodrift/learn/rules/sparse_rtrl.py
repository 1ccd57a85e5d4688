"""Sparse real-time recurrent learning: the influence travels along k random paths into each unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn.rules.base import Trace
from neurodrift.learn.rules.rtrl import carry, contract
from neurodrift.learn.step import Step

__all__ = ["SparseRTRL"]


class SparseRTRL:
    """RTRL with D masked over unit pairs:  P <- (m o D) P + I,  past(c) = (c'(m o D)) P.

    The mask is drawn once per replica: k source units for every unit, whole K x K blocks of the state Jacobian.
    `own=False` draws among all units: k = N is RTRL, k = 0 the immediate derivative. `own=True` keeps each
    unit's path from itself and draws k among the others: k = N - 1 is RTRL.

    References:
        Shalev Merin 2026, arXiv:2603.15195.
    """

    name = "sparse_rtrl"
    error: float | None = None
    unbiased = False

    def __init__(self, k: int = 4, own: bool = False) -> None:
        if isinstance(k, bool) or not isinstance(k, int) or k < 0:
            raise NeurodriftError(f"SparseRTRL: k is {k!r}, it must be a number of paths, 0 or more.")
        self.k, self.own = k, own

    def trace_size(self, k: int, g: int, n: int, m: int) -> int:
        return k * n * g * n * m

    def init(self, w: Tensor, states: int, seeds: Sequence[int]) -> Trace:
        r, g, n, m = w.shape
        if self.k > n - self.own:
            raise NeurodriftError(
                f"SparseRTRL: k = {self.k} paths into each unit, but there are only {n - self.own} to draw from; "
                f"lower k, or use RTRL, which keeps them all."
            )
        masks = np.stack([self._draw(n, seed) for seed in seeds])
        return w.new_zeros(r, states, n, g, n, m), torch.as_tensor(masks, dtype=w.dtype, device=w.device)

    def _draw(self, n: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        rng = np.random.default_rng([seed, n])
        mask = np.eye(n) if self.own else np.zeros((n, n))
        for i in range(n):
            sources = np.delete(np.arange(n), i) if self.own else np.arange(n)
            mask[i, rng.choice(sources, self.k, replace=False)] = 1
        return mask

    def past(self, trace: Trace, step: Step, c: Tensor) -> Tensor | None:
        p, mask = trace
        return contract(torch.einsum("rkn,rknlm->rlm", c, self._masked(step, mask)), p)

    def advance(self, trace: Trace, step: Step) -> Trace:
        p, mask = trace
        return carry(self._masked(step, mask), p, step), mask

    @staticmethod
    def _masked(step: Step, mask: Tensor) -> Tensor:
        return step.jacobian() * mask[:, None, :, None, :]

    def __repr__(self) -> str:
        return f"SparseRTRL(k={self.k}{', own=True' if self.own else ''})"
