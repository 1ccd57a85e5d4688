"""Runs of the transformer study: trained offline with all heads, then online with some of them open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from neurodrift.decoders.training import one_thread
from neurodrift.evaluation.metrics import r2
from neurodrift.learn.optim import Adam, RMSprop, clip_
from neurodrift.studies.base import Job, Row
from neurodrift.studies.heads import Net, Shape, forward, gate_of, new_weights, window_length
from neurodrift.studies.seeds import floored
from neurodrift.studies.shift import FIRST_SELECTION_SEED
from neurodrift.studies.streams import Stream, lorenz_stream, sine_stream

__all__ = ["adapt_heads", "frozen_score", "shape_of", "train_offline", "transformer_rows"]

Floats = npt.NDArray[np.float64]


def shape_of(job: Job) -> Shape:
    return Shape(job["width"], job["heads"], job["layers"], job["context"])


def signal(job: Job, part: str, seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
    """x, y (R, T, 1) of "train" (before the change), "adapt" or "test" (after it): of Lorenz the first coordinate alone."""
    make: Callable[..., Stream] = lorenz_stream if job["task"] == "lorenz" else sine_stream
    value = job["before"] if part == "train" else job["after"]
    offset = {"train": 0, "adapt": 100_000, "test": 200_000}[part]
    streams = [make(value, job[f"{part}_bins"], job["ahead"], job["noise"], offset + seed) for seed in seeds]
    x, y = (np.stack([getattr(s, name)[:, :1] for s in streams]) for name in ("x", "y"))
    return torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(y, dtype=torch.float32)


def train_offline(job: Job, seeds: Sequence[int]) -> Net:
    """Weights of one network a seed, all heads open: Adam on random stretches, the step size falling to 0 as a cosine."""
    shape = shape_of(job)
    net = new_weights(shape, seeds)
    x, y = signal(job, "train", seeds)
    first, length = window_length(shape) - 1, window_length(shape) - 1 + job["train_tokens"]
    optimizer = Adam(lr=0.0)
    moments = optimizer.init(list(net.values()))
    for i in range(job["train_steps"]):
        starts = np.random.default_rng([6, i]).integers(0, x.shape[1] - length, size=job["train_batch"])
        at = torch.as_tensor(starts[:, None] + np.arange(length))
        optimizer.lr = job["train_lr"] * 0.5 * (1 + np.cos(np.pi * i / job["train_steps"]))
        leaves = {k: v.detach().requires_grad_() for k, v in net.items()}
        with torch.enable_grad():
            error = forward(leaves, shape, x[:, at])[:, :, first:] - y[:, at][:, :, first:]
            grads = list(torch.autograd.grad(error.square().mean(dim=(1, 2, 3)).sum(), list(leaves.values())))
        clip_(grads, 1.0)
        optimizer.update_([v.detach() for v in leaves.values()], grads, moments)
        net = {k: v.detach() for k, v in leaves.items()}
    return net


def gradients(net: Net, shape: Shape, x: Tensor, y: Tensor, gate: Tensor | None) -> list[Tensor]:
    """Of half the mean squared error over the last tokens: x (R, T, C) holds the tokens before them too, y (R, U, D)."""
    leaves = {k: v.detach().requires_grad_() for k, v in net.items()}
    with torch.enable_grad():
        error = forward(leaves, shape, x.unsqueeze(1), gate)[:, 0, -y.shape[1] :] - y
        return list(torch.autograd.grad(0.5 * error.square().mean(dim=(1, 2)).sum(), list(leaves.values())))


def adapt_heads(
    net: Net,
    shape: Shape,
    x: Tensor,
    y: Tensor,
    gate: Tensor,
    rates: Sequence[float],
    every: int,
    clip: float,
) -> Net:
    """The weights after one pass over x, y (R, T, .), learning every `every` tokens from those tokens."""
    net = {k: v.clone() for k, v in net.items()}
    params, optimizer = list(net.values()), RMSprop(lr=list(rates))
    moments, before = optimizer.init(params), window_length(shape) - 1
    for t in range(before, x.shape[1] - every + 1, every):
        grads = gradients(net, shape, x[:, t - before : t + every], y[:, t : t + every], gate)
        clip_(grads, clip)
        optimizer.update_(params, grads, moments)
    return net


@torch.no_grad()
def frozen_score(net: Net, shape: Shape, x: Tensor, y: Tensor, stretch: int = 50) -> Floats:
    """R2 of each replica with its weights frozen (R,); NaN where not finite."""
    before = window_length(shape) - 1
    starts = torch.arange(before, x.shape[1] - stretch + 1, stretch)
    at = starts[:, None] + torch.arange(-before, stretch)
    out = torch.cat([forward(net, shape, x[:, part])[:, :, before:] for part in torch.split(at, 4)], dim=1)
    truth = y[:, starts[:, None] + torch.arange(stretch)]
    with np.errstate(all="ignore"):
        found = [
            r2(b.reshape(-1, 1).double().numpy(), a.reshape(-1, 1).double().numpy())
            if bool(a.isfinite().all())
            else np.nan
            for a, b in zip(out, truth, strict=True)
        ]
    return np.where(np.isfinite(found), found, np.nan)


def _pick(net: Net, index: Sequence[int]) -> Net:
    return {k: v[list(index)] for k, v in net.items()}


def _score(
    job: Job, start: Net, seeds: Sequence[int], opened: Sequence[int], rates: Sequence[float]
) -> Floats:
    """R2 after adaptation of the replicas (network i of `start`, its open heads, its step size), given as equal lists."""
    shape, unique = shape_of(job), list(dict.fromkeys(seeds))
    index = [unique.index(seed) for seed in seeds]
    (x, y), (x_test, y_test) = signal(job, "adapt", unique), signal(job, "test", unique)
    gate = gate_of(shape, opened, seeds)
    after = adapt_heads(
        _pick(start, index), shape, x[index], y[index], gate, rates, job["every"], job["clip"]
    )
    return frozen_score(after, shape, x_test[index], y_test[index])


def transformer_rows(job: Job) -> list[Row]:
    """Rows "selection" (step size, seed, share), "test" (seed, share) and "heads" (seed, layer, head)."""
    one_thread()
    shape, rates, shares = shape_of(job), job["rates"], job["open"]
    chosen_on = [FIRST_SELECTION_SEED + i for i in range(job["selection_seeds"])]
    seeds = list(range(job["seeds"]))
    start = train_offline(job, [*chosen_on, *seeds])
    for_choice, for_test = (
        _pick(start, range(len(chosen_on))),
        _pick(start, range(len(chosen_on), len(start["in"]))),
    )
    frozen_choice = frozen_score(for_choice, shape, *signal(job, "test", chosen_on))
    frozen = frozen_score(for_test, shape, *signal(job, "test", seeds))
    grid = [(count, lr, seed) for count in shares for lr in rates for seed in chosen_on]
    found = _score(job, for_choice, [g[2] for g in grid], [g[0] for g in grid], [g[1] for g in grid])
    by_rate = found.reshape(len(shares), len(rates), len(chosen_on))
    rows: list[Row] = [
        {
            "part": "selection",
            "open": c,
            "lr": lr,
            "seed": s,
            "r2": _plain(v),
            "frozen_r2": float(frozen_choice[i % len(chosen_on)]),
        }
        for i, ((c, lr, s), v) in enumerate(zip(grid, found, strict=True))
    ]
    best = [int(np.argmax([floored(v, frozen_choice).mean() for v in one])) for one in by_rate]
    tests = [(count, rates[b], seed) for count, b in zip(shares, best, strict=True) for seed in seeds]
    after = _score(job, for_test, [t[2] for t in tests], [t[0] for t in tests], [t[1] for t in tests])
    cosines = {count: _cosines(job, for_test, seeds, count) for count in shares}
    edge = {count: b in (0, len(rates) - 1) for count, b in zip(shares, best, strict=True)}
    rows += [
        {
            "part": "test", "open": c, "lr": lr, "edge": edge[c], "seed": s, "r2": _plain(v), "frozen_r2": float(frozen[s]),
            "cosine": float(cosines[c][s]), "diverged": bool(not np.isfinite(v) or v < frozen[s] - 1),
        }
        for (c, lr, s), v in zip(tests, after, strict=True)
    ]  # fmt: skip
    return rows + _heads(job, for_test, seeds)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _stretch(job: Job, seeds: Sequence[int], tokens: int = 200) -> tuple[Tensor, Tensor]:
    before = window_length(shape_of(job)) - 1
    x, y = signal(job, "adapt", seeds)
    return x[:, : before + tokens], y[:, before : before + tokens]


def _flat(grads: Sequence[Tensor]) -> Tensor:
    return torch.cat([g.flatten(1) for g in grads], dim=1)


def _cosines(job: Job, net: Net, seeds: Sequence[int], count: int) -> Floats:
    """Cosine of the gradient through `count` heads with the full one, at the start of adaptation (R,)."""
    shape, (x, y) = shape_of(job), _stretch(job, seeds)
    some = _flat(gradients(net, shape, x, y, gate_of(shape, [count] * len(seeds), seeds)))
    return np.asarray(
        torch.cosine_similarity(some, _flat(gradients(net, shape, x, y, None))).double().numpy()
    )


def _heads(job: Job, net: Net, seeds: Sequence[int]) -> list[Row]:
    """What each head does before the change: loss added without it, norm of the gradient it carries back, mean lag."""
    shape, before = shape_of(job), window_length(shape_of(job)) - 1
    x, y = signal({**job, "after": job["before"]}, "test", seeds)
    x, y = x[:, : before + 200], y[:, before : before + 200]
    seen: list[Tensor] = []
    none = torch.zeros(len(seeds), shape.layers, shape.heads)

    def loss(ablate: Tensor | None, keep: list[Tensor] | None = None) -> Tensor:
        with torch.no_grad():
            out = forward(net, shape, x.unsqueeze(1), ablate=ablate, seen=keep)
        return (out[:, 0, before:] - y).square().mean(dim=(1, 2))

    whole, detached = loss(None, seen), _flat(gradients(net, shape, x, y, none))
    lag = (torch.arange(x.shape[1])[:, None] - torch.arange(x.shape[1])[None]).clamp(min=0).float()
    lags = [(w[:, 0, :, before:] * lag[before:]).sum(-1).mean(-1) for w in seen]
    rows: list[Row] = []
    for layer in range(shape.layers):
        for head in range(shape.heads):
            only = none.clone()
            only[:, layer, head] = 1
            added = loss(only) - whole
            carried = (_flat(gradients(net, shape, x, y, only)) - detached).norm(dim=1)
            rows += [
                {
                    "part": "heads", "layer": layer, "head": head, "seed": seed, "ablated": float(added[i]),
                    "gradient": float(carried[i]), "lag": float(lags[layer][i, head]),
                }
                for i, seed in enumerate(seeds)
            ]  # fmt: skip
    return rows
