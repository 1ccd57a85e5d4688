"""Trace decay: what remembering longer than the network does costs, and how unequal gradients are."""

from __future__ import annotations

import numpy as np
import torch

from neurodrift.learn import Learner
from neurodrift.learn.diagnostics import ErrorDecay, GradientScale
from neurodrift.learn.learner import Observed
from neurodrift.learn.optim import SGD
from neurodrift.learn.rules import Immediate
from neurodrift.studies.adapting import WARM_UP, learn
from neurodrift.studies.base import (
    FAILS,
    HOLDS,
    IN_PART,
    Answer,
    Claim,
    Curve,
    Estimate,
    Job,
    Row,
    Study,
    Table,
    matching,
    protocol,
)
from neurodrift.studies.seeds import by_seed, estimate, line, recovered
from neurodrift.studies.shift import TASK_KEYS, shift_rows, started, streams_of
from neurodrift.studies.sine_shift import step_size_curve
from neurodrift.studies.verdicts import percent, recovery_answer, within

__all__ = ["TraceDecay"]


class TraceDecay(Study):
    """Traces of decay 0 to 0.99 adapt the networks of `sine_shift`; trained networks' own decay and gradient scales.

    References:
        Shalev Merin 2026, arXiv:2603.28750.
    """

    name = "trace_decay"
    title = "Trace decay and gradient scales"
    claims = (
        Claim("decay95_sgd", "a trace of decay 0.95 with SGD recovers nothing", 0.0, "2603.28750"),
        Claim(
            "decay95_adam", "with Adam it recovers little: both corrections are needed", 0.18, "2603.28750"
        ),
        Claim("decay95_large", "decay 0.95 recovers nothing at a second size either", 0.0, "2603.28750"),
        Claim("plateau", "decays below 0.5 form a safe plateau", "a plateau", "2603.28750"),
        Claim("own_decay", "a trained network's own propagation a step is near 0.01", 0.01, "2603.28750"),
        Claim("overweight", "so decay 0.95 overweights stale gradients 85-fold", 85.0, "2603.28750"),
        Claim(
            "scales",
            "recurrent gradients are about 100 times smaller than output gradients",
            100.0,
            "2603.28750",
        ),
    )
    settings = (
        "The task, networks and scores of sine_shift (recovery against full RTRL with the same optimizer); the step size of "
        "every decay is its best on 3 other networks and streams. Own propagation: the mean size of the diagonal of the state "
        "Jacobian, a unit's path to itself, over 200 bins of the changed stream with weights held; the paper does not say which "
        "number is meant, so the error carried back one step, |c'D| / |c|, and the mean size of all entries stand in the "
        "table. Gradient scales: root mean square over entries, readout over recurrent weights, on the same bins. Float64."
    )

    def jobs(self, quick: bool, seeds: int | None = None) -> list[Job]:
        p = protocol(self.name, quick, seeds)
        small, large = p["units"]
        shared = {key: p[key] for key in (*TASK_KEYS, "cell", "seeds", "selection_seeds", "look_bins")}
        jobs: list[Job] = [{**shared, "kind": "look", "units": units} for units in p["units"]]
        for units, decays, optimizers in (
            (small, p["decays"], p["optimizers"]),
            (large, p["decays_large"], p["large_optimizers"]),
        ):
            for optimizer in optimizers:
                rtrl = {"name": "rtrl", "max_horizon": p["max_horizon"]}
                for decay in ("rtrl", *decays):
                    trace = {"name": "decay_trace", "decay": decay} if decay else {"name": "immediate"}
                    jobs.append(
                        {
                            **shared, "kind": "adapt", "units": units, "optimizer": optimizer, "decay": decay,
                            "rates": p["rates"][optimizer], "rule": rtrl if decay == "rtrl" else trace,
                        }
                    )  # fmt: skip
        return jobs

    def run(self, job: Job) -> list[Row]:
        if job["kind"] == "look":
            return _look(job)
        said = {key: job[key] for key in ("units", "optimizer", "decay")}
        return [{**said, **row} for row in shift_rows(job)]

    def answer(self, rows: list[Row]) -> list[Answer]:
        small, large = min(r["units"] for r in rows), max(r["units"] for r in rows)
        looks = matching(rows, part="look", units=small)
        own = estimate(by_seed(looks, "own"))
        factor = estimate(0.95 / by_seed(looks, "own"))
        scales = estimate(by_seed(looks, "readout_scale") / by_seed(looks, "recurrent_scale"))
        return [
            _stale("decay95_sgd", rows, small, "sgd", 0.1),
            _stale("decay95_adam", rows, small, "adam", 0.28),
            _stale("decay95_large", rows, large, "adam", 0.1),
            _plateau(rows, small),
            within("own_decay", own, 0.005, 0.02, "a factor of two of the paper's figure", 0.05),
            within("overweight", factor, 42, 170, "a factor of two of the paper's figure", 20),
            within("scales", scales, 30, 300, "a factor of three of the paper's figure", 10),
        ]

    def curves(self, rows: list[Row]) -> list[Curve]:
        lines = []
        pairs = {(r["units"], r["optimizer"]) for r in matching(rows, part="test")}
        for units, optimizer in sorted(pairs):
            found = matching(rows, units=units, optimizer=optimizer, part="test")
            decays = sorted({r["decay"] for r in found} - {"rtrl"})
            estimates = [_recovery(rows, units, optimizer, d)[0] for d in decays]
            lines.append(line(f"n = {units}, {optimizer}", decays, estimates))
        small = min(r["units"] for r in rows)
        return [
            Curve("Recovery against decay", "decay of the trace", "recovery (RTRL = 1)", lines, y_limits=(-1.2, 1.6)),
            *(
                step_size_curve(
                    [{**r, "decay": str(r["decay"])} for r in matching(rows, units=small, optimizer=o, part="selection")],
                    f"Step sizes, {o}, n = {small}", "decay",
                )
                for o in ("adam", "sgd")
            ),
        ]  # fmt: skip

    def tables(self, rows: list[Row]) -> list[Table]:
        body = [
            [
                str(units),
                *(_four(estimate(by_seed(matching(rows, part="look", units=units), key))) for key in LOOKED),
            ]
            for units in sorted({r["units"] for r in matching(rows, part="look")})
        ]
        return [Table("Trained networks, mean over seeds", ("n", *LOOKED.values()), body)]


LOOKED = {
    "own": "mean |D_ii|",
    "entries": "mean |D_ij|",
    "carried": "|c'D| / |c|",
    "carried10": "|c'D| / |c| a step, over ten",
    "readout_scale": "readout gradient",
    "recurrent_scale": "recurrent gradient",
}


def _four(found: Estimate) -> str:
    return f"{found.mean:.3g} ({found.low:.3g} to {found.high:.3g})"


@torch.no_grad()
def _look(job: Job) -> list[Row]:
    """Every network on its changed stream, weights held: what it does to an error in a step, and its gradients."""
    seeds = list(range(job["seeds"]))
    nets, stream = started(job, seeds), streams_of(job, seeds, "adapt")
    learner = Learner(nets.cell, nets.w, nets.w_out, Immediate(), SGD(lr=0.0), seeds=seeds)
    decay, scale = ErrorDecay(max_lag=10, every=5), GradientScale(learner)
    own: list[torch.Tensor] = []
    entries: list[torch.Tensor] = []

    def look(seen: Observed) -> None:
        decay(seen)
        scale(seen)
        d = seen.step.jacobian()[:, 0, :, 0]
        own.append(d.diagonal(dim1=1, dim2=2).abs().mean(dim=1))
        entries.append(d.abs().mean(dim=(1, 2)))

    learner.observer = look
    bins = slice(0, job["look_bins"])
    learn(learner, stream.x[:, bins].swapaxes(0, 1), stream.y[:, bins].swapaxes(0, 1))
    carried = torch.stack(decay.error).mean(dim=0).numpy()  # (R, lags)
    found = {name: _rms(torch.stack(values[WARM_UP:])) for name, values in scale.scale.items()}
    means = [torch.stack(v[WARM_UP:]).mean(dim=0).numpy() for v in (own, entries)]
    return [
        {
            "part": "look", "units": job["units"], "seed": seed, "own": float(means[0][seed]), "entries": float(means[1][seed]),
            "carried": float(carried[seed, 1]), "carried10": float(carried[seed, 10] ** 0.1),
            "readout_scale": float(found["readout"][seed]), "recurrent_scale": float(found["gate 1: units"][seed]),
        }
        for seed in seeds
    ]  # fmt: skip


def _rms(values: torch.Tensor) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(values.square().mean(dim=0).sqrt().numpy())


def _recovery(rows: list[Row], units: int, optimizer: str, decay: float) -> tuple[Estimate, str]:
    mine = matching(rows, units=units, optimizer=optimizer, part="test")
    frozen = by_seed(mine, "frozen_r2", decay="rtrl")
    return recovered(by_seed(mine, "r2", decay=decay), frozen, by_seed(mine, "r2", decay="rtrl"))


def _stale(claim: str, rows: list[Row], units: int, optimizer: str, most: float) -> Answer:
    """Recovery with decay 0.95, which the paper says is next to nothing."""
    (ours, why), (plain, _) = (_recovery(rows, units, optimizer, d) for d in (0.95, 0.0))
    if why:
        return recovery_answer(claim, ours, why, 0.0)
    verdict = HOLDS if ours.mean <= most else IN_PART if ours.high < plain.low else FAILS
    said = f"With decay 0.95 {percent(ours)}, without a trace {percent(plain)} (n = {units}, {optimizer})."
    return Answer(claim, ours, verdict, said)


def _plateau(rows: list[Row], units: int) -> Answer:
    """The worst of the decays up to 0.5, over both optimizers."""
    tried = sorted({r["decay"] for r in matching(rows, part="test", units=units)} - {"rtrl"})
    low = [d for d in tried if d <= 0.5]
    pairs = [(_recovery(rows, units, o, d), d, o) for o in ("adam", "sgd") for d in low]
    (worst, why), decay, optimizer = min(pairs, key=lambda p: p[0][0].mean)
    if why:
        return recovery_answer("plateau", worst, why, 1.0)
    (plain, _), (last, _) = (
        _recovery(rows, units, optimizer, 0.0),
        _recovery(rows, units, optimizer, max(tried)),
    )
    flat = worst.mean > plain.mean - 0.1
    verdict = (HOLDS if last.mean < worst.mean - 0.1 else IN_PART) if flat else FAILS
    said = (
        f"The worst of {', '.join(f'{d:g}' for d in low)} is {decay:g} with {optimizer}: {percent(worst)}, "
        f"beside {percent(plain)} at 0 and {percent(last)} at {max(tried):g}."
    )
    return Answer("plateau", worst, verdict, said)
