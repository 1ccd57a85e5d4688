"""A drift applied to recorded counts, which stay counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neurodrift.data.session import Session
from neurodrift.drift.path import DriftPath
from neurodrift.errors import NeurodriftError

__all__ = ["apply_to_counts", "apply_to_session"]


def apply_to_counts(counts: npt.NDArray[Any], path: DriftPath, rng: np.random.Generator) -> npt.NDArray[Any]:
    """Counts (T, C) as the drifted array would have given them; of the dtype they came in.

    A channel takes the counts of its source channel. A gain below 1 keeps each spike with that probability;
    above 1, Poisson((gain - 1) count) spikes come on top; the added rate is Poisson. Each expected count is
    gain x count + added. Spikes that came on top follow the count, so they raise the Fano factor a little.

    The generator is used in the order of the bins: a block of bins, and the same bins one at a time with
    `path.at`, give the same counts, and counts up to a bin do not depend on later ones.

    Raises:
        NeurodriftError: channels or bins do not fit, counts are not whole numbers, or the path changes the
            tuning of units, which counts cannot express.
    """
    counts = np.asarray(counts)
    if counts.ndim != 2 or counts.shape[1] != path.n_channels:
        raise NeurodriftError(
            f"drift: counts have shape {counts.shape}, the path asks for (T, {path.n_channels}); "
            "sample the path from the recording it is applied to."
        )
    if path.changes_tuning:
        raise NeurodriftError(
            "drift: the path turns or flattens units or brings new ones, which recorded counts cannot express; "
            "apply it to a simulated array (neurodrift.simulation), or use what counts can: other channels' "
            "signals (Swap) for new units, missed and added spikes (Noise) for shallower tuning."
        )
    if not np.isfinite(counts).all() or (counts != np.floor(counts)).any() or (counts < 0).any():
        raise NeurodriftError(
            "drift: the counts hold negative numbers, fractions or NaN; only whole spikes can be thinned; "
            "use the binned spike counts, not a smoothed or scaled series."
        )
    whole = counts.astype(np.int64)
    path = path.expand(len(whole))
    taken = np.take_along_axis(whole, path.source, axis=1)
    kept, extra = np.minimum(path.gain, 1), np.maximum(path.gain - 1, 0) * taken + path.added
    drifted = np.empty_like(whole)
    for t in range(len(whole)):
        drifted[t] = rng.binomial(taken[t], kept[t])
        drifted[t] += rng.poisson(extra[t])
    drifted[path.silent] = 0
    return drifted.astype(counts.dtype)


def apply_to_session(session: Session, path: DriftPath, seed: int = 0) -> Session:
    """The session with drifted counts; behaviour, times and trials are those of the recording.

    The person in the recording could not react to the drift: what follows is an open loop.

    Raises:
        NeurodriftError: as `apply_to_counts`.
    """
    counts = apply_to_counts(session.counts, path, np.random.default_rng(seed))
    return replace(session, counts=counts).noting(
        f"counts changed by a simulated drift (seed {seed}): {path}"
    )
