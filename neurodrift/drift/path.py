"""What a drift does to an array of channels, bin by bin."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from neurodrift.errors import NeurodriftError

__all__ = ["DriftPath"]


@dataclass(frozen=True, eq=False)
class DriftPath:
    """The change of each channel in each bin, relative to an array that does not drift.

    All arrays are (T, C), or (1, C) for a change that is the same in every bin; they are stored broadcast to
    one shape and read-only. In this order: a channel takes the signal of channel `source`; `unit` puts a new
    unit in its place; `rotation` turns its preferred direction and `depth` multiplies its modulation; `gain`
    multiplies its rate; `added` is added; a `silent` channel gives nothing.

    Args:
        source: channel whose signal is taken.
        gain: factor of the rate, not negative.
        added: expected counts added per bin, not negative.
        silent: True where the channel gives no counts.
        rotation: radians by which the preferred direction turns, counterclockwise.
        unit: 0 keeps the unit; any other number names a new one, which an encoder draws with it as its seed.
        depth: factor of the modulation around the rate at rest, not negative.
    """

    source: npt.NDArray[np.int64]
    gain: npt.NDArray[np.float64]
    added: npt.NDArray[np.float64]
    silent: npt.NDArray[np.bool_]
    rotation: npt.NDArray[np.float64]
    unit: npt.NDArray[np.int64]
    depth: npt.NDArray[np.float64] = field(default_factory=lambda: np.ones((1, 1)))

    def __post_init__(self) -> None:
        dtypes = {"source": np.int64, "silent": np.bool_, "unit": np.int64}
        names = [f.name for f in fields(self)]
        arrays: list[npt.NDArray[Any]] = [
            np.atleast_2d(np.asarray(getattr(self, n), dtypes.get(n, np.float64))) for n in names
        ]
        try:
            arrays = list(np.broadcast_arrays(*arrays))
        except ValueError as error:
            shapes = ", ".join(f"{n} {a.shape}" for n, a in zip(names, arrays, strict=True))
            raise NeurodriftError(
                f"DriftPath: the parts do not fit together ({shapes}); each must be (T, C) or (1, C)."
            ) from error
        for name, array in zip(names, arrays, strict=True):
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        self._check()

    def _check(self) -> None:
        if self.source.ndim != 2:
            raise NeurodriftError(
                f"DriftPath: parts of shape {self.source.shape}; each must be (T, C) or (1, C)."
            )
        if ((self.source < 0) | (self.source >= self.n_channels)).any():
            raise NeurodriftError(f"DriftPath: source names channels outside 0 .. {self.n_channels - 1}.")
        for name in ("gain", "added", "depth"):
            values = getattr(self, name)
            if not (np.isfinite(values) & (values >= 0)).all():
                raise NeurodriftError(
                    f"DriftPath: {name} must be finite and not negative; rates cannot be less than 0."
                )
        if not np.isfinite(self.rotation).all() or (self.unit < 0).any():
            raise NeurodriftError("DriftPath: rotation must be finite, unit must not be negative.")

    def __repr__(self) -> str:
        return f"DriftPath({self.n_bins or 'any number of'} bins, {self})"

    def __str__(self) -> str:
        """The channels changed, counted over the last bin."""
        if not len(self.source):
            return f"of {self.n_channels} channels: no bins"
        source, gain, added = self.source[-1], self.gain[-1], self.added[-1]
        moved, new, silent = source != np.arange(self.n_channels), self.unit[-1] > 0, self.silent[-1]
        parts = [
            f"{what} {int(which.sum())}"
            for what, which in {
                "new unit": new,
                "other channel's signal": moved,
                "rotated": self.rotation[-1] != 0,
                "other tuning depth": self.depth[-1] != 1,
                "other gain": (gain != 1) & ~silent,
                "added rate": (added > 0) & ~silent,
                "silent": silent,
            }.items()
            if which.any()
        ]
        return f"of {self.n_channels} channels: {', '.join(parts) or 'none changed'}"

    @classmethod
    def identity(cls, n_channels: int, **changed: npt.ArrayLike) -> DriftPath:
        """No drift, but for the parts named: `DriftPath.identity(96, gain=0.5)` halves every rate."""
        zero = np.zeros((1, n_channels))
        parts: dict[str, Any] = {
            "source": np.arange(n_channels)[None],
            "gain": zero + 1,
            "added": zero,
            "silent": zero > 0,
            "rotation": zero,
            "unit": zero.astype(np.int64),
        }
        return cls(**{**parts, **changed})

    @property
    def n_channels(self) -> int:
        return int(self.source.shape[1])

    @property
    def n_bins(self) -> int | None:
        """Bins that the path describes; None for a constant one, which fits any number."""
        return None if len(self.source) == 1 else len(self.source)

    @property
    def changes_tuning(self) -> bool:
        """Whether units are turned, flattened or new, which only an encoder can express."""
        return bool((self.rotation != 0).any() or (self.depth != 1).any() or (self.unit != 0).any())

    @property
    def is_identity(self) -> bool:
        """Whether nothing changes in any bin."""
        stays = (
            (self.source == np.arange(self.n_channels)) & (self.gain == 1) & (self.added == 0) & ~self.silent
        )
        return bool(stays.all()) and not self.changes_tuning

    def at(self, bins: slice) -> DriftPath:
        """The path in those bins; a constant path is the same in all of them."""
        if self.n_bins is None:
            return self
        return DriftPath(*(getattr(self, f.name)[bins] for f in fields(self)))

    def expand(self, n_bins: int) -> DriftPath:
        """The path written out for n_bins bins, (n_bins, C) (a view: no memory is used).

        Raises:
            NeurodriftError: the path describes another number of bins.
        """
        if self.n_bins not in (None, n_bins):
            raise NeurodriftError(
                f"DriftPath: it describes {self.n_bins} bins, asked for {n_bins}; "
                "cut it with .at(slice), or use a constant one."
            )
        shape = (n_bins, self.n_channels)
        return DriftPath(*(np.broadcast_to(getattr(self, f.name), shape) for f in fields(self)))

    def then(self, other: DriftPath) -> DriftPath:
        """This drift, and `other` on what it leaves.

        Expected counts are those of the two applied one after the other, exactly. So a later added rate is
        heard on a channel that fell silent before, and a new unit ends what happened before in its place.

        Raises:
            NeurodriftError: the two differ in channels or in bins.
        """
        if self.n_channels != other.n_channels:
            raise NeurodriftError(
                f"DriftPath: {self.n_channels} channels, then {other.n_channels}; both must be of one array."
            )
        n = max(len(self.source), len(other.source))
        a, b = (path if n == 1 else path.expand(n) for path in (self, other))
        source, gain, added, silent, rotation, unit, depth = (
            np.take_along_axis(getattr(a, f.name), b.source, axis=1) for f in fields(a)
        )
        fresh = b.unit != 0
        lost = fresh | silent
        return DriftPath(
            source=source,
            gain=np.where(fresh, 1, np.where(silent, 0, gain)) * b.gain,
            added=np.where(lost, 0, added) * b.gain + b.added,
            silent=b.silent | (silent & ~fresh & (b.added == 0)),
            rotation=np.where(fresh, 0, rotation) + b.rotation,
            unit=np.where(fresh, b.unit, unit),
            depth=np.where(fresh, 1, depth) * b.depth,
        )

    def graded(self, levels: npt.ArrayLike, order: npt.NDArray[np.float64]) -> DriftPath:
        """The path bin by bin at those levels: 0 is the identity, 1 the path itself.

        What is a number changes smoothly (gain and depth to the power of the level, added rate and rotation
        times the level). What is a choice (source, unit, silence, a factor of 0) is there while the level
        exceeds the channel's place in `order`, so channels change one by one while the level rises.

        Args:
            levels: one a bin (n,), from 0 to 1.
            order: one a channel (C,), at least 0 and below 1.

        Raises:
            NeurodriftError: the path describes another number of bins.
        """
        level = np.asarray(levels, np.float64)[:, None]
        if len(level) > 1:
            self.expand(len(level))
        on, parts = level > order, dict[str, Any]()
        for f in fields(self):
            now, before = getattr(self, f.name), getattr(DriftPath.identity(self.n_channels), f.name)
            if (now == before).all():
                parts[f.name] = before
            elif f.name in ("gain", "depth"):
                parts[f.name] = np.where(now == 0, ~on, np.where(now == 0, 1, now) ** level)
            elif f.name in ("added", "rotation"):
                parts[f.name] = now * level
            else:
                parts[f.name] = np.where(on, now, before)
        return DriftPath(**parts) if len(level) == 1 else DriftPath(**parts).expand(len(level))
