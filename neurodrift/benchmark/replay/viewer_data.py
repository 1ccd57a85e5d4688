"""What the replay viewer shows: cursors of each method through the same trials, drifting channels, scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodrift.benchmark.replay.chain import shown_days
from neurodrift.benchmark.replay.names import METHODS
from neurodrift.benchmark.replay.spec import ReplaySpec
from neurodrift.benchmark.replay.world import SimulatedWorld
from neurodrift.benchmark.store import Store
from neurodrift.drift import DriftPath

if TYPE_CHECKING:
    from neurodrift.benchmark.replay.run import Chain

__all__ = ["channel_states", "viewer_data"]

Json = dict[str, Any]
TRIALS = 24
STATES = (
    "as it was",
    "other gain or added rate",
    "turned or weaker tuning",
    "another unit or channel",
    "silent",
)


def viewer_data(spec: ReplaySpec, chains: Sequence[Chain], store: Store) -> Json:
    """Trials of seed 0, on the days shown; up to `TRIALS` a day that every method ended."""
    loop = "closed" if "closed" in spec.loops else ""
    units = {u.method: u for u in chains if u.loop == loop and u.seed == 0}
    methods = [m for m in spec.methods if m in units]
    world = SimulatedWorld(spec, 0)
    task = world.task()
    arrays = {m: store.arrays(units[m].key) for m in methods}
    days = []
    for day in shown_days(spec) if methods else []:
        n = min(TRIALS, *(len(arrays[m][f"trials-{day}"]) for m in methods))
        states = channel_states(world.paths[day])
        days.append(
            {
                "label": f"Day {day}",
                "channels": states,
                "trials": [
                    {
                        "target": arrays[methods[0]][f"targets-{day}"][i],
                        "runs": [_run(arrays[m], day, i) for m in methods],
                    }
                    for i in range(n)
                ],
            }
        )
    return {
        "kind": "closed",
        "name": spec.name,
        "states": STATES,
        "bin_width": spec.world.bin_width,
        "half_width": task.half_width,
        "radius": task.radius,
        "shape": task.shape,
        "dwell": task.dwell,
        "timeout": task.timeout,
        "methods": [{"name": m, "what": METHODS[m].what} for m in methods],
        "days": days,
    }


def _run(arrays: dict[str, Any], day: int, i: int) -> Json:
    first, last, entered, success = (int(v) for v in arrays[f"trials-{day}"][i])
    path = arrays[f"position-{day}"][first : last + 1]
    start = np.round(100 * arrays[f"starts-{day}"][i]).astype(int)
    return {
        "path": np.vstack([start, path]).ravel(),
        "hit": bool(success),
        "entered": entered - first + 1 if success else None,
    }


def channel_states(path: DriftPath, row: int = -1) -> list[int]:
    """For each channel the index into STATES of the strongest thing that has happened to it since day 0."""
    state = np.zeros(path.n_channels, int)
    state[(path.gain[row] != 1) | (path.added[row] > 0)] = 1
    state[(path.rotation[row] != 0) | (path.depth[row] != 1)] = 2
    state[(path.source[row] != np.arange(path.n_channels)) | (path.unit[row] > 0)] = 3
    state[path.silent[row]] = 4
    return [int(s) for s in state]
