"""The instabilities that a study of a stabilized interface put on its array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurodrift.data.session import Session
from neurodrift.drift.base import Recording, check_severity, n_channels
from neurodrift.drift.path import DriftPath

__all__ = ["StabilizedBci"]

ELECTRODES, SWAPPED, SILENCED, OFFSET = 83, 10, 5, 68
BIN = 0.045


@dataclass(frozen=True)
class StabilizedBci:
    """Of 83 electrodes 10 hear others, 5 are silenced, and 68 get an offset of N(2, 1) counts each 45 ms.

    These are the numbers of the example that the study published with its code. Severity multiplies the three
    numbers of channels, which are drawn without overlap, as far as there are channels. Two things differ: the
    study swapped in electrodes it had held out, here any other channel is taken; and its offsets are constants
    below 0 on some channels, here they are Poisson counts, none where the draw is negative, so that counts
    stay counts. Where a recording has no bin width (plain counts), bins of 45 ms are taken.

    References:
        Degenhart et al. 2020, doi:10.1038/s41551-020-0542-9.
    """

    on_counts: ClassVar[bool] = True

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        n, severity = n_channels(recording), check_severity(severity)
        order, source, silent, added = rng.permutation(n), np.arange(n), np.zeros(n, bool), np.zeros(n)
        ends = np.cumsum([round(k / ELECTRODES * severity * n) for k in (SWAPPED, SILENCED, OFFSET)])
        swapped, silenced, offset, _ = np.split(order, ends)
        if n > 1:
            source[swapped] = (swapped + rng.integers(1, n, size=len(swapped))) % n
        silent[silenced] = True
        width = recording.bin_width if isinstance(recording, Session) else BIN
        added[offset] = np.maximum(rng.normal(2, 1, len(offset)), 0) * width / BIN
        return DriftPath.identity(n, source=source, silent=silent, added=added)
