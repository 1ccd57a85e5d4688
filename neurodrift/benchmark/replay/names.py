"""The methods a replay compares: what decodes, what it may learn, and what happens before each day."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["METHODS", "MethodInfo"]


class MethodInfo(NamedTuple):
    """`learns`: whether labels are used. `recurrent`: whether the trained network is its start."""

    what: str
    learns: bool
    recurrent: bool


METHODS: dict[str, MethodInfo] = {
    "frozen": MethodInfo("recurrent decoder of day 0, never changed", False, True),
    "renormalized": MethodInfo("the same behind running z-scores; no label", False, True),
    "immediate": MethodInfo(
        "recurrent decoder that learns online, immediate derivative, RMSprop", True, True
    ),
    "guarded": MethodInfo("the same under a guard over its updates", True, True),
    "sparse_rtrl": MethodInfo("as immediate, with sparse RTRL, four paths a unit", True, True),
    "readout": MethodInfo("the same, but only the readout learns", True, True),
    "retrained": MethodInfo("recurrent decoder trained anew on a calibration before each day", False, True),
    "ridge": MethodInfo("ridge regression of day 0 on lagged counts, never changed", False, False),
    "kalman": MethodInfo("velocity Kalman filter of day 0, never changed", False, False),
    "refit": MethodInfo(
        "the same, refitted once a day on its first minutes of intended velocity", True, False
    ),
    "smooth_batch": MethodInfo("Kalman filter that glides towards the model of each batch", True, False),
    "rls": MethodInfo("linear decoder that learns by recursive least squares with forgetting", True, False),
}
