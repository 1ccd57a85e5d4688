"""Streaming regression on river's streams: river's own regressors, networks with and without recurrence (extra `river`)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from neurodrift.evaluation.metrics import r2
from neurodrift.learn import OPTIMIZERS
from neurodrift.learn.cells import RNN
from neurodrift.learn.learner import Learner
from neurodrift.learn.rules import Immediate
from neurodrift.studies.adapting import Nets, adapt, learn
from neurodrift.studies.adding import fresh_nets
from neurodrift.studies.base import Job, Row
from neurodrift.studies.shift import FIRST_SELECTION_SEED, build_rule
from neurodrift.studies.streams import Stream, stack

__all__ = ["MISSING", "RIVALS", "Feedforward", "has_river", "river_rows", "running_z"]

Floats = npt.NDArray[np.float64]
MISSING = "river is not installed (pip install 'neurodrift[river]')"
FIXED = ("trump_approval",)  # one recorded stream: every seed sees the same


def has_river() -> bool:
    return importlib.util.find_spec("river") is not None


class Feedforward(RNN):
    """tanh(W [x, 1]): the RNN without its past; under immediate derivatives, back-propagation in one hidden layer."""

    name = "feedforward"
    gates = ("x",)


def _rivals() -> dict[str, Callable[[int], Any]]:
    from river import linear_model, neighbors, preprocessing, rules, tree

    def scaled(model: Any) -> Any:
        return preprocessing.StandardScaler() | preprocessing.TargetStandardScaler(regressor=model)

    return {
        "river linear": lambda seed: scaled(linear_model.LinearRegression()),
        "river nearest neighbours": lambda seed: preprocessing.StandardScaler() | neighbors.KNNRegressor(),
        "river Hoeffding adaptive tree": lambda seed: (
            preprocessing.StandardScaler() | tree.HoeffdingAdaptiveTreeRegressor(seed=seed)
        ),
        "river adaptive rules": lambda seed: preprocessing.StandardScaler() | rules.AMRules(),
    }


RIVALS = ("river linear", "river nearest neighbours", "river Hoeffding adaptive tree", "river adaptive rules")
"""With river's own settings; step sizes and the like are river's defaults."""


def raw_stream(name: str, bins: int, seed: int) -> list[tuple[dict[str, float], float]]:
    """Pairs of river's: Friedman's function with local abrupt or global gradual drift, or the approval polls."""
    from river import datasets
    from river.datasets import synth

    polls: Callable[[], Any] = datasets.TrumpApproval

    if name == "trump_approval":
        return [({k: float(v) for k, v in x.items()}, float(y)) for x, y in polls()]
    kind = {"friedman_local": "lea", "friedman_global": "gra"}[name]
    position = (bins // 4, bins // 2, 3 * bins // 4) if kind == "lea" else (bins // 3, 2 * bins // 3)
    drifting: Iterable[Any] = synth.FriedmanDrift(
        drift_type=kind, position=position, transition_window=bins // 20, seed=seed
    ).take(bins)
    return [({str(k): float(v) for k, v in x.items()}, float(y)) for x, y in drifting]


def running_z(values: Floats, with_present: bool) -> tuple[Floats, Floats, Floats]:
    """(z-scores, means, deviations), each (T, C), from the bins so far, the present one included or not; deviations at least 1e-6."""
    count = np.arange(1, len(values) + 1)[:, None]
    mean = values.cumsum(axis=0) / count
    deviation = np.sqrt(np.maximum(np.square(values).cumsum(axis=0) / count - mean**2, 1e-12))
    if not with_present:
        mean = np.concatenate((np.zeros((1, values.shape[1])), mean[:-1]))
        deviation = np.concatenate((np.ones((1, values.shape[1])), deviation[:-1]))
        deviation[:2] = 1.0  # one label has no deviation
    return (values - mean) / deviation, mean, deviation


def _score(y: Floats, out: Floats, share: float) -> float | None:
    """R2 of predictions made before their label, over the bins after the first `share`."""
    start = round(len(y) * share)
    if not np.isfinite(out[start:]).all():
        return None
    return float(r2(y[start:, None], out[start:, None]))


def river_rows(job: Job) -> list[Row]:
    """Rows of part "selection" and "test": R2 predict-then-learn after the first 30 % of the stream."""
    if not has_river():
        return [{"part": "missing", "seed": 0, "why": MISSING}]
    seeds, name, share = list(range(job["seeds"])), job["method"], job["skip"]
    if name in RIVALS or name == "last label":
        rows = []
        for seed in seeds[: 1 if job["stream"] in FIXED and name == "last label" else None]:
            pairs = raw_stream(job["stream"], job["bins"], seed)
            y = np.array([b for _, b in pairs])
            out = (
                np.concatenate(([0.0], y[:-1]))
                if name == "last label"
                else _run_rival(_rivals()[name](seed), pairs)
            )
            rows.append(_row("test", seed, None, _score(y, out, share)))
        return rows
    chosen_on, rates = [FIRST_SELECTION_SEED + i for i in range(job["selection_seeds"])], job["rates"]
    found = _networks(job, chosen_on, rates)
    rows = [
        _row("selection", s, lr, v)
        for lr, values in zip(rates, found, strict=True)
        for s, v in zip(chosen_on, values, strict=True)
    ]
    best = int(
        np.argmax([np.mean([-1.0 if v is None else max(v, -1.0) for v in values]) for values in found])
    )
    (values,) = _networks(job, seeds, [rates[best]])
    edge = best in (0, len(rates) - 1)
    return rows + [
        {**_row("test", s, rates[best], v), "edge": edge} for s, v in zip(seeds, values, strict=True)
    ]


def _row(part: str, seed: int, lr: float | None, value: float | None) -> Row:
    return {
        "part": part,
        "seed": seed,
        "lr": lr,
        "r2": value,
        "edge": False,
        "diverged": value is None or value < -1,
    }


def _run_rival(model: Any, pairs: Sequence[tuple[dict[str, float], float]]) -> Floats:
    out = []
    for x, y in pairs:
        out.append(float(model.predict_one(x) or 0.0))
        model.learn_one(x, y)
    return np.array(out)


def _networks(job: Job, seeds: Sequence[int], rates: Sequence[float]) -> list[list[float | None]]:
    """R2 of each seed (inner) for each step size. A recorded stream chooses on its first 30 %, which is not scored."""
    choosing = seeds[0] >= FIRST_SELECTION_SEED
    raw = [raw_stream(job["stream"], job["bins"], seed) for seed in seeds]
    xs = [np.array([list(x.values()) for x, _ in pairs]) for pairs in raw]
    ys = [np.array([[y] for _, y in pairs]) for pairs in raw]
    share = job["skip"]
    if choosing and job["stream"] in FIXED:
        cut = round(len(xs[0]) * share)
        xs, ys, share = [x[:cut] for x in xs], [y[:cut] for y in ys], 0.3
    scaled = [running_z(y, with_present=False) for y in ys]
    stream = stack(
        [
            Stream(running_z(x, with_present=True)[0], np.clip(z[0], -10, 10))
            for x, z in zip(xs, scaled, strict=True)
        ]
    )
    nets = fresh_nets("rnn", stream.x.shape[2], job["units"], 1, seeds)
    if job["method"] == "network without recurrence":
        outs = _feedforward(nets, stream, job, rates)
    else:
        readout = job["rule"]["name"] == "readout"
        rule = build_rule({"name": "immediate"} if readout else job["rule"])
        learns = "readout" if readout else "all"
        outs = [
            seen
            for _, seen in adapt(nets, stream, rule, job["optimizer"], rates, clip=job["clip"], learns=learns)
        ]
    return [
        [
            _score(y[:, 0], out[i, :, 0] * z[2][:, 0] + z[1][:, 0], share)
            for i, (y, z) in enumerate(zip(ys, scaled, strict=True))
        ]
        for out in outs
    ]


def _feedforward(nets: Nets, stream: Stream, job: Job, rates: Sequence[float]) -> list[Floats]:
    index = [i for i in range(len(nets.w)) for _ in rates]
    picked, c = nets.pick(index), stream.x.shape[2]
    picked.w[..., c:-1] = 0
    optimizer = OPTIMIZERS[job["optimizer"]](lr=[lr for _ in nets.seeds for lr in rates])
    learner = Learner(
        Feedforward(), picked.w, picked.w_out, Immediate(), optimizer, seeds=picked.seeds, clip=job["clip"]
    )
    out = learn(learner, stream.x[index].swapaxes(0, 1), stream.y[index].swapaxes(0, 1))
    shaped = out.swapaxes(0, 1).reshape(len(nets.w), len(rates), *out.shape[::2])
    return [shaped[:, i] for i in range(len(rates))]
