"""The one loop: predict, reveal the label (late, or never), update."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from neurodrift.data.session import Session
from neurodrift.decoders import Decoder, RecurrentDecoder
from neurodrift.decoders.base import Floats
from neurodrift.errors import NeurodriftError

__all__ = ["stream", "update_time"]


def stream(
    decoder: Decoder,
    session: Session,
    *,
    counts: Floats | None = None,
    bins: slice = slice(None),
    learn: bool = True,
    lag: int = 0,
    over_gaps: str = "carry",
    after_bin: Callable[[int], None] | None = None,
) -> Floats:
    """Runs a decoder through a session bin by bin; predictions (T, D), or (T, R, D) for replicas.

    A decoder gets the counts of bin t and answers; only then, and with `learn`, the label of bin t - lag.
    Bins that are not valid, or have no label, are given as bins without a label.

    Args:
        counts: replaces the session's counts, (T, C) or a set a replica (T, R, C).
        bins: only these; consecutive stretches, one call each, equal one call over all of them.
        over_gaps: "carry" the decoder's state over gaps between bins, or "reset" it there.
        after_bin: called with t after each bin.
    """
    if over_gaps not in ("carry", "reset"):
        raise NeurodriftError(f'over_gaps is {over_gaps!r}; it is "carry" or "reset".')
    x = session.counts if counts is None else counts
    first, last, _ = bins.indices(len(x))
    labels = np.where(session.valid[:, None], session.behavior, np.nan)
    fresh = session.after_gap if over_gaps == "reset" else np.zeros(len(x), bool)
    since = np.maximum.accumulate(np.where(fresh, np.arange(len(x)), 0))
    known = np.full(labels.shape, np.nan)
    if learn:
        after = np.arange(lag, len(x))
        after = after[after - lag >= since[after]]
        known[after] = labels[after - lag]
    known_ahead = after_bin is None and (not learn or lag == getattr(decoder, "max_lag", None))
    if known_ahead and isinstance(decoder, RecurrentDecoder):
        out = decoder.run(x[first:last], known[first:last], fresh[first:last])
        if out is not None:
            return out
    predictions = []
    for t in range(first, last):
        if fresh[t]:
            decoder.reset()
        predictions.append(decoder.predict(x[t]))
        if learn and t - lag >= since[t]:
            decoder.update(known[t], lag)
        if after_bin is not None:
            after_bin(t)
    return np.stack(predictions)


def update_time(decoder: Decoder, session: Session, bins: int = 300) -> float:
    """Median seconds of one predict and update over the labelled ones of the first bins. Changes the decoder."""
    labels, seconds = np.where(session.labelled[:, None], session.behavior, np.nan), []
    for t in range(len(session)):
        start = time.perf_counter()
        decoder.predict(session.counts[t])
        decoder.update(labels[t])
        if np.isfinite(labels[t]).all():
            seconds.append(time.perf_counter() - start)
        if len(seconds) >= bins:
            break
    return float(np.median(seconds)) if seconds else float("nan")
