"""Figures and verdicts of the study of scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

from neurodrift.studies.adding import TRIVIAL
from neurodrift.studies.base import (
    FAILS,
    HOLDS,
    IN_PART,
    Answer,
    Estimate,
    Row,
    matching,
)
from neurodrift.studies.seeds import by_seed, estimate

__all__ = ["bptt", "capped", "conditions", "degraded", "drift", "number", "said", "sparse", "spread", "text"]


def conditions(rows: list[Row]) -> list[tuple[str, int, str]]:
    return sorted({(r["cell"], r["delay"], r["feedback"]) for r in matching(rows, kind="adding")})


def said(delay: int, feedback: str) -> str:
    return {"every": "every bin", "sparse": "a tenth of the bins", "end": "the end"}[feedback] + (
        f", {delay} bins later" if delay else ""
    )


def number(value: float | None) -> float:
    return 1.0 if value is None else min(value, 1.0)


def capped(row: Row) -> float:
    """A seed's error; 1 where it diverged, so that it stays in the mean."""
    return number(row["mse"])


def spread(values: Sequence[float | None]) -> Estimate:
    """Geometric mean of numbers that span decades; what was not finite (None in stored rows) is left out of it and of the count."""
    given = np.array(values, np.float64)
    e = estimate(np.log(np.maximum(given, 1e-300)))
    return Estimate(float(np.exp(e.mean)), float(np.exp(e.low)), float(np.exp(e.high)), e.seeds)


def text(e: Estimate, form: str = "{:.3f}") -> str:
    return f"{form.format(e.mean)} ({form.format(e.low)} to {form.format(e.high)})"


def _errors(rows: list[Row], label: str, feedback: str = "end", delay: int = 0) -> Any:
    mine = matching(rows, kind="adding", cell="gru", label=label, feedback=feedback, delay=delay, part="test")
    return np.array([capped(r) for r in sorted(mine, key=lambda r: int(r["seed"]))])


def drift(rows: list[Row]) -> Answer:
    mine = matching(rows, kind="rounding")
    longest, shortest = max(r["length"] for r in mine), min(r["length"] for r in mine)
    stable = max((r["gain"] for r in mine if r["gain"] <= 1), default=1)
    ours = spread([r["difference"] for r in matching(mine, gain=stable, length=longest, form="rtrl32")])
    early, bptt = (
        spread([r["difference"] for r in matching(mine, gain=stable, length=n, form=form)]).mean
        for n, form in ((shortest, "rtrl32"), (longest, "bptt32"))
    )
    verdict = FAILS if ours.high < 1e-3 else IN_PART if ours.high < 0.1 else HOLDS
    wild = {
        (gain, form): spread([r["difference"] for r in matching(mine, gain=gain, length=longest, form=form)])
        for gain in sorted({r["gain"] for r in mine if r["gain"] > 1})
        for form in ("rtrl32", "bptt32")
    }
    beside = "; ".join(
        f"gain {g:g}: RTRL {wild[g, 'rtrl32'].mean:.1e} ({wild[g, 'rtrl32'].seeds} finite seeds), "
        f"BPTT {wild[g, 'bptt32'].mean:.1e} ({wild[g, 'bptt32'].seeds})"
        for g, form in wild
        if form == "rtrl32"
    )
    why = (
        f"At gain {stable:g}, {longest} bins without an error leave float32 RTRL {ours.mean:.1e} from float64 ({early:.1e} after "
        f"{shortest} bins), float32 BPTT {bptt:.1e}.{' Larger gains: ' + beside + '.' if beside else ''}"
    )
    return Answer("drift", ours, verdict, why)


def degraded(rows: list[Row]) -> Answer:
    exact, told = _errors(rows, "exact"), _errors(rows, "exact", "every")
    ours, control = estimate(exact), estimate(told)
    verdict = FAILS if ours.high < TRIVIAL else HOLDS if ours.low > TRIVIAL else IN_PART
    why = f"With the error at the end alone the exact gradient ends at {text(ours)}, told at every bin at {text(control)}; always 1: {TRIVIAL:.3f}."
    return Answer("degraded", ours, verdict, why)


def bptt(rows: list[Row]) -> Answer:
    mine = matching(rows, kind="carried")
    gap = estimate(by_seed(mine, "mse_carried") - by_seed(mine, "mse_recomputed"))
    apart = spread([r["moved"] for r in mine])
    verdict = HOLDS if gap.low > 0.01 else FAILS if gap.high < 0.01 else IN_PART
    why = (
        f"With one error at the end the two are the same gradient: RTRL carried in float32 less BPTT in float64 is {gap.mean:+.4f} in squared error, "
        f"and the weights differ by {apart.mean:.1e} of what was learned."
    )
    return Answer("bptt", estimate(by_seed(mine, "mse_carried")), verdict, why)


def sparse(rows: list[Row]) -> Answer:
    """Error with a label at the end less error with one at every bin, of the exact gradient, k = 4 and immediate."""
    found = {
        name: _errors(rows, name) - _errors(rows, name, "every")
        for name in ("exact", "sparse k = 4", "immediate")
    }
    gaps = {name: estimate(v) for name, v in found.items()}
    worse = [name for name, e in gaps.items() if e.low > 0]
    verdict = HOLDS if len(worse) == len(gaps) else IN_PART if worse else FAILS
    said = ", ".join(f"{name} {e.mean:+.3f} (p = {_p(found[name]):.3f})" for name, e in gaps.items())
    late = {name: _errors(rows, name, "end", 20) for name in found}
    later = ", ".join(f"{name} {v.mean():.3f}" for name, v in late.items() if len(v)) or "not run"
    why = f"Squared error with a label at the end alone, less that with labels at every bin: {said}. With 20 idle bins more: {later}."
    return Answer("error", gaps["exact"], verdict, why)


def _p(differences: Any) -> float:
    """Two-sided signed-rank test over seeds."""
    return float(wilcoxon(differences).pvalue) if np.any(differences) else 1.0
