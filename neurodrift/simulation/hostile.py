"""Streams that would ruin a decoder that learns from them: what an amplifier, a cable or a wrong label can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurodrift.data.session import Session

__all__ = ["HOSTILE", "STAYS", "Hostile"]

Floats = npt.NDArray[np.floating[Any]]


class Hostile(NamedTuple):
    """Counts (T, C) and labels (T, D), NaN for none; neither need be finite."""

    counts: Floats
    labels: Floats


Maker = Callable[[Session, int, np.random.Generator], Hostile]


def _labels(change: Callable[[Floats, Session, np.random.Generator], Floats]) -> Maker:
    def make(session: Session, begin: int, rng: np.random.Generator) -> Hostile:
        labels = np.where(session.labelled[:, None], session.behavior, np.nan)
        labels[begin:] = change(labels, session, rng)[begin:]
        return Hostile(np.array(session.counts, np.float32), labels)

    return make


def _counts(change: Callable[[Floats, Session, np.random.Generator], Floats]) -> Maker:
    def make(session: Session, begin: int, rng: np.random.Generator) -> Hostile:
        counts = np.array(session.counts, np.float32)
        counts[begin:] = change(counts.copy(), session, rng)[begin:]
        return Hostile(counts, np.where(session.labelled[:, None], session.behavior, np.nan))

    return make


def _spread(y: Floats) -> Floats:
    spread: Floats = np.nanstd(y, axis=0)
    return spread


def _shuffled(y: Floats, session: Session, rng: np.random.Generator) -> Floats:
    """The labels of each trial become those of another: constant in time where they were, and wrong."""
    block = session.trial if (session.trial >= 0).any() else np.arange(len(y)) // 50
    blocks = [np.flatnonzero(block == b) for b in np.unique(block[block >= 0])]
    out = np.full_like(y, np.nan)
    for at, other in zip(blocks, rng.permutation(len(blocks)), strict=True):
        out[at] = np.resize(y[blocks[other]], (len(at), y.shape[1]))
    return out


def _some(rng: np.random.Generator, n: int, part: float, length: int) -> npt.NDArray[np.bool_]:
    """Runs of `length` bins that cover about `part` of n."""
    starts = rng.random(n) < part / length
    return np.convolve(starts, np.ones(length))[:n] > 0


def _at(values: Floats, where: npt.NDArray[np.bool_], becomes: Any) -> Floats:
    values[where] = becomes
    return values


def _dead(x: Floats, part: float, rng: np.random.Generator) -> Floats:
    x[:, rng.permutation(x.shape[1])[: round(part * x.shape[1])]] = 0
    return x


HOSTILE: dict[str, Maker] = {
    "noise labels": _labels(lambda y, s, rng: np.nanmean(y, axis=0) + _spread(y) * rng.normal(size=y.shape)),
    "shuffled labels": _labels(_shuffled),
    "negated labels": _labels(lambda y, s, rng: 2 * np.nanmean(y, axis=0) - y),
    "stuck labels": _labels(lambda y, s, rng: np.full_like(y, 1) * (np.nanmean(y, axis=0) + 3 * _spread(y))),
    "huge labels": _labels(lambda y, s, rng: y * 1e6),
    "infinite labels": _labels(lambda y, s, rng: _at(y.copy(), rng.random(len(y)) < 0.2, np.inf)),
    "NaN counts": _counts(lambda x, s, rng: _at(x, rng.random(x.shape) < 0.02, np.nan)),
    "infinite counts": _counts(lambda x, s, rng: _at(x, rng.random(x.shape) < 0.002, np.inf)),
    "bursts": _counts(lambda x, s, rng: _at(x, _some(rng, len(x), 0.05, 5), 200.0)),
    "overflow": _counts(lambda x, s, rng: _at(x, rng.random(len(x)) < 0.01, 3e38)),
    "a third dead": _counts(lambda x, s, rng: _dead(x, 0.33, rng)),
    "all dead": _counts(lambda x, s, rng: _dead(x, 1.0, rng)),
}

# Channels that are dead stay so: a decoder is to be judged on what is left of them.
STAYS = ("a third dead",)
