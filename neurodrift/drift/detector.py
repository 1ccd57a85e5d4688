"""When scores have risen for good: a change detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurodrift.errors import NeurodriftError

__all__ = ["ChangeDetector"]


@dataclass(eq=False)
class ChangeDetector:
    """A one-sided cumulative sum of log-scores: an alarm when they stay above those of the reference.

    s <- max(0, s + (log score - mean) / deviation - slack); an alarm once s exceeds `limit`. Mean and deviation
    are those of the reference's own log-scores; the deviation is widened by (1 + 1 / n) for n of them, as they
    are few. For independent normal log-scores, `slack` .5 and `limit` 5 give one false alarm in some 930
    windows; scores of real recordings are neither, so count them (docs/drift.md does).

    Args:
        slack: deviations that are borne; half the rise that should be found.
        limit: deviations that must add up.

    References:
        Page 1954, doi:10.1093/biomet/41.1-2.100.
    """

    slack: float = 0.5
    limit: float = 5.0

    def fit(self, null: Sequence[float] | npt.NDArray[np.float64]) -> ChangeDetector:
        """Takes the scores of the reference itself (`Instability.null`).

        Raises:
            NeurodriftError: there are fewer than three, or one is not positive.
        """
        scores = np.asarray(null, np.float64)
        if len(scores) < 3 or not (scores > 0).all():
            raise NeurodriftError(
                f"ChangeDetector: {len(scores)} reference scores, lowest {scores.min(initial=np.inf):g}; "
                "three or more are needed, all positive."
            )
        logs = np.log(scores)
        self.mean = float(logs.mean())
        self.deviation = max(float(logs.std(ddof=1)) * (1 + 1 / len(logs)), 1e-6)
        self.reset()
        return self

    def reset(self) -> None:
        """Forgets what was summed, as after a recalibration."""
        self.sum = 0.0

    @property
    def alarm(self) -> bool:
        """Whether the sum is above the limit."""
        return self.sum > self.limit

    def update(self, score: float) -> bool:
        """Takes one score; whether there is an alarm."""
        step = (np.log(max(score, 1e-12)) - self.mean) / self.deviation - self.slack
        self.sum = max(0.0, self.sum + float(step))
        return self.alarm

    def first(self, scores: Sequence[float] | npt.NDArray[np.float64]) -> int | None:
        """The first of these scores at which there is an alarm, or None."""
        return next((i for i, score in enumerate(scores) if self.update(float(score))), None)
