"""Small simulated days and a decoder trained on the first, shared by the tests of decoders and evaluation."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from neurodrift.data.session import Session
from neurodrift.decoders import Recipe, RecurrentDecoder
from neurodrift.learn import CELLS
from neurodrift.simulation import simulate_days

__all__ = ["QUICK", "days", "trained", "with_labels"]

QUICK = Recipe(epochs=3, window=30, batch=8)


@cache
def days(minutes: float = 3.0, n_channels: int = 24, severity: float = 2.0) -> tuple[Session, Session]:
    first, second = simulate_days(2, minutes=minutes, n_channels=n_channels, severity=severity, seed=3)
    return first, second


@cache
def trained(
    cell: str = "gru", n_units: int = 12, seeds: tuple[int, ...] = (0, 1), recipe: Recipe = QUICK
) -> RecurrentDecoder:
    """Shared: replicate it before it learns."""
    decoder = RecurrentDecoder(CELLS[cell](), n_units, seeds=seeds, recipe=recipe)
    return decoder.fit([days()[0]])


def with_labels(session: Session, behavior: np.ndarray) -> Session:
    return replace(session, behavior=behavior)
