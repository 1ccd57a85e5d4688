"""The experiment most studies share: trained on a made signal, the signal changes, a rule adapts, the weights are frozen.

A job holds: task ("sine" or "lorenz"), before and after (its period, or rho), ahead, noise, cell, units, train_bins,
adapt_bins, test_bins, epochs, rule (a name of RULES and its options), optimizer, rates, clip, seeds, selection_seeds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neurodrift.learn import CELLS, RULES, Rule
from neurodrift.studies.adapting import Nets, adapt, frozen_r2, train_nets
from neurodrift.studies.base import Job, Row
from neurodrift.studies.seeds import floored
from neurodrift.studies.streams import Stream, lorenz_stream, sine_stream, stack

__all__ = ["FIRST_SELECTION_SEED", "TASK_KEYS", "build_rule", "shift_rows", "started", "streams_of"]

TASKS: dict[str, Callable[[float, int, int, float, int], Stream]] = {
    "sine": sine_stream,
    "lorenz": lorenz_stream,
}
TASK_KEYS = (
    "task",
    "before",
    "after",
    "ahead",
    "noise",
    "train_bins",
    "adapt_bins",
    "test_bins",
    "epochs",
    "clip",
)
FIRST_SELECTION_SEED = 1000
_ADAPT, _TEST = 100_000, 200_000  # what keeps the noise of the three streams of a seed apart


def build_rule(given: dict[str, Any]) -> Rule:
    """A rule of RULES from {"name": ..., option: value, ...}."""
    return RULES[given["name"]](**{k: v for k, v in given.items() if k != "name"})


def streams_of(job: Job, seeds: Sequence[int], part: str) -> Stream:
    """Streams (S, T, .): "train" before the change, "adapt" and "test" after it, "unchanged" as "test" before it."""
    make, bins = TASKS[job["task"]], job["train_bins"]
    value, offset = job["before"], 0
    if part != "train":
        offset, bins = (_ADAPT, job["adapt_bins"]) if part == "adapt" else (_TEST, job["test_bins"])
        value = job["before"] if part == "unchanged" else job["after"]
    return stack([make(value, bins, job["ahead"], job["noise"], offset + seed) for seed in seeds])


def started(job: Job, seeds: Sequence[int]) -> Nets:
    """The trained networks that every rule starts from; made once a process."""
    kept = ("task", "before", "ahead", "noise", "train_bins", "cell", "units", "epochs")
    nets = _trained(tuple(job[k] for k in kept), tuple(seeds))
    return nets.pick(range(len(nets.w)))


@functools.lru_cache(maxsize=32)
def _trained(made: tuple[Any, ...], seeds: tuple[int, ...]) -> Nets:
    task, before, ahead, noise, bins, cell, units, epochs = made
    streams = stack([TASKS[task](before, bins, ahead, noise, seed) for seed in seeds])
    return train_nets(CELLS[cell](), units, streams, seeds, epochs=epochs)


def shift_rows(job: Job) -> list[Row]:
    """Chooses the step size on networks and streams of their own, then adapts the test seeds with it.

    Rows of part "selection" (a seed and step size) and "test" (a seed): R2 after the change with the weights frozen
    at the end of adaptation (`r2`), at its start (`frozen_r2`), and before the change (`before_r2`).
    """
    chosen_on = [FIRST_SELECTION_SEED + i for i in range(job["selection_seeds"])]
    rows, means = [], []
    for lr, r2, frozen, _ in _scored(job, chosen_on, job["rates"]):
        means.append(float(floored(r2, frozen).mean()))
        rows += [
            {"part": "selection", "seed": seed, "lr": lr, "r2": a, "frozen_r2": b}
            for seed, a, b in zip(chosen_on, r2, frozen, strict=True)
        ]
    best = int(np.argmax(means))
    seeds = list(range(job["seeds"]))
    unchanged = frozen_r2(started(job, seeds), streams_of(job, seeds, "unchanged"))
    for lr, r2, frozen, way in _scored(job, seeds, [job["rates"][best]]):
        rows += [
            {
                "part": "test", "seed": seed, "lr": lr, "edge": best in (0, len(job["rates"]) - 1),
                "r2": r2[seed], "frozen_r2": frozen[seed], "before_r2": unchanged[seed], "prequential_r2": way[seed],
                "diverged": bool(not np.isfinite(r2[seed]) or r2[seed] < frozen[seed] - 1),
            }
            for seed in seeds
        ]  # fmt: skip
    return rows


def _scored(job: Job, seeds: Sequence[int], rates: Sequence[float]) -> list[tuple[float, Any, Any, Any]]:
    nets, stream, test = (
        started(job, seeds),
        streams_of(job, seeds, "adapt"),
        streams_of(job, seeds, "test"),
    )
    frozen = frozen_r2(nets, test)
    found = []
    for lr, (after, seen) in zip(
        rates,
        adapt(nets, stream, build_rule(job["rule"]), job["optimizer"], rates, clip=job["clip"]),
        strict=True,
    ):
        half = stream.y.shape[1] // 2
        with np.errstate(all="ignore"):
            error = np.square(seen[:, half:] - stream.y[:, half:]).sum(axis=(1, 2))
            whole = np.square(stream.y[:, half:] - stream.y[:, half:].mean(axis=1, keepdims=True)).sum(
                axis=(1, 2)
            )
        found.append((lr, frozen_r2(after, test), frozen, 1 - error / whole))
    return found
