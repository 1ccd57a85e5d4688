"""Decoders: fitted offline, then one bin at a time."""

from collections.abc import Callable

from neurodrift.decoders.base import Decoder
from neurodrift.decoders.kalman import KalmanDecoder
from neurodrift.decoders.recurrent import RecurrentDecoder
from neurodrift.decoders.refit import ReFITDecoder
from neurodrift.decoders.ridge import RidgeDecoder
from neurodrift.decoders.rls import RLSDecoder
from neurodrift.decoders.running import RunningDecoder
from neurodrift.decoders.smooth_batch import SmoothBatchDecoder
from neurodrift.decoders.training import Recipe, one_thread

__all__ = [
    "DECODERS",
    "Decoder",
    "KalmanDecoder",
    "RLSDecoder",
    "ReFITDecoder",
    "Recipe",
    "RecurrentDecoder",
    "RidgeDecoder",
    "RunningDecoder",
    "SmoothBatchDecoder",
    "one_thread",
]

DECODERS: dict[str, Callable[..., Decoder]] = {
    "kalman": KalmanDecoder,
    "recurrent": RecurrentDecoder,
    "refit": ReFITDecoder,
    "ridge": RidgeDecoder,
    "rls": RLSDecoder,
    "running": RunningDecoder,
    "smooth_batch": SmoothBatchDecoder,
}
