"""The units of work of a benchmark: each a pure function of a plan, its result a file in the store."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodrift.benchmark.pairs import Pair, load_pair
from neurodrift.benchmark.spec import Adapted, Spec
from neurodrift.benchmark.store import Store
from neurodrift.decoders import RecurrentDecoder, one_thread
from neurodrift.decoders.base import Floats
from neurodrift.errors import NeurodriftWarning
from neurodrift.evaluation import metrics
from neurodrift.evaluation.protocol import (
    METHODS,
    Outcome,
    adapted,
    baseline,
    prequential_mask,
    start_normalizer,
)
from neurodrift.evaluation.step_size import choose_step_size
from neurodrift.learn.guard import UpdateGuard
from neurodrift.learn.learner import Learns
from neurodrift.learn.optim import OPTIMIZERS

__all__ = ["CONTROLS", "Method", "Unit", "all_methods", "run_unit"]

CONTROLS: tuple[Learns, ...] = ("readout", "bias")


@dataclass(frozen=True)
class Method:
    """A line of the comparison: a baseline where `online` is None."""

    name: str
    normalization: str
    online: Adapted | None = None
    learns: Learns = "all"


@dataclass(frozen=True)
class Unit:
    """One piece of work: "train" a seed, choose a "step" size, or "score" a method on a test session."""

    kind: str
    key: str
    test: str
    needs: tuple[str, ...] = ()
    seed: int = 0
    method: Method | None = None
    lr: float | None = None


def all_methods(spec: Spec) -> list[Method]:
    """Baselines, controls (only the output weights, or only the bias, learn) and the spec's online methods."""
    online = [
        Method(prefix + f"adapted:{a.label}", normalization, a)
        for a in spec.methods.adapted
        for prefix, normalization in (("", "training_day"), ("renormalized+", "test_day_start"))
    ]
    controls = [Method(name, "training_day", Adapted(), name) for name in CONTROLS]
    return [*(Method(name, normalization) for name, normalization in METHODS.items()), *controls, *online]


def run_unit(unit: Unit, spec: Spec, spec_folder: Path, out: Path) -> Unit:
    """Does one unit's work, in any process, on one thread; returns the unit once its result is stored."""
    one_thread()
    store = Store(out)
    with warnings.catch_warnings():
        # The process that planned the work has read the same files and has said it.
        warnings.simplefilter("ignore", NeurodriftWarning)
        pair = load_pair(spec, spec_folder, unit.test)
        if unit.kind == "train":
            decoder = RecurrentDecoder(spec.decoder.build_cell(), spec.decoder.n_units, seeds=[unit.seed])
            decoder.fit(pair.fitted).save(store.path(unit.key, ".pt"))
            store.save(unit.key, {"seed": unit.seed})
        elif unit.kind == "step":
            _choose(unit, spec, pair, store)
        else:
            _score(unit, spec, pair, store)
    return unit


def trained(unit: Unit, spec: Spec, store: Store) -> RecurrentDecoder:
    """The decoders of all seeds, side by side."""
    cell = spec.decoder.build_cell()
    return RecurrentDecoder.join(
        [
            RecurrentDecoder(cell, spec.decoder.n_units, engine=spec.decoder.engine).load(
                store.path(key, ".pt")
            )
            for key in unit.needs
        ]
    )


def learning(
    unit: Unit, decoder: RecurrentDecoder, average: float, lag: int = 0, lr: float | None = None
) -> RecurrentDecoder:
    """The decoder with the rule, optimizer and moving weights of the unit's method."""
    assert unit.method is not None and unit.method.online is not None
    online = unit.method.online
    optimizer = OPTIMIZERS[online.optimizer]() if lr is None else OPTIMIZERS[online.optimizer](lr=lr)
    everyone = range(len(decoder.seeds))
    return decoder.replicate(
        everyone,
        rule=online.build_rule(),
        optimizer=optimizer,
        learns=unit.method.learns,
        max_lag=lag,
        average=average,
        feedback=online.feedback,
        guard=UpdateGuard() if online.guard else None,
    )


def _choose(unit: Unit, spec: Spec, pair: Pair, store: Store) -> None:
    assert unit.method is not None
    decoder = learning(unit, trained(unit, spec, store), spec.methods.average)
    found = choose_step_size(decoder, pair.tail, unit.method.normalization, over_gaps=spec.decoder.over_gaps)
    store.save(
        unit.key, {"grid": found.grid, "draws": found.r2, "r2": found.r2.mean(axis=0), "chosen": found.chosen}
    )


def _score(unit: Unit, spec: Spec, pair: Pair, store: Store) -> None:
    assert unit.method is not None
    method, gaps, lag = unit.method, spec.decoder.over_gaps, spec.methods.label_lag
    decoder = trained(unit, spec, store)
    adapt = pair.test.select(pair.split.adapt)
    if method.online is None:
        outcome = baseline(method.name, decoder, pair.test, pair.split, gaps)
    else:
        decoder = learning(unit, decoder, spec.methods.average, lag, unit.lr)
        if method.normalization == "test_day_start":
            decoder = decoder.replicate(
                range(len(decoder.seeds)), normalizer=start_normalizer(decoder, adapt.counts)
            )
        outcome = adapted(decoder, pair.test, pair.split, lag=lag, over_gaps=gaps)
    store.save(unit.key, _facts(outcome, pair, method), _arrays(outcome))


def _arrays(outcome: Outcome) -> dict[str, Floats]:
    arrays = {"heldout": outcome.heldout, "prequential": outcome.prequential}
    return {name: value.astype(np.float32) for name, value in arrays.items() if value is not None}


def _facts(outcome: Outcome, pair: Pair, method: Method) -> dict[str, Any]:
    labelled = pair.test.labelled[pair.split.heldout]
    y = pair.test.behavior[pair.split.heldout][labelled]
    scores = {"heldout": [_metrics(pair, y, p[labelled]) for p in outcome.heldout]}
    if outcome.last is not None:
        scores["heldout, last weights"] = [_metrics(pair, y, p[labelled]) for p in outcome.last]
    curve = None
    if outcome.prequential is not None and outcome.curve is not None:
        adapt = pair.test.select(pair.split.adapt)
        keep = prequential_mask(method.normalization, adapt)
        scores["prequential"] = [_metrics(pair, adapt.behavior[keep], p[keep]) for p in outcome.prequential]
        seen = np.concatenate([[0], np.cumsum(adapt.labelled)])
        curve = {
            "minutes": [n * adapt.bin_width / 60 for n in outcome.checkpoints],
            "labelled": [int(seen[n]) for n in outcome.checkpoints],
            "r2": [[metrics.r2(y, p[labelled]) for p in point] for point in outcome.curve],
        }
    return {"scores": scores, "curve": curve, "update_us": outcome.update_us, "bins": len(y)}


def _metrics(pair: Pair, y: Floats, p: Floats) -> Mapping[str, float]:
    axes = pair.test.behavior_names
    whole = {name: metric(y, p) for name, metric in metrics.METRICS.items()}
    r2 = {f"r2:{axis}": float(v) for axis, v in zip(axes, metrics.r2_axes(y, p), strict=True)}
    pearson = {f"pearson:{axis}": float(v) for axis, v in zip(axes, metrics.per_axis(y, p), strict=True)}
    return {**whole, **r2, **pearson}
