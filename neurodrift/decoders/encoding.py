"""What a decoder stands on besides weights: labels that can be learned from, counts as z-scores, one file for all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from neurodrift.data.normalize import ZScore
from neurodrift.data.session import Session
from neurodrift.decoders.base import Floats
from neurodrift.errors import NeurodriftError

__all__ = [
    "check_counts",
    "check_labels",
    "encode_counts",
    "hold_counts",
    "load_state",
    "save_state",
    "scaled_label",
]


def check_counts(counts: Floats) -> None:
    """Counts (..., C) must be finite: one that is not would stay in the smoothed counts for good.

    Raises:
        NeurodriftError: naming the channel.
    """
    fine = np.isfinite(counts)
    if not fine.all():
        channel = int(np.flatnonzero(~fine.reshape(-1, counts.shape[-1]).all(axis=0))[0])
        bad = counts[..., channel][~fine[..., channel]].flat[0]
        raise NeurodriftError(
            f"predict: channel {channel} (counted from 0) holds {bad}; give whole counts, 0 where none is known, "
            f"or build the decoder with guard=UpdateGuard(), which holds such channels."
        )


def hold_counts(
    counts: Floats, smoothed: Tensor, mean: Tensor, scale: Tensor, bound: float, keep: float
) -> tuple[Floats, Tensor]:
    """Counts (C,) or (R, C) with what is not finite in the place of the smoothed count, and bursts cut.

    A count is cut where it alone would carry its channel's z-score past `bound`. Also whether any was (1,) or (R,).
    """
    limit = mean.numpy() + bound * scale.numpy() / (1 - keep)
    fine = np.isfinite(counts)
    held = smoothed.numpy() if smoothed.ndim else mean.numpy()
    if limit.ndim > counts.ndim or held.ndim > counts.ndim:
        counts = np.broadcast_to(counts, np.broadcast_shapes(limit.shape, held.shape))
        fine = np.isfinite(counts)
    odd = ~fine | (counts > limit)
    kept = np.where(fine, np.minimum(counts, limit), held).astype(np.float32)
    return kept, torch.from_numpy(np.atleast_1d(odd.any(axis=-1)))


def scaled_label(target: Floats, mean: Tensor, scale: Tensor, finite: bool) -> Tensor:
    """A label (D,) or (R, D) as a z-score; NaN stays.

    Raises:
        NeurodriftError: for another number of axes, or where it must be `finite`, an infinite one.
    """
    given = np.asarray(target, np.float32)
    if given.shape[-1:] != mean.shape:
        raise NeurodriftError(
            f"update: a label of shape {given.shape}, but this decoder predicts {len(mean)} "
            f"axes; give all of them, NaN where there is none."
        )
    if finite and np.isinf(given).any():
        raise NeurodriftError("update: the label is infinite; give NaN where there is none.")
    return torch.from_numpy((given - mean.numpy()) / scale.numpy())


def check_labels(session: Session, early: Floats, late: Floats) -> None:
    """Both parts of a training session must hold a label, and a label of every axis.

    Raises:
        NeurodriftError: where one does not.
    """
    for part, name in ((early, "training"), (late, "early stopping")):
        if not np.isfinite(part).any():
            raise NeurodriftError(f"{session}: no labelled bin in its {name} part; give a longer session.")
        silent = np.flatnonzero(~np.isfinite(part).any(axis=0))
        if len(silent):
            axes = ", ".join(session.behavior_names[i] for i in silent)
            raise NeurodriftError(
                f"{session}: the label {axes} is missing in every bin of its {name} part; decode the other axes."
            )


def encode_counts(
    counts: Floats,
    smoothed: Tensor,
    keep: float,
    mean: Tensor,
    scale: Tensor,
    fresh: npt.NDArray[np.bool_],
) -> tuple[Floats, Tensor]:
    """z-scores (T, 1 or R, C) of smoothed counts (T, 1 or R, C), compiled, and what is smoothed at the end (1 or R, C).

    Args:
        smoothed: as it was before, () at the start; keep: what is kept of it a bin.
        mean, scale: (C,) or one row a replica (R, C).
        fresh: (T,), smoothing starts anew before these bins.
    """
    from neurodrift.learn.kernels.immediate import encode

    rows, c = counts.shape[1:]
    before = smoothed.numpy()
    running = np.empty((max(rows, len(before) if before.ndim else 1), c), np.float32)
    running[:] = before
    means, scales = mean.numpy().reshape(-1, c), scale.numpy().reshape(-1, c)
    out: Floats = np.empty((len(counts), max(len(running), len(means)), c), np.float32)
    encode(counts, running, np.float32(keep), means, scales, fresh, out)
    return out, torch.from_numpy(running)


def save_state(path: Path, weights: dict[str, Any], normalizer: ZScore, labels: ZScore) -> None:
    """One torch file of plain tensors."""
    scores = {
        "mean": normalizer.mean,
        "scale": normalizer.scale,
        "y_mean": labels.mean,
        "y_scale": labels.scale,
    }
    torch.save({**weights, **{name: torch.as_tensor(value) for name, value in scores.items()}}, path)


def load_state(path: Path) -> tuple[dict[str, Any], ZScore, ZScore]:
    """What `save_state` wrote: weights, z-scores of counts and of labels."""
    state = torch.load(path, weights_only=True)
    mean, scale, y_mean, y_scale = (state.pop(k).numpy() for k in ("mean", "scale", "y_mean", "y_scale"))
    return state, ZScore(mean, scale), ZScore(y_mean, y_scale)
