"""A recorded session, bin by bin, with a known drift from some bin on: open loop."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodrift.benchmark.machine import machine, versions
from neurodrift.benchmark.pairs import Pair, load_pair
from neurodrift.benchmark.replay.decoders import build_on
from neurodrift.benchmark.replay.names import METHODS
from neurodrift.benchmark.replay.recording_view import recording_view
from neurodrift.benchmark.replay.spec import Recording, ReplaySpec
from neurodrift.benchmark.spec import Data, Spec
from neurodrift.benchmark.store import Store, clean, write_atomically
from neurodrift.data.session import Session
from neurodrift.decoders import Recipe, RecurrentDecoder, one_thread
from neurodrift.decoders.base import Floats as Answers
from neurodrift.drift import DRIFTS, DriftPath, apply_to_counts
from neurodrift.errors import NeurodriftError
from neurodrift.evaluation.prequential import stream
from neurodrift.evaluation.statistics import Resampler, blocks_of
from neurodrift.learn.cells import CELLS

if TYPE_CHECKING:
    from neurodrift.benchmark.parallel import Progress
    from neurodrift.benchmark.replay.run import Replay

__all__ = ["PARTS", "drifted", "replay_recording"]

PARTS = ("before", "after")


def drifted(session: Session, recording: Recording) -> tuple[Session, DriftPath, int]:
    """The session whose counts drift from a bin on, with the drift and that bin.

    Raises:
        NeurodriftError: recorded counts cannot express the drift.
    """
    onset = round(recording.onset * len(session)) if recording.drift else 0
    rng = np.random.default_rng(0)
    if recording.drift is None:
        return session, DriftPath.identity(len(session.channels)), onset
    drift = DRIFTS[recording.drift]()
    if not drift.on_counts:
        able = [name for name, make in DRIFTS.items() if make().on_counts]
        raise NeurodriftError(
            f"recording.drift: {recording.drift} changes the tuning of units, which recorded counts cannot "
            f"express; use one of {', '.join(able)}, or a simulated campaign."
        )
    part = session.select(slice(onset, None))
    path = drift.sample(part, recording.severity, rng)
    counts = session.counts.copy()
    counts[onset:] = apply_to_counts(part.counts, path, rng)
    line = f"drift {recording.drift}, severity {recording.severity:g}, from bin {onset} on: {path}"
    return replace(session, counts=counts).noting(line), path, onset


def replay_recording(spec: ReplaySpec, out: Path, folder: Path, command: str, tell: Progress) -> Replay:
    """Every method through the test session, one bin at a time; what learns, learns from its labels as it goes."""
    from neurodrift.benchmark.replay.run import Replay

    one_thread()
    assert spec.recording is not None
    if "retrained" in spec.methods:
        raise NeurodriftError(
            "retrained: a recording has no calibration before its day; use neurodrift benchmark, which cuts the day."
        )
    tell("reading", 0, len(spec.methods) + 1)
    pair = _pair(spec.recording, folder)
    session, path, onset = drifted(pair.test, spec.recording)
    tell("training", 0, len(spec.methods) + 1)
    trained = _train(spec, pair) if any(METHODS[m].recurrent for m in spec.methods) else None
    answers: dict[str, list[Answers]] = {}
    rates: dict[str, float | None] = {}
    for i, method in enumerate(spec.methods):
        tell("playing", i + 1, len(spec.methods) + 1)
        built = build_on(method, list(pair.train), trained, spec.decoder.lr, spec.intention.lag)
        built.decoder.reset()
        told = stream(built.decoder, session, learn=METHODS[method].learns, lag=spec.intention.lag)
        answers[method] = list(told.swapaxes(0, 1)) if told.ndim == 3 else [told]
        rates[method] = built.lr
    tell("playing", len(spec.methods) + 1, len(spec.methods) + 1)
    common = {"versions": versions(), "machine": machine()}
    summary = clean(_summary(spec, session, answers, rates, onset))
    Store(out).start_rows(
        {
            "simulated": False, "loop": "recording", "test": spec.recording.test, "digest": pair.test.digest,
            "method": c["method"], "lr": c["lr"], "drift": spec.recording.drift, "severity": spec.recording.severity,
            "onset_bin": onset, "seed": seed, "metric": name, "value": value, **common,
        }
        for c in summary["comparisons"]
        for name, measure in c["measures"].items()
        for seed, value in enumerate(measure["seeds"])
    )  # fmt: skip
    write_atomically(out / "summary.json", json.dumps(summary, indent=1, allow_nan=False))
    view = clean(recording_view(spec, session, {m: a[0] for m, a in answers.items()}, path, onset))
    return Replay(out, summary, view | {"command": command} | clean(common), 0, len(spec.methods))


def _pair(recording: Recording, folder: Path) -> Pair:
    data = Data(
        train=recording.train,
        test=[recording.test],
        neural=recording.neural,
        behavior=recording.behavior,
        behavior_transform=recording.behavior_transform,
        bin_width=recording.bin_width,
        trials=recording.trials,
    )
    return load_pair(Spec(data=data), folder, recording.test)


def _train(spec: ReplaySpec, pair: Pair) -> RecurrentDecoder:
    part, seeds = spec.decoder, list(range(spec.seeds))
    recipe = Recipe(epochs=part.epochs)
    return RecurrentDecoder(CELLS[part.cell](), part.n_units, seeds=seeds, recipe=recipe).fit(pair.fitted)


def _summary(
    spec: ReplaySpec,
    session: Session,
    answers: dict[str, list[Answers]],
    rates: dict[str, float | None],
    onset: int,
) -> dict[str, Any]:
    measures: dict[str, dict[str, Any]] = {m: {} for m in answers}
    later = np.arange(len(session)) >= onset
    for part, mask in zip(PARTS, (~later, later), strict=True):
        keep = session.labelled & mask
        if keep.sum() < 2:
            continue
        judge = Resampler(session.behavior[keep], blocks_of(session, keep)[0], spec.seeds)
        for method, told in answers.items():
            scores = judge.scores([a[keep] for a in told])
            low, high = scores.interval()
            measures[method][f"r2_{part}"] = {
                "mean": scores.mean,
                "low": low,
                "high": high,
                "seeds": scores.seeds,
            }
    return {
        "name": spec.name,
        "kind": "recording",
        "simulated": False,
        "seeds": list(range(spec.seeds)),
        "note": "R² of predictions made one bin at a time, each before its label. What learns, learns from every label, so the "
        "column is not a held-out score: behaviour is autocorrelated. In small, 95 % bootstrap over trials and seeds.",
        "comparisons": [
            {
                "loop": "recording",
                "method": m,
                "what": METHODS[m].what,
                "lr": rates[m],
                "measures": measures[m],
            }
            for m in answers
        ],
    }
