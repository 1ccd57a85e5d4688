"""Sine frequency shift: how much of RTRL's recovery k of n paths give, and the immediate derivative alone."""

from __future__ import annotations

from typing import Any

import numpy as np

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
from neurodrift.studies.seeds import by_seed, chosen, estimate, floored, line, recovered
from neurodrift.studies.shift import TASK_KEYS, shift_rows
from neurodrift.studies.verdicts import percent, recovery_answer

__all__ = ["SineShift"]


class SineShift(Study):
    """Networks trained on a sine adapt to another frequency with k = 0 .. n paths; recovery is against full RTRL.

    References:
        Shalev Merin 2026, arXiv:2603.15195 and arXiv:2603.28750.
    """

    name = "sine_shift"
    title = "Sine frequency shift"
    claims = (
        Claim("k4_n64", "k = 4 of 64 paths recover most of what full RTRL does", 0.84, "2603.15195"),
        Claim("k4_n256", "k = 4 keeps working at n = 256", 0.78, "2603.15195"),
        Claim(
            "step",
            "recovery is a step: nothing at k = 0, then k hardly matters",
            "a step at k = 1",
            "2603.15195",
        ),
        Claim("sgd", "k = 4 recovers with plain SGD", 0.92, "2603.15195"),
        Claim("immediate", "immediate derivatives recover as much as full RTRL (n = 64)", 1.02, "2603.28750"),
    )
    settings = (
        "An RNN predicts a noisy sine 5 bins ahead; it is trained offline (BPTT, Adam) on 20 bins a cycle and meets 30. "
        "Recovery: (rule - frozen) / (RTRL - frozen) in R2 on later bins with the weights frozen at the end of adaptation. "
        "The papers do not say: periods, horizon, noise, lengths, training, clipping (norm 1 here), step sizes, which "
        "optimizer stands behind 84 % (RMSprop here), whether a unit's own path is among the k (here it may be). These were "
        "settled on the frozen network, the retrained one and full RTRL alone. The step size of every k, of RTRL "
        "too, is its best on 3 other networks and streams. Float64."
    )

    def jobs(self, quick: bool, seeds: int | None = None) -> list[Job]:
        p = protocol(self.name, quick, seeds)
        largest = max(p["units"])
        shared = {key: p[key] for key in (*TASK_KEYS, "cell", "seeds", "selection_seeds")}
        return [
            {
                **shared, "units": units, "optimizer": optimizer, "k": k, "rates": p["rates"][optimizer],
                "rule": _rule(k, units, p["max_horizon"]),
            }
            for units in p["units"]
            for optimizer in p["optimizers"]
            if optimizer != "sgd" or units in p["sgd_units"]
            for k in (units, *p["k_large" if units == largest > 64 else "k"])
        ]  # fmt: skip

    def run(self, job: Job) -> list[Row]:
        said = {key: job[key] for key in ("units", "optimizer", "k")}
        return [{**said, **row} for row in shift_rows(job)]

    def answer(self, rows: list[Row]) -> list[Answer]:
        small, large = min(r["units"] for r in rows), max(r["units"] for r in rows)
        four, last = _recovery(rows, small, 4), _recovery(rows, large, 4)
        size = f"n = {small}."
        return [
            recovery_answer("k4_n64", *four, 0.84, 0.06, size),
            recovery_answer("k4_n256", *last, 0.78, 0.06, f"n = {large}."),
            _step(rows, small),
            recovery_answer("sgd", *_recovery(rows, small, 4, "sgd"), 0.92, 0.01, size),
            recovery_answer("immediate", *_recovery(rows, small, 0), 1.02, said=size),
        ]

    def curves(self, rows: list[Row]) -> list[Curve]:
        lines = []
        for units, optimizer in sorted({(r["units"], r["optimizer"]) for r in rows}):
            ks = sorted({r["k"] for r in matching(rows, units=units, optimizer=optimizer)})
            found = [_recovery(rows, units, k, optimizer)[0] for k in ks]
            # A logarithmic axis has no 0: k = 0 stands at 1/2.
            lines.append(line(f"n = {units}, {optimizer}", [k or 0.5 for k in ks], found))
        small = min(r["units"] for r in rows)
        return [
            Curve("Recovery against k", "paths into each unit (k = 0 stands at 1/2)", "recovery (RTRL = 1)", lines, log_x=True, y_limits=(-1, 1.5)),
            *(step_size_curve(matching(rows, units=small, optimizer=o), f"Step sizes, {o}, n = {small}", "k") for o in ("rmsprop", "sgd")),
        ]  # fmt: skip

    def tables(self, rows: list[Row]) -> list[Table]:
        body = []
        for units, optimizer in sorted({(r["units"], r["optimizer"]) for r in rows}):
            for k in sorted({r["k"] for r in matching(rows, units=units, optimizer=optimizer)}):
                mine = matching(rows, units=units, optimizer=optimizer, k=k, part="test")
                found, _ = _recovery(rows, units, k, optimizer)
                r2, frozen = by_seed(mine, "r2"), by_seed(mine, "frozen_r2")
                body.append([
                    str(units), optimizer, str(k), f"{frozen.mean():.3f}", f"{floored(r2, frozen).mean():.3f}",
                    percent(found), *chosen(mine),
                ])  # fmt: skip
        columns = ("n", "optimizer", "k", "frozen R²", "adapted R²", "recovery", "step size", "diverged")
        return [Table("Every condition", columns, body)]


def step_size_curve(rows: list[Row], title: str, series: str) -> Curve:
    """R2 on the selection streams against step size, a line for each value of `series`."""
    lines = []
    for value in sorted({r[series] for r in rows}):
        mine = matching(rows, part="selection", **{series: value})
        rates = sorted({r["lr"] for r in mine})
        parts = [matching(mine, lr=lr) for lr in rates]
        found = [estimate(floored(by_seed(p, "r2"), by_seed(p, "frozen_r2"))) for p in parts]
        lines.append(line(f"{series} = {value}", rates, found))
    return Curve(title, "step size", "R² on the selection streams", lines, log_x=True)


def _rule(k: int, units: int, max_horizon: int) -> dict[str, Any]:
    if k == 0:
        return {"name": "immediate"}
    if k == units:
        return {"name": "rtrl", "max_horizon": max_horizon}
    return {"name": "sparse_rtrl", "k": k, "max_horizon": max_horizon}


def _recovery(rows: list[Row], units: int, k: int, optimizer: str = "rmsprop") -> tuple[Estimate, str]:
    mine = matching(rows, units=units, optimizer=optimizer, part="test")
    frozen = by_seed(mine, "frozen_r2", k=units)
    return recovered(by_seed(mine, "r2", k=k), frozen, by_seed(mine, "r2", k=units))


def _step(rows: list[Row], units: int) -> Answer:
    """The gain of the first path over none, beside what all other paths add."""
    mine = matching(rows, units=units, optimizer="rmsprop", part="test")
    frozen = by_seed(mine, "frozen_r2", k=units)
    zero, one, full = (floored(by_seed(mine, "r2", k=k), frozen) for k in (0, 1, units))
    gap = np.mean(full - frozen)
    first, others = estimate((one - zero) / gap), estimate((full - one) / gap)
    none = estimate((zero - frozen) / gap)
    # A step that a test can tell from zero is not yet one that matters.
    if first.low > 0 and first.mean > max(0.1, others.mean):
        verdict = HOLDS if none.high < 0.5 else IN_PART
    else:
        verdict = FAILS
    why = f"The first path adds {percent(first)} of RTRL's gain, all others {percent(others)}; without any it is {percent(none)}."
    return Answer("step", first, verdict, why)
