"""Electrodes that are lost and come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodrift.drift.base import Recording, check_severity, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["Intermittent"]


@dataclass(frozen=True)
class Intermittent:
    """Each electrode goes silent and recovers at random times, as with a bad contact.

    A two-state chain a channel: at the start all are heard; in the long run a share f = min(`fraction` x
    severity, .95) is silent, for `outage` of the recording at a time on average. The silent share after a
    part u of the recording is f (1 - exp(-u / (outage (1 - f)))), up to the length of a bin.
    """

    fraction: float = 0.1
    outage: float = 0.1
    on_counts: ClassVar[bool] = True

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        return self.rows(recording, len(recording), severity, rng)

    def rows(self, recording: Recording, n: int, severity: float, rng: np.random.Generator) -> DriftPath:
        """The chain over n rows, bins or days."""
        share, channels = min(self.fraction * check_severity(severity), 0.95), n_channels(recording)
        recover = min(1.0, 1 / (self.outage * max(n, 1)))
        lose = min(1.0, recover * share / (1 - share))
        silent = np.zeros((max(n, 1), channels), bool)
        for t in range(1, n):
            change = rng.random(channels) < np.where(silent[t - 1], recover, lose)
            silent[t] = silent[t - 1] ^ change
        return DriftPath.identity(channels, silent=silent)
