"""From finished chains to rows and to the summary: means over days, intervals over worlds, pairs with the first method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from neurodrift.benchmark.replay.chain import days_of
from neurodrift.benchmark.replay.names import METHODS
from neurodrift.benchmark.replay.spec import ReplaySpec

if TYPE_CHECKING:
    from neurodrift.benchmark.replay.run import Chain

__all__ = ["interval", "rows_of", "summarize"]

Json = dict[str, Any]


def rows_of(unit: Chain, spec: ReplaySpec, facts: Mapping[str, Any], common: Json) -> list[Json]:
    """One row a day and metric."""
    start = {
        "simulated": True,
        "loop": unit.loop,
        "decoder": decoder_name(spec, unit.method),
        "method": unit.method,
        "lr": facts["lr"],
        "seed": unit.seed,
        "drift": spec.world.drift,
        "severity": spec.world.severity,
    }
    return [
        {**start, "day": day["day"], "metric": name, "value": value, "unit": unit.key, **common}
        for day in facts["days"]
        for name, value in day["metrics"].items()
    ]


def decoder_name(spec: ReplaySpec, method: str) -> str:
    return f"{spec.decoder.cell}-{spec.decoder.n_units}" if METHODS[method].recurrent else method


def summarize(spec: ReplaySpec, facts: Mapping[tuple[str, str, int], Mapping[str, Any]]) -> Json:
    """What summary.json holds."""
    comparisons = []
    for loop in spec.loops:
        for method in spec.methods:
            own, base = (_values(spec, facts, m, loop) for m in (method, spec.methods[0]))
            comparisons.append(
                {
                    "loop": loop,
                    "method": method,
                    "what": METHODS[method].what,
                    "decoder": decoder_name(spec, method),
                    "lr": [facts[method, loop, s]["lr"] for s in range(spec.seeds)],
                    "measures": {name: interval(_over_days(v)) for name, v in own.items()},
                    "reference": spec.methods[0],
                    "difference": {
                        name: interval(_over_days(v) - _over_days(base[name]))
                        for name, v in own.items()
                        if method != spec.methods[0] and name != "bin_us"
                    },
                    "by_day": {name: _daily(v) for name, v in own.items()},
                    "spans": _spans(spec, own, base if method != spec.methods[0] else {}),
                }
            )
    return {
        "name": spec.name,
        "kind": "campaign",
        "simulated": True,
        "seeds": list(range(spec.seeds)),
        "days": list(days_of(spec)),
        "fault": spec.fault.model_dump() if spec.fault else None,
        "intervals": "95 %, Student's t over seeds (worlds) of each seed's mean over days",
        "comparisons": comparisons,
    }


def _spans(
    spec: ReplaySpec,
    own: Mapping[str, np.ndarray[Any, np.dtype[np.float64]]],
    base: Mapping[str, np.ndarray[Any, np.dtype[np.float64]]],
) -> Json:
    """Measures, and paired differences to the first method, before, during and after a fault."""
    if not spec.fault:
        return {}
    days, (first, last) = np.array(days_of(spec)), spec.fault.days
    spans = {"before": days < first, "during": (days >= first) & (days <= last), "after": days > last}
    return {
        span: {
            "measures": {name: interval(_over_days(v[:, mask])) for name, v in own.items()},
            "difference": {
                name: interval(_over_days(own[name][:, mask]) - _over_days(v[:, mask]))
                for name, v in base.items()
            },
        }
        for span, mask in spans.items()
        if mask.any()
    }


def interval(values: np.ndarray[Any, np.dtype[np.float64]]) -> Json:
    """Mean over seeds (S,), and its 95 % interval by Student's t; None with fewer than two numbers."""
    known = values[np.isfinite(values)]
    seeds = list(values)
    if not len(known):
        return {"mean": None, "low": None, "high": None, "seeds": seeds}
    mean = float(known.mean())
    if len(known) < 2:
        return {"mean": mean, "low": None, "high": None, "seeds": seeds}
    half = float(stats.t.ppf(0.975, len(known) - 1) * known.std(ddof=1) / np.sqrt(len(known)))
    return {"mean": mean, "low": mean - half, "high": mean + half, "seeds": seeds}


def _values(
    spec: ReplaySpec, facts: Mapping[tuple[str, str, int], Mapping[str, Any]], method: str, loop: str
) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Each metric (S, days)."""
    seeds = [facts[method, loop, s]["days"] for s in range(spec.seeds)]
    names = seeds[0][0]["metrics"]
    return {
        name: np.array(
            [[np.nan if d["metrics"][name] is None else d["metrics"][name] for d in days] for days in seeds]
        )
        for name in names
    }


def _over_days(values: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Mean over the days that have a number (S,); NaN where none has."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=1)
    return np.asarray(np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan))


def _daily(values: np.ndarray[Any, np.dtype[np.float64]]) -> Json:
    each = [interval(column) for column in values.T]
    return {key: [e[key] for e in each] for key in ("mean", "low", "high")}
