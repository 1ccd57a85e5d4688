"""The compiled learner of rules with a horizon."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from neurodrift.errors import NeurodriftError
from neurodrift.learn.kernels import horizon
from neurodrift.learn.kernels.engine import CompiledLearner, has_twin
from neurodrift.learn.kernels.horizon import Past
from neurodrift.learn.rules import TBPTT, AdaptiveRTRL, AdaptiveSparseRTRL, Immediate

__all__ = ["HorizonLearner", "has_horizon_twin"]

Array = npt.NDArray[Any]


def has_horizon_twin(
    cell: object, rule: object, optimizer: object, w: Any, learns: str, max_lag: int
) -> bool:
    """Whether this combination is compiled: labels in time, and masks that are drawn once."""
    if not has_twin(cell, Immediate(), optimizer, w, learns) or learns != "all" or max_lag:
        return False
    if type(rule) is AdaptiveSparseRTRL:
        return (rule.keep, rule.choose, rule.redraw) == ("paths", "random", False) and rule.max_horizon > 1
    return type(rule) in (AdaptiveRTRL, TBPTT) and getattr(rule, "max_horizon", 0) > 1


class HorizonLearner(CompiledLearner):
    """See `Learner`. The rule's trace stays torch tensors; the kernels work on views of them.

    Attributes:
        reports: horizon, truncated, grew, rest (T, R, 4) of the bins of the last call, zero where there was no label.
    """

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in super().__getstate__().items() if k != "_past"}

    def _connect(self) -> None:
        super()._connect()
        rule: Any = self.rule
        dtype, (r, g, n, m), k = self.s.numpy().dtype, self.w.shape, self.cell.states
        mask = self.trace[8].numpy() if rule.masks else np.ones((1, n, n), dtype)
        room = [(r, k, g, n), (r, k, k, n), (g, n, m), (8, g, n), (8, m), (2, k, n)]
        limits = np.array([rule.tol, rule.safety, rule.growth])
        views = [t.numpy() for t in self.trace[:8]]
        self._past = Past._make([*views, mask, limits, *(np.zeros(shape, dtype) for shape in room)])
        self.reports: Array = np.zeros((0, r, 4))

    def reset(self) -> None:
        super().reset()
        self.trace[7].zero_()

    def predict_array(self, x: Array) -> Array:
        """`predict` of arrays: (1 or R, C) -> (R, D)."""
        self._pass_over()
        out: Array = np.empty((len(self.w), self.w_out.shape[1]), x.dtype)
        horizon.predict_all(self._settings, self._net, self._ring, self._past, x, out)
        self._waiting = 1
        return out

    def run(self, x: Array, targets: Array, fresh: Array) -> Array:
        """A stretch of bins (T, 1 or R, C) with labels (T, D) in time: predictions (T, R, D)."""
        self._pass_over()
        out: Array = np.empty((len(x), len(self.w), self.w_out.shape[1]), x.dtype)
        self.reports = np.zeros((len(x), len(self.w), 4))
        updates, seen = self._counts()
        learned = horizon.run(
            self._settings, self._net, self._ring, self._past, x, targets, fresh, updates, seen, out, self.reports
        )  # fmt: skip
        self._count(learned)
        return out

    def _learn_oldest(self) -> None:
        self._waiting = 0
        missing = np.isnan(self._ring.target[0]).all(axis=1)
        if missing.any() and not missing.all():
            raise NeurodriftError(
                "update: some replicas have a label and others none; give all of them one, or none."
            )
        self.reports = np.zeros((1, len(self.w), 4))
        updates, seen = self._counts()
        horizon.learn_all(
            self._settings, self._net, self._ring, self._past, updates + 1, seen + 1, self.reports[0]
        )
        self._count(0 if missing.all() else 1)
