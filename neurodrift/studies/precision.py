"""What could spoil an exact gradient that waits for its error: rounding, and weights that moved on the way."""

from __future__ import annotations

import copy
from collections import deque
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurodrift.decoders.training import one_thread
from neurodrift.learn import CELLS, OPTIMIZERS, Learner, make_learner
from neurodrift.learn.cells import Cell
from neurodrift.learn.rules import RTRL, TBPTT
from neurodrift.learn.step import Step, take_step
from neurodrift.studies.adapting import Nets
from neurodrift.studies.adding import fresh_nets, labels, learn_sequences, mse_at_end, sequences
from neurodrift.studies.base import Job, Row

__all__ = ["carried_rows", "gradient_at", "rounding_rows", "stale_rows"]


def gradient_at(cell: Cell, w: Tensor, s: Tensor, x: Tensor, c: Tensor) -> Tensor:
    """d(c's_T)/dw by back-propagation from the state s (R, K, N) through x (T, R, C), the weights held fixed."""
    leaf = w.detach().clone().requires_grad_()
    with torch.enable_grad():
        for now in x:
            s = cell.pointwise(cell.read(leaf, s, now)[0], s)
        (found,) = torch.autograd.grad((s * c).sum(), leaf)
    return found


def _difference(g: Tensor, reference: Tensor) -> list[float]:
    """|g - reference| / |reference| of each replica."""
    left, right = g.double().flatten(1), reference.double().flatten(1)
    return [float(v) for v in (left - right).norm(dim=1) / right.norm(dim=1)]


@torch.no_grad()
def rounding_rows(job: Job) -> list[Row]:
    """One error at the end of ever longer sequences: float32 beside exact RTRL in float64, no error on the way.

    `rtrl32` runs states and influence in float32, `influence32` carries float32 influence along the float64 states,
    `bptt32` back-propagates through the float32 states.
    """
    one_thread()
    cell, n, seeds = CELLS["rnn"](), job["units"], list(range(job["seeds"]))
    rng = [np.random.default_rng([5, seed]) for seed in seeds]
    w = torch.stack([torch.as_tensor(r.normal(size=(1, n, n + 3)) * 0.1) for r in rng])
    w[..., 2:-1] = torch.stack(
        [torch.as_tensor(r.normal(size=(1, n, n)) * job["gain"] / n**0.5) for r in rng]
    )
    c = torch.stack([torch.as_tensor(r.normal(size=(1, n))) for r in rng])
    x = torch.as_tensor(np.stack([r.normal(size=(job["lengths"][-1], 2)) for r in rng], axis=1))
    rule, rows = RTRL(), []
    s64, s32 = w.new_zeros(len(seeds), 1, n), torch.zeros(len(seeds), 1, n)
    w32, x32, c32, zero = w.float(), x.float(), c.float(), s32.clone()
    p64, p32, mixed = rule.init(w, 1, seeds), rule.init(w32, 1, seeds), rule.init(w32, 1, seeds)
    for t in range(len(x)):
        s64, step = take_step(cell, w, s64, x[t])
        s32, step32 = take_step(cell, w32, s32, x32[t])
        cast = Step(*(v.float() for v in step))
        if t + 1 in job["lengths"]:
            exact = _whole(rule, p64, step, c)
            found = {
                "rtrl32": _whole(rule, p32, step32, c32),
                "influence32": _whole(rule, mixed, cast, c32),
                "bptt32": gradient_at(cell, w32, zero, x32[: t + 1], c32),
            }
            for name, g in found.items():
                rows += [
                    {"part": "rounding", "length": t + 1, "form": name, "seed": seed, "difference": d}
                    for seed, d in zip(seeds, _difference(g, exact), strict=True)
                ]
        p64, p32, mixed = rule.advance(p64, step), rule.advance(p32, step32), rule.advance(mixed, cast)
    return rows


def _whole(rule: RTRL, trace: Any, step: Step, c: Tensor) -> Tensor:
    past = rule.past(trace, step, c)
    assert past is not None
    return step.immediate(c) + past


def stale_rows(job: Job) -> list[Row]:
    """RTRL on a stream of adding sequences: its carried gradient beside that of today's weights over the last bins.

    The influence is never reset. Rows: relative difference and cosine, of means over the looks of each seed.
    """
    one_thread()
    rates, seeds, bins = job["rates"], list(range(job["seeds"])), job["length"]
    base = fresh_nets("rnn", 2, job["units"], 1, seeds)
    index = [i for i in range(len(seeds)) for _ in rates]
    nets = base.pick(index)
    learner = make_learner(
        nets.cell, nets.w, nets.w_out, RTRL(), OPTIMIZERS["rmsprop"](lr=[lr for _ in seeds for lr in rates]),
        seeds=nets.seeds, engine="reference", clip=job["clip"],
    )  # fmt: skip
    data = [sequences(job["sequences"], bins, 0, seed) for seed in seeds]
    given = [labels(d.y, job["feedback"], seed) for d, seed in zip(data, seeds, strict=True)]
    x = torch.as_tensor(np.stack([data[i].x.reshape(-1, 2) for i in index], axis=1))
    y = torch.as_tensor(np.stack([given[i].reshape(-1, 1) for i in index], axis=1))
    seen: list[Any] = []
    learner.observer = seen.append
    states: deque[Tensor] = deque(maxlen=job["look_back"])
    looks = []
    for t in range(len(x)):
        states.append(learner.s.clone())
        learner.predict(x[t])
        today = learner.w.clone()
        seen.clear()
        learner.update(None if bool(y[t].isnan().any()) else y[t])
        full = len(states) == states.maxlen
        if full and seen and seen[0].past is not None and (t + 1) % (bins * job["look_every"]) == 0:
            carried = seen[0].immediate + seen[0].past
            now = gradient_at(nets.cell, today, states[0], x[t + 1 - len(states) : t + 1], seen[0].c)
            cosine = torch.cosine_similarity(carried.flatten(1), now.flatten(1))
            looks.append((_difference(carried, now), [float(v) for v in cosine]))
    found = np.array(looks)  # (looks, 2, replicas)
    means = np.median(found, axis=0).reshape(2, len(seeds), len(rates))
    return [
        {
            "part": "stale", "feedback": job["feedback"], "seed": seed, "lr": lr,
            "difference": float(means[0, i, j]), "cosine": float(means[1, i, j]),
        }
        for i, seed in enumerate(seeds)
        for j, lr in enumerate(rates)
    ]  # fmt: skip


def carried_rows(job: Job) -> list[Row]:
    """Learning with an influence carried in float32 beside back-propagation in float64: the same weights afterwards?"""
    one_thread()
    rows, bins = [], job["length"]
    for seed in range(job["seeds"]):
        data = sequences(job["sequences"], bins, 0, seed)
        given = labels(data.y, "end", seed)
        held_out = sequences(job["test_sequences"], bins, 0, 500_000 + seed)
        ends = {}
        for name, dtype in (("carried", torch.float32), ("recomputed", torch.float64)):
            nets = fresh_nets(job["cell"], 2, job["units"], 1, [seed], dtype)
            rule = RTRL() if name == "carried" else TBPTT(bins)
            learner: Learner = make_learner(
                nets.cell, nets.w, nets.w_out, copy.copy(rule), OPTIMIZERS["rmsprop"](lr=job["lr"]),
                seeds=[seed], clip=job["clip"],
            )  # fmt: skip
            learn_sequences(learner, data.x, given)
            end = Nets(nets.cell, learner.w, learner.w_out, (seed,))
            ends[name] = (learner.w.double(), float(mse_at_end(end, held_out)[0]))
        (w32, mse32), (w64, mse64) = ends["carried"], ends["recomputed"]
        start = fresh_nets(job["cell"], 2, job["units"], 1, [seed]).w
        moved = float((w32 - w64).norm() / (w64 - start).norm())
        rows.append(
            {"part": "carried", "seed": seed, "moved": moved, "mse_carried": mse32, "mse_recomputed": mse64}
        )
    return rows
