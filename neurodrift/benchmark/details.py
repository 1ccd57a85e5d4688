"""What the report shows beside the summary: sessions, blocks, channels, curves, traces, step sizes, the protocol in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from neurodrift.benchmark.pairs import Pair
from neurodrift.benchmark.spec import Spec, spec_to_toml
from neurodrift.benchmark.store import Store
from neurodrift.benchmark.units import Unit
from neurodrift.benchmark.words import not_shown, protocol
from neurodrift.data.binning import smooth
from neurodrift.data.normalize import ZScore
from neurodrift.data.session import Session
from neurodrift.evaluation.statistics import blocks_of

__all__ = ["details"]

Json = dict[str, Any]
TRACE_BINS = 600
TRACED = ("frozen", "renormalized", "retrained")


def details(
    spec: Spec,
    pairs: Mapping[str, Pair],
    results: Mapping[str, Sequence[Unit]],
    steps: Sequence[tuple[Unit, Json]],
    store: Store,
    common: Json,
) -> Json:
    """What details.json holds."""
    return {
        "name": spec.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "spec": spec_to_toml(spec),
        "protocol": protocol(spec),
        "not_shown": not_shown(list(pairs.values()), bool(common["simulated"])),
        "pairs": [_pair(spec, pair, test, results[test], store) for test, pair in pairs.items()],
        "step_sizes": [_step(unit, facts) for unit, facts in steps],
        **common,
    }


def _step(unit: Unit, facts: Json) -> Json:
    assert unit.method is not None and unit.method.online is not None
    return {
        "method": unit.method.name,
        "normalization": unit.method.normalization,
        "optimizer": unit.method.online.optimizer,
        "test": unit.test,
        **facts,
    }


def _pair(spec: Spec, pair: Pair, test: str, units: Sequence[Unit], store: Store) -> Json:
    starts = [s.start for s in pair.train if s.start]
    days = (pair.test.start.date() - max(starts).date()).days if pair.test.start and starts else None
    curves = {u.method.name: store.facts(u.key)["curve"] for u in units if u.method and u.method.online}
    return {
        "train": spec.data.train,
        "test": test,
        "days": days,
        "train_info": [_info(s, p) for s, p in zip(pair.train, spec.data.train, strict=True)],
        "test_info": _info(pair.test, test),
        "split": _split(pair),
        "channels": _channels(pair),
        "curves": curves,
        "traces": _traces(pair, units, store),
    }


def _info(session: Session, path: str) -> Json:
    return {
        "path": path,
        "subject": session.subject,
        "identifier": session.identifier,
        "start": session.start.isoformat() if session.start else None,
        "n_bins": len(session),
        "duration": session.duration,
        "n_channels": len(session.channels),
        "n_trials": len(np.unique(session.trial[session.trial >= 0])),
        "sha256": session.digest,
        "provenance": list(session.provenance),
    }


def _split(pair: Pair) -> Json:
    test, split = pair.test, pair.split
    block, kind = blocks_of(test, split.heldout & test.labelled)
    return {
        "adapt_seconds": int(split.adapt.sum()) * test.bin_width,
        "adapt_bins": int(split.adapt.sum()),
        "adapt_labelled": int((split.adapt & test.labelled).sum()),
        "gap_seconds": int(split.gap.sum()) * test.bin_width,
        "heldout_seconds": int(split.heldout.sum()) * test.bin_width,
        "heldout_bins": int(split.heldout.sum()),
        "heldout_labelled": int((split.heldout & test.labelled).sum()),
        "heldout_blocks": int(block.max()) + 1,
        "block_kind": kind,
    }


def _channels(pair: Pair) -> Json:
    train, test = pair.train[-1], pair.test
    return {
        "ids": list(pair.match.shared),
        "rate_train": train.counts.mean(axis=0) / train.bin_width,
        "rate_test": test.counts.mean(axis=0) / test.bin_width,
        "tuning_train": tuning(train),
        "tuning_test": tuning(test),
        "missing": list(pair.match.missing),
        "new": list(pair.match.new),
    }


def tuning(session: Session) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Regression weights (C, D) of z-scored smoothed counts on z-scored behaviour, over labelled bins."""
    keep = session.labelled
    counts = smooth(session.counts)[keep]
    y = session.behavior[keep].astype(np.float64)
    design = np.column_stack([(y - y.mean(axis=0)) / np.maximum(y.std(axis=0), 1e-9), np.ones(len(y))])
    weights: np.ndarray[Any, np.dtype[np.float64]] = np.linalg.lstsq(
        design, ZScore.fit(counts).apply(counts), rcond=None
    )[0]
    return weights[:-1].T


def _traces(pair: Pair, units: Sequence[Unit], store: Store) -> Json:
    test = pair.test.select(pair.split.heldout)
    first = int(np.flatnonzero(test.labelled)[0])
    part = slice(first, min(first + TRACE_BINS, len(test)))
    online = [u.method.name for u in units if u.method and u.method.online and u.method.learns == "all"][:1]
    shown = [u for u in units if u.method and u.method.name in (*TRACED, *online)]
    return {
        "times": test.times[part],
        "axes": list(test.behavior_names),
        "unit": test.behavior_unit,
        "true": test.behavior[part],
        "methods": {u.method.name: store.arrays(u.key)["heldout"][0][part] for u in shown if u.method},
        "seed": 0,
    }
