"""Sparse gradient transport in a transformer: the gradient reaches past tokens through some of the heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

from neurodrift.studies.base import (
    FAILS,
    HOLDS,
    IN_PART,
    Answer,
    Claim,
    Curve,
    Estimate,
    Job,
    Line,
    Row,
    Study,
    Table,
    matching,
    protocol,
)
from neurodrift.studies.head_runs import transformer_rows
from neurodrift.studies.seeds import NONE, by_seed, chosen, estimate, floored, line, recovered
from neurodrift.studies.verdicts import percent

__all__ = ["Transformer"]


class Transformer(Study):
    """A small causal transformer learns online on a changed signal; a share of its heads carries gradient to past tokens.

    References:
        Shalev Merin 2026, arXiv:2603.15195; transformers: Vaswani et al. 2017, arXiv:1706.03762.
    """

    name = "transformer"
    title = "Heads that carry gradient"
    claims = (
        Claim("half", "50 % of the heads outperform the dense reference", "50 % above dense", "2603.15195"),
        Claim("third", "33 % of the heads are borderline", "borderline", "2603.15195"),
    )
    settings = (
        "Two layers, 36 wide, 12 heads, each looking at 12 tokens; one token a bin. Keys and values of past tokens come from "
        "today's weights, so that the gradient through all heads is autograd's. Through a closed head nothing reaches the past: its keys and values are "
        "detached wherever a later token reads them, and kept where their own token does; residual paths stay. Heads are drawn once for each seed and "
        "layer, nested over shares. All shares start from the same weights, trained offline on the signal before the change; "
        "then they learn every 4 tokens (RMSprop, norm 1) after it. Step sizes were chosen for each share on 3 other networks and streams. "
        "Score: R² on later tokens with frozen weights. The paper gives neither task, size, optimizer, nor how heads are chosen."
    )

    def jobs(self, quick: bool, seeds: int | None = None) -> list[Job]:
        p = protocol(self.name, quick, seeds)
        tasks = p.pop("tasks")
        return [{**p, **task} for task in tasks]

    def run(self, job: Job) -> list[Row]:
        return [{"task": job["task"], **row} for row in transformer_rows(job)]

    def answer(self, rows: list[Row]) -> list[Answer]:
        heads = max(r["open"] for r in matching(rows, part="test"))
        return [_half(rows, heads), _third(rows, heads)]

    def curves(self, rows: list[Row]) -> list[Curve]:
        heads = max(r["open"] for r in matching(rows, part="test"))
        counts = sorted({r["open"] for r in matching(rows, part="test")})
        shares = [100 * c / heads for c in counts]
        found = [
            Curve(
                "Recovery against open heads", "heads that carry gradient, %", "recovery (all heads = 1)",
                [line(task, shares, [_recovery(rows, task, c, heads)[0] for c in counts]) for task in _tasks(rows)],
            )
        ]  # fmt: skip
        for task in _tasks(rows):
            mine = matching(rows, part="selection", task=task)
            rates = sorted({r["lr"] for r in mine})
            lines = [
                line(f"{100 * c / heads:.0f} %", rates, [
                    estimate(floored(by_seed(mine, "r2", open=c, lr=lr), by_seed(mine, "frozen_r2", open=c, lr=lr))) for lr in rates
                ])
                for c in counts
            ]  # fmt: skip
            frozen = float(np.mean(by_seed(mine, "frozen_r2", open=heads, lr=rates[0])))
            lines.append(Line("frozen", (), [frozen]))
            found.append(
                Curve(f"Step sizes, {task}", "step size (RMSprop)", "R² after adaptation", lines, log_x=True)
            )
        return found

    def tables(self, rows: list[Row]) -> list[Table]:
        heads = max(r["open"] for r in matching(rows, part="test"))
        body, special = [], []
        for task in _tasks(rows):
            for count in sorted({r["open"] for r in matching(rows, part="test", task=task)}, reverse=True):
                mine = matching(rows, part="test", task=task, open=count)
                r2, frozen = by_seed(mine, "r2"), by_seed(mine, "frozen_r2")
                body.append([
                    task, f"{100 * count / heads:.0f} %", f"{frozen.mean():.3f}", f"{floored(r2, frozen).mean():.4f}",
                    percent(_recovery(rows, task, count, heads)[0]), f"{by_seed(mine, 'cosine').mean():.3f}",
                    *chosen(mine),
                ])  # fmt: skip
            for layer in sorted({r["layer"] for r in matching(rows, part="heads", task=task)}):
                special.append([task, str(layer + 1), *_specialisation(rows, task, layer)])
        columns = (
            "task",
            "heads",
            "frozen R²",
            "adapted R²",
            "recovery",
            "cosine to the full gradient",
            "step size",
            "diverged",
        )
        return [
            Table("Every share of heads", columns, body),
            Table(
                "Head specialisation before the change (of equal heads the effective number is all of them)",
                ("task", "layer", "heads", "effective number, loss without it", "effective number, gradient to the past", "mean lag, least to most"),
                special,
            ),
        ]  # fmt: skip


def _tasks(rows: list[Row]) -> list[str]:
    return sorted({r["task"] for r in rows})


def _pair(rows: list[Row], task: str, count: int) -> tuple[Any, Any]:
    mine = matching(rows, part="test", task=task, open=count)
    return by_seed(mine, "r2"), by_seed(mine, "frozen_r2")


def _recovery(rows: list[Row], task: str, count: int, heads: int) -> tuple[Estimate, str]:
    (r2, frozen), (dense, _) = _pair(rows, task, count), _pair(rows, task, heads)
    return recovered(r2, frozen, dense, "the gradient through all heads")


def _gains(rows: list[Row], count: int, heads: int) -> dict[str, Any]:
    """R2 with `count` open heads less that with all, of each seed."""
    found = {}
    for task in _tasks(rows):
        (r2, frozen), (dense, _) = _pair(rows, task, count), _pair(rows, task, heads)
        found[task] = floored(r2, frozen) - floored(dense, frozen)
    return found


def _half(rows: list[Row], heads: int) -> Answer:
    gains = _gains(rows, heads // 2, heads)
    each = {task: estimate(v) for task, v in gains.items()}
    better = [task for task, e in each.items() if e.low > 0]
    worse = [task for task, e in each.items() if e.high < 0]
    verdict = HOLDS if len(better) == len(each) else IN_PART if better or not worse else FAILS
    why = f"R² with half of the heads less that with all: {_said(gains)}."
    return Answer("half", estimate(np.mean(list(gains.values()), axis=0)), verdict, why)


def _third(rows: list[Row], heads: int) -> Answer:
    """Borderline: something, but under nine tenths of what all heads recover."""
    found = {task: _recovery(rows, task, round(heads / 3), heads) for task in _tasks(rows)}
    given = {task: e for task, (e, why) in found.items() if not why}
    if not given:
        return Answer(
            "third",
            NONE,
            f"undefined: {next(iter(found.values()))[1]}",
            "No gap.",
        )
    border = [task for task, e in given.items() if e.low > 0 and e.mean < 0.9]
    verdict = HOLDS if len(border) == len(given) else IN_PART if border else FAILS
    said = "; ".join(f"{task} {percent(e)}" for task, e in given.items())
    why = f"A third of the heads recovers, of what all do: {said}. R² less that with all: {_said(_gains(rows, round(heads / 3), heads))}."
    return Answer("third", next(iter(given.values())), verdict, why)


def _said(gains: dict[str, Any]) -> str:
    texts = []
    for task, v in gains.items():
        e, p = estimate(v), float(wilcoxon(v).pvalue) if np.any(v) else 1.0
        texts.append(f"{task} {e.mean:+.4f} ({e.low:+.4f} to {e.high:+.4f}, p = {p:.3f})")
    return "; ".join(texts)


def _effective(values: Sequence[float]) -> float:
    """(sum)² / sum of squares: how many equal heads would be as spread."""
    v = np.maximum(np.asarray(values, np.float64), 0.0)
    return float(v.sum() ** 2 / np.square(v).sum()) if v.any() else float("nan")


def _specialisation(rows: list[Row], task: str, layer: int) -> list[str]:
    mine = matching(rows, part="heads", task=task, layer=layer)
    per_seed = [matching(mine, seed=seed) for seed in sorted({r["seed"] for r in mine})]
    loss, gradient = (
        [_effective([r[key] for r in seed]) for seed in per_seed] for key in ("ablated", "gradient")
    )
    lags = np.mean([np.sort([r["lag"] for r in seed]) for seed in per_seed], axis=0)
    return [
        str(len(per_seed[0])),
        f"{np.nanmean(loss):.1f}",
        f"{np.nanmean(gradient):.1f}",
        f"{lags[0]:.1f} to {lags[-1]:.1f}",
    ]
