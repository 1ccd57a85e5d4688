"""Averaged weights: what a decoder predicts with once learning stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor

__all__ = ["Average"]


@dataclass
class Average:
    """A running mean of the moving weights over learned bins: plain at first, exponential after `bins` of them.

    The last weights follow the last labels: with trials whose label does not change, a decoder frozen in the
    middle of one prefers its direction. Their mean over many trials does not.

    References:
        Polyak & Juditsky 1992, doi:10.1137/0330046.
    """

    bins: float
    means: list[Tensor] = field(default_factory=list)
    seen: int = 0

    def start(self, params: Sequence[Tensor]) -> None:
        """Forgets, and begins from these weights."""
        self.means, self.seen = [p.clone() for p in params], 0

    def update_(self, params: Sequence[Tensor]) -> None:
        """Takes in the weights after one more learned bin."""
        self.seen += 1
        for mean, p in zip(self.means, params, strict=True):
            mean.lerp_(p, max(1 / self.bins, 1 / (self.seen + 1)))
