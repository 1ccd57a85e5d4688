"""Exact RTRL in windows: the error goes back over whole windows of steps, and P moves on a window at a time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn.rules.base import Trace
from neurodrift.learn.rules.masks import Choose, Keep, Masks
from neurodrift.learn.step import Step

__all__ = ["WindowedRTRL", "WindowedSparseRTRL"]


class WindowedRTRL:
    """RTRL that carries P = ds/dW over `window` steps at once; the same gradients, for less.

    The error is carried back through the stored steps of the open window, then v'P is added. When a window is whole,
    P <- D_L ... D_1 P + sum over j of D_L ... D_{j+1} I_j, one matrix product for the weights of a unit. That work is
    spread over the steps of the next window: its first quarter multiplies Jacobians, the rest moves the weights of one
    unit after the other; weights whose P still stands a window back take the error carried through that window too.
    Exact, also while the weights move: each Jacobian is the one its step was taken with.

    Memory K N G N M numbers and two windows of steps, time O(K N G N M (1 + K N / window)) a step. It pays over
    `AdaptiveRTRL` where the error outlives `max_horizon` steps, and over `RTRL` always.

    Args:
        window: steps of a window, at least 2.

    References:
        Schmidhuber 1992, doi:10.1162/neco.1992.4.2.243; Williams & Zipser 1989, doi:10.1162/neco.1989.1.2.270.
    """

    name = "rtrl_windowed"
    error: float | None = 0.0
    unbiased = True
    masks: Masks | None = None

    def __init__(self, window: int = 32) -> None:
        if isinstance(window, bool) or not isinstance(window, int) or window < 2:
            raise NeurodriftError(
                f"{type(self).__name__}: window is {window!r}; it is a whole number of steps, at least 2."
            )
        self.window = window

    def trace_size(self, k: int, g: int, n: int, m: int) -> int:
        a_step = k * g * n + k * k * n + g * m + g * n * n
        return 2 * self.window * a_step + (self.window + 1) * (k * n) ** 2 + g * n * k * n * m

    def init(self, w: Tensor, states: int, seeds: Sequence[int]) -> Trace:
        """Steps a, b, z, w_h (2 L, R, ...), products (L + 1, R, KN, KN), P (R, GN, KN, M), steps seen (R,), masks."""
        (r, g, n, m), k = w.shape, states
        steps = [
            w.new_zeros(2 * self.window, r, *shape) for shape in ((k, g, n), (k, k, n), (g, m), (g, n, n))
        ]
        products = w.new_zeros(self.window + 1, r, k * n, k * n)
        products[0] = torch.eye(k * n)
        held = self.masks.init(n, seeds, w) if self.masks else ()
        p = w.new_zeros(r, g * n, k * n, m)
        return (*steps, products, p, torch.zeros(r, dtype=torch.int64), *held)

    def past(self, trace: Trace, step: Step, c: Tensor) -> Tensor | None:
        p, seen = trace[5], int(trace[6][0])
        fresh, v = seen % self.window, self._cut(trace, step).back(c)
        total = p.new_zeros(*step.a.shape[:1], *step.a.shape[2:], p.shape[-1])
        flat = total.flatten(1, 2)
        for lag in range(fresh):
            old = self._step(trace, seen - 1 - lag)
            flat += old.immediate(v).flatten(1, 2)
            v = old.back(v)
        if seen < self.window:
            return total
        done = self.folded(fresh, p.shape[1])
        flat[:, :done] += torch.einsum("rv,rqvm->rqm", v.flatten(1), p[:, :done])
        if done < p.shape[1]:
            for lag in range(fresh, fresh + self.window):
                old = self._step(trace, seen - 1 - lag)
                flat[:, done:] += old.immediate(v).flatten(1, 2)[:, done:]
                v = old.back(v)
            flat[:, done:] += torch.einsum("rv,rqvm->rqm", v.flatten(1), p[:, done:])
        return total

    def advance(self, trace: Trace, step: Step) -> Trace:
        *steps, products, p, seen = trace[:7]
        held, now, before = trace[7:], self._cut(trace, step), int(seen[0])
        if before >= self.window:
            self._fold(trace, before)
        for room, part in zip(steps, now, strict=True):
            room[before % (2 * self.window)] = part
        if self.masks:
            held = self.masks.advance((held[0], held[1]), step)
        return (*steps, products, p, seen + 1, *held)

    def multiplied(self, share: int) -> int:
        """Jacobians of the last whole window that are multiplied when `share` of its shares are done."""
        return min(self.window, -(-self.window * share // -(-self.window // 4)))

    def folded(self, share: int, blocks: int) -> int:
        """Units of all gates, of G N `blocks`, whose P has moved on when `share` shares are done."""
        begin = -(-self.window // 4)
        return max(0, blocks * (share - begin) // (self.window - begin))

    def _fold(self, trace: Trace, seen: int) -> None:
        """The share of this step in moving P over the last whole window."""
        products, p, length, share = trace[4], trace[5], self.window, seen % self.window
        r, n, size = p.shape[0], trace[0].shape[-1], products.shape[-1]
        last = seen - share - 1
        for lag in range(self.multiplied(share), self.multiplied(share + 1)):
            d = self._step(trace, last - lag).jacobian().reshape(r, size, size)
            products[lag + 1] = products[lag] @ d
        chosen = torch.arange(self.folded(share, p.shape[1]), self.folded(share + 1, p.shape[1]))
        if len(chosen):
            gate, unit = chosen // n, chosen % n
            at = [(last - lag) % (2 * length) for lag in range(length)]
            to_end = products[:length].reshape(length, r, size, size // n, n)[..., unit]
            q = torch.einsum("lrvkq,lrkq->rqvl", to_end, trace[0][at][:, :, :, gate, unit])
            z = trace[2][at][:, :, gate].permute(1, 2, 0, 3)
            p[:, chosen] = products[length].unsqueeze(1) @ p[:, chosen] + q @ z

    def _step(self, trace: Trace, number: int) -> Step:
        at = number % (2 * self.window)
        return Step(trace[0][at], trace[1][at], trace[2][at], trace[3][at])

    def _cut(self, trace: Trace, step: Step) -> Step:
        return self.masks.cut((trace[7], trace[8]), step) if self.masks else step

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._said()})"

    def _said(self) -> str:
        return f"window={self.window}"


class WindowedSparseRTRL(WindowedRTRL):
    """What `SparseRTRL` computes, in windows as `WindowedRTRL`: RTRL with the state Jacobian masked over unit pairs.

    Args:
        k, own, keep, choose, redraw: see `SparseRTRL`.
        window: steps of a window, at least 2.

    References:
        Shalev Merin 2026, arXiv:2603.15195.
    """

    name = "sparse_rtrl_windowed"
    error: float | None = None
    unbiased = False

    def __init__(
        self,
        k: int = 4,
        own: bool = False,
        keep: Keep = "paths",
        choose: Choose = "random",
        redraw: bool = False,
        window: int = 32,
    ) -> None:
        super().__init__(window)
        self.masks = Masks(k, own, keep, choose, redraw)
        self.k, self.own, self.keep, self.choose, self.redraw = k, own, keep, choose, redraw

    def _said(self) -> str:
        return f"{self.masks!r}, {super()._said()}"
