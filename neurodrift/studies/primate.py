"""Recordings of different days: sparse and full RTRL, immediate derivatives and a slow trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodrift.decoders import RecurrentDecoder
from neurodrift.decoders.training import one_thread
from neurodrift.evaluation import Resampler, Scores, adapted, baseline, blocks_of, choose_step_size, recovery
from neurodrift.evaluation.recovery import Recovery
from neurodrift.learn import CELLS, OPTIMIZERS
from neurodrift.studies.base import (
    FAILS,
    HOLDS,
    IN_PART,
    NOT_RUN,
    UNDEFINED,
    Answer,
    Claim,
    Estimate,
    Job,
    Row,
    Study,
    Table,
    matching,
    protocol,
)
from neurodrift.studies.lorenz import variation
from neurodrift.studies.recorded import load_recorded, missing, user_pairs
from neurodrift.studies.seeds import NONE, by_seed
from neurodrift.studies.shift import build_rule
from neurodrift.studies.verdicts import percent, recovery_answer

__all__ = ["Primate"]


class Primate(Study):
    """Decoders trained on one day adapt online on another; recovery against the retrained decoder and against RTRL.

    References:
        Shalev Merin 2026, arXiv:2603.15195 and arXiv:2603.28750.
    """

    name = "primate"
    title = "Recordings of different days"
    claims = (
        Claim("sparse", "sparse RTRL (k = 4) recovers across sessions", 0.80, "2603.15195"),
        Claim("steadier", "and is steadier over seeds than full RTRL", "+/- 11 %, steadier", "2603.15195"),
        Claim("immediate", "immediate derivatives recover as much", 1.06, "2603.28750"),
    )
    settings = (
        "Monkey E, intended direction, 96 electrodes, two days 288 days apart: 60 % of the later day adapts, the rest is scored with frozen, "
        "averaged weights; recipes, z-scores and lr = auto as in the benchmark (the protocol page), RMSprop, 64 units, 8 seeds. RTRL and "
        "sparse RTRL go back at most 128 bins. Recovery: against the decoder retrained on the adaptation block, crossed bootstrap over "
        "trials and seeds; against full RTRL in the table. Steadiness: coefficient of variation of a seed's gain over frozen. The paper does "
        "not say which animal, days, cell, split or reference. Name recordings of yours in a TOML file of [[pairs]] and set NEURODRIFT_PAIRS to it. "
        "The quick form is of a simulated pair. One animal and one pair support no statement about animals; the days differ in task too. Float32."
    )

    def jobs(self, quick: bool, seeds: int | None = None) -> list[Job]:
        p = protocol(self.name, quick, seeds)
        pairs = p["pairs"] + ([] if quick else user_pairs())
        shared = {k: v for k, v in p.items() if k not in ("pairs", "cells")}
        return [
            {**shared, "cell": cell, "pair": pair, "missing": missing(pair)}
            for pair in pairs
            for cell in p["cells"]
        ]

    def run(self, job: Job) -> list[Row]:
        said = {"pair": job["pair"]["name"], "cell": job["cell"], "simulated": "train" not in job["pair"]}
        if job["missing"]:
            return [{**said, "part": "missing", "why": job["missing"]}]
        return [{**said, **row} for row in _rows(job)]

    def answer(self, rows: list[Row]) -> list[Answer]:
        ran = [r for r in rows if r["part"] != "missing"]
        if not ran:
            why = rows[0]["why"] if rows else "no pair was named"
            return [Answer(c.name, NONE, f"{NOT_RUN}: {why}", "Nothing was measured.") for c in self.claims]
        first = matching(ran, pair=ran[0]["pair"])
        cells = list(dict.fromkeys(r["cell"] for r in first))
        where = " Simulated pair, not a recording." if first[0]["simulated"] else ""
        mine = matching(first, cell=cells[0])
        answers = []
        for claim, label, paper, spread in (
            ("sparse", "sparse", 0.80, 0.11),
            ("immediate", "immediate", 1.06, 0.05),
        ):
            ours, why = _crossed(mine, label, "retrained")
            rtrl, no_rtrl = _crossed(mine, label, "rtrl")
            others = [
                f"{c.upper()} {percent(_crossed(matching(first, cell=c), label, 'retrained')[0])}"
                for c in cells[1:]
            ]
            said = f"{cells[0].upper()}, against retrained; against RTRL {no_rtrl or percent(rtrl)}."
            said += f" {'; '.join(others)}." if others else ""
            answers.append(recovery_answer(claim, ours, why, paper, spread, said + where))
        answers.insert(1, _steadier(first, cells, where))
        return answers

    def tables(self, rows: list[Row]) -> list[Table]:
        body = []
        for pair, cell, label in dict.fromkeys(
            (r["pair"], r["cell"], r["label"]) for r in rows if r["part"] == "test"
        ):
            every = matching(rows, pair=pair, cell=cell)
            mine = matching(every, part="test", label=label)
            body.append(
                [
                    pair, cell, label, *(f"{by_seed(mine, key).mean():.3f}" for key in ("frozen_r2", "retrained_r2", "r2")),
                    *(percent(_crossed(every, label, name)[0]) for name in ("retrained", "rtrl")),
                    percent(variation(by_seed(mine, "r2") - by_seed(mine, "frozen_r2"))), f"{mine[0]['lr']:g}{' (edge)' if mine[0]['edge'] else ''}",
                ]
            )  # fmt: skip
        columns = (
            "pair",
            "cell",
            "rule",
            "frozen R²",
            "retrained R²",
            "adapted R²",
            "against retrained",
            "against RTRL",
            "variation",
            "step size",
        )
        return [Table("Every rule", columns, body)] if body else []


def _rows(job: Job) -> list[Row]:
    one_thread()
    pair = load_recorded(job["pair"], job["adapt"], job["gap"], job["simulated_minutes"])
    everyone = range(job["seeds"])
    trained = RecurrentDecoder(
        CELLS[job["cell"]](), job["units"], seeds=list(everyone), average=job["average"]
    ).fit([pair.fitted])
    held = pair.test.select(pair.split.heldout)
    keep = held.labelled
    resampler = Resampler(held.behavior[keep], blocks_of(held, keep)[0], job["seeds"])

    def score(predictions: Any) -> Scores:
        return resampler.scores([p[keep] for p in predictions])

    base = {
        name: score(baseline(name, trained, pair.test, pair.split).heldout)
        for name in ("frozen", "retrained")
    }
    rules: dict[str, dict[str, Any]] = {
        "rtrl": {"name": "rtrl", "max_horizon": job["max_horizon"]},
        "sparse": {"name": "sparse_rtrl", "k": job["k"], "max_horizon": job["max_horizon"]},
        "immediate": {"name": "immediate"},
        "trace95": {"name": "decay_trace", "decay": 0.95},
    }
    rows: list[Row] = []
    found: dict[str, Scores] = {}
    for label in job["rules"]:
        learning = trained.replicate(
            everyone, rule=build_rule(rules[label]), optimizer=OPTIMIZERS[job["optimizer"]]()
        )
        step = choose_step_size(learning.replicate(range(job["selection_seeds"])), pair.tail, "training_day")
        learning = learning.replicate(everyone, optimizer=OPTIMIZERS[job["optimizer"]](lr=step.chosen))
        found[label] = score(adapted(learning, pair.test, pair.split).heldout)
        rows += [
            {
                "part": "test", "label": label, "seed": seed, "lr": step.chosen, "edge": step.chosen in (step.grid[0], step.grid[-1]),
                "r2": found[label].seeds[seed], "frozen_r2": base["frozen"].seeds[seed], "retrained_r2": base["retrained"].seeds[seed],
            }
            for seed in everyone
        ]  # fmt: skip
        rows += [
            {"part": "selection", "label": label, "seed": -1, "lr": lr, "r2": r2}
            for lr, r2 in zip(step.grid, step.r2.mean(axis=0), strict=True)
        ]
    references = {"retrained": base["retrained"], **({"rtrl": found["rtrl"]} if "rtrl" in found else {})}
    for label, mine in found.items():
        for name, reference in references.items():
            got: Recovery = recovery(mine, base["frozen"], reference, name)
            rows.append(
                {
                    "part": "crossed",
                    "label": label,
                    "reference": name,
                    "seed": -1,
                    "seeds": job["seeds"],
                    **got._asdict(),
                }
            )
    return rows


def _crossed(rows: list[Row], label: str, reference: str) -> tuple[Estimate, str]:
    row = matching(rows, part="crossed", label=label, reference=reference)[0]
    mean, low, high = (np.nan if row[k] is None else float(row[k]) for k in ("mean", "low", "high"))
    return Estimate(mean, low, high, row["seeds"]), row["why"]


def _steadier(rows: list[Row], cells: list[str], where: str) -> Answer:
    """Coefficients of variation of the gain over frozen, sparse less full, of each cell; the first cell's is the figure."""
    words, each = [], []
    for cell in cells:
        test = matching(rows, part="test", cell=cell)
        gain = [
            by_seed(test, "r2", label=x) - by_seed(test, "frozen_r2", label=x) for x in ("sparse", "rtrl")
        ]
        if min(g.mean() for g in gain) <= 0.05:
            continue
        draws = np.random.default_rng(0).integers(len(gain[0]), size=(2000, len(gain[0])))
        v = [g[draws].std(axis=1, ddof=1) / np.abs(g[draws].mean(axis=1)) for g in gain]
        low, high = np.nanpercentile(v[0] - v[1], [2.5, 97.5])
        a, b = (variation(g) for g in gain)
        each.append(Estimate(a.mean - b.mean, float(low), float(high), a.seeds))
        words.append(f"{cell.upper()} {percent(a)} against {percent(b)}")
    if not each:
        return Answer(
            "steadier", NONE, f"{UNDEFINED}: no rule gains enough to have a spread", "Nothing to compare."
        )
    better = [e.high < 0 for e in each]
    verdict = HOLDS if all(better) else IN_PART if any(better) else FAILS
    return Answer(
        "steadier",
        each[0],
        verdict,
        f"Coefficient of variation, sparse against full: {'; '.join(words)}.{where}",
    )
