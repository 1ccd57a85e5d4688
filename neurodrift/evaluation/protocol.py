"""The comparison: frozen, renormalized, adapted, fine-tuned, retrained and linear decoders on the same blocks.

The test session is cut in time into an adaptation block and a later held-out block, with a gap between them.
Every method is scored on the held-out block with its weights frozen, by the same function.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from neurodrift.data.binning import smooth
from neurodrift.data.normalize import ZScore
from neurodrift.data.session import Session
from neurodrift.data.splits import Split
from neurodrift.decoders import Decoder, RecurrentDecoder, RidgeDecoder
from neurodrift.decoders.base import Floats
from neurodrift.evaluation.prequential import stream, update_time

__all__ = [
    "CHECKPOINTS",
    "METHODS",
    "Outcome",
    "adapted",
    "baseline",
    "frozen",
    "heldout",
    "prequential_mask",
    "start_normalizer",
]

CHECKPOINTS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
START = 0.25
WARM_UP = 200


@dataclass(frozen=True)
class Outcome:
    """What one method did on one test session.

    Args:
        heldout: predictions on the held-out bins (S, T, D), one row of S a seed (one alone for the ridge regression).
        prequential: predictions made while it learned (S, T', D), before each label; None without online learning.
        curve: held-out predictions had adaptation stopped at `checkpoints` (P, S, T, D); None likewise.
        checkpoints: adaptation bins seen by then (P,).
        last: held-out predictions with the last weights, not their average (S, T, D); None without averaging.
        update_us: median microseconds of one predict and update, one replica; NaN without online learning.
    """

    heldout: Floats
    prequential: Floats | None = None
    curve: Floats | None = None
    checkpoints: Sequence[int] = field(default_factory=list)
    update_us: float = float("nan")
    last: Floats | None = None


def start_normalizer(decoder: RecurrentDecoder, counts: Floats, fraction: float = START) -> ZScore:
    """z-scores of the first `fraction` of smoothed counts (T, C): re-estimated on the test day, without a label."""
    recipe = decoder.recipe
    first = smooth(counts, recipe.smoothing)[: max(1, round(len(counts) * fraction))]
    return ZScore.fit(first, floor=recipe.floor)


def heldout(decoder: Decoder, session: Session, split: Split, over_gaps: str = "carry") -> Floats:
    """Predictions (S, T, D) on the held-out bins with frozen weights; state settles over the bins just before."""
    first = int(np.flatnonzero(split.heldout)[0])
    start = max(0, first - WARM_UP)
    decoder.reset()
    out = stream(decoder, session.select(slice(start, None)), learn=False, over_gaps=over_gaps)
    decoder.reset()
    out = out[first - start :][split.heldout[first:]]
    return out.swapaxes(0, 1) if out.ndim == 3 else out[None]


def frozen(
    decoder: RecurrentDecoder, index: Sequence[int], normalizer: ZScore | None = None
) -> RecurrentDecoder:
    """The decoder with weights that do not move."""
    return decoder.replicate(index, learns="nothing", normalizer=normalizer)


def baseline(
    name: str, trained: RecurrentDecoder, session: Session, split: Split, over_gaps: str = "carry"
) -> Outcome:
    """One of frozen, renormalized, finetuned, retrained and ridge."""
    adapt = session.select(split.adapt)
    everyone = range(len(trained.seeds))
    decoder: Decoder
    match name:
        case "frozen":
            decoder = frozen(trained, everyone)
        case "renormalized":
            decoder = frozen(trained, everyone, start_normalizer(trained, adapt.counts))
        case "finetuned":
            decoder = frozen(trained.finetune(adapt), everyone)
        case "retrained":
            whole = ZScore.fit(smooth(adapt.counts, trained.recipe.smoothing), floor=trained.recipe.floor)
            fresh = RecurrentDecoder(
                trained.cell,
                trained.n_units,
                seeds=trained.seeds,
                recipe=trained.recipe,
                clip=trained.clip,
                engine=trained.engine,
            )
            decoder = frozen(fresh.fit([adapt], normalizer=whole), everyone)
        case "ridge":
            decoder = RidgeDecoder(recipe=trained.recipe).fit([adapt])
        case _:
            raise KeyError(name)
    return Outcome(heldout(decoder, session, split, over_gaps))


def adapted(
    learning: RecurrentDecoder, session: Session, split: Split, *, lag: int = 0, over_gaps: str = "carry"
) -> Outcome:
    """An online learner on the adaptation block, then frozen on the held-out block.

    It is frozen with its averaged weights where it keeps them (`average`). Held-out predictions are also made with
    the weights it would have been frozen with at `CHECKPOINTS` of the block.
    """
    adapt = session.select(split.adapt)
    n, everyone = len(adapt), list(range(len(learning.seeds)))
    stops = sorted({round(f * n) for f in CHECKPOINTS})
    seconds = update_time(learning.replicate([0]), adapt)
    learning.reset()
    ends, parts = [frozen(learning, everyone)], []
    for begin, end in itertools.pairwise(stops):
        parts.append(stream(learning, adapt, bins=slice(begin, end), lag=lag, over_gaps=over_gaps))
        ends.append(learning.averaged())
    before = np.concatenate(parts)
    if learning.average:
        ends.append(frozen(learning, everyone))
    out = heldout(RecurrentDecoder.join(ends), session, split, over_gaps)
    out = out.reshape(len(ends), len(everyone), *out.shape[1:])
    curve, last = out[: len(stops)], out[-1] if learning.average else None
    before = before.swapaxes(0, 1) if before.ndim == 3 else before[None]
    return Outcome(curve[-1], before, curve, stops, 1e6 * seconds, last)


def prequential_mask(normalization: str, adapt: Session, lag: int = 0) -> npt.NDArray[np.bool_]:
    """Labelled bins of the adaptation block (T',) that a prequential score counts.

    `test_day_start` z-scores come from the first quarter of the block: its score starts after it.
    """
    keep = adapt.labelled
    if normalization == "test_day_start":
        keep[: round(len(adapt) * START)] = False
    return keep


METHODS: Mapping[str, str] = {
    "frozen": "training_day",
    "renormalized": "test_day_start",
    "finetuned": "training_day",
    "retrained": "adaptation_block",
    "ridge": "adaptation_block",
}
