"""An array that moves in the tissue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurodrift.drift.base import Recording, check_severity, n_channels
from neurodrift.drift.path import DriftPath
from neurodrift.errors import NeurodriftError

__all__ = ["UTAH", "Shift", "square"]

UTAH = tuple((row, column) for row in range(10) for column in range(10) if {row, column} - {0, 9})
"""Rows and columns of 96 electrodes on a 10 x 10 grid without its corners, read row by row.

The wiring of a real array differs from one to the next; give `Shift` the rows and columns of its map file
where neighbours must be the true ones.
"""
SIDES = np.array([(0, 1), (1, 0), (0, -1), (-1, 0)])


def square(n: int) -> tuple[tuple[int, int], ...]:
    """`UTAH` for 96 channels, else rows of the smallest square that holds n channels."""
    side = int(np.ceil(np.sqrt(max(n, 1))))
    return UTAH if n == len(UTAH) else tuple(divmod(i, side) for i in range(n))


@dataclass(frozen=True)
class Shift:
    """The array moves by `pitches` x severity electrodes along a side: units come to neighbouring channels.

    The side is drawn. Of a distance that is no whole number the rest is the probability that a channel moves
    one more. A channel on the edge hears tissue that no electrode recorded before: with `edge="silent"`
    nothing (recorded counts can express that), with `edge="new"` a new unit (only an encoder can).

    Args:
        grid: row and column of each channel; by default `square`, an assumption where the map is unknown.

    Raises:
        NeurodriftError: the grid is of another number of channels, or the edge is neither.
    """

    pitches: float = 1.0
    edge: str = "silent"
    grid: tuple[tuple[int, int], ...] | None = None

    def __post_init__(self) -> None:
        if self.edge not in ("silent", "new"):
            raise NeurodriftError(f'Shift: edge is "{self.edge}"; it must be "silent" or "new".')

    @property
    def on_counts(self) -> bool:
        return self.edge == "silent"

    def sample(self, recording: Recording, severity: float, rng: np.random.Generator) -> DriftPath:
        n, distance = n_channels(recording), self.pitches * check_severity(severity)
        grid = square(n) if self.grid is None else self.grid
        if len(grid) != n:
            raise NeurodriftError(f"Shift: the grid has {len(grid)} electrodes, the recording {n} channels.")
        side = SIDES[rng.integers(4)]
        steps = int(distance) + (rng.random(n) < distance - int(distance))
        fresh = rng.integers(1, 2**62, size=n)
        source, off = self._neighbours(np.array(grid).reshape(n, 2) + steps[:, None] * side, grid)
        source = np.where(off, np.arange(n), source)
        if self.edge == "new":
            return DriftPath.identity(n, source=source, unit=np.where(off, fresh, 0))
        return DriftPath.identity(n, source=source, silent=off)

    @staticmethod
    def _neighbours(
        places: npt.NDArray[np.int64], grid: tuple[tuple[int, int], ...]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """The channel at each place (C,), and whether there is none."""
        channel = {place: i for i, place in enumerate(grid)}
        found = np.array([channel.get((int(r), int(c)), -1) for r, c in places], np.int64)
        return found, found < 0
