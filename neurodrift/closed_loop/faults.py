"""Faults of a day: labels that are wrong, channels that fall silent, bursts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from neurodrift.closed_loop.tasks import Floats
from neurodrift.data.session import Session
from neurodrift.errors import NeurodriftError

__all__ = ["FAULTS", "Bursts", "Fault", "NoiseLabels", "SilentChannels", "StuckLabels", "TurnedLabels"]


@dataclass
class Fault:
    """What goes wrong in one session, for every decoder alike; it is built anew for each session.

    Args:
        share: of the trials whose labels are wrong, of the channels, or of the bins, in 0 .. 1.
        seed: of which ones.
    """

    share: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise NeurodriftError(f"{type(self).__name__}: share is {self.share}; it must be in 0 .. 1.")
        self._hit: dict[int, bool] = {}
        self._rng = np.random.default_rng([self.seed, 5])

    def counts(self, t: int, counts: Floats) -> Floats:
        """What the decoder gets of the counts (C,) of bin t."""
        return counts

    def label(self, trial: int, label: Floats) -> Floats:
        """What the decoder is told in the place of a label (2,) of trial number `trial`."""
        if trial not in self._hit:
            self._hit[trial] = bool(np.random.default_rng([self.seed, 6, trial]).random() < self.share)
        return self.wrong(label) if self._hit[trial] else label

    def wrong(self, label: Floats) -> Floats:
        """The wrong label."""
        return label

    def of(self, session: Session) -> Session:
        """A whole session as a decoder meets it: the same fault in open loop."""
        told = session.counts.astype(np.float64), session.behavior.astype(np.float64)
        counts, behavior = np.stack([self.counts(t, x) for t, x in enumerate(told[0])]), told[1]
        for t in np.flatnonzero(session.labelled):
            behavior[t, -2:] = self.label(int(session.trial[t]) + 1, behavior[t, -2:])
        line = f"fault: {type(self).__name__}, share {self.share:g}"
        return replace(
            session, counts=counts.astype(np.float32), behavior=behavior.astype(np.float32)
        ).noting(line)


@dataclass
class TurnedLabels(Fault):
    """Labels turned by `turn` degrees, counterclockwise: the intention is guessed wrong, the same way every time."""

    turn: float = 180.0

    def wrong(self, label: Floats) -> Floats:
        turn = np.radians(self.turn)
        cos, sin = np.cos(turn), np.sin(turn)
        return np.array([cos * label[0] - sin * label[1], sin * label[0] + cos * label[1]])


@dataclass
class NoiseLabels(Fault):
    """Labels of the right speed and of a direction drawn anew for each bin."""

    def wrong(self, label: Floats) -> Floats:
        turn = self._rng.uniform(0, 2 * np.pi)
        return float(np.hypot(*label)) * np.array([np.cos(turn), np.sin(turn)])


@dataclass
class StuckLabels(Fault):
    """The first label of the session that is not zero, for good: a tracker that hangs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._first: Floats | None = None

    def wrong(self, label: Floats) -> Floats:
        if self._first is None and np.any(label):
            self._first = np.array(label)
        return label if self._first is None else self._first


@dataclass
class SilentChannels(Fault):
    """A share of the channels is not heard: a connector."""

    share: float = 0.33

    def counts(self, t: int, counts: Floats) -> Floats:
        if t == 0:
            n = len(counts)
            self._silent = np.random.default_rng([self.seed, 7]).permutation(n)[: round(self.share * n)]
        out = counts.copy()
        out[self._silent] = 0
        return out


@dataclass
class Bursts(Fault):
    """All channels hold `size` counts for `length` bins, so often that a share of the bins is hit: an artefact."""

    share: float = 0.05
    size: float = 200.0
    length: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._left = 0

    def counts(self, t: int, counts: Floats) -> Floats:
        if self._rng.random() < self.share / self.length:
            self._left = self.length
        self._left -= 1
        return np.full_like(counts, self.size) if self._left >= 0 else counts


FAULTS: dict[str, Callable[..., Fault]] = {
    "bursts": Bursts,
    "noise_labels": NoiseLabels,
    "silent_channels": SilentChannels,
    "stuck_labels": StuckLabels,
    "turned_labels": TurnedLabels,
}
