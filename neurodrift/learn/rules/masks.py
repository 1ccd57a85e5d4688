"""Which pairs of units the influence may travel along: how many, chosen how, fixed or drawn anew at each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn.rules.drawing import generators, keys, next_keys
from neurodrift.learn.step import Step

__all__ = ["Choose", "Keep", "MaskState", "Masks"]

Keep = Literal["paths", "units"]
Choose = Literal["random", "largest", "smallest", "adversarial"]
MaskState = tuple[Tensor, Tensor]


class Masks:
    """Masks m (R, N, N) over pairs (new unit, old unit), 1 where the state Jacobian is kept; a seed for each replica.

    `keep="paths"` opens k source units for each unit; `keep="units"` opens what leaves a set S_t of k units that were
    in S_{t-1} too, so that only they carry influence. `choose` picks, of each row (paths) or of all units by their
    column, at random, or by Jacobian entries of the step:

    * "largest", "smallest": by size, the Frobenius norm of the K x K block;
    * "adversarial": the entries (summed over the block) that pull hardest against their row's sum.

    Without `redraw` the masks are those of the first step for ever, with it each step has its own.
    """

    def __init__(self, k: int, own: bool, keep: Keep, choose: Choose, redraw: bool) -> None:
        if isinstance(k, bool) or not isinstance(k, int) or k < 0:
            raise NeurodriftError(f"SparseRTRL: k is {k!r}, it must be a number of paths, 0 or more.")
        for name, value, known in (("keep", keep, Keep), ("choose", choose, Choose)):
            if value not in get_args(known):
                raise NeurodriftError(
                    f"SparseRTRL: {name} is {value!r}; it is one of {', '.join(get_args(known))}"
                )
        if own and keep == "units":
            raise NeurodriftError(
                "SparseRTRL: own=True is for keep='paths'; units that are kept keep themselves."
            )
        self.k, self.own, self.keep, self.choose, self.redraw = k, own, keep, choose, redraw

    def init(self, n: int, seeds: Sequence[int], like: Tensor) -> MaskState:
        """Fresh state (stored, key): for paths the mask (R, N, N), for units S_{t-1} and S_t (R, 2, N)."""
        if self.k > n - self.own:
            raise NeurodriftError(
                f"SparseRTRL: k = {self.k} paths into each unit, but there are only {n - self.own} to draw from; "
                f"lower k, or use RTRL, which keeps them all."
            )
        key = keys(seeds)
        if self.choose == "random":
            first = self._draw(key, n, like)
        else:
            first = like.new_zeros((len(key), n, n) if self.keep == "paths" else (len(key), n))
        return (first if self.keep == "paths" else torch.stack((first, first), dim=1)), key

    def of(self, state: MaskState, step: Step) -> Tensor:
        """The mask of this step (R, N, N)."""
        if self.keep == "paths":
            return self._present(state, step)
        before, now = self.units(state, step)
        return (before * now).unsqueeze(1).expand(-1, now.shape[1], -1)

    def cut(self, state: MaskState, step: Step) -> Step:
        """The step with its state Jacobian masked over unit pairs."""
        mask = self.of(state, step)
        own = mask.diagonal(dim1=1, dim2=2)
        return Step(step.a, step.b * own[:, None, None], step.z, step.w_h * mask.unsqueeze(1))

    def units(self, state: MaskState, step: Step) -> tuple[Tensor, Tensor]:
        """S_{t-1} and S_t (R, N), 1 for a member; for keep="units"."""
        return state[0][:, 0], self._present(state, step)

    def advance(self, state: MaskState, step: Step) -> MaskState:
        """The state for the next step."""
        key = state[1]
        now, following = self._present(state, step), next_keys(key)
        drawn = now
        if self.redraw and self.choose == "random":
            drawn = self._draw(following, now.shape[-1], now)
        return (drawn if self.keep == "paths" else torch.stack((now, drawn), dim=1)), following

    def _present(self, state: MaskState, step: Step) -> Tensor:
        stored, key = state
        first = not len(key) or int(key[0, 1]) == 0
        if self.choose != "random" and (self.redraw or first):
            return self._by_entries(step)
        return stored if self.keep == "paths" else stored[:, 1]

    def _draw(self, key: Tensor, n: int, like: Tensor) -> Tensor:
        rows = (n, n) if self.keep == "paths" else (n,)
        return self._lowest(like.new_tensor(np.stack([rng.random(rows) for rng in generators(key)])))

    def _by_entries(self, step: Step) -> Tensor:
        d = step.jacobian()
        if self.choose == "adversarial":
            score = d.sum(dim=(1, 3))
            score = score * score.sum(dim=2, keepdim=True).sign()
        else:
            score = d.square().sum(dim=(1, 3)).sqrt()
        if self.keep == "units":
            score = score.sum(dim=1)
        return self._lowest(-score if self.choose == "largest" else score)

    def _lowest(self, score: Tensor) -> Tensor:
        """1 at the k lowest scores of each row; the diagonal besides, where a unit keeps its own path."""
        eye = torch.eye(score.shape[-1], dtype=score.dtype, device=score.device)
        if self.own:
            score = score.masked_fill(eye.bool(), torch.inf)
        chosen = torch.argsort(score, dim=-1, stable=True)[..., : self.k]
        mask = torch.zeros_like(score).scatter_(-1, chosen, 1.0)
        return mask + eye if self.own else mask

    def __repr__(self) -> str:
        said = [f"k={self.k}"]
        said += ["own=True"] * self.own + ["keep='units'"] * (self.keep == "units")
        said += [f"choose={self.choose!r}"] * (self.choose != "random") + ["redraw=True"] * self.redraw
        return ", ".join(said)
