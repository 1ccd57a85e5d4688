"""What most studies do: train networks offline, let them adapt online under a rule, freeze them, score what follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from neurodrift.decoders.training import Block, Recipe, new_network, one_thread, train
from neurodrift.evaluation.metrics import r2
from neurodrift.learn import OPTIMIZERS, Cell, Learner, Rule, make_learner, pack
from neurodrift.learn.kernels.engine import CompiledLearner
from neurodrift.learn.optim import SGD
from neurodrift.learn.rules import Immediate
from neurodrift.studies.streams import Stream

__all__ = ["WARM_UP", "Nets", "adapt", "frozen_r2", "learn", "train_nets"]

Floats = npt.NDArray[np.float64]
WARM_UP = 100  # bins over which a state settles before anything is scored


class Nets(NamedTuple):
    """Networks of S seeds: packed weights (S, G, N, M) and readouts (S, D, F + 1), float64."""

    cell: Cell
    w: Tensor
    w_out: Tensor
    seeds: tuple[int, ...]

    def pick(self, index: Sequence[int]) -> Nets:
        """The networks `index`, copied."""
        at = list(index)
        return Nets(self.cell, self.w[at].clone(), self.w_out[at].clone(), tuple(self.seeds[i] for i in at))


@torch.enable_grad()
def train_nets(
    cell: Cell,
    units: int,
    stream: Stream,
    seeds: Sequence[int],
    *,
    epochs: int,
    lr: float = 2e-3,
    stop: float = 0.2,
) -> Nets:
    """One network a seed, trained by back-propagation through windows of 60 bins (`Recipe`), in float64.

    Args:
        stream: (S, T, C) and (S, T, D); the last `stop` of it decides when to stop.
    """
    one_thread()
    recipe = Recipe(epochs=epochs, lr=lr, noise=0.0, weight_decay=0.0)
    cut = round(stream.x.shape[1] * (1 - stop))
    cores, readouts = [], []
    for x, y, seed in zip(stream.x, stream.y, seeds, strict=True):
        block = Block(x, y)
        network = new_network(cell, units, block, seed).double()
        train(network, [Block(x[:cut], y[:cut])], [Block(x[cut:], y[cut:])], recipe, lr=recipe.lr, seed=seed)
        cores.append(network.core)
        readouts.append(torch.cat((network.readout.weight, network.readout.bias[:, None]), dim=1).detach())
    return Nets(cell, pack(cell, cores), torch.stack(readouts), tuple(seeds))


@torch.no_grad()
def learn(learner: Learner, x: Floats, y: Floats) -> Floats:
    """Runs a learner through a stream, x (T, C) or (T, R, C) and y (T, D) or (T, R, D): predictions (T, R, D)."""
    x = x[:, None] if x.ndim == 2 else x
    if isinstance(learner, CompiledLearner) and y.ndim == 2:
        return np.asarray(learner.run(np.ascontiguousarray(x), y, np.zeros(len(x), bool)))
    inputs = torch.from_numpy(np.array(x)).expand(-1, len(learner.w), -1)
    targets, out = torch.from_numpy(np.array(y)), []
    for t in range(len(inputs)):
        out.append(learner.predict(inputs[t]))
        learner.update(targets[t])
    return torch.stack(out).numpy()


def adapt(
    nets: Nets,
    stream: Stream,
    rule: Rule,
    optimizer: str,
    rates: Sequence[float],
    **settings: Any,
) -> list[tuple[Nets, Floats]]:
    """Every network learns its own stream with every step size; for each step size the networks after it, and
    the predictions made on the way (S, T, D).

    Rules that draw use a seed of the network's; settings go to `make_learner`.
    """
    one_thread()
    count = len(rates)
    probe = _learner(nets.pick([0]), rule, OPTIMIZERS[optimizer](), **settings)
    # Compiled replicas run one after another: each network on its own keeps its labels.
    groups = (
        [[s] for s in range(len(nets.w))]
        if isinstance(probe, CompiledLearner)
        else [list(range(len(nets.w)))]
    )
    w, w_out, seen = [], [], []
    for group in groups:
        index = [s for s in group for _ in rates]
        made = OPTIMIZERS[optimizer](lr=[lr for _ in group for lr in rates])
        learner = _learner(nets.pick(index), rule, made, **settings)
        if len(group) == 1:
            out = learn(learner, stream.x[group[0]], stream.y[group[0]])
        else:
            out = learn(learner, stream.x[index].swapaxes(0, 1), stream.y[index].swapaxes(0, 1))
        w.append(learner.w.reshape(len(group), count, *learner.w.shape[1:]))
        w_out.append(learner.w_out.reshape(len(group), count, *learner.w_out.shape[1:]))
        seen.append(out.swapaxes(0, 1).reshape(len(group), count, *out.shape[::2]))
    all_w, all_out, all_seen = torch.cat(w), torch.cat(w_out), np.concatenate(seen)
    return [
        (Nets(nets.cell, all_w[:, i].clone(), all_out[:, i].clone(), nets.seeds), all_seen[:, i])
        for i in range(count)
    ]


def frozen_r2(nets: Nets, stream: Stream, warm: int = WARM_UP) -> Floats:
    """R2 of each network on its own stream with weights that do not move (S,), after `warm` bins; NaN if not finite."""
    learner = _learner(nets.pick(range(len(nets.w))), Immediate(), SGD(), learns="nothing")
    out = learn(learner, stream.x.swapaxes(0, 1), stream.y.swapaxes(0, 1))[warm:]
    with np.errstate(all="ignore"):
        found = [r2(y[warm:], out[:, s]) for s, y in enumerate(stream.y)]
    return np.where(np.isfinite(found), found, np.nan)


def _learner(nets: Nets, rule: Rule, optimizer: Any, **settings: Any) -> Learner:
    return make_learner(nets.cell, nets.w, nets.w_out, rule, optimizer, seeds=nets.seeds, **settings)
