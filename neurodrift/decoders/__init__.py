"""Decoders: fitted offline, then one bin at a time."""

from collections.abc import Callable

from neurodrift.decoders.base import Decoder
from neurodrift.decoders.recurrent import RecurrentDecoder
from neurodrift.decoders.ridge import RidgeDecoder
from neurodrift.decoders.training import Recipe, one_thread

__all__ = ["DECODERS", "Decoder", "Recipe", "RecurrentDecoder", "RidgeDecoder", "one_thread"]

DECODERS: dict[str, Callable[..., Decoder]] = {"recurrent": RecurrentDecoder, "ridge": RidgeDecoder}
