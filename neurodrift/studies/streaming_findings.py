"""Figures and verdicts of the study of streams."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import wilcoxon

from neurodrift.studies.base import (
    FAILS,
    HOLDS,
    IN_PART,
    NOT_RUN,
    Answer,
    Estimate,
    Row,
    matching,
)
from neurodrift.studies.river_streams import RIVALS
from neurodrift.studies.seeds import NONE, by_seed, estimate, recovered
from neurodrift.studies.verdicts import percent

__all__ = [
    "COUNTS",
    "RULES_RUN",
    "WITHOUT",
    "characters",
    "credit",
    "floor",
    "recovery",
    "streams",
    "text",
]

RULES_RUN: dict[str, dict[str, Any]] = {
    "RTRL": {"name": "rtrl"},
    "sparse k = 4": {"name": "sparse_rtrl", "k": 4},
    "immediate": {"name": "immediate"},
    "readout": {"name": "readout"},
}
COUNTS = {"counts of single characters": 0, "counts of pairs": 1, "counts of triples": 2}
WITHOUT = "network without recurrence"


def floor(values: Any) -> Any:
    """R2 no lower than -1, which is also what a diverged seed gets."""
    return np.maximum(np.where(np.isfinite(values), values, -1.0), -1.0)


def text(e: Estimate) -> str:
    return f"{e.mean:.3f} ({e.low:.3f} to {e.high:.3f})" if e.seeds else "–"


def recovery(rows: list[Row], name: str, lag: int | None, reference: str = "RTRL") -> tuple[Estimate, str]:
    """Of `name` against `reference`; lag None is the late one."""
    mine = matching(rows, kind="delayed", part="test", label=name)
    mine = [r for r in mine if (r["lag"] > 0 if lag is None else r["lag"] == lag)]
    full = matching(rows, kind="delayed", part="test", label=reference, lag=0)
    return recovered(by_seed(mine, "r2"), by_seed(mine, "frozen_r2"), by_seed(full, "r2"), reference)


def _capacity(rows: list[Row], name: str) -> Any:
    """Sum of R2 over delays, of each seed: what it remembers, in bins of those asked for."""
    mine = matching(rows, kind="recall", part="test", label=name)
    return sum(floor(by_seed(mine, "r2", delay=d)) for d in sorted({r["delay"] for r in mine}))


def credit(rows: list[Row]) -> Answer:
    immediate, full, readout = (_capacity(rows, name) for name in ("immediate", "RTRL", "readout"))
    ours, why = recovered(immediate, readout, full, "RTRL")
    means = f"R² summed over delays: readout alone {readout.mean():.2f}, immediate {immediate.mean():.2f}, RTRL {full.mean():.2f}"
    if why:
        return Answer("credit", NONE, f"undefined: {why}", means + ".")
    verdict = HOLDS if ours.low >= 0.9 else IN_PART if ours.low > 0 else FAILS
    p = float(wilcoxon(full - immediate).pvalue)
    return Answer(
        "credit", ours, verdict, f"{means}; immediate gives {percent(ours)} of what RTRL adds (p = {p:.3f})."
    )


def characters(rows: list[Row]) -> Answer:
    mine = matching(rows, kind="characters", part="test")
    nats = {name: by_seed(mine, "nats", label=name) for name in (*RULES_RUN, *COUNTS)}
    ours = estimate(nats["immediate"])
    learns = (
        estimate(nats["readout"] - nats["immediate"]).low > 0
        and ours.high < nats["counts of single characters"].mean()
    )
    level = estimate(nats["immediate"] - nats["RTRL"]).high < 0.05
    verdict = HOLDS if learns and level else IN_PART if learns or level else FAILS
    said = ", ".join(f"{name} {np.nanmean(v):.3f}" for name, v in nats.items())
    return Answer(
        "characters",
        ours,
        verdict,
        f"Nats a character: {said}. Another text than the paper's: the numbers do not compare.",
    )


def streams(rows: list[Row]) -> Answer:
    mine = matching(rows, kind="river", part="test")
    missing = matching(rows, kind="river", part="missing")
    if not mine:
        return Answer(
            "streams",
            NONE,
            f"{NOT_RUN}: {missing[0]['why'] if missing else 'no rows'}",
            "Nothing to compare.",
        )
    gaps, texts = {}, []
    for stream in sorted({r["stream"] for r in mine}):
        values = {
            n: floor(by_seed(mine, "r2", stream=stream, label=n)) for n in (*RULES_RUN, WITHOUT, *RIVALS)
        }
        best = max((*RIVALS, WITHOUT), key=lambda n: values[n].mean())
        gaps[stream] = values["immediate"] - values[best]
        texts.append(
            f"{stream}: immediate {values['immediate'].mean():.3f}, RTRL {values['RTRL'].mean():.3f}, best other ({best}) {values[best].mean():.3f}, "
            f"the last label repeated {floor(by_seed(mine, 'r2', stream=stream, label='last label')).mean():.3f}"
        )
    level = [s for s, v in gaps.items() if estimate(v).high > 0]
    verdict = HOLDS if len(level) == len(gaps) else IN_PART if level else FAILS
    return Answer("streams", estimate(np.mean(list(gaps.values()), axis=0)), verdict, "; ".join(texts) + ".")
