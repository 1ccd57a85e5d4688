"""The adding task, with feedback at every bin, at a few, or only at the end of a sequence and later still."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from neurodrift.decoders.training import one_thread
from neurodrift.errors import NeurodriftError
from neurodrift.learn import CELLS, OPTIMIZERS, Learner, make_learner, pack
from neurodrift.learn.kernels.engine import CompiledLearner
from neurodrift.learn.params import new_module
from neurodrift.studies.adapting import Nets
from neurodrift.studies.base import Job, Row
from neurodrift.studies.shift import FIRST_SELECTION_SEED, build_rule

__all__ = [
    "FEEDBACK",
    "TRIVIAL",
    "Sequences",
    "adding_rows",
    "fresh_nets",
    "labels",
    "mse_at_end",
    "sequences",
]

Floats = npt.NDArray[np.float64]
FEEDBACK = ("every", "sparse", "end")
TRIVIAL = 1 / 6
"""Mean squared error of always answering 1: the variance of a sum of two numbers uniform on [0, 1]."""
_TEST = 500_000


class Sequences(NamedTuple):
    """S sequences of T bins: x (S, T, 2), a number and its mark, and y (S, T), the sum of the marked so far."""

    x: Floats
    y: Floats


def sequences(count: int, length: int, delay: int, seed: int) -> Sequences:
    """Numbers uniform on [0, 1], one marked in each half of `length` bins, then `delay` bins that change nothing.

    References:
        Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735.
    """
    rng = np.random.default_rng([3, seed])
    x = np.zeros((count, length + delay, 2))
    x[..., 0] = rng.uniform(size=x.shape[:2])
    half = length // 2
    for low, high in ((0, half), (half, length)):
        x[np.arange(count), rng.integers(low, high, size=count), 1] = 1.0
    return Sequences(x, (x[..., 0] * x[..., 1]).cumsum(axis=1))


def labels(y: Floats, feedback: str, seed: int, share: float = 0.1) -> Floats:
    """y with NaN where there is no label: "every" bin has one, or a "sparse" share and the last, or the "end" alone."""
    if feedback not in FEEDBACK:
        raise NeurodriftError(f"feedback is {feedback!r}; it is one of {', '.join(FEEDBACK)}.")
    if feedback == "every":
        return y
    kept = np.zeros(y.shape, bool)
    if feedback == "sparse":
        kept = np.random.default_rng([4, seed]).uniform(size=y.shape) < share
    kept[:, -1] = True
    return np.where(kept, y, np.nan)


def fresh_nets(
    cell_name: str,
    n_inputs: int,
    units: int,
    outputs: int,
    seeds: Sequence[int],
    dtype: torch.dtype = torch.float64,
) -> Nets:
    """Untrained networks, each from its own seed: torch.nn's own start, or the cell's."""
    cell, cores, outs = CELLS[cell_name](), [], []
    for seed in seeds:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            cores.append(new_module(cell, n_inputs, units))
            readout = nn.Linear(cell.n_features(units, n_inputs), outputs)
        outs.append(torch.cat((readout.weight, readout.bias[:, None]), dim=1).detach())
    return Nets(cell, pack(cell, cores).to(dtype), torch.stack(outs).to(dtype), tuple(seeds))


@torch.no_grad()
def mse_at_end(nets: Nets, data: Sequences) -> Floats:
    """Squared error at the last bin with weights that do not move, a mean for each network (R,); NaN if not finite."""
    x = torch.as_tensor(data.x, dtype=nets.w.dtype)
    found = []
    for w, w_out in zip(nets.w, nets.w_out, strict=True):
        every, s = w.expand(len(x), *w.shape), w.new_zeros(len(x), nets.cell.states, w.shape[1])
        for t in range(x.shape[1]):
            s = nets.cell.pointwise(nets.cell.read(every, s, x[:, t])[0], s)
        y = nets.cell.features(s, x[:, -1]) @ w_out[:, :-1].T + w_out[:, -1]
        found.append(float(np.square(y[:, 0].double().numpy() - data.y[:, -1]).mean()))
    return np.where(np.isfinite(found), found, np.nan)


@torch.no_grad()
def learn_sequences(learner: Learner, x: Floats, y: Floats) -> None:
    """Learns S sequences, x (S, T, C) and labels y (S, T); the state and the trace start anew with each."""
    count, bins, _ = x.shape
    if isinstance(learner, CompiledLearner):
        fresh = np.zeros((count, bins), bool)
        fresh[:, 0] = True
        dtype = learner.s.numpy().dtype
        flat = np.ascontiguousarray(x.reshape(count * bins, 1, -1), dtype)
        learner.run(flat, np.ascontiguousarray(y.reshape(-1, 1), dtype), fresh.ravel())
        return
    inputs, targets = (torch.as_tensor(v, dtype=learner.w.dtype) for v in (x, y))
    for i in range(count):
        learner.reset()
        for t in range(bins):
            learner.predict(inputs[i, t].expand(len(learner.w), -1))
            learner.update(targets[i, t, None])


def _learned(job: Job, seed: int, rates: Sequence[float]) -> list[list[float]]:
    """Held-out error of one network for every step size (outer) after each quarter of learning."""
    one_thread()
    nets = fresh_nets(job["cell"], 2, job["units"], 1, [seed])
    bins = job["length"] + job["delay"]
    learns = "readout" if job["rule"]["name"] == "readout" else "all"
    rule = build_rule({"name": "immediate"} if learns == "readout" else _whole(job["rule"], bins))
    several = nets.pick([0] * len(rates))
    learner = make_learner(
        nets.cell, several.w, several.w_out, rule, OPTIMIZERS[job["optimizer"]](lr=list(rates)),
        seeds=several.seeds, clip=job["clip"], learns=learns,
    )  # fmt: skip
    data = sequences(job["sequences"], job["length"], job["delay"], seed)
    given = labels(data.y, job["feedback"], seed)
    held_out = sequences(job["test_sequences"], job["length"], job["delay"], _TEST + seed)
    scores = []
    for part in np.array_split(np.arange(len(given)), 4):
        learn_sequences(learner, data.x[part], given[part])
        now = Nets(nets.cell, learner.w, learner.w_out, several.seeds)
        scores.append([float(v) for v in mse_at_end(now, held_out)])
    return [list(v) for v in zip(*scores, strict=True)]


def _whole(rule: Row, bins: int) -> Row:
    """A rule that looks back over the whole sequence, so that nothing is cut: exact, or exact along its paths."""
    if rule["name"] == "tbptt":
        return {**rule, "horizon": bins}
    if rule["name"] == "sparse_rtrl":
        return {**rule, "max_horizon": bins, "tol": 0.0, "probes": 0}
    return rule


def adding_rows(job: Job) -> list[Row]:
    """Step size chosen on networks and sequences of their own, then the test seeds: `mse` after each quarter."""
    chosen_on = [FIRST_SELECTION_SEED + i for i in range(job["selection_seeds"])]
    rows, totals = [], np.zeros(len(job["rates"]))
    for seed in chosen_on:
        found = _learned(job, seed, job["rates"])
        ends = np.array([v[-1] for v in found])
        totals += np.where(np.isfinite(ends), np.minimum(ends, 1.0), 1.0)
        rows += [_row("selection", seed, lr, v) for lr, v in zip(job["rates"], found, strict=True)]
    best = int(np.argmin(totals))
    for seed in range(job["seeds"]):
        (found_one,) = _learned(job, seed, [job["rates"][best]])
        rows.append(
            {**_row("test", seed, job["rates"][best], found_one), "edge": best in (0, len(totals) - 1)}
        )
    return rows


def _row(part: str, seed: int, lr: float, found: list[float]) -> Row:
    said = [v if np.isfinite(v) else None for v in found]
    diverged = said[-1] is None or said[-1] > 1.0
    return {
        "part": part,
        "seed": seed,
        "lr": lr,
        "mse": said[-1],
        "quarters": said,
        "diverged": bool(diverged),
    }
