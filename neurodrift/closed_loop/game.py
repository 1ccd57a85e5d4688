"""One trial after the other: targets appear, are held, or time out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodrift.closed_loop.tasks import Floats, Task

__all__ = ["Game", "Trial"]


@dataclass
class Trial:
    """A trial's target, its first and last bin, and how it went. `entries` counts how often the cursor came in."""

    target: Floats
    start: Floats
    first: int
    last: int = -1
    success: bool = False
    entries: int = 0
    touched: int = -1
    entered: int = -1


class Game:
    """The state of a task in bins of `bin_width` s; targets come from `rng` alone, so every player meets the same.

    A time is over at the end of the bin that completes it.
    """

    def __init__(self, task: Task, bin_width: float, rng: np.random.Generator) -> None:
        self.task, self._targets = task, task.targets(rng)
        self._dwell, self._timeout = round(task.dwell / bin_width), round(task.timeout / bin_width)
        self._pause = round(task.pause / bin_width)
        self._wait, self._held = 0, 0
        self.trials: list[Trial] = []
        self.trial: Trial | None = None

    def begin(self, t: int, position: Floats) -> Trial | None:
        """The trial of bin t, for a cursor that is at `position` before it; None in a pause."""
        if self.trial is None:
            if self._wait > 0:
                self._wait -= 1
                return None
            self.trial = Trial(next(self._targets), position.copy(), t)
            self._held = 0
        return self.trial

    def end(self, t: int, position: Floats) -> bool:
        """After the cursor's move in bin t; whether a trial ended with it."""
        trial = self.trial
        if trial is None:
            return False
        if self.task.inside(position, trial.target):
            if not self._held:
                trial.entries += 1
                trial.entered = t
                trial.touched = t if trial.touched < 0 else trial.touched
            self._held += 1
            trial.success = self._held > self._dwell
        else:
            self._held = 0
        if not trial.success and t + 1 - trial.first < self._timeout:
            return False
        trial.last = t
        self.trials.append(trial)
        self.trial, self._wait = None, self._pause
        return True
