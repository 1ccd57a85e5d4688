"""What a session in the loop leaves: every bin, and every trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from neurodrift.closed_loop.game import Trial
from neurodrift.closed_loop.tasks import Floats, Task
from neurodrift.data.session import Session
from neurodrift.data.trials import assign_trials
from neurodrift.simulation import Encoder, Spikes

__all__ = ["Episode"]


@dataclass(frozen=True, eq=False)
class Episode:
    """One session in closed loop, T bins.

    Args:
        bin_width: s.
        counts: (T, C).
        intended: what the user meant (T, 2), cm/s; command: what was sent to the array, noise and all (T, 2).
        decoded: what the decoder answered (T, D).
        position: of the cursor at the end of each bin (T, 2), cm.
        trial: index of the trial of each bin (T,), -1 in pauses and in a trial that the end of the session cut.
        trials: those that ended.
        seconds: from a bin's start to the decoder's answer (T,); None where no clock was kept.
        missed: bins whose work was not done by the bin's end (T,); None likewise.
    """

    task: Task
    bin_width: float
    counts: npt.NDArray[np.float32]
    intended: Floats
    command: Floats
    decoded: Floats
    position: Floats
    trial: npt.NDArray[np.int64]
    trials: Sequence[Trial]
    seconds: Floats | None = None
    missed: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.position)

    @property
    def minutes(self) -> float:
        return len(self) * self.bin_width / 60

    def recorded_by(self, encoder: Encoder, rng: np.random.Generator) -> Episode:
        """The same commands, recorded by another array: fair only where the cursor did not follow the counts."""
        spikes = Spikes(encoder, self.bin_width, rng)
        before = np.vstack([np.zeros((1, 2)), self.position[:-1]])
        counts = spikes.draw(encoder.rates(self.command, before)).astype(np.float32)
        return replace(self, counts=counts)

    def session(self, identifier: str, *, position: bool = False) -> Session:
        """The episode as a recording whose behaviour is the intended velocity (after the position, if asked)."""
        times = self.bin_width * np.arange(1, len(self) + 1, dtype=np.float64)
        table = pd.DataFrame(
            {
                "start_time": [self.bin_width * t.first for t in self.trials],
                "stop_time": [self.bin_width * (t.last + 1) for t in self.trials],
                "success": [t.success for t in self.trials],
            }
        )
        velocity = self.intended.astype(np.float32)
        behavior = np.column_stack([self.position, velocity]) if position else velocity
        names = ("x", "y", "vx", "vy") if position else ("vx", "vy")
        return Session(
            counts=self.counts,
            behavior=behavior.astype(np.float32),
            bin_width=self.bin_width,
            times=times,
            channels=tuple(str(i) for i in range(self.counts.shape[1])),
            behavior_names=names,
            behavior_unit="cm and cm/s" if position else "cm/s",
            trial=assign_trials(table, times, self.bin_width)[0],
            trials=table,
            subject="simulated",
            identifier=identifier,
            provenance=("simulated, not recorded: a user's commands and the counts of a simulated array",),
        )
