"""lr="auto": a step size chosen on simulated drift of the training day, before any test day is looked at."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np

from neurodrift.data.normalize import ZScore
from neurodrift.data.session import Session
from neurodrift.decoders import RecurrentDecoder
from neurodrift.decoders.base import Floats
from neurodrift.drift import apply_to_counts, draw_severity, standard
from neurodrift.errors import NeurodriftError
from neurodrift.evaluation.metrics import r2
from neurodrift.evaluation.prequential import stream
from neurodrift.evaluation.protocol import WARM_UP, start_normalizer

__all__ = ["GRIDS", "StepSize", "choose_step_size"]

GRIDS: dict[str, tuple[float, ...]] = {
    "sgd": (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1),
    "momentum": (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
    "rmsprop": (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3),
    "adam": (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3),
    "adamw": (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3),
}
ADAPT = 0.6
MEMORY = 1 << 30


@dataclass(frozen=True)
class StepSize:
    """The curve a step size was chosen from: R2 (draws x seeds, len(grid)) with frozen weights after adapting."""

    grid: tuple[float, ...]
    r2: Floats
    chosen: float


def choose_step_size(
    learning: RecurrentDecoder,
    tail: Session,
    normalization: str,
    *,
    draws: int = 3,
    seed: int = 0,
    over_gaps: str = "carry",
    grid: tuple[float, ...] | None = None,
) -> StepSize:
    """The step size that adapts best, on average over draws and seeds, to simulated drifts of held-back training data.

    Each draw applies a drift of the `standard` family, severity U(0.5, 1.5), to `tail`, the last fifth of the
    training day, which neither trained nor stopped the decoder. Every step size adapts on the first 60 % of it and
    is scored on the rest with frozen weights; all are replicas of one run.

    Args:
        learning: the trained decoder with the rule, optimizer and weights that move; R replicas, one a seed.
        normalization: "training_day", or "test_day_start" (z-scores of the first quarter of what adapts).

    Raises:
        NeurodriftError: where `tail` has too few labels, or no step size left a finite score.
    """
    grid = grid or GRIDS[learning.optimizer.name]
    n, cut = len(learning.seeds), round(len(tail) * ADAPT)
    if tail.labelled[:cut].sum() < 2 or tail.labelled[cut:].sum() < 2:
        raise NeurodriftError(
            f'{tail}: too few labelled bins in its last fifth for lr = "auto"; give lr a number.'
        )
    rng = np.random.default_rng(seed)
    drifted = []
    for _ in range(draws):
        path = standard().sample(tail, draw_severity(rng), rng)
        drifted.append(np.asarray(apply_to_counts(tail.counts, path, rng), np.float32))
    jobs = [(d, s, lr) for d in range(draws) for s in range(n) for lr in grid]
    _, g, units, m = learning.learner.w.shape
    per = learning.rule.trace_size(learning.cell.states, g, units, m) * 4 if learning.learns == "all" else 1
    chunk = max(1, MEMORY // max(1, 2 * per))
    scores = [
        v
        for i in range(0, len(jobs), chunk)
        for v in _score(learning, jobs[i : i + chunk], drifted, tail, cut, normalization, over_gaps)
    ]
    table = np.array(scores).reshape(draws * n, len(grid))
    mean = np.where(np.isfinite(table).all(axis=0), table.mean(axis=0), -np.inf)
    if not np.isfinite(mean).any():
        raise NeurodriftError(f'{tail}: lr = "auto" found no step size in {grid} that leaves finite weights.')
    return StepSize(grid, table, grid[int(np.argmax(mean))])


def _score(
    learning: RecurrentDecoder,
    jobs: list[tuple[int, int, float]],
    drifted: list[Floats],
    tail: Session,
    cut: int,
    normalization: str,
    over_gaps: str,
) -> list[float]:
    optimizer = copy.copy(learning.optimizer)
    optimizer.lr = [lr for _, _, lr in jobs]
    normalizer = learning.normalizer
    if normalization == "test_day_start":
        each = [start_normalizer(learning, counts[:cut]) for counts in drifted]
        normalizer = ZScore(
            np.stack([each[d].mean for d, _, _ in jobs]), np.stack([each[d].scale for d, _, _ in jobs])
        )
    # A guard judges what a step size did; here every step size is to show what it does.
    decoder = learning.replicate(
        [s for _, s, _ in jobs], optimizer=optimizer, normalizer=normalizer, guard=None
    )
    counts = np.stack(drifted, axis=1)[:, [d for d, _, _ in jobs]]
    stream(decoder, tail.select(slice(0, cut)), counts=counts[:cut], over_gaps=over_gaps)
    frozen = decoder.averaged()
    # The state settles over the end of what adapted, as it does before a held-out block.
    warm = min(cut, WARM_UP)
    settled = stream(
        frozen,
        tail.select(slice(cut - warm, None)),
        counts=counts[cut - warm :],
        learn=False,
        over_gaps=over_gaps,
    )
    out, labelled = settled[warm:], tail.labelled[cut:]
    y = tail.behavior[cut:][labelled]
    return [r2(y, out[labelled, r]) for r in range(len(jobs))]
