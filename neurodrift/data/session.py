"""A recording as a decoder needs it: counts, behaviour, and where both came from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from neurodrift.errors import NeurodriftError

__all__ = ["Session"]

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Session:
    """One recording in bins.

    A bin t covers the time (times[t] - bin_width, times[t]]; everything in row t is known at times[t].

    Args:
        counts: spikes (T, C) per bin and channel, finite, not negative.
        behavior: what is decoded (T, D), in `behavior_unit`; NaN where a bin has no label (per axis).
        bin_width: seconds.
        times: ends of the bins (T,), seconds from `start`, strictly increasing; holes are gaps.
        channels: C ids that mean the same electrode (or unit) on every day of a comparison.
        behavior_names: D names of the axes.
        behavior_unit: unit of `behavior`, "" where unknown.
        trial: row of `trials` that each bin lies in (T,), -1 outside every trial.
        trials: one row a trial, columns `start_time` and `stop_time` (seconds) and the laboratory's own.
        valid: bins whose counts were observed in full (T,); default all.
        subject, identifier, start: who, which session, when; "" and None where the file does not say.
        persist: whether the channel ids mean the same on other days; not so for sorted units.
        source, digest: the file and its sha256; "" for sessions made in memory.
        provenance: one line for everything that was read, chosen, repaired or left out, oldest first.
    """

    counts: Array
    behavior: Array
    bin_width: float
    times: npt.NDArray[np.float64]
    channels: tuple[str, ...]
    behavior_names: tuple[str, ...]
    behavior_unit: str = ""
    trial: npt.NDArray[np.int64] = field(default=None)  # type: ignore[arg-type]
    trials: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"start_time": [], "stop_time": []}))
    valid: npt.NDArray[np.bool_] = field(default=None)  # type: ignore[arg-type]
    subject: str = ""
    identifier: str = ""
    start: datetime | None = None
    persist: bool = True
    source: str = ""
    digest: str = ""
    provenance: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.times)
        fill = object.__setattr__
        fill(self, "counts", np.asarray(self.counts, np.float32))
        fill(self, "behavior", np.asarray(self.behavior, np.float32))
        fill(self, "times", np.asarray(self.times, np.float64))
        fill(self, "trial", np.full(n, -1) if self.trial is None else np.asarray(self.trial, np.int64))
        fill(self, "valid", np.ones(n, bool) if self.valid is None else np.asarray(self.valid, bool))
        self._check(n)

    def _check(self, n: int) -> None:
        wanted = {
            "counts": (self.counts.shape, (n, len(self.channels))),
            "behavior": (self.behavior.shape, (n, len(self.behavior_names))),
            "trial": (self.trial.shape, (n,)),
            "valid": (self.valid.shape, (n,)),
        }
        for name, (got, want) in wanted.items():
            if got != want:
                raise NeurodriftError(f"{self}: {name} has shape {got}, but the other parts ask for {want}.")
        if not self.bin_width > 0:
            raise NeurodriftError(
                f"{self}: bin_width is {self.bin_width}, it must be a positive number of seconds."
            )
        if n and not np.all(np.diff(self.times) > 0):
            raise NeurodriftError(
                f"{self}: times do not increase strictly; sort the bins and drop repeated ones."
            )
        if not np.isfinite(self.counts).all() or (self.counts < 0).any():
            raise NeurodriftError(
                f"{self}: counts hold negative or non-finite numbers; mark such bins as not valid."
            )
        if len(set(self.channels)) != len(self.channels):
            raise NeurodriftError(f"{self}: channel ids repeat; each channel needs an id of its own.")
        if n and self.trial.max(initial=-1) >= len(self.trials):
            raise NeurodriftError(
                f"{self}: a bin names trial {self.trial.max()}, there are {len(self.trials)}."
            )

    def __len__(self) -> int:
        return len(self.times)

    def __str__(self) -> str:
        return self.source or self.identifier or "session in memory"

    def __repr__(self) -> str:
        return (
            f"Session({self}: {len(self)} bins of {self.bin_width:g} s, {len(self.channels)} channels, "
            f"{', '.join(self.behavior_names)}, {len(self.trials)} trials)"
        )

    @property
    def labelled(self) -> npt.NDArray[np.bool_]:
        """Bins (T,) that are valid and have a label on every axis."""
        return np.asarray(self.valid & np.isfinite(self.behavior).all(axis=1) & bool(self.behavior_names))

    @property
    def after_gap(self) -> npt.NDArray[np.bool_]:
        """Bins (T,) that do not follow directly on the bin before; the first bin is one."""
        step = np.diff(self.times, prepend=-np.inf)
        return np.asarray(step > 1.5 * self.bin_width)

    @property
    def duration(self) -> float:
        """Seconds of recording held, gaps not counted."""
        return len(self) * self.bin_width

    def select(self, keep: npt.NDArray[np.bool_] | slice, why: str = "") -> Session:
        """The bins `keep` (mask (T,) or slice) as a session; `why` becomes a line of provenance."""
        return replace(
            self,
            counts=self.counts[keep],
            behavior=self.behavior[keep],
            times=self.times[keep],
            trial=self.trial[keep],
            valid=self.valid[keep],
            provenance=(*self.provenance, why) if why else self.provenance,
        )

    def noting(self, line: str) -> Session:
        """The same session with one more line of provenance."""
        return replace(self, provenance=(*self.provenance, line))
