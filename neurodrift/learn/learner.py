"""The online learner: predicts one bin at a time and learns when a label arrives, replicas side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn.averaging import Average
from neurodrift.learn.cells import Cell
from neurodrift.learn.optim import Optimizer, clip_
from neurodrift.learn.rules import Rule
from neurodrift.learn.step import Step, state_error, take_step

__all__ = ["Feedback", "Learner", "Learns", "Observed"]

Learns = Literal["all", "readout", "bias", "nothing"]
Feedback = Literal["weights", "random"]


class Observed(NamedTuple):
    """A bin as it leaves the queue: its step, and with a label its error on the state and its gradient in parts.

    The gradient of w is `immediate + past`, that of w_out `readout`, all before clipping.
    """

    step: Step
    c: Tensor | None = None  # (R, K, N)
    immediate: Tensor | None = None  # (R, G, N, M)
    past: Tensor | None = None  # (R, G, N, M)
    readout: Tensor | None = None  # (R, D, F + 1)


@dataclass
class _Bin:
    """A bin that waits for its label: what its gradient needs, as it was when the prediction was made."""

    step: Step | None
    x: Tensor
    s: Tensor
    features: Tensor
    y: Tensor
    w_out: Tensor
    target: Tensor | None = None


class Learner:
    """A recurrent network with a linear readout, R replicas, that learns online.

    The loss of a bin is half the squared error summed over the axes that have a label. `update` gives the label
    of the prediction made `lag` bins ago; a bin is learned from, and the trace advanced over it, when it is
    `max_lag` bins old, with the gradient of its own step applied to today's weights.

    Args:
        w: packed recurrent weights (R, G, N, M); kept and changed in place.
        w_out: readout (R, D, F + 1), the last column the bias; kept and changed in place.
        seeds: one per replica, for rules that draw.
        learns: which weights move: "all", "readout", "bias" or "nothing".
        clip: bound on the norm of a replica's gradient over all weights that move.
        average: learned bins over which `averaged` weights are a running mean; 0 keeps none.
        pull: part of the way back to the weights it was built with that weights go after each update (L2-SP, Li et al.
            2018, arXiv:1802.01483, decoupled from the gradient); 0 leaves them.
        every: learned bins whose mean gradient makes one update.
        feedback: what carries the error back to the features: the readout's own "weights", or a fixed "random" matrix
            drawn from the replica's seed with the readout's mean square at the start (Lillicrap et al. 2016,
            doi:10.1038/ncomms13276; with `EProp` on `LeakyRNN` this is RFLO, Murray 2019, doi:10.7554/eLife.43299).

    Attributes:
        observer: called with each bin as it leaves the queue (`Observed`), for a look at gradients; None for nothing.
    """

    observer: Callable[[Observed], None] | None = None

    def __init__(
        self,
        cell: Cell,
        w: Tensor,
        w_out: Tensor,
        rule: Rule,
        optimizer: Optimizer,
        *,
        seeds: Sequence[int],
        learns: Learns = "all",
        clip: float = 1.0,
        max_lag: int = 0,
        average: float = 0.0,
        pull: float = 0.0,
        every: int = 1,
        feedback: Feedback = "weights",
    ) -> None:
        if feedback not in ("weights", "random"):
            raise NeurodriftError(f'Learner: feedback is {feedback!r}; it is "weights" or "random".')
        if not 0 <= average < float("inf"):
            raise NeurodriftError(
                f"Learner: average is {average}; give a number of learned bins, or 0 for none."
            )
        if not 0 <= pull < 1:
            raise NeurodriftError(
                f"Learner: pull is {pull}; it is the part of the way back, at least 0 and under 1."
            )
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise NeurodriftError(
                f"Learner: every is {every!r}; give a whole number of learned bins, at least 1."
            )
        if len(seeds) != len(w):
            raise NeurodriftError(f"Learner: {len(seeds)} seeds for {len(w)} replicas; give one a replica.")
        self.cell, self.rule, self.optimizer, self.seeds = cell, rule, optimizer, tuple(seeds)
        self.w, self.w_out, self.learns, self.clip, self.max_lag = w, w_out, learns, clip, max_lag
        _, g, n, m = w.shape
        self._looks_back = rule.trace_size(cell.states, g, n, m) > 0
        self.moments = optimizer.init(self._moving())
        self.average = Average(max(1.0, average)) if average else None
        if self.average:
            self.average.start(self._moving())
        self.pull, self.every = pull, every
        self.origin = [p.clone() for p in self._moving()] if pull else []
        self.gathered = [torch.zeros_like(p) for p in self._moving()] if every > 1 else []
        self.gathered_bins = 0
        self.feedback = feedback
        self.b_out = _random_feedback(w_out, seeds) if feedback == "random" else None
        self.reset()

    @property
    def n_inputs(self) -> int:
        return self.cell.n_inputs(self.w)

    def reset(self) -> None:
        """Forget state, trace and waiting labels; weights and optimizer are kept."""
        r, _, n, _ = self.w.shape
        self.s = self.w.new_zeros(r, self.cell.states, n)
        self.trace = self.rule.init(self.w, self.cell.states, self.seeds) if self.learns == "all" else ()
        self.queue: deque[_Bin] = deque()

    def predict(self, x: Tensor) -> Tensor:
        """One bin: inputs (R, C) -> predictions (R, D). A bin whose label never came is passed over here."""
        if len(self.queue) > self.max_lag:
            self._learn_oldest()
        if self.learns == "all":
            keeps = self._looks_back or self.observer is not None
            self.s, step = take_step(self.cell, self.w, self.s, x, copy=keeps)
        else:
            a, _, _ = self.cell.read(self.w, self.s, x)
            self.s, step = self.cell.pointwise(a, self.s), None
        features = self.cell.features(self.s, x)
        y = torch.baddbmm(self.w_out[..., -1:], self.w_out[..., :-1], features.unsqueeze(-1)).squeeze(-1)
        if self.learns != "nothing":
            w_out = self.w_out.clone() if self.max_lag else self.w_out
            self.queue.append(_Bin(step, x, self.s, features, y, w_out))
        return y

    def update(self, target: Tensor | None, lag: int = 0) -> None:
        """The label (D,) or (R, D) of the prediction made `lag` bins ago; NaN on an axis, or None, is no label.

        Raises:
            NeurodriftError: for a label older than the queue, or of a bin already learned from.
        """
        if self.learns == "nothing":
            return
        if not 0 <= lag <= self.max_lag:
            raise NeurodriftError(
                f"update: a label {lag} bins late, but this decoder keeps {self.max_lag} bins; build it with max_lag={lag}."
            )
        if lag >= self.n_waiting:
            raise NeurodriftError(
                f"update: no prediction made {lag} bins ago waits for a label: none was made, or it has been learned from."
            )
        if target is not None:
            shape = (self.w_out.shape[0], self.w_out.shape[1])
            self._give(torch.as_tensor(target, dtype=self.w.dtype).expand(shape), lag)
        if lag == self.max_lag:
            self._learn_oldest()

    @property
    def n_waiting(self) -> int:
        """Bins that wait for a label."""
        return len(self.queue)

    def _give(self, target: Tensor, lag: int) -> None:
        entry = self.queue[len(self.queue) - 1 - lag]
        entry.target = target if entry.target is None else torch.where(target.isnan(), entry.target, target)

    def averaged(self) -> tuple[Tensor, Tensor]:
        """Copies of w and w_out with their running means in the place of the weights that move."""
        w, w_out = self.w.clone(), self.w_out.clone()
        if self.average:
            for target, mean in zip(self._moving_of(w, w_out), self.average.means, strict=True):
                target.copy_(mean)
        return w, w_out

    def gradients(self, entry: _Bin) -> list[Tensor]:
        """Gradients of the weights that move, in the order (w, w_out), from a bin with a label."""
        assert entry.target is not None
        error = torch.where(entry.target.isnan(), 0.0, entry.y - entry.target)
        out = torch.cat((error.unsqueeze(-1) * entry.features.unsqueeze(1), error.unsqueeze(-1)), dim=-1)
        if self.learns == "bias":
            return [out[..., -1:]]
        if self.learns == "readout":
            return [out]
        assert entry.step is not None
        carries = entry.w_out[..., :-1] if self.b_out is None else self.b_out
        back = torch.bmm(error.unsqueeze(1), carries).squeeze(1)
        c = state_error(self.cell, entry.s, entry.x, back)
        recurrent = entry.step.immediate(c)
        past = self.rule.past(self.trace, entry.step, c)
        if self.observer is not None:
            carried = torch.zeros_like(recurrent) if past is None else past
            # Clipping works in place: the observer gets numbers that stay.
            self.observer(Observed(entry.step, c, recurrent.clone(), carried.clone(), out.clone()))
        return [recurrent if past is None else recurrent + past, out]

    def _learn_oldest(self) -> None:
        """Gradient, then the trace with the weights the step was taken with, then the optimizer."""
        entry = self.queue.popleft()
        has_label = entry.target is not None and not bool(entry.target.isnan().all())
        if has_label:
            assert entry.target is not None
            if bool(entry.target.isnan().all(dim=1).any()):
                raise NeurodriftError(
                    "update: some replicas have a label and others none; give all of them one, or none."
                )
            grads = self.gradients(entry)
        elif self.observer is not None and entry.step is not None:
            self.observer(Observed(entry.step))
        if entry.step is not None:
            self.trace = self.rule.advance(self.trace, entry.step)
        if has_label:
            self._move(grads)

    def _move(self, grads: list[Tensor]) -> None:
        if self.every > 1:
            for total, g in zip(self.gathered, grads, strict=True):
                total.add_(g)
            self.gathered_bins += 1
            if self.gathered_bins < self.every:
                return
            grads = [total / self.every for total in self.gathered]
            self.gathered_bins = 0
            for total in self.gathered:
                total.zero_()
        clip_(grads, self.clip)
        self.optimizer.update_(self._moving(), grads, self.moments)
        for p, origin in zip(self._moving(), self.origin, strict=False):
            p.lerp_(origin, self.pull)
        if self.average:
            self.average.update_(self._moving())

    def _moving(self) -> list[Tensor]:
        return self._moving_of(self.w, self.w_out)

    def _moving_of(self, w: Tensor, w_out: Tensor) -> list[Tensor]:
        match self.learns:
            case "all":
                return [w, w_out]
            case "readout":
                return [w_out]
            case "bias":
                return [w_out[..., -1:]]
        return []


def _random_feedback(w_out: Tensor, seeds: Sequence[int]) -> Tensor:
    """(R, D, F): normal, each replica from its own seed, scaled to the mean square of its readout."""
    shape = (w_out.shape[1], w_out.shape[2] - 1)
    drawn: Tensor = w_out.new_tensor(
        np.stack([np.random.default_rng([seed, *shape]).normal(size=shape) for seed in seeds])
    )
    size: list[Tensor] = [v.flatten(1).norm(dim=1).reshape(-1, 1, 1) for v in (w_out[..., :-1], drawn)]
    return drawn * (size[0] / size[1])
