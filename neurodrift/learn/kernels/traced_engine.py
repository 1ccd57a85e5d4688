"""The compiled learner of rules that carry a trace."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from neurodrift.learn.kernels import traced
from neurodrift.learn.kernels.eligibility import DECAY, EPROP, SNAP1, Eligibility
from neurodrift.learn.kernels.engine import CompiledLearner, has_twin
from neurodrift.learn.kernels.horizon import Past
from neurodrift.learn.kernels.masking import MaskTrace
from neurodrift.learn.kernels.traced import TracedRing
from neurodrift.learn.kernels.windowed import Window
from neurodrift.learn.rules import (
    TBPTT,
    AdaptiveRTRL,
    AdaptiveSparseRTRL,
    DecayTrace,
    EProp,
    Immediate,
    SnAp1,
    WindowedRTRL,
    WindowedSparseRTRL,
)

__all__ = ["TracedLearner", "has_traced_twin"]

Array = npt.NDArray[Any]

_KEPT: dict[type, int] = {DecayTrace: DECAY, EProp: EPROP, SnAp1: SNAP1}
_HORIZONS = (AdaptiveRTRL, AdaptiveSparseRTRL, TBPTT)
_WINDOWS = (WindowedRTRL, WindowedSparseRTRL)
_CHOICES = {"random": 0, "largest": 1, "smallest": 2, "adversarial": 3}
_PREDICT, _LEARN, _BOTH = 1, 2, 3


def has_traced_twin(cell: object, rule: object, optimizer: object, w: Any, learns: str) -> bool:
    """Whether this combination is compiled."""
    known = type(rule) in (*_KEPT, *_HORIZONS, *_WINDOWS)
    return known and learns == "all" and has_twin(cell, Immediate(), optimizer, w, learns)


class TracedLearner(CompiledLearner):
    """See `Learner`. The rule's trace stays torch tensors; the kernels work on views of them.

    Attributes:
        reports: horizon, truncated, grew, rest (T, R, 4) of the bins of the last call, of rules with a horizon; zero
            where there was no label.
    """

    entry = traced.run

    def _connect(self) -> None:
        super()._connect()
        dtype, (r, g, n, m), k = self.s.numpy().dtype, self.w.shape, self.cell.states
        rule: Any = self.rule
        views = [t.numpy() for t in self.trace]
        work = [np.zeros(shape, dtype) for shape in ((8, g, n), (8, m), (2, k, n))]
        trace = past = window = masks = None
        if type(rule) in _KEPT:
            kept = _KEPT[type(rule)], float(getattr(rule, "decay", 0.0))
            trace = Eligibility(views[0], *kept, np.zeros((k, k, n), dtype))
        elif type(rule) in _HORIZONS:
            masks = self._masks(views[8:])
            past = Past._make([*views[:8], np.array([rule.tol, rule.safety, rule.growth], np.float64), *work])
        else:
            masks = self._masks(views[7:])
            size, length = k * n, rule.window
            room = [np.zeros(s, dtype) for s in ((size, size), (size, size + length), (size + length, m))]
            window = Window._make([*views[:7], *work, *room])
        self._kinds = trace, past, window, masks
        # What a rule lacks is None, so that it is not compiled.
        self._has: tuple[int | None, ...] = tuple(None if part is None else 0 for part in self._kinds)
        self._parts = [a for part in (trace, masks, past, window) if part for a in _arrays(part)]
        self._close_box()
        self.reports: Array = np.zeros((0, r, 4))

    def _masks(self, views: list[Array]) -> MaskTrace:
        rule: Any = self.rule
        dtype, n = self.s.numpy().dtype, self.w.shape[2]
        masks, rows = rule.masks, n
        if not masks:
            stored, key, settings = np.ones((1, n, n), dtype), np.zeros((1, 2), np.int64), (n, 0, False, False, False)  # fmt: skip
        else:
            (stored, key), units = views, masks.keep == "units"
            settings = (masks.k, _CHOICES[masks.choose], masks.own, units, masks.redraw)
            rows = 1 if units else n
        room = [np.zeros(shape, dtype) for shape in ((rows, n), (rows, n), (n, n))]
        return MaskTrace(stored, key, *settings, *room)

    def reset(self) -> None:
        first = not hasattr(self, "_net")
        super().reset()
        if first:
            return
        trace, past, window, masks = self._kinds
        if trace:
            trace.e[:] = 0
        if past:
            past.seen[:] = 0
        if window:
            window.p[:] = 0
            window.seen[:] = 0
        rule: Any = self.rule
        if masks and rule.masks:
            stored, key = rule.masks.init(self.w.shape[2], self.seeds, self.w)
            masks.stored[:], masks.key[:] = stored.numpy(), key.numpy()

    def _make_ring(self) -> Any:
        (r, g, n, m), d, q, k = self.w.shape, self.w_out.shape[1], self.max_lag + 1, self.cell.states
        dtype = self.s.numpy().dtype

        def room(*shape: int) -> Array:
            return np.zeros(shape, dtype)

        late = q if self.max_lag else 0
        return TracedRing(
            room(1, r, g, n), room(q, r, m), room(q, r, n), room(q, r, d), np.full((q, r, d), np.nan, dtype),
            room(late, r, d, n + 1), room(g, n), room(n), room(d), room(q, r, k, g, n), room(q, r, k, k, n),
            room(late, r, g, n, m), room(g, n, m), np.ones(n, dtype),
        )  # fmt: skip

    def predict_array(self, x: Array) -> Array:
        """`predict` of arrays: (1 or R, C) -> (R, D)."""
        self._pass_over()
        out: Array = np.empty((1, len(self.w), self.w_out.shape[1]), x.dtype)
        answer: Array = out[0]
        self._run(_PREDICT, x[None], answer, _CARRIED, out, self.reports)
        return answer

    def run(self, x: Array, targets: Array, fresh: Array) -> Array:
        """A stretch of bins (T, 1 or R, C) whose labels (T, D) become known `max_lag` bins late: predictions (T, R, D)."""
        self._pass_over()
        out: Array = np.empty((len(x), len(self.w), self.w_out.shape[1]), x.dtype)
        self.reports = np.zeros((len(x), len(self.w), 4))
        # One layout of arrays, one compilation.
        self._run(_BOTH, np.ascontiguousarray(x), np.ascontiguousarray(targets), fresh, out, self.reports)
        return out

    def _learn(self, place: int, given: Array) -> None:
        self._waiting += 1  # the kernel takes it off itself
        self.reports = np.zeros((1, len(self.w), 4))
        y = self._ring.y[:1]
        self._run(_LEARN, y, given[None], _CARRIED, y, self.reports)

    def _run(self, does: int, x: Array, targets: Array, fresh: Array, out: Array, reports: Array) -> None:
        updates, seen = self._counts()
        self._waiting, self._place, learned = traced.run(
            self._box, self._like, *self._has, does, x, targets, fresh, self._waiting, self._place,
            updates, seen, out, reports,
        )  # fmt: skip
        self._count(learned)


def _arrays(part: tuple[Any, ...]) -> list[Array]:
    """Its numbers as one array, where it has any, then its arrays: what `traced.open_...` reads."""
    numbers = [value for value in part if not isinstance(value, np.ndarray)]
    first = [np.array(numbers, np.float64)] if numbers else []
    return [*first, *(value for value in part if isinstance(value, np.ndarray))]


_CARRIED = np.zeros(1, bool)
