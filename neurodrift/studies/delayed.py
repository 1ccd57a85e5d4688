"""Targets 50 bins away: a sine that far ahead, with its label in time or when it can be known; and what was, recalled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from neurodrift.evaluation.metrics import r2
from neurodrift.learn import OPTIMIZERS, make_learner
from neurodrift.studies.adapting import WARM_UP, Nets, adapt, frozen_r2, learn, train_nets
from neurodrift.studies.adding import fresh_nets
from neurodrift.studies.base import Job, Row
from neurodrift.studies.seeds import floored
from neurodrift.studies.shift import FIRST_SELECTION_SEED, build_rule, started, streams_of
from neurodrift.studies.streams import Stream

__all__ = ["delayed_rows", "late", "recall_rows", "recall_stream"]

Floats = npt.NDArray[np.float64]


def late(stream: Stream, lag: int) -> Stream:
    """The same stream with, at each bin, the label that becomes known then: that of `lag` bins before, NaN at first."""
    y = np.full_like(stream.y, np.nan)
    y[:, lag:] = stream.y[:, : stream.y.shape[1] - lag]
    return Stream(stream.x, y)


def delayed_rows(job: Job) -> list[Row]:
    """As `shift_rows`, for labels `lag` bins late, readouts alone ("readout") and networks trained anew ("retrained")."""
    chosen_on, seeds = (
        [FIRST_SELECTION_SEED + i for i in range(job["selection_seeds"])],
        list(range(job["seeds"])),
    )
    if job["rule"]["name"] == "retrained":
        anew = train_nets(
            started(job, seeds).cell,
            job["units"],
            streams_of(job, seeds, "adapt"),
            seeds,
            epochs=job["epochs"],
        )
        return _test_rows(job, seeds, frozen_r2(anew, streams_of(job, seeds, "test")), None, False)
    rates = job["rates"]
    frozen = frozen_r2(started(job, chosen_on), streams_of(job, chosen_on, "test"))
    found = _adapted(job, chosen_on, rates)
    best = int(np.argmax([floored(v, frozen).mean() for v in found]))
    rows: list[Row] = [
        {"part": "selection", "seed": s, "lr": lr, "r2": _plain(a), "frozen_r2": float(b)}
        for lr, values in zip(rates, found, strict=True)
        for s, a, b in zip(chosen_on, values, frozen, strict=True)
    ]
    (values,) = _adapted(job, seeds, [rates[best]])
    return rows + _test_rows(job, seeds, values, rates[best], best in (0, len(rates) - 1))


def _adapted(job: Job, seeds: Sequence[int], rates: Sequence[float]) -> list[Floats]:
    readout = job["rule"]["name"] == "readout"
    rule = build_rule({"name": "immediate"} if readout else job["rule"])
    stream = streams_of(job, seeds, "adapt")
    after = adapt(
        started(job, seeds), late(stream, job["lag"]) if job["lag"] else stream, rule, job["optimizer"], rates,
        clip=job["clip"], max_lag=job["lag"], learns="readout" if readout else "all",
    )  # fmt: skip
    return [frozen_r2(nets, streams_of(job, seeds, "test")) for nets, _ in after]


def _test_rows(job: Job, seeds: Sequence[int], values: Floats, lr: float | None, edge: bool) -> list[Row]:
    frozen = frozen_r2(started(job, seeds), streams_of(job, seeds, "test"))
    return [
        {
            "part": "test", "seed": s, "lr": lr, "edge": edge, "r2": _plain(a), "frozen_r2": float(b),
            "diverged": bool(not np.isfinite(a) or a < b - 1),
        }
        for s, a, b in zip(seeds, values, frozen, strict=True)
    ]  # fmt: skip


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def recall_stream(delays: Sequence[int], bins: int, seed: int) -> tuple[Floats, Floats]:
    """White noise x (T, 1), uniform of variance 1, and what it was `delays` bins ago, y (T, D)."""
    most = max(delays)
    x = np.random.default_rng([9, seed]).uniform(-(3**0.5), 3**0.5, size=bins + most)
    return x[most:, None], np.stack([x[most - d : most - d + bins] for d in delays], axis=1)


def recall_rows(job: Job) -> list[Row]:
    """An untrained network learns online to recall its input; R2 for each delay on later bins, weights frozen."""
    chosen_on, rates = [FIRST_SELECTION_SEED + i for i in range(job["selection_seeds"])], job["rates"]
    rows, totals = [], np.zeros(len(rates))
    for seed in chosen_on:
        for i, found in enumerate(_recalled(job, seed, rates)):
            totals[i] += np.maximum(np.where(np.isfinite(found), found, -1), -1).sum()
            rows += _recall_rows(job, "selection", seed, rates[i], found, False)
    best = int(np.argmax(totals))
    for seed in range(job["seeds"]):
        (found,) = _recalled(job, seed, [rates[best]])
        rows += _recall_rows(job, "test", seed, rates[best], found, best in (0, len(rates) - 1))
    return rows


def _recalled(job: Job, seed: int, rates: Sequence[float]) -> list[Floats]:
    delays = job["delays"]
    nets = fresh_nets(job["cell"], 1, job["units"], len(delays), [seed]).pick([0] * len(rates))
    readout = job["rule"]["name"] == "readout"
    learner = make_learner(
        nets.cell, nets.w, nets.w_out, build_rule({"name": "immediate"} if readout else job["rule"]),
        OPTIMIZERS[job["optimizer"]](lr=list(rates)), seeds=nets.seeds, clip=job["clip"],
        learns="readout" if readout else "all",
    )  # fmt: skip
    learn(learner, *recall_stream(delays, job["bins"], seed))
    x, y = recall_stream(delays, job["test_bins"], 500_000 + seed)
    after = Nets(nets.cell, learner.w, learner.w_out, nets.seeds)
    out = _predictions(after, x)
    with np.errstate(all="ignore"):
        return [
            np.array([r2(y[WARM_UP:, [d]], out[WARM_UP:, i, [d]]) for d in range(len(delays))])
            for i in range(len(rates))
        ]


def _predictions(nets: Nets, x: Floats) -> Floats:
    from neurodrift.learn.optim import SGD
    from neurodrift.learn.rules import Immediate

    still = make_learner(
        nets.cell, nets.w, nets.w_out, Immediate(), SGD(), seeds=nets.seeds, learns="nothing"
    )
    return learn(still, x, np.full((len(x), nets.w_out.shape[1]), np.nan))


def _recall_rows(job: Job, part: str, seed: int, lr: float, found: Floats, edge: bool) -> list[Row]:
    return [
        {
            "part": part,
            "seed": seed,
            "lr": lr,
            "edge": edge,
            "delay": d,
            "r2": _plain(v),
            "diverged": not bool(np.isfinite(v)),
        }
        for d, v in zip(job["delays"], found, strict=True)
    ]
