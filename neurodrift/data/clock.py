"""Clocks that restart within a file: later epochs moved behind the earlier ones, and said so."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["PAUSE", "Clock"]

Floats = npt.NDArray[np.float64]
PAUSE = 60.0  # s between two epochs once they are in order


@dataclass(frozen=True, eq=False)
class Clock:
    """Epochs of one recording: epoch k holds times in [first[k], last[k]] (s) and is moved by shift[k].

    Without a restart there are no epochs and every time stays what it is.
    """

    first: Floats = field(default_factory=lambda: np.zeros(0))
    last: Floats = field(default_factory=lambda: np.zeros(0))
    shift: Floats = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def of(cls, trials: pd.DataFrame) -> tuple[Clock, list[str]]:
        """Epochs by the trial table: a trial that starts before the one above it begins a new epoch."""
        start, stop = (trials[name].to_numpy(np.float64) for name in ("start_time", "stop_time"))
        cuts = np.flatnonzero(np.diff(start) < 0) + 1
        if not len(cuts):
            return cls(), []
        first = np.array([part.min() for part in np.split(start, cuts)])
        last = np.array([part.max() for part in np.split(np.fmax(start, stop), cuts)])
        shift = np.zeros(len(first))
        for k in range(1, len(first)):
            shift[k] = last[k - 1] + shift[k - 1] + PAUSE - first[k]
        places = ", ".join(f"trial {cut} by {by:.3f} s" for cut, by in zip(cuts, shift[1:], strict=True))
        return cls(first, last, shift), [
            f"the clock restarts {len(cuts)} time{'s' * (len(cuts) > 1)}: all times are moved from {places}, "
            f"so that epochs follow each other {PAUSE:g} s apart"
        ]

    def trials(self, trials: pd.DataFrame) -> pd.DataFrame:
        """The trial table with every column called *_time moved."""
        if not len(self.shift):
            return trials
        out = trials.copy()
        epoch = np.cumsum(np.diff(trials["start_time"].to_numpy(np.float64), prepend=-np.inf) < 0)
        for name in out.columns:
            if str(name).endswith("_time") and name != "reaction_time" and out[name].dtype.kind == "f":
                out[name] = out[name] + self.shift[epoch]
        return out

    def samples(self, times: Floats) -> tuple[Floats, npt.NDArray[np.bool_], list[str]]:
        """Sample times (N,) in stored order, moved; a mask of those kept; notes.

        Steps backwards that are no restart are samples of overlapping trials: dropped until time goes on.
        """
        epoch, good = self._walk(times)
        moved = times + self.shift[epoch] if len(self.shift) else times
        keep = good & (np.diff(np.maximum.accumulate(moved), prepend=-np.inf) > 0)
        lost = int((~keep).sum())
        note = f"{lost} samples repeat or run backwards (overlapping trials): left out"
        return moved[keep], keep, [note] * bool(lost)

    def spikes(self, trains: list[Floats]) -> tuple[list[Floats], list[str]]:
        """Spike times per unit in stored order, moved; spikes that fit no epoch are left out."""
        if not len(self.shift):
            return trains, []
        out, lost, unsure = [], 0, 0
        for train in trains:
            epoch, good = self._walk(train)
            out.append((train + self.shift[epoch])[good])
            lost += int((~good).sum())
            unsure += bool(len(train)) and int((np.diff(train) < 0).sum()) < len(self.shift) - 1
        notes = [f"{lost} spikes lie in no epoch of the clock: left out"] * bool(lost)
        line = f"{unsure} units step back less often than the clock: some of their spikes may be in a wrong epoch"
        return out, notes + [line] * bool(unsure)

    def intervals(self, pairs: Floats) -> Floats:
        """Intervals (I, 2) in stored order, moved."""
        if not len(self.shift):
            return pairs
        return pairs + self.shift[self._walk(pairs[:, 0])[0]][:, None]

    def _walk(self, times: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Epoch of each time in stored order, and whether it lies within that epoch.

        The largest steps backwards are the restarts; where there are fewer steps than restarts (a unit that was
        silent), a stretch belongs to the first later epoch that can hold it.
        """
        epoch, good = np.zeros(len(times), np.int64), np.ones(len(times), bool)
        restarts = len(self.shift) - 1
        if restarts < 1 or not len(times):
            return epoch, good
        step = np.diff(times)
        back = np.flatnonzero(step < 0)
        back = np.sort(back[np.argsort(step[back], kind="stable")][:restarts]) + 1
        at = -1
        for part in np.split(np.arange(len(times)), back):
            fits = (self.first - 1e-6 <= times[part].min()) & (times[part].max() <= self.last + 1e-6)
            later = np.flatnonzero(fits[at + 1 :])
            sure = len(back) == restarts or not len(later)
            at = min(at + 1, restarts) if sure else at + 1 + int(later[0])
            epoch[part] = at
        good = (times >= self.first[epoch] - 1e-6) & (times <= self.last[epoch] + 1e-6)
        return epoch, good
