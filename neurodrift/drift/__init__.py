"""Drifts of an electrode array: drawn as paths, applied to recorded counts or to a simulated encoder."""

from __future__ import annotations

from collections.abc import Callable

from neurodrift.drift.base import Drift, Recording
from neurodrift.drift.baseline import Baseline
from neurodrift.drift.compose import Compose, draw_severity, standard
from neurodrift.drift.counts import apply_to_counts
from neurodrift.drift.dropout import Dropout
from neurodrift.drift.gain import Gain
from neurodrift.drift.path import DriftPath
from neurodrift.drift.swap import Swap
from neurodrift.drift.turnover import Turnover

__all__ = [
    "DRIFTS",
    "Baseline",
    "Compose",
    "Drift",
    "DriftPath",
    "Dropout",
    "Gain",
    "Recording",
    "Swap",
    "Turnover",
    "apply_to_counts",
    "draw_severity",
    "standard",
]

DRIFTS: dict[str, Callable[[], Drift]] = {
    "baseline": Baseline,
    "dropout": Dropout,
    "gain": Gain,
    "standard": standard,
    "swap": Swap,
    "turnover": Turnover,
}
