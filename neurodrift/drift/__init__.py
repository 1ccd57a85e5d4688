"""Drifts of an electrode array: drawn as paths, applied to recorded counts or to a simulated encoder."""

from __future__ import annotations

from collections.abc import Callable

from neurodrift.drift.base import Drift, Recording, Timed
from neurodrift.drift.baseline import Baseline
from neurodrift.drift.common import Common
from neurodrift.drift.compose import Compose, Scaled, draw_severity, standard
from neurodrift.drift.counts import apply_to_counts, apply_to_session
from neurodrift.drift.days import Daily, over_days, stack
from neurodrift.drift.detector import ChangeDetector
from neurodrift.drift.dropout import Dropout
from neurodrift.drift.exchange import Exchange
from neurodrift.drift.gain import Gain
from neurodrift.drift.instability import Instability, gaussian_divergence
from neurodrift.drift.intermittent import Intermittent
from neurodrift.drift.noise import Noise
from neurodrift.drift.path import DriftPath
from neurodrift.drift.presets import link, sorted_units
from neurodrift.drift.schedule import SCHEDULES, Abrupt, Gradual, Recurring, Schedule, Scheduled
from neurodrift.drift.shift import UTAH, Shift
from neurodrift.drift.stabilized_bci import StabilizedBci
from neurodrift.drift.swap import Swap
from neurodrift.drift.tuning import Rotation, Shrinkage
from neurodrift.drift.turnover import Turnover
from neurodrift.drift.units import PoissonTurnover

__all__ = [
    "DRIFTS",
    "SCHEDULES",
    "UTAH",
    "Abrupt",
    "Baseline",
    "ChangeDetector",
    "Common",
    "Compose",
    "Daily",
    "Drift",
    "DriftPath",
    "Dropout",
    "Exchange",
    "Gain",
    "Gradual",
    "Instability",
    "Intermittent",
    "Noise",
    "PoissonTurnover",
    "Recording",
    "Recurring",
    "Rotation",
    "Scaled",
    "Schedule",
    "Scheduled",
    "Shift",
    "Shrinkage",
    "StabilizedBci",
    "Swap",
    "Timed",
    "Turnover",
    "apply_to_counts",
    "apply_to_session",
    "draw_severity",
    "gaussian_divergence",
    "link",
    "over_days",
    "sorted_units",
    "stack",
    "standard",
]

DRIFTS: dict[str, Callable[[], Drift]] = {
    "baseline": Baseline,
    "common": Common,
    "daily": Daily,
    "dropout": Dropout,
    "exchange": Exchange,
    "gain": Gain,
    "intermittent": Intermittent,
    "link": link,
    "noise": Noise,
    "poisson_turnover": PoissonTurnover,
    "rotation": Rotation,
    "scheduled": Scheduled,
    "shift": Shift,
    "shrinkage": Shrinkage,
    "sorted_units": sorted_units,
    "stabilized_bci": StabilizedBci,
    "standard": standard,
    "swap": Swap,
    "turnover": Turnover,
}
