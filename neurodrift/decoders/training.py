"""Offline training of a recurrent decoder: truncated back-propagation, early stopping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from neurodrift.decoders.base import Floats
from neurodrift.errors import NeurodriftError
from neurodrift.learn.cells import Cell
from neurodrift.learn.params import new_module

__all__ = ["Block", "Network", "Recipe", "new_network", "one_thread", "train", "train_until"]


@dataclass(frozen=True)
class Recipe:
    """How a recurrent decoder is trained; the same for every baseline.

    Args:
        smoothing: causal exponential smoothing of the counts, what is kept a bin.
        floor: counts added to a channel's deviation in its z-score, so that silent channels stay quiet.
        stop: last fraction of each session, which decides when to stop and is not trained on.
        window, batch: bins a window, windows a batch; windows lie end to end.
        epochs, patience: at most so many; stop after so many without a better loss.
        lr, finetune_lr, weight_decay, clip: Adam's, and the bound on the gradient's norm.
        noise: deviation of the Gaussian noise added to z-scored inputs.
    """

    smoothing: float = 0.7
    floor: float = 0.05
    stop: float = 0.15
    window: int = 60
    batch: int = 16
    epochs: int = 60
    patience: int = 8
    lr: float = 2e-3
    finetune_lr: float = 5e-4
    weight_decay: float = 1e-4
    clip: float = 1.0
    noise: float = 0.2


@dataclass(frozen=True)
class Block:
    """A stretch of inputs (T, C) and labels (T, D), both z-scored; NaN is no label."""

    x: Floats
    y: Floats


class Network(nn.Module):
    """A one-layer recurrent module and a linear readout."""

    def __init__(self, core: nn.Module, readout: nn.Linear) -> None:
        super().__init__()
        self.core, self.readout = core, readout

    def forward(self, x: Tensor) -> Tensor:
        states: Tensor = self.core(x)[0]
        y: Tensor = self.readout(states)
        return y


def new_network(cell: Cell, n_units: int, block: Block, seed: int) -> Network:
    """An untrained network for a block's channels and axes."""
    n_inputs = block.x.shape[1]
    # Initial weights come from the global generator: borrow it.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        core = new_module(cell, n_inputs, n_units)
        return Network(core, nn.Linear(cell.n_features(n_units, n_inputs), block.y.shape[1]))


def train_until(
    cuts: Sequence[int], network: Network, blocks: Sequence[Block], recipe: Recipe, *, lr: float, seed: int
) -> list[float]:
    """`train` on each block up to its cut; what follows decides when to stop."""
    training = [Block(b.x[:cut], b.y[:cut]) for b, cut in zip(blocks, cuts, strict=True)]
    stopping = [Block(b.x[cut:], b.y[cut:]) for b, cut in zip(blocks, cuts, strict=True)]
    return train(network, training, stopping, recipe, lr=lr, seed=seed)


def train(
    network: Network,
    training: Sequence[Block],
    stopping: Sequence[Block],
    recipe: Recipe,
    *,
    lr: float,
    seed: int,
) -> list[float]:
    """Trains in place, leaves the weights of the best stopping loss; the stopping loss of every epoch.

    The loss is the mean over labelled bins of the squared error summed over axes.
    """
    x, y = _windows(training, recipe.window)
    optimizer = torch.optim.Adam(network.parameters(), lr=lr, weight_decay=recipe.weight_decay)
    draw = torch.Generator().manual_seed(seed)
    best, best_loss, history = network.state_dict(), np.inf, []
    for epoch in range(recipe.epochs):
        network.train()
        for batch in torch.split(torch.randperm(len(x), generator=draw), recipe.batch):
            noise = recipe.noise * torch.randn(x[batch].shape, generator=draw)
            loss, bins = _loss(network(x[batch] + noise), y[batch])
            optimizer.zero_grad()
            (loss / bins).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
            optimizer.step()
        history.append(_stopping_loss(network, stopping))
        if history[-1] < best_loss:
            best, best_loss, best_epoch = (
                {k: v.clone() for k, v in network.state_dict().items()},
                history[-1],
                epoch,
            )
        if not np.isfinite(best_loss):
            raise NeurodriftError(
                f"training diverged: the stopping loss is {history[-1]} after epoch {epoch + 1}."
            )
        if epoch - best_epoch >= recipe.patience:
            break
    network.load_state_dict(best)
    return history


def _loss(prediction: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    labelled = y.isfinite()
    error = torch.where(labelled, prediction - torch.where(labelled, y, 0.0), 0.0)
    return error.square().sum(), labelled.any(dim=-1).sum().clamp(min=1)


@torch.no_grad()
def _stopping_loss(network: Network, blocks: Sequence[Block]) -> float:
    network.eval()
    parts = [_loss(network(torch.as_tensor(b.x)[None]), torch.as_tensor(b.y)[None]) for b in blocks]
    return float(sum(p[0] for p in parts) / sum(p[1] for p in parts))


def _windows(blocks: Sequence[Block], length: int) -> tuple[Tensor, Tensor]:
    """Windows (W, length, C) and (W, length, D), end to end; the last of a block is filled up without labels."""
    xs, ys = [], []
    for block in blocks:
        n = -len(block.x) % length
        x = np.pad(block.x, ((0, n), (0, 0)))
        y = np.pad(block.y, ((0, n), (0, 0)), constant_values=np.nan)
        xs.append(x.reshape(-1, length, x.shape[1]))
        ys.append(y.reshape(-1, length, y.shape[1]))
    x, y = np.concatenate(xs), np.concatenate(ys)
    keep = np.isfinite(y).any(axis=(1, 2))
    return torch.as_tensor(x[keep]), torch.as_tensor(y[keep])


def one_thread() -> None:
    """One thread for this process, and denormal numbers flushed to zero: both make small steps several times faster."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
