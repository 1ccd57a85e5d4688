"""LSTM and GRU: sparse propagation beside full RTRL where cells have gates."""

from __future__ import annotations

from typing import Any

from neurodrift.studies.base import (
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
from neurodrift.studies.seeds import by_seed, chosen, floored, recovered
from neurodrift.studies.shift import TASK_KEYS, shift_rows
from neurodrift.studies.sine_shift import step_size_curve
from neurodrift.studies.verdicts import percent, recovery_answer

__all__ = ["LSTMGRU"]


class LSTMGRU(Study):
    """The task of `sine_shift` with LSTM and GRU: k = 4 paths, with and without a unit's own, and immediate derivatives.

    References:
        Shalev Merin 2026, arXiv:2603.15195.
    """

    name = "lstm_gru"
    title = "LSTM and GRU"
    claims = (
        Claim("lstm", "in an LSTM k = 4 matches full RTRL", "matches", "2603.15195"),
        Claim(
            "gru", "the same in a GRU (the paper speaks of the LSTM; asked here besides)", "", "2603.15195"
        ),
    )
    settings = (
        "The task and scores of sine_shift with 1500 bins to adapt and RMSprop, 8 seeds. A path is a pair of units and holds "
        "the whole block of hidden and memory state; k = 4 are drawn once among all units. Beside it 'own': each unit keeps "
        "its own path and 4 others. RTRL goes back at most 64 bins. The step size of every rule is its best on 2 other networks. Float64."
    )

    def jobs(self, quick: bool, seeds: int | None = None) -> list[Job]:
        p = protocol(self.name, quick, seeds)
        shared = {
            key: p[key] for key in (*TASK_KEYS, "units", "seeds", "selection_seeds", "optimizer", "rates")
        }
        made: dict[str, dict[str, Any]] = {
            "rtrl": {"name": "rtrl", "max_horizon": p["max_horizon"]},
            "sparse": {"name": "sparse_rtrl", "k": p["k"], "max_horizon": p["max_horizon"]},
            "sparse_own": {"name": "sparse_rtrl", "k": p["k"], "own": True, "max_horizon": p["max_horizon"]},
            "immediate": {"name": "immediate"},
        }
        return [
            {**shared, "cell": cell, "label": label, "rule": made[label]}
            for cell in p["cells"]
            for label in p["rules"]
        ]

    def run(self, job: Job) -> list[Row]:
        return [{"cell": job["cell"], "label": job["label"], **row} for row in shift_rows(job)]

    def answer(self, rows: list[Row]) -> list[Answer]:
        answers = []
        for cell in ("lstm", "gru"):
            ours, why = _recovery(rows, cell, "sparse")
            if why:
                answers.append(recovery_answer(cell, ours, why, 1.0))
                continue
            own, immediate = (_recovery(rows, cell, label)[0] for label in ("sparse_own", "immediate"))
            base = recovery_answer(cell, ours, why, 1.0)
            verdict = HOLDS if ours.mean >= 0.9 else IN_PART if ours.low > 0 else base.verdict
            said = f"k = 4: {percent(ours)} of RTRL's recovery; with the own path {percent(own)}; immediate derivatives alone {percent(immediate)}."
            answers.append(Answer(cell, ours, verdict, said))
        return answers

    def curves(self, rows: list[Row]) -> list[Curve]:
        return [
            step_size_curve(
                matching(rows, cell=cell, part="selection"), f"Step sizes, {cell.upper()}", "label"
            )
            for cell in ("lstm", "gru")
        ]

    def tables(self, rows: list[Row]) -> list[Table]:
        body = []
        for cell, label in dict.fromkeys((r["cell"], r["label"]) for r in rows):
            mine = matching(rows, cell=cell, label=label, part="test")
            frozen = by_seed(mine, "frozen_r2")
            body.append(
                [
                    cell, label, f"{frozen.mean():.3f}", f"{floored(by_seed(mine, 'r2'), frozen).mean():.3f}",
                    percent(_recovery(rows, cell, label)[0]), *chosen(mine),
                ]
            )  # fmt: skip
        columns = ("cell", "rule", "frozen R²", "adapted R²", "recovery", "step size", "diverged")
        return [Table("Every condition", columns, body)]


def _recovery(rows: list[Row], cell: str, label: str) -> tuple[Estimate, str]:
    mine = matching(rows, cell=cell, part="test")
    frozen = by_seed(mine, "frozen_r2", label="rtrl")
    return recovered(by_seed(mine, "r2", label=label), frozen, by_seed(mine, "r2", label="rtrl"))
