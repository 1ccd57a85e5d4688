"""A stream of characters learned online: the softmax error through the squared-error learner, and counting models."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from neurodrift.decoders.training import one_thread
from neurodrift.errors import NeurodriftError
from neurodrift.learn import OPTIMIZERS, Learner, make_learner
from neurodrift.studies.adding import fresh_nets
from neurodrift.studies.base import Job, Row
from neurodrift.studies.shift import FIRST_SELECTION_SEED, build_rule

__all__ = ["ALPHABET", "character_rows", "counted", "learn_characters", "text", "to_symbols"]

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
ALPHABET = " abcdefghijklmnopqrstuvwxyz0.,:()'-"


def text() -> str:
    """The prose of Python's language reference as it ships with Python (`pydoc_data.topics`), in ALPHABET's characters.

    Lower case, digits as 0, runs of blanks as one, other characters left out. It differs between Python versions: rows
    name its digest.
    """
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise NeurodriftError(
            "characters: this Python ships no pydoc_data.topics, whose prose the study reads; install the full Python."
        ) from error
    return to_symbols(" ".join(topics[name] for name in sorted(topics)))


def to_symbols(raw: str) -> str:
    kept = "".join(c for c in re.sub(r"\d", "0", raw.lower()) if c in ALPHABET or c.isspace())
    return re.sub(r"\s+", " ", kept)


def ids_of(string: str) -> Ids:
    place = {c: i for i, c in enumerate(ALPHABET)}
    return np.array([place[c] for c in string])


def softmax(y: Floats) -> Floats:
    e = np.exp(y - y.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


@torch.no_grad()
def learn_characters(learner: Learner, ids: Ids, learns: bool = True) -> Floats:
    """Predicts each next character of every replica's stream, ids (T + 1, R), then learns it: nats (T, R).

    The learner's loss is half the squared error, whose gradient is y - target. With target = y - (p - onehot) that is p - onehot,
    the gradient of the cross-entropy of softmax(y): any loss goes through the squared-error learner so.
    """
    eye = np.eye(len(ALPHABET))
    replicas = np.arange(ids.shape[1])
    nats = np.empty((len(ids) - 1, ids.shape[1]))
    dtype = learner.w.dtype
    for t in range(len(nats)):
        y = learner.predict(torch.as_tensor(eye[ids[t]], dtype=dtype)).double().numpy()
        p = softmax(y)
        nats[t] = -np.log(np.maximum(p[replicas, ids[t + 1]], 1e-30))
        if learns:
            learner.update(torch.as_tensor(y - (p - eye[ids[t + 1]]), dtype=dtype))
    return nats


def counted(ids: Ids, order: int, weight: float = 5.0) -> Floats:
    """Nats (T,) of each next character by counts of what followed the last 0 .. `order` characters so far.

    p_n = (count + weight p_{n-1}) / (total + weight), p of no context uniform: interpolated counting
    (MacKay & Peto 1995, doi:10.1017/S1351324900000218).
    """
    n = len(ALPHABET)
    counts: list[dict[tuple[int, ...], Floats]] = [defaultdict(lambda: np.zeros(n)) for _ in range(order + 1)]
    nats = np.empty(len(ids) - 1)
    for t in range(len(nats)):
        p = np.full(n, 1 / n)
        contexts = [tuple(ids[max(0, t + 1 - k) : t + 1].tolist()) for k in range(order + 1)]
        for table, context in zip(counts, contexts, strict=True):
            seen = table[context]
            p = (seen + weight * p) / (seen.sum() + weight)
            seen[ids[t + 1]] += 1  # read above: the count joins after the prediction
        nats[t] = -np.log(p[ids[t + 1]])
    return nats


def _streams(whole: Ids, seeds: Sequence[int], bins: int) -> Ids:
    """(bins, R): test seeds read from the last two thirds of the text, selection seeds from the first third."""
    third = len(whole) // 3
    if third < bins:
        raise NeurodriftError(
            f"characters: {bins} characters a stream, but a third of the text has {third}; lower bins."
        )
    starts = []
    for seed in seeds:
        low, high = (0, third - bins) if seed >= FIRST_SELECTION_SEED else (third, len(whole) - bins)
        starts.append(int(np.random.default_rng([8, seed]).integers(low, high + 1)))
    return np.stack([whole[s : s + bins] for s in starts], axis=1)


def _learned(job: Job, whole: Ids, seeds: Sequence[int], rates: Sequence[float]) -> tuple[Floats, Floats]:
    """Nats of each replica (R,): over the last third of what it learned from, and after it with frozen weights."""
    one_thread()
    streams = _streams(whole, seeds, job["bins"] + job["test_bins"])
    nets = fresh_nets(job["cell"], len(ALPHABET), job["units"], len(ALPHABET), seeds, torch.float32)
    readout = job["rule"]["name"] == "readout"
    learner = make_learner(
        nets.cell, nets.w, nets.w_out, build_rule({"name": "immediate"} if readout else job["rule"]),
        OPTIMIZERS[job["optimizer"]](lr=list(rates)), seeds=nets.seeds, clip=job["clip"],
        learns="readout" if readout else "all",
    )  # fmt: skip
    nats = learn_characters(learner, streams[: job["bins"] + 1])
    after = learn_characters(learner, streams[job["bins"] :], learns=False)
    return nats[-(job["bins"] // 3) :].mean(axis=0), after.mean(axis=0)


def character_rows(job: Job) -> list[Row]:
    """Rows of part "selection" and "test": nats a character while learning (`nats`) and frozen after it (`frozen_nats`)."""
    string = text()
    whole, digest = ids_of(string), hashlib.sha256(string.encode()).hexdigest()[:16]
    seeds = list(range(job["seeds"]))
    if job["rule"]["name"].startswith("count"):
        order = int(job["rule"]["order"])
        streams = _streams(whole, seeds, job["bins"] + job["test_bins"])
        found = [
            counted(streams[: job["bins"] + 1, i], order)[-(job["bins"] // 3) :].mean()
            for i in range(len(seeds))
        ]
        return [
            {
                "part": "test",
                "seed": s,
                "lr": None,
                "nats": float(v),
                "frozen_nats": None,
                "diverged": False,
                "text": digest,
            }
            for s, v in zip(seeds, found, strict=True)
        ]
    chosen_on, rates = [FIRST_SELECTION_SEED + i for i in range(job["selection_seeds"])], job["rates"]
    grid = [(lr, seed) for lr in rates for seed in chosen_on]
    nats, _ = _learned(job, whole, [g[1] for g in grid], [g[0] for g in grid])
    nats = np.where(np.isfinite(nats), nats, 10.0)
    best = int(np.argmin(nats.reshape(len(rates), -1).mean(axis=1)))
    rows: list[Row] = [
        {"part": "selection", "seed": seed, "lr": lr, "nats": float(v)}
        for (lr, seed), v in zip(grid, nats, strict=True)
    ]
    way, after = _learned(job, whole, seeds, [rates[best]] * len(seeds))
    return rows + [
        {
            "part": "test", "seed": s, "lr": rates[best], "edge": best in (0, len(rates) - 1), "text": digest,
            "nats": float(a) if np.isfinite(a) else None, "frozen_nats": float(b) if np.isfinite(b) else None,
            "diverged": not bool(np.isfinite(a)),
        }
        for s, a, b in zip(seeds, way, after, strict=True)
    ]  # fmt: skip
