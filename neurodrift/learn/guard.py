"""What may pass: the settings of a guard over online updates, and the evidence it judges weights by."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError

__all__ = ["Evidence", "GuardReport", "UpdateGuard"]

# What stands for an error without bound: infinity would never be forgotten.
HUGE = 1e6


@dataclass(frozen=True)
class UpdateGuard:
    """Settings of a guard over online learning; units are z-scores of inputs and labels as the network sees them.

    Learning goes on in weights of its own. Every `window` labelled bins a snapshot of them is taken (their average,
    where one is kept), and judged on later labels, before these are learned from, beside the last good weights; at
    first those are the weights it was built with. The learning weights answer only while such a snapshot has been no
    worse than the good ones and has done better, by `margin`, than constants that follow the labels; it then becomes the
    good one. Else the good weights answer, and are what is kept in the end.

    Weights that become non-finite, or whose snapshots lose `band` times as much as the good ones and the labels' own
    mean, go back to the last good ones; after `patience` times in a row learning stops until `thaw`.

    What it cannot do: labels that lie, and do so consistently and in accord with the good weights, are learned.

    Args:
        max_change: how far one update may move the present bin's prediction (norm over axes).
        max_input: inputs are clipped to this; inputs that are not finite become the training mean.
        max_label: labels farther than this from the training mean are refused, as infinite ones are.
        window: labelled bins between snapshots.
        memory: labelled bins over which evidence is forgotten.
        margin: by how much of their loss a snapshot must beat the constants: the mean label of the window before, and
            of the last `memory` labelled bins.
        contradiction: where the good predictions with their sign turned explain more of the labels' variance than
            this, labels are held to be wrong.
        band, patience: when weights have diverged, and how often before it freezes.

    Raises:
        NeurodriftError: for a value out of its range.
    """

    max_change: float = 0.5
    max_input: float = 10.0
    max_label: float = 6.0
    window: int = 50
    memory: float = 200.0
    margin: float = 0.05
    contradiction: float = 0.1
    band: float = 4.0
    patience: int = 3

    @property
    def settle(self) -> int:
        """Labelled bins after a snapshot that do not count: its answers are close to the labels it was learned from."""
        return self.window // 5

    def __post_init__(self) -> None:
        for name in ("max_change", "max_input", "max_label", "band"):
            if not 0 < getattr(self, name):
                raise NeurodriftError(
                    f"UpdateGuard: {name} is {getattr(self, name)}; give a number above 0, inf for no bound."
                )
        for name in ("window", "patience"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise NeurodriftError(f"UpdateGuard: {name} is {value!r}; give a whole number, at least 1.")
        if not self.memory >= 1:
            raise NeurodriftError(f"UpdateGuard: memory is {self.memory}; give labelled bins, at least 1.")


@dataclass
class GuardReport:
    """What a guard did, counted for each replica (R,)."""

    inputs_clipped: Tensor  # bins with an input out of bounds or not finite
    labels_refused: Tensor
    updates_bounded: Tensor
    windows: Tensor  # windows that were judged
    trusted: Tensor  # of these, the ones after which the learning weights answered
    contradicted: Tensor  # of these, the ones whose labels contradicted the good weights
    rollbacks: Tensor

    @classmethod
    def empty(cls, n_replicas: int) -> GuardReport:
        return cls(*(torch.zeros(n_replicas, dtype=torch.int64) for _ in fields(cls)))

    def as_dict(self) -> dict[str, list[int]]:
        """Plain numbers, for a row or a file."""
        return {f.name: getattr(self, f.name).tolist() for f in fields(self)}


class Evidence:
    """Squared errors on labels, of a snapshot, the good weights, their opposite and two constants, window by window.

    The constants are the mean label of the window before, which follows labels as fast as a bias could, and that of
    the last `memory` labelled bins. Sums over labelled axes; older windows are forgotten exponentially.
    """

    def __init__(self, n_replicas: int, n_axes: int, memory: float, like: Tensor) -> None:
        self.keep = 1 - 1 / memory
        self.past = like.new_zeros(4, n_replicas)  # snapshot, good, opposite, mean label of the window before
        self.window = like.new_zeros(4, n_replicas)
        self.past_labels = like.new_zeros(3, n_replicas, n_axes)  # number, sum, sum of squares
        self.labels = like.new_zeros(3, n_replicas, n_axes)
        self.before = like.new_zeros(n_replicas, n_axes)

    def tensors(self) -> list[Tensor]:
        """All of it, to be saved and filled."""
        return [self.past, self.window, self.past_labels, self.labels, self.before]

    def add(self, target: Tensor, snapshot: Tensor, good: Tensor) -> None:
        """A label (R, D), NaN where there is none, and what was answered before it was known (R, D)."""
        there = ~target.isnan()
        y = torch.where(there, target, 0.0)
        errors = torch.stack((snapshot - y, good - y, good + y, self.before - y)).square()
        self.window += torch.where(there, errors.nan_to_num(nan=HUGE).clamp(max=HUGE), 0.0).sum(dim=2)
        self.labels += torch.stack((there.to(y.dtype), y, y * y))

    def judge(self, guard: UpdateGuard) -> tuple[Tensor, Tensor, Tensor]:
        """Ends a window: which replicas' snapshots earn trust, whose labels contradict, and which have diverged (R,)."""
        forget = self.keep ** (guard.window - guard.settle)
        for past, window in ((self.past, self.window), (self.past_labels, self.labels)):
            past.mul_(forget).add_(window)
        number, total, squares = self.past_labels
        constant = (squares - total * total / number.clamp(min=1e-12)).clamp(min=0).sum(dim=1)
        snapshot, good, opposite, before = self.past
        explained = 1 - guard.margin
        earns = (snapshot <= good) & (snapshot < explained * torch.minimum(before, constant))
        earns &= self.window[0] < explained * self.window[3]
        contradicted = opposite < (1 - guard.contradiction) * constant
        diverged = ~(snapshot <= guard.band * torch.maximum(good, constant))
        n = self.labels[0]
        self.before = torch.where(n > 0, self.labels[1] / n.clamp(min=1), self.before)
        self.window.zero_()
        self.labels.zero_()
        return earns & ~contradicted, contradicted, diverged
