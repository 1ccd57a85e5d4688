"""A recurrent decoder: trained offline, then learning online with the rules of `learn`."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from neurodrift.data.binning import smooth
from neurodrift.data.normalize import ZScore
from neurodrift.data.session import Session
from neurodrift.decoders.base import Floats
from neurodrift.decoders.encoding import check_counts, check_labels, encode_counts, hold_counts, scaled_label
from neurodrift.decoders.replicas import Online, rates_of, rows_of
from neurodrift.decoders.saved import load_decoder, save_decoder
from neurodrift.decoders.training import Block, Network, Recipe, new_network, train_until
from neurodrift.errors import NeurodriftError
from neurodrift.learn.cells import Cell
from neurodrift.learn.engines import Engine, PredictWith, is_compiled, make_overseen
from neurodrift.learn.guard import GuardReport, UpdateGuard
from neurodrift.learn.guarded import GuardedLearner
from neurodrift.learn.kernels.engine import CompiledLearner
from neurodrift.learn.learner import Feedback, Learns
from neurodrift.learn.optim import Optimizer, RMSprop
from neurodrift.learn.params import pack, unpack
from neurodrift.learn.rules import Immediate, Rule

__all__ = ["RecurrentDecoder"]

CHUNK = 256  # bins encoded at a time, so that many replicas fit into memory


class RecurrentDecoder:
    """Counts in, behaviour out, one bin at a time; R replicas (seeds, step sizes, normalizations) side by side.

    Counts are smoothed causally and z-scored, a recurrent network with a linear readout gives z-scored behaviour,
    which is mapped back to its units. `fit` trains one network a seed; `update` learns online.

    Args:
        cell, n_units: the network.
        rule, optimizer, learns, clip, max_lag, average, pull, every, feedback: how it learns online; see
            `neurodrift.learn.Learner`.
        guard: watches over inputs, labels and updates; None for nothing.
        predict_with: the "last" weights answer while learning, or their "average".
        engine: "auto" runs compiled kernels where there are any, "reference" always torch, "compiled" only kernels.
        seeds: one replica each; they decide initial weights, batches, noise, and what a rule draws.
        recipe: offline training.
    """

    def __init__(
        self,
        cell: Cell,
        n_units: int = 64,
        rule: Rule | None = None,
        optimizer: Optimizer | None = None,
        *,
        seeds: Sequence[int] = (0,),
        learns: Learns = "all",
        clip: float = 1.0,
        max_lag: int = 0,
        average: float = 0.0,
        pull: float = 0.0,
        every: int = 1,
        feedback: Feedback = "weights",
        guard: UpdateGuard | None = None,
        predict_with: PredictWith = "last",
        engine: Engine = "auto",
        recipe: Recipe | None = None,
    ) -> None:
        self.cell, self.n_units = cell, n_units
        self.rule, self.optimizer = rule or Immediate(), optimizer or RMSprop()
        self.seeds, self.learns, self.clip = tuple(seeds), learns, clip
        self.max_lag, self.average, self.pull, self.every = max_lag, average, pull, every
        self.guard, self.predict_with = guard, predict_with
        self.feedback, self.engine = feedback, engine
        self.recipe = recipe or Recipe()

    def fit(self, sessions: Sequence[Session], normalizer: ZScore | None = None) -> RecurrentDecoder:
        """Trains every seed on the first part of each session; the last `recipe.stop` of it decides when to stop.

        The z-scores of counts and labels are those of the training bins, unless `normalizer` is given.

        Raises:
            NeurodriftError: where either part has no labelled bin.
        """
        cuts = [round(len(s) * (1 - self.recipe.stop)) for s in sessions]
        smoothed = [smooth(s.counts, self.recipe.smoothing) for s in sessions]
        labels = [np.where(s.valid[:, None], s.behavior, np.nan) for s in sessions]
        early = np.concatenate([y[:cut] for y, cut in zip(labels, cuts, strict=True)])
        late = np.concatenate([y[cut:] for y, cut in zip(labels, cuts, strict=True)])
        check_labels(sessions[0], early, late)
        counts = np.concatenate([x[:cut] for x, cut in zip(smoothed, cuts, strict=True)])
        self.normalizer = normalizer or ZScore.fit(counts, floor=self.recipe.floor)
        self.labels = ZScore(
            np.nanmean(early, axis=0).astype(np.float32),
            np.maximum(np.nanstd(early, axis=0), 1e-6).astype(np.float32),
        )
        blocks = self._blocks(smoothed, labels)
        networks = []
        for seed in self.seeds:
            network = new_network(self.cell, self.n_units, blocks[0], seed)
            train_until(cuts, network, blocks, self.recipe, lr=self.recipe.lr, seed=seed)
            networks.append(network)
        return self._adopt(networks)

    def finetune(self, session: Session) -> RecurrentDecoder:
        """A copy trained further, offline, on the first part of a session; z-scores stay."""
        twin = self.replicate(range(len(self.seeds)))
        cut = round(len(session) * (1 - self.recipe.stop))
        labels = np.where(session.valid[:, None], session.behavior, np.nan)
        blocks = self._blocks([smooth(session.counts, self.recipe.smoothing)], [labels])
        networks = []
        for r, seed in enumerate(self.seeds):
            w, w_out = self.learner.w[r], self.learner.w_out[r]
            readout = nn.Linear(w_out.shape[1] - 1, w_out.shape[0])
            readout.load_state_dict({"weight": w_out[:, :-1], "bias": w_out[:, -1]})
            network = Network(unpack(self.cell, w), readout)
            train_until([cut], network, blocks, self.recipe, lr=self.recipe.finetune_lr, seed=seed)
            networks.append(network)
        return twin._adopt(networks)

    def replicate(
        self,
        index: Sequence[int],
        *,
        rule: Rule | None = None,
        optimizer: Optimizer | None = None,
        normalizer: ZScore | None = None,
        **online: Unpack[Online],
    ) -> RecurrentDecoder:
        """A fresh decoder whose replica i starts from replica index[i] of this one; what is not given is kept.

        `normalizer` may hold one row a replica (R, C); rows, and step sizes, that are kept follow `index` too.
        """
        twin = copy.copy(self)
        index = list(index)
        twin.seeds = tuple(self.seeds[i] for i in index)
        twin.rule, twin.optimizer = rule or self.rule, optimizer or rates_of(self.optimizer, index)
        twin.normalizer = normalizer or rows_of(self.normalizer, index)
        for name, value in online.items():
            setattr(twin, name, value)
        twin._start(self.learner.w[index].clone(), self.learner.w_out[index].clone())
        return twin

    def averaged(self) -> RecurrentDecoder:
        """A frozen decoder with the averaged weights; with today's where `average` is 0."""
        twin = self.replicate(range(len(self.seeds)), learns="nothing")
        for target, value in zip((twin.learner.w, twin.learner.w_out), self.learner.averaged(), strict=True):
            target.copy_(value)
        return twin

    @property
    def guard_report(self) -> GuardReport | None:
        """What the guard did; None without one."""
        return self.learner.report if isinstance(self.learner, GuardedLearner) else None

    @staticmethod
    def join(decoders: Sequence[RecurrentDecoder]) -> RecurrentDecoder:
        """The replicas of several decoders in one; cell, rule and z-scores, unless they are a row each, are shared."""
        first = decoders[0]
        twin = copy.copy(first)
        twin.seeds = tuple(seed for d in decoders for seed in d.seeds)
        if first.normalizer.mean.ndim == 2:
            rows = [d.normalizer for d in decoders]
            twin.normalizer = ZScore(
                np.concatenate([z.mean for z in rows]), np.concatenate([z.scale for z in rows])
            )
        twin._start(
            torch.cat([d.learner.w for d in decoders]), torch.cat([d.learner.w_out for d in decoders])
        )
        return twin

    def reset(self) -> None:
        """Forget smoothing, state, trace and waiting labels; weights and optimizer are kept."""
        self.learner.reset()
        self._smoothed = torch.zeros(())

    def predict(self, x: Floats) -> Floats:
        """Counts of one bin (C,) -> behaviour (D,), or (R, C) -> (R, D); (C,) -> (R, D) where R > 1.

        Raises:
            NeurodriftError: where the number of channels is not that of the training sessions, or a count is not
                finite and no guard is there to hold its channel.
        """
        given = np.asarray(x, np.float32)
        self._check(given)
        rows = len(self.seeds) > 1 or given.ndim > 1
        if isinstance(self.learner, GuardedLearner):
            given, odd = hold_counts(
                given,
                self._smoothed,
                self._mean,
                self._scale,
                self.learner.guard.max_input,
                self.recipe.smoothing,
            )
            self.learner.report.inputs_clipped += odd
        else:
            check_counts(given)
        if is_compiled(self.learner):
            z = self._encode(given.reshape(1, -1, given.shape[-1]), np.zeros(1, bool))[0]
            learner: Any = self.learner
            answer: Floats = learner.predict_array(z) * self._y_scale.numpy() + self._y_mean.numpy()
            return answer if rows else answer[0]
        counts = torch.from_numpy(np.array(given))  # a copy: torch warns of read-only memory
        keep = self.recipe.smoothing
        with torch.no_grad():
            self._smoothed = keep * self._smoothed + (1 - keep) * counts
            z = ((self._smoothed - self._mean) / self._scale).expand(len(self.seeds), -1)
            y = self.learner.predict(z) * self._y_scale + self._y_mean
        return np.asarray(y.numpy() if rows else y[0].numpy())

    def run(self, counts: Floats, labels: Floats, fresh: npt.NDArray[np.bool_]) -> Floats | None:
        """A whole stretch at once, as bin by bin: predictions (T, D), or (T, R, D) for replicas.

        None where the engine is not compiled. `labels` (T, D) holds at each bin the label that becomes known there,
        `max_lag` bins late, NaN for none; the decoder is reset before the bins in `fresh` (T,). counts (T, C) or
        (T, R, C).
        """
        if not isinstance(self.learner, CompiledLearner):
            return None
        self._check(counts)
        check_counts(counts)
        y_mean, y_scale = self._y_mean.numpy(), self._y_scale.numpy()
        targets = ((np.asarray(labels, np.float32) - y_mean) / y_scale).astype(np.float32)
        parts = []
        for begin in range(0, len(counts), CHUNK):
            part = slice(begin, begin + CHUNK)
            x = np.ascontiguousarray(counts[part], np.float32)
            z = self._encode(x[:, None] if x.ndim == 2 else x, fresh[part])
            parts.append(self.learner.run(z, targets[part], fresh[part]) * y_scale + y_mean)
        out: Floats = np.concatenate(parts)
        return out if len(self.seeds) > 1 or counts.ndim == 3 else out[:, 0]

    def _encode(self, counts: Floats, fresh: npt.NDArray[np.bool_]) -> Floats:
        z, self._smoothed = encode_counts(
            counts, self._smoothed, self.recipe.smoothing, self._mean, self._scale, fresh
        )
        return z

    def _check(self, counts: Floats) -> None:
        if counts.shape[-1] != self.learner.n_inputs:
            raise NeurodriftError(
                f"predict: {counts.shape[-1]} channels, but this decoder was fitted on {self.learner.n_inputs}; "
                f"match the channels of the two sessions first (match_channels)."
            )

    def update(self, target: Floats | None, lag: int = 0) -> None:
        """The label (D,) or (R, D), in the behaviour's units, of the prediction made `lag` bins ago; NaN: none."""
        scores = (self._y_mean, self._y_scale)
        with torch.no_grad():
            label = None if target is None else scaled_label(target, *scores, finite=self.guard is None)
            self.learner.update(label, lag)

    def save(self, path: Path, online: bool = False) -> None:
        """Weights, z-scores, smoothing and seeds in one torch file of plain tensors; `load` reads it.

        With `online` also all that online learning stands on: state, trace, waiting labels, optimizer, averages and
        guard. A decoder that loads it goes on bit for bit.
        """
        save_decoder(self, path, online)

    def load(self, path: Path) -> RecurrentDecoder:
        """Takes what was saved from a decoder of the same cell; returns itself.

        Raises:
            NeurodriftError: for weights of another cell, or an online state of other rules, optimizers or settings.
        """
        return load_decoder(self, path)

    def _blocks(self, smoothed: Sequence[Floats], labels: Sequence[Floats]) -> list[Block]:
        as32 = np.float32
        return [
            Block(self.normalizer.apply(x).astype(as32), self.labels.apply(y).astype(as32))
            for x, y in zip(smoothed, labels, strict=True)
        ]

    def _adopt(self, networks: Sequence[Network]) -> RecurrentDecoder:
        w_out = [torch.cat((n.readout.weight, n.readout.bias[:, None]), dim=1).detach() for n in networks]
        self._start(pack(self.cell, [n.core for n in networks]), torch.stack(w_out))
        return self

    def _start(self, w: Tensor, w_out: Tensor) -> None:
        self._mean, self._scale = (
            torch.as_tensor(v, dtype=torch.float32) for v in (self.normalizer.mean, self.normalizer.scale)
        )
        self._y_mean, self._y_scale = (
            torch.as_tensor(v, dtype=torch.float32) for v in (self.labels.mean, self.labels.scale)
        )
        settings = {name: getattr(self, name) for name in Online.__annotations__}
        self.learner = make_overseen(
            self.cell, w, w_out, self.rule, self.optimizer, seeds=self.seeds, **settings
        )
        self.reset()
