"""What adaptation costs: how a decoder that learns changes, on counts that stay the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from neurodrift.closed_loop.tasks import Floats
from neurodrift.data.session import Session
from neurodrift.decoders import Decoder, RecurrentDecoder

__all__ = ["COSTS", "answers", "costs", "r2_of"]

COSTS = ("instability", "over_correction", "forgetting")


def answers(decoder: Decoder, probe: Session) -> Floats:
    """The answers (T, D) to a probe, nothing taught; the decoder's state is reset before and after."""
    decoder.reset()
    out = None
    if isinstance(decoder, RecurrentDecoder):
        nothing = np.full(probe.behavior.shape, np.nan, np.float32)
        out = decoder.run(probe.counts, nothing, np.zeros(len(probe), bool))
    if out is None:
        out = np.stack([decoder.predict(x) for x in probe.counts])
    decoder.reset()
    return np.asarray(out, np.float64)


def r2_of(y: npt.NDArray[np.floating], y_hat: npt.NDArray[np.floating]) -> float:
    """R2, variance-weighted over axes."""
    known = np.asarray(y, np.float64)
    return 1 - float(np.square(known - y_hat).sum() / np.square(known - known.mean(axis=0)).sum())


def costs(today: Sequence[Floats], y: Floats, first_day: tuple[float, float]) -> dict[str, float]:
    """Instability, over-correction and forgetting.

    * instability: the mean squared change of the answers from one checkpoint to the next, over the variance of
      the labels; 0 for a decoder that does not change.
    * over_correction: how far beyond the label a change went, along the error that it should correct, mean over
      checkpoints: max(0, <change, error> / <error, error> - 1).
    * forgetting: R2 on day 0's probe that was lost since day 0.

    Args:
        today: answers (T, D) to one probe of today at each checkpoint of the session, in order.
        y: the probe's labels (T, D).
        first_day: R2 on day 0's probe, as it was on day 0 and now.
    """
    spread = float(np.square(y - y.mean(axis=0)).sum())
    moved, beyond = [], []
    for before, after in pairwise(today):
        change, error = after - before, y - before
        moved.append(float(np.square(change).sum()) / spread)
        share = float((change * error).sum()) / max(float(np.square(error).sum()), 1e-12)
        beyond.append(max(0.0, share - 1))
    return {
        "instability": float(np.mean(moved)) if moved else 0.0,
        "over_correction": float(np.mean(beyond)) if beyond else 0.0,
        "forgetting": first_day[0] - first_day[1],
    }
