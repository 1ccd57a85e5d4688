"""Optimizers: where immediate derivatives need a second moment."""

from __future__ import annotations

import numpy as np

from neurodrift.learn import CELLS
from neurodrift.studies.base import (
    FAILS,
    HOLDS,
    IN_PART,
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
from neurodrift.studies.seeds import by_seed, estimate, floored, recovered
from neurodrift.studies.shift import TASK_KEYS, shift_rows
from neurodrift.studies.verdicts import percent

__all__ = ["Optimizers"]

FIRST, SECOND = ("sgd", "momentum"), ("rmsprop", "adam")
NEEDS = 0.9  # under this share of the better second-moment optimizer's gain, a second moment is needed


class Optimizers(Study):
    """Immediate derivatives with each optimizer over each cell; each cell says whether the papers' rule predicts a need.

    References:
        Shalev Merin 2026, arXiv:2603.28750.
    """

    name = "optimizers"
    title = "Which cells need a second moment"
    claims = (
        Claim(
            "rule", "a second moment is needed exactly where gradients pass a nonlinear state update without output bypass",
            "all of ten architectures", "2603.28750",
        ),
        Claim("needed", "where the rule says so, SGD and momentum do not adapt", "do not work", "2603.28750"),
        Claim("unneeded", "elsewhere SGD and momentum do as well", "unnecessary", "2603.28750"),
    )  # fmt: skip
    settings = (
        "The task and scores of sine_shift with 32 units, 8 seeds, over every cell of CELLS; each cell declares whether its state "
        "update is nonlinear and whether its readout sees more than the state, and the prediction follows from the two. "
        "A second moment counts as needed where the better of SGD and momentum gains less than 90 % of what the better of "
        "RMSprop and Adam gains (upper end of the 95 % interval). Undefined where the latter gain nothing. Each optimizer has its own "
        "best step size from 2 other networks. The paper names neither its ten architectures, nor the task, nor the threshold. Float64."
    )

    def jobs(self, quick: bool, seeds: int | None = None) -> list[Job]:
        p = protocol(self.name, quick, seeds)
        shared = {key: p[key] for key in (*TASK_KEYS, "units", "seeds", "selection_seeds")}
        return [
            {**shared, "cell": cell, "optimizer": o, "rates": p["rates"][o], "rule": {"name": "immediate"}}
            for cell in CELLS
            for o in p["optimizers"]
        ]

    def run(self, job: Job) -> list[Row]:
        return [{"cell": job["cell"], "optimizer": job["optimizer"], **row} for row in shift_rows(job)]

    def answer(self, rows: list[Row]) -> list[Answer]:
        found = {cell: _share(rows, cell) for cell in _cells(rows)}
        known = {cell: share for cell, (share, why, _) in found.items() if not why}
        hits = {cell: (share.high < NEEDS) == _predicted(cell) for cell, share in known.items()}
        left_out = [cell for cell in found if cell not in known]
        rate = estimate(hits.values()) if hits else Estimate(np.nan, np.nan, np.nan, 0)
        misses = [cell for cell, hit in hits.items() if not hit]
        said = f"{sum(hits.values())} of {len(hits)} cells as predicted"
        said += f"; misses: {', '.join(misses)}" if misses else ""
        said += f"; undefined: {', '.join(left_out)}" if left_out else ""
        verdict = HOLDS if hits and all(hits.values()) else IN_PART if rate.mean > 0.75 else FAILS
        return [
            Answer("rule", rate, verdict, said + ". The interval resamples cells."),
            _group("needed", {c: s for c, s in known.items() if _predicted(c)}, True),
            _group("unneeded", {c: s for c, s in known.items() if not _predicted(c)}, False),
        ]

    def tables(self, rows: list[Row]) -> list[Table]:
        optimizers = list(dict.fromkeys(r["optimizer"] for r in rows))
        body = []
        for cell in _cells(rows):
            share, why, _ = _share(rows, cell)
            predicted = "needed" if _predicted(cell) else "not needed"
            measured = "undefined" if why else "needed" if share.high < NEEDS else "not needed"
            cells = []
            for optimizer in optimizers:
                mine = matching(rows, cell=cell, optimizer=optimizer, part="test")
                r2 = floored(by_seed(mine, "r2"), by_seed(mine, "frozen_r2"))
                bad = sum(r["diverged"] for r in mine)
                cells.append(
                    f"{r2.mean():.3f} ({mine[0]['lr']:g}{', edge' if mine[0]['edge'] else ''}{f', {bad} diverged' if bad else ''})"
                )
            frozen = by_seed(matching(rows, cell=cell, optimizer=optimizers[0], part="test"), "frozen_r2")
            body.append([cell, f"{frozen.mean():.3f}", *cells, percent(share), predicted, measured])
        columns = (
            "cell",
            "frozen R²",
            *(f"{o} R² (step size)" for o in optimizers),
            "without / with second moment",
            "predicted",
            "measured",
        )
        return [Table("Every cell", columns, body)]


def _cells(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(r["cell"] for r in rows))


def _predicted(cell: str) -> bool:
    made = CELLS[cell]()
    return made.nonlinear_update and not made.output_bypass


def _share(rows: list[Row], cell: str) -> tuple[Estimate, str, str]:
    """Gain of the better optimizer without a second moment over that of the better one with it."""
    test = matching(rows, cell=cell, part="test")
    there = {r["optimizer"] for r in test}
    frozen = by_seed(matching(test, optimizer=next(iter(sorted(there)))), "frozen_r2")

    def best(names: tuple[str, ...]) -> str:
        return max(
            (o for o in names if o in there),
            key=lambda o: floored(by_seed(test, "r2", optimizer=o), frozen).mean(),
        )

    first, second = best(FIRST), best(SECOND)
    share, why = recovered(
        by_seed(test, "r2", optimizer=first), frozen, by_seed(test, "r2", optimizer=second), second
    )
    return share, why, first


def _group(claim: str, shares: dict[str, Estimate], needed: bool) -> Answer:
    if not shares:
        return Answer(
            claim,
            Estimate(np.nan, np.nan, np.nan, 0),
            "undefined: no cell of this kind recovers",
            "Nothing to compare.",
        )
    ours = estimate([s.mean for s in shares.values()])
    right = sum((s.high < NEEDS) == needed for s in shares.values())
    verdict = HOLDS if right == len(shares) else IN_PART if right > len(shares) / 2 else FAILS
    said = f"{right} of {len(shares)} cells; without a second moment they gain {percent(ours)} of what they gain with one (mean over cells)."
    return Answer(claim, ours, verdict, said)
