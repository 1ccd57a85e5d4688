"""What the viewer shows of a recording: each decoder's answers added up, trial by trial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from neurodrift.benchmark.replay.names import METHODS
from neurodrift.benchmark.replay.spec import ReplaySpec
from neurodrift.benchmark.replay.viewer_data import STATES, channel_states
from neurodrift.closed_loop.tasks import Floats
from neurodrift.data.session import Session
from neurodrift.drift import DriftPath
from neurodrift.evaluation.statistics import blocks_of

__all__ = ["recording_view"]

Json = dict[str, Any]
DISTANCE = 8.0
MOST = 400


def recording_view(
    spec: ReplaySpec,
    session: Session,
    answers: Mapping[str, npt.NDArray[np.floating]],
    path: DriftPath,
    onset: int,
) -> Json:
    """Trials with labels, in order, cut at the drift's onset; up to `MOST`, and two axes.

    A cursor starts in the middle and moves by what was decoded, over the labelled bins of a trial; the target
    is where the labels themselves lead. Both are drawn on a scale on which the median target is 8 away.
    """
    y = np.asarray(session.behavior[:, :2], np.float64)
    block = np.full(len(session), -1)
    block[session.labelled] = blocks_of(session, session.labelled)[0]
    trials = [np.flatnonzero(block == b) for b in range(block.max() + 1)]
    scale = DISTANCE / max(float(np.median([np.hypot(*y[t].sum(axis=0)) for t in trials])), 1e-9)
    mean = y[session.labelled].mean(axis=0)
    assert spec.recording is not None
    name = spec.recording.drift
    drifted = channel_states(path, 0)
    days: list[Json] = [
        {"label": "Before the drift" if name else "The session", "channels": [0] * len(drifted), "trials": []}
    ]
    if name:
        days.append({"label": f"After the drift ({name})", "channels": drifted, "trials": []})
    for t in trials[:MOST]:
        days[1 if name and t[0] >= onset else 0]["trials"].append(
            {
                "target": np.round(scale * y[t].sum(axis=0), 2),
                "runs": [_run(y[t], np.asarray(a)[t, :2], scale, mean) for a in answers.values()],
            }
        )
    return {
        "kind": "recording",
        "name": spec.name,
        "states": STATES,
        "bin_width": session.bin_width,
        # A few far targets may lie outside; all others would be small if they did not.
        "half_width": max(
            1.2 * float(np.percentile([np.abs(scale * y[t].sum(axis=0)).max() for t in trials], 98)), DISTANCE
        ),
        "radius": 0.8,
        "shape": "circle",
        "methods": [{"name": m, "what": METHODS[m].what} for m in answers],
        "days": [d for d in days if d["trials"]],
        "words": _words(spec, session, path, onset),
    }


def _run(y: Floats, y_hat: Floats, scale: float, mean: Floats) -> Json:
    way = np.vstack([np.zeros(2), scale * np.cumsum(y_hat, axis=0)])
    return {
        "path": np.round(100 * np.clip(way, -300, 300)).astype(int).ravel(),
        "hit": None,
        "sse": float(np.square(y - y_hat).sum()),
        "sst": float(np.square(y - mean).sum()),
    }


def _name(file: str) -> str:
    return file.replace("\\", "/").rpartition("/")[2]


def _words(spec: ReplaySpec, session: Session, path: DriftPath, onset: int) -> list[str]:
    recording = spec.recording
    assert recording is not None
    lines = [
        f"Decoders were trained on {', '.join(map(_name, recording.train))} and run through {_name(recording.test)} ({len(session)} bins of "
        f"{1000 * session.bin_width:.3g} ms), one bin at a time; learners are told each label {spec.intention.lag} bins after their answer.",
        "A cursor starts in the middle of each trial and moves by what was decoded in its labelled bins; the target is where the labels lead.",
        "Open loop: the animal steered another cursor, and could not react to any of these. What a user would feel is for closed loop to say.",
    ]
    if recording.drift:
        minutes = session.times[onset] - session.times[0]
        lines.append(
            f"From {minutes / 60:.1f} minutes on the counts are changed by a known drift, {recording.drift} at severity "
            f"{recording.severity:g} ({path}). The drift that lies between the two days comes on top, and nobody knows it."
        )
    return lines
