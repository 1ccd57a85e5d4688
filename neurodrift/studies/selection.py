"""Selection: whether it matters which paths are kept."""

from __future__ import annotations

from typing import Any

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
from neurodrift.studies.seeds import by_seed, chosen, estimate, floored, recovered
from neurodrift.studies.shift import TASK_KEYS, shift_rows
from neurodrift.studies.sine_shift import step_size_curve
from neurodrift.studies.verdicts import percent, recovery_answer

__all__ = ["Selection"]

VARIANTS: dict[str, dict[str, Any]] = {
    "random": {},
    "redrawn": {"redraw": True},
    "largest": {"choose": "largest", "redraw": True},
    "smallest": {"choose": "smallest", "redraw": True},
    "adversarial": {"choose": "adversarial", "redraw": True},
    "own": {"own": True},
    "units": {"keep": "units"},
    "units redrawn": {"keep": "units", "redraw": True},
}


class Selection(Study):
    """The task of `sine_shift` with 6 % of the paths, chosen in eight ways.

    References:
        Shalev Merin 2026, arXiv:2603.15195.
    """

    name = "selection"
    title = "Which paths are kept"
    claims = (
        Claim("invariant", "recovery does not depend on which paths are kept", "invariant", "2603.15195"),
        Claim("adversarial", "even adversarial selection works", "works", "2603.15195"),
        Claim(
            "propagation", "what matters is that something is propagated", "a step from zero", "2603.15195"
        ),
    )
    settings = (
        "The task and scores of sine_shift with 32 units, k = 2 (6 %, as 4 of 64) and 1500 bins to adapt, RMSprop; RTRL and "
        "its masked forms carry P step by step, exact. Largest, smallest and adversarial (the entries that pull hardest "
        "against their row's sum; the paper does not define it) are chosen anew at every step from that step's Jacobian; random "
        "ones once, or anew ('redrawn'). 'Own' keeps each unit's own path besides; 'units' keeps k units in the place of k paths each. "
        "The step size of every variant is its best on 2 other networks. Float64."
    )

    def jobs(self, quick: bool, seeds: int | None = None) -> list[Job]:
        p = protocol(self.name, quick, seeds)
        shared = {
            key: p[key]
            for key in (*TASK_KEYS, "cell", "units", "seeds", "selection_seeds", "optimizer", "rates")
        }
        plain = {"rtrl": {"name": "rtrl_stepwise"}, "immediate": {"name": "immediate"}}
        return [
            {
                **shared, "variant": variant,
                "rule": plain.get(variant) or {"name": "sparse_rtrl_stepwise", "k": p["k"], **VARIANTS[variant]},
            }
            for variant in p["variants"]
        ]  # fmt: skip

    def run(self, job: Job) -> list[Row]:
        return [{"variant": job["variant"], **row} for row in shift_rows(job)]

    def answer(self, rows: list[Row]) -> list[Answer]:
        test = matching(rows, part="test")
        kept = [v for v in dict.fromkeys(r["variant"] for r in test) if v in VARIANTS]
        found = {v: _recovery(test, v) for v in [*kept, "immediate"]}
        why = found["random"][1]
        if why:
            return [recovery_answer(c.name, found["random"][0], why, 1.0) for c in self.claims]
        worst = min(kept, key=lambda v: found[v][0].mean)
        best = max(kept, key=lambda v: found[v][0].mean)
        low, high, random, none = (found[v][0] for v in (worst, best, "random", "immediate"))
        spread = high.mean - low.mean
        said = f"From {worst} {percent(low)} to {best} {percent(high)}; random {percent(random)}."
        invariant = Answer(
            "invariant", low, HOLDS if spread <= 0.1 else IN_PART if low.low > 0.5 else FAILS, said
        )
        adversarial = recovery_answer(
            "adversarial", found["adversarial"][0], "", random.mean, said="(random selection, here.)"
        )
        frozen = by_seed(test, "frozen_r2", variant="rtrl")
        gain = [floored(by_seed(test, "r2", variant=v), frozen) for v in ("random", "immediate")]
        gap = float((floored(by_seed(test, "r2", variant="rtrl"), frozen) - frozen).mean())
        step = estimate((gain[0] - gain[1]) / gap)
        verdict = HOLDS if none.high < 0.5 and step.low > 0 else IN_PART if step.low > 0 else FAILS
        words = f"Without any propagation {percent(none)}; random paths add {percent(step)} to it."
        return [invariant, adversarial, Answer("propagation", step, verdict, words)]

    def curves(self, rows: list[Row]) -> list[Curve]:
        return [step_size_curve(matching(rows, part="selection"), "Step sizes", "variant")]

    def tables(self, rows: list[Row]) -> list[Table]:
        body = []
        for variant in dict.fromkeys(r["variant"] for r in rows):
            mine = matching(rows, variant=variant, part="test")
            frozen = by_seed(mine, "frozen_r2")
            body.append(
                [
                    variant, f"{frozen.mean():.3f}", f"{floored(by_seed(mine, 'r2'), frozen).mean():.3f}",
                    percent(_recovery(matching(rows, part="test"), variant)[0]),
                    *chosen(mine),
                ]
            )  # fmt: skip
        return [
            Table(
                "Every variant",
                ("kept", "frozen R²", "adapted R²", "recovery", "step size", "diverged"),
                body,
            )
        ]


def _recovery(test: list[Row], variant: str) -> tuple[Estimate, str]:
    frozen = by_seed(test, "frozen_r2", variant="rtrl")
    return recovered(by_seed(test, "r2", variant=variant), frozen, by_seed(test, "r2", variant="rtrl"))
