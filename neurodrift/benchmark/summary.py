"""From finished units to rows and to the summary: scores, intervals, recovery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neurodrift.benchmark.pairs import Pair
from neurodrift.benchmark.spec import Spec
from neurodrift.benchmark.store import Store
from neurodrift.benchmark.units import Method, Unit
from neurodrift.decoders import Recipe
from neurodrift.evaluation.protocol import prequential_mask
from neurodrift.evaluation.recovery import Recovery, recovery
from neurodrift.evaluation.statistics import Resampler, Scores, blocks_of

__all__ = ["decoder_name", "lr_of", "rows_of", "summarize"]

Json = dict[str, Any]


def decoder_name(spec: Spec, method: Method) -> str:
    return "ridge" if method.name == "ridge" else f"{spec.decoder.cell}-{spec.decoder.n_units}"


def lr_of(unit: Unit) -> float | None:
    """The step size a method learned with; None without learning (and for ridge, which has none)."""
    assert unit.method is not None
    offline = {"finetuned": Recipe().finetune_lr, "retrained": Recipe().lr}
    return unit.lr if unit.method.online else offline.get(unit.method.name)


def rows_of(unit: Unit, spec: Spec, pair: Pair, facts: Mapping[str, Any], common: Json) -> list[Json]:
    """One row a seed and metric."""
    assert unit.method is not None
    start = {
        "train": spec.data.train,
        "test": unit.test,
        "decoder": decoder_name(spec, unit.method),
        "method": unit.method.name,
        "normalization": unit.method.normalization,
        "lr": lr_of(unit),
    }
    end = {"bins": facts["bins"], "digests": _digests(spec, pair, unit.test), "unit": unit.key, **common}
    rows = []
    for block, seeds in facts["scores"].items():
        lag = spec.methods.label_lag if block == "prequential" else None
        for seed in range(spec.seeds):
            for metric, value in seeds[min(seed, len(seeds) - 1)].items():
                rows.append(
                    {
                        **start,
                        "seed": seed,
                        "block": block,
                        "label_lag": lag,
                        "metric": metric,
                        "value": value,
                        **end,
                    }
                )
    if facts["update_us"] is not None:
        rows.append(
            {
                **start,
                "seed": 0,
                "block": "adaptation",
                "label_lag": spec.methods.label_lag,
                "metric": "update_us",
                "value": facts["update_us"],
                **end,
            }
        )
    return rows


def summarize(
    spec: Spec,
    pairs: Mapping[str, Pair],
    results: Mapping[str, Sequence[Unit]],
    store: Store,
    simulated: bool,
) -> Json:
    """What summary.json holds."""
    comparisons = [
        c for test, pair in pairs.items() for c in _compare(spec, pair, test, results[test], store)
    ]
    return {
        "name": spec.name,
        "simulated": simulated,
        "seeds": list(range(spec.seeds)),
        "comparisons": comparisons,
    }


def _compare(spec: Spec, pair: Pair, test: str, units: Sequence[Unit], store: Store) -> list[Json]:
    held = _Judge(pair, pair.split.heldout, pair.test.labelled[pair.split.heldout], spec.seeds)
    scores = {u.method.name: held.scores(store.arrays(u.key)["heldout"]) for u in units if u.method}
    exact = [
        u.method.name
        for u in units
        if u.method
        and u.method.online
        and u.method.online.rule == "rtrl"
        and u.method.normalization == "training_day"
    ]
    out = []
    for unit in units:
        assert unit.method is not None
        name, facts = unit.method.name, store.facts(unit.key)
        gained = recovery(scores[name], scores["frozen"], scores["retrained"])
        others = [r for r in ("finetuned", *exact) if r != name]
        other = [(r, recovery(scores[name], scores["frozen"], scores[r], r)) for r in others]
        out.append(
            {
                "train": spec.data.train,
                "test": test,
                "decoder": decoder_name(spec, unit.method),
                "method": name,
                "normalization": unit.method.normalization,
                "lr": lr_of(unit),
                "r2": _with_interval(scores[name]),
                "recovery": _ratio(gained, "retrained"),
                **({"why": gained.why} if gained.why else {}),
                "recovery_other": [_ratio(r, n) for n, r in other if not r.why],
                "prequential": _prequential(spec, pair, unit, store),
                "r2_mean": _over_seeds(facts, "r2_mean", spec.seeds),
                "pearson": _over_seeds(facts, "pearson", spec.seeds),
                "r2_last_weights": _over_seeds(facts, "r2", spec.seeds, "heldout, last weights"),
                "update_us": facts["update_us"],
            }
        )
    return out


class _Judge:
    """Scores predictions on the labelled bins of a block, always on the same resamples of it."""

    def __init__(self, pair: Pair, block: Any, keep: Any, n_seeds: int) -> None:
        mask = np.array(block)
        mask[np.flatnonzero(mask)] = keep
        self.keep = keep
        self.resampler = Resampler(pair.test.behavior[mask], blocks_of(pair.test, mask)[0], n_seeds)

    def scores(self, predictions: Any) -> Scores:
        return self.resampler.scores([p[self.keep] for p in predictions])


def _prequential(spec: Spec, pair: Pair, unit: Unit, store: Store) -> Json | None:
    arrays = store.arrays(unit.key)
    if "prequential" not in arrays or unit.method is None:
        return None
    keep = prequential_mask(unit.method.normalization, pair.test.select(pair.split.adapt))
    judge = _Judge(pair, pair.split.adapt, keep, spec.seeds)
    return {**_with_interval(judge.scores(arrays["prequential"])), "label_lag": spec.methods.label_lag}


def _with_interval(scores: Scores) -> Json:
    low, high = scores.interval()
    return {"mean": scores.mean, "low": low, "high": high, "seeds": scores.seeds}


def _ratio(value: Recovery, reference: str) -> Json | None:
    return (
        None
        if value.why
        else {"mean": value.mean, "low": value.low, "high": value.high, "reference": reference}
    )


def _over_seeds(facts: Mapping[str, Any], metric: str, n_seeds: int, block: str = "heldout") -> Json | None:
    if block not in facts["scores"]:
        return None
    seeds = [s[metric] for s in facts["scores"][block]]
    seeds = seeds * n_seeds if len(seeds) == 1 else seeds
    finite = [s for s in seeds if s is not None]
    return {"mean": float(np.mean(finite)) if len(finite) == len(seeds) else None, "seeds": seeds}


def _digests(spec: Spec, pair: Pair, test: str) -> dict[str, str]:
    return {**dict(zip(spec.data.train, (s.digest for s in pair.train), strict=True)), test: pair.test.digest}
