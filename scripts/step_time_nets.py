"""Trained networks and the streams they adapt to, for the scripts that measure time."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from neurodrift.benchmark.pairs import load_pair
from neurodrift.benchmark.spec import read_spec
from neurodrift.data.binning import smooth
from neurodrift.decoders import RecurrentDecoder
from neurodrift.learn import CELLS, pack
from neurodrift.learn.params import new_module, unpack

__all__ = ["Start", "monkey_e", "simulated"]

INPUTS, AXES = 96, 2
SPECS = Path(__file__).parent.parent / "docs" / "specs"


@dataclass(frozen=True)
class Start:
    """Trained weights, and z-scored inputs (T, C) and labels (T, D) of another day; NaN is no label."""

    cell: str
    w: Tensor  # (1, G, N, M)
    w_out: Tensor  # (1, D, N + 1)
    x: Tensor
    y: Tensor
    source: str

    def module(self) -> tuple[nn.Module, nn.Linear]:
        """Its torch.nn form."""
        readout = nn.Linear(self.w_out.shape[2] - 1, self.w_out.shape[1])
        readout.load_state_dict({"weight": self.w_out[0, :, :-1], "bias": self.w_out[0, :, -1]})
        return unpack(CELLS[self.cell](), self.w[0]), readout


def simulated(cell: str, units: int, bins: int, seed: int = 0) -> Start:
    """Trained for some windows to decode a slow 2-D signal from 96 noisy channels; then 30 % of them change."""
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    path = np.zeros((4000 + bins, AXES), np.float32)
    for t in range(1, len(path)):
        path[t] = 0.97 * path[t - 1] + 0.25 * draw.normal(size=AXES)
    tuning = draw.normal(size=(AXES, INPUTS)).astype(np.float32)
    drifted = np.where(draw.random(INPUTS) < 0.3, draw.normal(size=(AXES, INPUTS)), tuning)
    noise = 2 * draw.normal(size=(len(path), INPUTS))
    counts = np.concatenate((path[:4000] @ tuning, path[4000:] @ drifted)) + noise
    x, y = torch.from_numpy((counts / counts.std()).astype(np.float32)), torch.from_numpy(path)
    core, readout = new_module(CELLS[cell](), INPUTS, units), nn.Linear(units, AXES)
    optimizer = torch.optim.Adam([*core.parameters(), *readout.parameters()], lr=2e-3)
    windows = [torch.arange(s, s + 60) for s in range(0, 3960, 60)]
    for _ in range(6):
        for batch in torch.randperm(len(windows)).split(16):
            at = torch.stack([windows[int(i)] for i in batch])
            loss = (readout(core(x[at])[0]) - y[at]).square().sum(-1).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([*core.parameters(), *readout.parameters()], 1.0)
            optimizer.step()
    w = pack(CELLS[cell](), [core]).clone()
    w_out = torch.cat((readout.weight, readout.bias[:, None]), dim=1).detach()[None].clone()
    return Start(cell, w, w_out, x[4000:].contiguous(), y[4000:].contiguous(), "simulated")


def monkey_e(cell: str, units: int, keep: Path | None = None) -> Start | None:
    """The decoder of docs/specs/monkey_e_CELL.toml, seed 0, and the adaptation block 288 days later; None without data.

    Args:
        keep: folder where trained decoders are kept and found again.
    """
    spec_file = SPECS / f"monkey_e_{cell}.toml"
    if "NEURODRIFT_DATA" not in os.environ or not spec_file.exists():
        return None
    spec = read_spec(spec_file)
    pair = load_pair(spec, SPECS, spec.data.test[0])
    decoder = RecurrentDecoder(CELLS[cell](), units, seeds=[0])
    kept = keep and keep / f"{cell}-{units}.pt"
    if kept and kept.exists():
        decoder.load(kept)
    else:
        decoder.fit(pair.fitted)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            decoder.save(kept)
    block = pair.test.select(pair.split.adapt)
    x = decoder.normalizer.apply(smooth(block.counts, decoder.recipe.smoothing)).astype(np.float32)
    y = decoder.labels.apply(np.where(block.valid[:, None], block.behavior, np.nan)).astype(np.float32)
    learner = decoder.learner
    return Start(
        cell,
        learner.w.clone(),
        learner.w_out.clone(),
        torch.from_numpy(np.ascontiguousarray(x)),
        torch.from_numpy(np.ascontiguousarray(y)),
        "monkey E",
    )
