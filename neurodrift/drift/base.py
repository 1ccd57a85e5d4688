"""What every drift is: a seeded draw of a path."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from neurodrift.data.session import Session
from neurodrift.drift.path import DriftPath
from neurodrift.errors import NeurodriftError

__all__ = ["Drift", "Recording", "Timed", "check_severity", "choose", "mean_counts", "n_channels"]

Recording = Session | npt.NDArray[np.floating] | npt.NDArray[np.integer]
"""A session, or counts (T, C)."""


class Drift(Protocol):
    """A family of drifts."""

    @property
    def on_counts(self) -> bool:
        """Whether recorded counts can express it; False where it needs an encoder (new or turned tuning)."""

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        """One drift of that array; severity 0 is the identity, 1 the strength the family states.

        The path is constant, or it has one row a bin of the recording.
        """


class Timed(Drift, Protocol):
    """A family whose course over time is more than one change after the other."""

    def rows(self, recording: Recording, n: int, severity: float, rng: np.random.Generator) -> DriftPath:
        """A path of n rows (bins, or days) whose first row is the identity."""


def n_channels(recording: Recording) -> int:
    """The number of channels C."""
    return int((recording.counts if isinstance(recording, Session) else recording).shape[1])


def mean_counts(recording: Recording) -> npt.NDArray[np.float64]:
    """Mean counts per bin (C,), over valid bins; 0 where there are none."""
    counts = recording.counts[recording.valid] if isinstance(recording, Session) else recording
    return np.asarray(counts.sum(axis=0, dtype=np.float64) / max(len(counts), 1))


def check_severity(severity: float) -> float:
    """The severity, if it is one.

    Raises:
        NeurodriftError: it is negative or not finite.
    """
    if not (np.isfinite(severity) and severity >= 0):
        raise NeurodriftError(f"drift severity is {severity}; it must be a number from 0 (no drift) upwards.")
    return float(severity)


def choose(n: int, fraction: float, severity: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """round(fraction x severity x n) of n channels, at most all, drawn without replacement."""
    share = fraction * check_severity(severity)
    return rng.choice(n, size=min(n, round(share * n)), replace=False).astype(np.int64)
