"""Scale: memory and time of immediate, sparse and exact learning as networks grow."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from neurodrift.decoders.training import one_thread
from neurodrift.learn import CELLS, RULES, make_learner
from neurodrift.learn.optim import RMSprop
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
from neurodrift.studies.seeds import by_seed, estimate, line

__all__ = ["Scale"]


class Scale(Study):
    """Bytes a rule keeps of the past and microseconds of a predict and update, n = 64 to 1024.

    References:
        Shalev Merin 2026, arXiv:2603.28750.
    """

    name = "scale"
    title = "Memory and time against size"
    alone = True
    claims = (
        Claim(
            "memory",
            "at n = 1024 immediate derivatives need 1000 times less memory than full RTRL",
            1000.0,
            "2603.28750",
        ),
        Claim(
            "growth",
            "n^2 numbers in the place of n^3 (exponents of the growth, full less immediate)",
            1.0,
            "2603.28750",
        ),
        Claim(
            "sparse_memory",
            "k of n units need k / n of full RTRL's memory (n = 64, k = 4: our reading of 'sparse')",
            "",
            "2603.15195",
        ),
    )
    settings = (
        "RNN with 96 inputs, 2 outputs, RMSprop, float32, one replica, one thread; networks as torch starts them, random inputs and labels, median of "
        "40 steps, 5 networks, all sizes and rules in one process. Memory: bytes of the arrays that the learner holds, "
        "weights, optimizer, queue and trace; a trace over 0.2 GB is not allocated and counts as what the rule declares, and its time is not measured. "
        "'rtrl' carries P step by step; 'rtrl_adaptive' and 'sparse_adaptive' go back at most 64 bins; 'sparse_units' carries k units' rows of P. "
        "Times are ratios of one run on one machine, not figures for another."
    )

    def jobs(self, quick: bool, seeds: int | None = None) -> list[Job]:
        p = protocol(self.name, quick, seeds)
        keys = ("cell", "inputs", "axes", "rules", "k", "max_horizon", "most_bytes", "bins", "warm", "seeds")
        return [{**{key: p[key] for key in keys}, "units": units} for units in p["units"]]

    def run(self, job: Job) -> list[Row]:
        one_thread()
        return [_measure(job, rule, seed) for rule in job["rules"] for seed in range(job["seeds"])]

    def answer(self, rows: list[Row]) -> list[Answer]:
        sizes = sorted({r["units"] for r in rows})
        small, large = sizes[0], sizes[-1]
        ratio = _ratio(rows, large, "rtrl", "immediate", "bytes")
        trace = float(by_seed(rows, "trace_bytes", units=large, rule="rtrl")[0])
        weights = float(by_seed(rows, "weight_bytes", units=large, rule="rtrl")[0])
        known = matching(rows, units=large, rule="rtrl")[0]["allocated"]
        said = (
            f"n = {large}: all that is held, {ratio.mean:.0f} times; RTRL's P ({trace / 1e9:.3g} GB{'' if known else ', not allocated'}) over the weights "
            f"{trace / weights:.0f} times. Measured, not estimated over seeds: sizes do not vary."
        )
        # All that is held is the fair count; P over the weights alone is the paper's n^3 over n^2.
        enough = HOLDS if ratio.mean >= 0.9 * large else IN_PART if trace / weights >= 0.9 * large else FAILS
        exponents = [_exponent(rows, rule, small, large) for rule in ("rtrl", "immediate")]
        growth = Estimate(exponents[0] - exponents[1], np.nan, np.nan, ratio.seeds)
        kept = _ratio(rows, small, "sparse_units", "rtrl", "trace_bytes")
        share = matching(rows, units=small, rule="sparse_units")[0]["k"] / small
        times = {u: _ratio(rows, u, "rtrl", "immediate", "p50_us") for u in sizes}
        slow = ", ".join(f"{e.mean:.0f} at n = {u}" for u, e in times.items() if np.isfinite(e.mean))
        return [
            Answer("memory", ratio, enough, said),
            Answer(
                "growth", growth, HOLDS if 0.8 <= growth.mean <= 1.2 else IN_PART if growth.mean > 0.5 else FAILS,
                f"Bytes grow as n^{exponents[0]:.2f} and n^{exponents[1]:.2f} from {small} to {large}; a step takes {slow} times as long.",
            ),
            Answer(
                "sparse_memory", kept, HOLDS if abs(kept.mean - share) < 0.1 * share else FAILS,
                f"The trace of {small} units keeps {kept.mean:.3f} of P's bytes, k / n is {share:.3f}.",
            ),
        ]  # fmt: skip

    def curves(self, rows: list[Row]) -> list[Curve]:
        sizes, out = sorted({r["units"] for r in rows}), []
        for key, label in (("bytes", "bytes held"), ("p50_us", "microseconds a step")):
            lines = []
            for rule in dict.fromkeys(r["rule"] for r in rows):
                found = [estimate(by_seed(rows, key, units=u, rule=rule)) for u in sizes]
                lines.append(line(rule, sizes, found))
            out.append(
                Curve(f"{label.capitalize()} against size", "units", label, lines, log_x=True, log_y=True)
            )
        return out

    def tables(self, rows: list[Row]) -> list[Table]:
        body = []
        for units, rule in dict.fromkeys((r["units"], r["rule"]) for r in rows):
            mine = matching(rows, units=units, rule=rule)
            found = estimate(by_seed(mine, "p50_us"))
            us = f"{found.mean:.0f} ({found.low:.0f} to {found.high:.0f})" if found.seeds else "not allocated"
            body.append([str(units), rule, f"{mine[0]['trace_bytes']:,}", f"{mine[0]['bytes']:,}", us])
        return [
            Table("Every size and rule", ("n", "rule", "bytes of the trace", "bytes held", "µs a step"), body)
        ]


def _rule(job: Job, name: str) -> Any:
    match name:
        case "sparse_units":
            return RULES["sparse_rtrl_stepwise"](k=job["k"], keep="units")
        case "sparse_adaptive":
            return RULES["sparse_rtrl"](k=job["k"], max_horizon=job["max_horizon"])
        case "rtrl_adaptive":
            return RULES["rtrl"](max_horizon=job["max_horizon"])
        case "rtrl":
            return RULES["rtrl_stepwise"]()
    return RULES[name]()


@torch.no_grad()
def _measure(job: Job, name: str, seed: int) -> Row:
    cell, n, c, d = CELLS[job["cell"]](), job["units"], job["inputs"], job["axes"]
    draw = torch.Generator().manual_seed(seed)
    g, _, m = cell.shape(c, n)
    w = (2 * torch.rand(1, g, n, m, generator=draw) - 1) * n**-0.5
    w_out = (2 * torch.rand(1, d, n + 1, generator=draw) - 1) * n**-0.5
    rule = _rule(job, name)
    declared, weights = 4 * rule.trace_size(cell.states, g, n, m), 4 * (w.numel() + w_out.numel())
    allocated = declared <= job["most_bytes"]
    made = rule if allocated else RULES["immediate"]()
    learner = make_learner(cell, w, w_out, made, RMSprop(1e-4), seeds=[seed])
    trace = _bytes(learner.trace) if allocated else declared
    held = weights + _bytes(learner.moments) + trace + _queue_bytes(learner)
    taken = np.full(job["bins"], np.nan)
    x, y = (
        torch.randn(job["bins"] + job["warm"], 1, c, generator=draw),
        torch.randn(job["bins"] + job["warm"], d, generator=draw),
    )
    for t in range(len(x) if allocated else 0):
        began = time.perf_counter()
        learner.predict(x[t])
        learner.update(y[t])
        if t >= job["warm"]:
            taken[t - job["warm"]] = 1e6 * (time.perf_counter() - began)
    return {
        "units": n, "rule": name, "seed": seed, "k": job["k"], "allocated": allocated, "trace_bytes": trace, "weight_bytes": weights,
        "bytes": held, "p50_us": float(np.median(taken)) if allocated else None,
    }  # fmt: skip


def _bytes(tensors: Any) -> int:
    return int(sum(t.numel() * t.element_size() for t in tensors))


def _queue_bytes(learner: Any) -> int:
    """What one step leaves behind until its label comes: derivatives, inputs, state (4 bytes each)."""
    _, g, n, m = learner.w.shape
    return int(4 * (learner.cell.states * (g + learner.cell.states + 1) * n + g * m))


def _ratio(rows: list[Row], units: int, over: str, under: str, key: str) -> Estimate:
    values = by_seed(rows, key, units=units, rule=over) / by_seed(rows, key, units=units, rule=under)
    return estimate(values)


def _exponent(rows: list[Row], rule: str, small: int, large: int) -> float:
    a, b = (float(by_seed(rows, "bytes", units=u, rule=rule)[0]) for u in (small, large))
    return float(np.log(b / a) / np.log(large / small))
