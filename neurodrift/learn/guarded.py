"""Learners whose answers come from other weights than the ones that learn: averaged ones, or guarded ones."""

from __future__ import annotations

from collections import deque
from typing import Any

import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn.guard import Evidence, GuardReport, UpdateGuard
from neurodrift.learn.learner import Learner

__all__ = ["AveragePredictor", "GuardedLearner"]


class _Around:
    """A learner around another; what it does not do itself, the inner one does."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        if name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)

    def predict_array(self, x: Any) -> Any:
        """`predict` of arrays: (1 or R, C) -> (R, D)."""
        return self.predict(torch.from_numpy(x)).numpy()

    def predict(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    @property
    def observer(self) -> Any:
        return self.inner.observer

    @observer.setter
    def observer(self, value: Any) -> None:
        self.inner.observer = value


def _take(shadow: Learner, weights: tuple[Tensor, Tensor], where: Tensor | None = None) -> None:
    """Copies weights into a shadow, in the replicas `where` (R,)."""
    for target, value in zip((shadow.w, shadow.w_out), weights, strict=True):
        if where is None:
            target.copy_(value)
        else:
            target[where] = value[where]


class AveragePredictor(_Around):
    """Answers with the running mean of the weights, in a state of its own, while the last weights go on learning."""

    def __init__(self, inner: Learner, shadow: Learner) -> None:
        if not inner.average:
            raise NeurodriftError(
                'predict_with="average": no average is kept; give average, a number of learned bins.'
            )
        super().__init__(inner)
        self.shadow = shadow

    def reset(self) -> None:
        self.inner.reset()
        self.shadow.reset()

    def predict(self, x: Tensor) -> Tensor:
        """See `Learner.predict`; a bin that is passed over may still be learned from here."""
        seen = self.inner.average.seen
        self.inner.predict(x)
        self._follow(seen)
        return self.shadow.predict(x)

    def update(self, target: Tensor | None, lag: int = 0) -> None:
        """See `Learner.update`."""
        seen = self.inner.average.seen
        self.inner.update(target, lag)
        self._follow(seen)

    def follow(self) -> None:
        """Takes the average as it is."""
        _take(self.shadow, self.inner.averaged())

    def _follow(self, seen: int) -> None:
        if self.inner.average.seen != seen:
            self.follow()


class GuardedLearner(_Around):
    """A learner under an `UpdateGuard`, R replicas, each judged alone.

    Attributes:
        trusted: replicas (R,) whose learning weights answer.
        frozen: replicas (R,) that have stopped learning.
        report: what the guard did.
    """

    def __init__(
        self, inner: Learner | AveragePredictor, guard: UpdateGuard, snapshot: Learner, good: Learner
    ) -> None:
        super().__init__(inner)
        self.guard, self.snapshot, self.good = guard, snapshot, good
        r, d = inner.w_out.shape[:2]
        self.evidence = Evidence(r, d, guard.memory, inner.w_out)
        self.trusted = torch.zeros(r, dtype=torch.bool)
        self.frozen = torch.zeros(r, dtype=torch.bool)
        self.in_a_row = torch.zeros(r, dtype=torch.int64)
        self.report = GuardReport.empty(r)
        self.since = 0
        self.sound = [m.clone() for m in inner.moments]
        self.answers: deque[tuple[Tensor, Tensor]] = deque(maxlen=inner.max_lag + 1)
        self._present: tuple[Tensor, Tensor, Tensor] | None = None
        self._emptied = False

    def reset(self) -> None:
        """Forget state, trace and waiting labels; weights, optimizer and evidence are kept."""
        for learner in (self.inner, self.snapshot, self.good):
            learner.reset()
        self.answers.clear()
        self._present, self._emptied = None, False

    def thaw(self) -> None:
        """Lets frozen replicas learn again, from their good weights."""
        self.frozen[:] = False
        self.in_a_row[:] = 0

    def predict(self, x: Tensor) -> Tensor:
        """See `Learner.predict`."""
        bound = self.guard.max_input
        odd = (~x.isfinite() | (x.abs() > bound)).any(dim=1)
        if bool(odd.any()):
            self.report.inputs_clipped += odd
            x = x.nan_to_num(nan=0.0).clamp(-bound, bound)
        state = self.inner.s.clone()
        y = self.inner.predict(x)
        self._present = (state, x, y)
        good = self.good.predict(x)
        self.answers.append((self.snapshot.predict(x), good))
        lost = ~y.isfinite().all(dim=1)
        if bool(lost.any()):
            self._roll_back(lost)
        return torch.where((self.trusted & ~lost & ~self.frozen)[:, None], y, good)

    def update(self, target: Tensor | None, lag: int = 0) -> None:
        """See `Learner.update`; a label that is refused counts as none."""
        if self._emptied and 0 <= lag <= self.inner.max_lag and lag >= self.inner.n_waiting:
            return  # a label of a bin that a roll-back has dropped
        label = None if target is None else self._pass(target)
        if label is None or bool(self.frozen.all()):
            self.inner.update(None, lag)
            return
        before = self.inner.w.clone(), self.inner.w_out.clone()
        self.inner.update(label, lag)
        self._judge(label, lag)
        self._bound(before)
        if self.since >= self.guard.window:
            self._close_window()

    def averaged(self) -> tuple[Tensor, Tensor]:
        """Copies of the weights that are trusted: the learner's average, or the last good ones."""
        w, w_out = self.inner.averaged()
        keep = ~self.trusted | self.frozen
        w[keep], w_out[keep] = self.good.w[keep], self.good.w_out[keep]
        return w, w_out

    def _pass(self, target: Tensor) -> Tensor | None:
        label = torch.as_tensor(target, dtype=self.inner.w.dtype).expand(self.inner.w_out.shape[:2])
        odd = label.abs() > self.guard.max_label
        if bool(odd.any()):
            self.report.labels_refused += odd.any(dim=1)
            # All replicas or none have a label: what one refuses is refused by all.
            label = torch.where(odd.any(dim=0), torch.nan, label)
        return None if bool(label.isnan().all()) else label

    def _judge(self, label: Tensor, lag: int) -> None:
        self.since += 1
        if self.since > self.guard.settle:
            snapshot, good = self.answers[-1 - lag]
            self.evidence.add(label, snapshot, good)

    def _close_window(self) -> None:
        self.trusted, contradicted, diverged = self.evidence.judge(self.guard)
        self.report.windows += 1
        self.report.trusted += self.trusted
        self.report.contradicted += contradicted
        _take(self.good, (self.snapshot.w, self.snapshot.w_out), self.trusted)
        self.in_a_row[self.trusted] = 0
        if bool(diverged.any()):
            self._roll_back(diverged)
        else:
            self.sound = [m.clone() for m in self.inner.moments]
        _take(self.snapshot, self.inner.averaged())
        # The snapshot goes on in the state of the learner, not in that of other weights.
        self.snapshot.s.copy_(self.inner.s)
        self.since = 0

    def _bound(self, before: tuple[Tensor, Tensor]) -> None:
        """Undoes what is not finite, and takes back so much of an update that the prediction moves no farther than allowed."""
        inner = self.inner
        now = (inner.w, inner.w_out)
        if bool(self.frozen.any()):
            for w, old in zip(now, before, strict=True):
                w[self.frozen] = old[self.frozen]
        # A sum is finite only if all of it is, and costs a tenth of looking at each number.
        lost = ~sum(w.flatten(1).sum(dim=1) for w in now).isfinite()
        if bool(lost.any()):
            self._roll_back(lost)
            return
        if self._present is None:
            return
        in_time = self.inner.max_lag == 0 and isinstance(self.inner, Learner)
        was = self._present[2] if in_time else self._answer(before)
        part = inner.w.new_ones(len(inner.w))
        moved = [w - old for w, old in zip(now, before, strict=True)]
        for attempt in range(5):
            change = (self._answer(now) - was).norm(dim=1)
            over = ~(change <= self.guard.max_change)
            if not bool(over.any()):
                return
            if not attempt:
                self.report.updates_bounded += over
            shrink = 0.9 * self.guard.max_change / change
            part = torch.where(over, part * shrink if attempt < 3 else torch.zeros_like(part), part)
            for w, old, way in zip(now, before, moved, strict=True):
                w.copy_(old + part.reshape(-1, *[1] * (w.ndim - 1)) * way)

    def _answer(self, weights: tuple[Tensor, Tensor]) -> Tensor:
        """The present bin's prediction (R, D), had these weights read it."""
        assert self._present is not None
        (s, x, _), (w, w_out), cell = self._present, weights, self.inner.cell
        a, _, _ = cell.read(w, s, x.expand(len(w), -1))
        features = cell.features(cell.pointwise(a, s), x.expand(len(w), -1))
        return torch.baddbmm(w_out[..., -1:], w_out[..., :-1], features.unsqueeze(-1)).squeeze(-1)

    def _roll_back(self, where: Tensor) -> None:
        """The learning weights of some replicas become the good ones; state and trace of all start over."""
        self.report.rollbacks += where
        self.trusted = self.trusted & ~where
        self.in_a_row = self.in_a_row + where
        self.frozen = self.frozen | (self.in_a_row >= self.guard.patience)
        inner = self.inner
        _take(inner, (self.good.w, self.good.w_out), where)
        for m, sound in zip(inner.moments, self.sound, strict=True):
            if m.ndim:
                m[where] = sound[where]
        if inner.average:
            for mean, w in zip(inner.average.means, inner._moving(), strict=True):
                mean[where] = w[where]
        for total in inner.gathered:
            total[where] = 0
        if isinstance(inner, AveragePredictor):
            inner.follow()
        inner.reset()
        self._present, self._emptied = None, True
