"""Smooth reaches of a hand to random targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["Reaches"]


@dataclass(frozen=True, eq=False)
class Reaches:
    """Minimum-jerk reaches between random targets on a square, with a pause before and after each.

    Args:
        start, target: positions (N, 2), cm.
        shown, onset, end, stop: times (N,), s: target shown, hand starts, hand arrives, trial over.

    References:
        Flash and Hogan 1985, doi:10.1523/JNEUROSCI.05-07-01688.1985.
    """

    start: npt.NDArray[np.float64]
    target: npt.NDArray[np.float64]
    shown: npt.NDArray[np.float64]
    onset: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    stop: npt.NDArray[np.float64]

    @classmethod
    def random(
        cls, seconds: float, rng: np.random.Generator, *, half_width: float = 10.0, shortest: float = 4.0
    ) -> Reaches:
        """Reaches filling `seconds` s; targets U(-half_width, half_width) cm, at least `shortest` cm away.

        Reaction U(.15, .3) s, movement .3 s + 25 ms a cm, +/- 15 %, hold U(.1, .3) s, pause U(.2, .4) s.
        """
        hand, now, rows = np.zeros(2), 0.0, []
        while now < seconds:
            target = rng.uniform(-half_width, half_width, 2)
            while np.hypot(*(target - hand)) < shortest:
                target = rng.uniform(-half_width, half_width, 2)
            shown = now + rng.uniform(0.2, 0.4)
            onset = shown + rng.uniform(0.15, 0.3)
            end = onset + (0.3 + 0.025 * np.hypot(*(target - hand))) * rng.uniform(0.85, 1.15)
            now = end + rng.uniform(0.1, 0.3)
            rows.append((hand, target, shown, onset, end, now))
            hand = target
        return cls(*(np.array(column) for column in zip(*rows, strict=True)))

    def velocity(self, times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Velocity of the hand (T, 2) at those times, cm/s; 0 between reaches."""
        i = np.clip(np.searchsorted(self.onset, times, side="right") - 1, 0, None)
        lasts = self.end - self.onset
        u = np.clip((times - self.onset[i]) / lasts[i], 0, 1)
        profile = 30 * u**2 * (1 - u) ** 2 / lasts[i]
        return np.asarray((self.target - self.start)[i] * profile[:, None])

    def trials(self, seconds: float) -> pd.DataFrame:
        """One row a trial that is over within `seconds` s: times in s, positions in cm."""
        table = pd.DataFrame(
            {
                "start_time": self.shown,
                "stop_time": self.stop,
                "move_time": self.onset,
                "arrival_time": self.end,
                "target_x": self.target[:, 0],
                "target_y": self.target[:, 1],
            }
        )
        return table[table.stop_time <= seconds].reset_index(drop=True)
