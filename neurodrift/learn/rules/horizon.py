"""Rules that carry the error back through a ring of past steps: exact RTRL to a tolerance, sparse RTRL, TBPTT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn.rules.base import Trace
from neurodrift.learn.rules.drawing import keys, signs
from neurodrift.learn.rules.masks import Choose, Keep, Masks
from neurodrift.learn.step import Step

__all__ = ["BLOCK", "TBPTT", "AdaptiveRTRL", "AdaptiveSparseRTRL", "HorizonReport"]

# Lags between two looks at what is left; a look costs a norm of the whole gradient.
BLOCK = 8
# Rows of signs that a probe has for each gate; unit i takes row i % 8.
CLASSES = 8


class HorizonReport(NamedTuple):
    """How far each replica's last gradient went back (R,): steps, the present one included; what stopped it."""

    horizon: Tensor
    truncated: Tensor  # the longest horizon was reached with more left than the tolerance
    grew: Tensor  # the error grew past `growth` times its size: chaos, or close to it
    rest: Tensor  # estimated norm of what was left out, times `safety`, at the last look


class AdaptiveRTRL:
    """RTRL to a tolerance: the error is carried back through stored steps until what is left is small.

    With v = c'D_t D_{t-1} ..., past(c) = sum over lags of (v'A) z', and v'P is what is left after them. P is not
    needed: for fixed random signs r, forward tangents y <- D y + I r give y = P r, and the mean over probes of
    (v'y)^2 estimates |v'P|^2 without bias. A probe's signs are products: one of each unit's gate, and one of 8 rows
    over what the gate reads; (v'y)^2 varies 1.0 to 1.3 times as much as with independent signs (trained nets, 32 to 64 units,
    lags 0 to 15). It stops where `safety` times its root is under `tol` |g|, looking every
    8 lags. Each Jacobian is the one its step was taken with. O(L N^2) memory, O(horizon) products with W_h a step.

    Args:
        tol: what may be left, of the norm of the gradient of w.
        max_horizon: steps gone back at most, the present one included.
        probes, safety: random tangents, and the factor on their estimate.
        growth: stop where the error has grown past this many times its size.

    Attributes:
        report: of the last gradient; None before.

    References:
        Williams & Zipser 1989, doi:10.1162/neco.1989.1.2.270; Schmidhuber 1992, doi:10.1162/neco.1992.4.2.243;
        random probes: Hutchinson 1990, doi:10.1080/03610919008812866.
    """

    name = "rtrl"
    unbiased = False
    masks: Masks | None = None

    def __init__(
        self,
        tol: float = 1e-3,
        max_horizon: int = 256,
        probes: int = 8,
        safety: float = 3.0,
        growth: float = 1e3,
    ) -> None:
        if not 0 <= tol < 1 or not safety > 0 or not growth > 1:
            raise NeurodriftError(
                f"{type(self).__name__}: tol is {tol}, safety {safety}, growth {growth}; "
                f"tol lies in [0, 1), safety is above 0, growth above 1."
            )
        for name, value, least in (("max_horizon", max_horizon, 1), ("probes", probes, 0)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise NeurodriftError(
                    f"{type(self).__name__}: {name} is {value!r}; it is a whole number, at least {least}."
                )
        self.tol, self.max_horizon, self.probes = tol, max_horizon, probes
        self.safety, self.growth = safety, growth
        self.error: float | None = tol
        self.report: HorizonReport | None = None

    def trace_size(self, k: int, g: int, n: int, m: int) -> int:
        a_step = k * g * n + k * k * n + g * m + g * n * n + self.probes * k * n
        return self.max_horizon * a_step + self.probes * g * (n + CLASSES * m)

    def init(self, w: Tensor, states: int, seeds: Sequence[int]) -> Trace:
        (r, g, n, m), k, p, length = w.shape, states, self.probes, self.max_horizon
        steps = [
            w.new_zeros(length, r, *shape) for shape in ((k, g, n), (k, k, n), (g, m), (g, n, n), (p, k, n))
        ]
        drawn = signs(keys(seeds), (p, g, n + CLASSES * m), w)
        left, right = drawn[..., :n].contiguous(), drawn[..., n:].reshape(r, p, g, CLASSES, m).contiguous()
        held = self.masks.init(n, seeds, w) if self.masks else ()
        return (*steps, left, right, torch.zeros(r, dtype=torch.int64), *held)

    def past(self, trace: Trace, step: Step, c: Tensor) -> Tensor | None:
        a, b, z, w_h, tangents = trace[:5]
        seen, places, length = int(trace[7][0]), self.max_horizon, self.max_horizon - 1
        gradient = step.immediate(c)
        total = torch.zeros_like(gradient)
        v, size = self._masked(trace, step).back(c), _norm(c)
        going = torch.ones(len(c), dtype=torch.bool, device=c.device)
        grew, horizon, rest = ~going, torch.ones_like(size), torch.zeros_like(size)
        for lag in range(min(seen, length)):
            at = (seen - 1 - lag) % places
            if lag % BLOCK == 0:
                if self.probes:
                    left = torch.einsum("rkn,rpkn->rp", v, tangents[at]).square().mean(1).sqrt()
                    rest = torch.where(going, self.safety * left, rest)
                    going = going & ~(rest <= self.tol * _norm(gradient + total))
                too_large = going & (_norm(v) > self.growth * size)
                grew, going = grew | too_large, going & ~too_large
                if not bool(going.any()):
                    break
            old = Step(a[at], b[at], z[at], w_h[at])
            v = torch.where(going[:, None, None], v, 0.0)
            total, v, horizon = total + old.immediate(v), old.back(v), horizon + going
        truncated = going & (seen > length)
        rest = torch.where(going & ~truncated, 0.0, rest)
        self.report = HorizonReport(horizon, truncated, grew, rest)
        return total

    def advance(self, trace: Trace, step: Step) -> Trace:
        a, b, z, w_h, tangents, left, right, seen, *held = trace
        old = self._masked(trace, step)
        at, before = int(seen[0]) % self.max_horizon, (int(seen[0]) - 1) % self.max_horizon
        y = tangents[before]
        moved = torch.einsum("rgnm,rpm->rpgn", old.w_h, y[:, :, 0])
        rows = torch.einsum("rpgcm,rgm->rpgc", right, old.z)
        moved += left * rows[..., torch.arange(left.shape[-1]) % CLASSES]
        y = torch.einsum("rkln,rpln->rpkn", old.b, y) + torch.einsum("rkgn,rpgn->rpkn", old.a, moved)
        a[at], b[at], z[at], w_h[at], tangents[at] = old.a, old.b, old.z, old.w_h, y
        if self.masks:
            held = list(self.masks.advance((held[0], held[1]), step))
        return (a, b, z, w_h, tangents, left, right, seen + 1, *held)

    def _masked(self, trace: Trace, step: Step) -> Step:
        return self.masks.cut((trace[8], trace[9]), step) if self.masks else step

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._said()})"

    def _said(self) -> str:
        return f"tol={self.tol}, max_horizon={self.max_horizon}"


class AdaptiveSparseRTRL(AdaptiveRTRL):
    """What `SparseRTRL` computes, by the horizon of `AdaptiveRTRL`: RTRL with the state Jacobian masked over unit pairs.

    `own=False` chooses among all units: k = N is RTRL, k = 0 the immediate derivative. `own=True` keeps each unit's
    path from itself and chooses k among the others: k = N - 1 is RTRL, k = 0 SnAp-1.

    Args:
        k: paths into each unit, or units.
        keep: "paths", or "units": only k units carry influence.
        choose: "random", or by Jacobian entries "largest", "smallest", "adversarial"; see `Masks`.
        redraw: masks chosen anew at every step, in place of once.
        tol, max_horizon, probes, safety, growth: see `AdaptiveRTRL`; the tolerance is against the masked gradient.

    References:
        Shalev Merin 2026, arXiv:2603.15195.
    """

    name = "sparse_rtrl"

    def __init__(
        self,
        k: int = 4,
        own: bool = False,
        keep: Keep = "paths",
        choose: Choose = "random",
        redraw: bool = False,
        tol: float = 1e-3,
        max_horizon: int = 256,
        probes: int = 8,
        safety: float = 3.0,
        growth: float = 1e3,
    ) -> None:
        super().__init__(tol, max_horizon, probes, safety, growth)
        self.masks = Masks(k, own, keep, choose, redraw)
        self.k, self.own, self.keep, self.choose, self.redraw = k, own, keep, choose, redraw
        self.error = None

    def _said(self) -> str:
        return f"{self.masks!r}, {super()._said()}"


class TBPTT(AdaptiveRTRL):
    """Truncated back-propagation through time: the last h steps, the present one included; h = 1 is immediate.

    References:
        Williams & Peng 1990, doi:10.1162/neco.1990.2.4.490.
    """

    name = "tbptt"

    def __init__(self, horizon: int = 10) -> None:
        super().__init__(tol=0.0, max_horizon=horizon, probes=0, growth=float("inf"))
        self.error = None

    def _said(self) -> str:
        return f"horizon={self.max_horizon}"


def _norm(values: Tensor) -> Tensor:
    size: Tensor = values.flatten(1).norm(dim=1)
    return size
