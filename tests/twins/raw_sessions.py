"""Twins of 000070 (a clock that restarts, overlapping trials) and 000121 (a decoded position)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pynwb.ecephys import LFP, ElectricalSeries

from tests.twins.base import Population, Truth, arrays, container, counted, held, module, new, position, save

__all__ = ["churchland_maze", "even_chen"]

PAUSE = 60.0  # what the reader puts between two epochs


def _lagged(values: np.ndarray, at: np.ndarray, times: np.ndarray) -> np.ndarray:
    """As `held`, and the last sample where a bin holds none and it is at most a bin old."""
    out = held(values, at, times)
    for row in np.flatnonzero(np.isnan(out[:, 0])):
        before = np.flatnonzero(at <= times[row] + 1e-9)
        if len(before) and times[row] - at[before[-1]] <= 0.02 + 1e-9:
            out[row] = values[before[-1]]
    return out


def churchland_maze(path: Path) -> Truth:
    """Two epochs whose clocks both start near 0; two trials overlap; conversion NaN; LFP that nobody reads."""
    pop = Population(4, 6.0, 7)
    nwb = new("maze", "Nitschke", datetime(2009, 9, 10, tzinfo=UTC), "20090910")
    arrays(nwb, ("1", "2"), 2)
    true = np.array([[0.1, 1.0], [1.2, 2.0], [2.1, 2.9], [3.1, 4.0], [4.2, 5.0]])
    second = true[:, 0] >= 3.0
    written = true - np.where(second, 2.9, 0.0)[:, None]  # the second epoch runs from 0.2 to 2.1 again
    written[1, 0] = 0.9  # overlaps the first trial
    held_in = [[s[(s >= a) & (s < b)] for a, b in true] for s in pop.spikes]
    silent_late = 3
    trains = []
    for unit, parts in enumerate(held_in):
        parts = [p if not (second[k] and unit == silent_late) else p[:0] for k, p in enumerate(parts)]
        held_in[unit] = parts
        trains.append(np.concatenate([p - (2.9 if second[k] else 0.0) for k, p in enumerate(parts)]))
    nwb.add_unit_column("electrode_group", "group")
    for i, train in enumerate(trains):
        group = nwb.electrode_groups["12"[i // 2]]
        nwb.add_unit(spike_times=train, id=i, electrodes=[i], electrode_group=group, obs_intervals=written)
    rows = [np.arange(round(a * 1000), round(b * 1000)) for a, b in true]
    # The second trial's samples overlap the last 50 ms of the first.
    early = np.arange(round(0.95 * 1000), round(1.0 * 1000))
    at_true = np.concatenate([pop.t[r] for r in rows])
    stored = [pop.t[r] - (2.9 if s else 0.0) for r, s in zip(rows, second, strict=True)]
    stored[1] = np.concatenate([pop.t[early], stored[1]])
    hand = np.concatenate([pop.position[r] for r in rows])
    data = np.concatenate(
        [pop.position[rows[0]], pop.position[early] + 5, *(pop.position[r] for r in rows[1:])]
    )
    at = np.concatenate(stored)
    box = container(
        *(position(name, data, at, "mm", conversion=np.nan) for name in ("Cursor", "Eye", "Hand"))
    )
    module(nwb, "behavior").add(box)
    region = nwb.create_electrode_table_region([0, 1], "lfp")
    lfp = ElectricalSeries(
        name="A001", data=np.zeros((1000, 2)), electrodes=region, rate=1000.0, starting_time=0.0
    )
    processed = LFP(name="Processed")
    module(nwb, "ecephys").add(processed)
    processed.add_electrical_series(lfp)
    for a, b in written:
        nwb.add_trial(start_time=a, stop_time=b)
    nwb.add_trial_column("go_cue_time", "go", data=written[:, 0] + 0.3)
    nwb.add_trial_column("task_success", "ok", data=[True] * 5)
    nwb.add_trial_column("maze_condition", "condition", data=np.arange(5))
    nwb.add_trial_column("hit_target_position", "hit", data=np.int16([[-1, 2]] * 5))
    nwb.add_trial_column("frame_details", "frames", data=np.zeros((5, 2, 3)))
    save(nwb, path)
    first_end, shift = written[:3].max(), written[:3].max() + PAUSE - written[3, 0]

    def moved(t: np.ndarray) -> np.ndarray:
        return np.where(t >= 3.0, t - 2.9 + shift, t)

    times = 0.1 + 0.02 * np.arange(1, int((moved(at_true[-1:])[0] - 0.1) / 0.02 + 1e-6) + 1)
    counts = counted([moved(np.concatenate(p)) for p in held_in], times)
    spans = written + np.where(second, shift, 0.0)[:, None]
    spans[0, 1] = max(spans[0, 1], spans[1, 1])  # overlapping trials observe together
    valid = np.array([any(t - 0.02 >= a - 1e-6 and t <= b + 1e-6 for a, b in spans) for t in times])
    assert first_end == written[2, 1]
    return Truth(
        "churchland_maze", counts, times, _lagged(hand, moved(at_true), times), ("1:0", "1:1", "2:2", "2:3"),
        valid=valid, trials=5,
        says=("clock restarts 1 time", "50 samples repeat or run backwards", "not applied", "1 trials start before"),
        warns=("clock restarts", "left out"),
    )  # fmt: skip


def even_chen(path: Path) -> Truth:
    """Four positions, one of them decoded from the same spikes."""
    pop = Population(3, 4.0, 8)
    nwb = new("BCI", "J", datetime(2015, 1, 1, tzinfo=UTC), "bci")
    arrays(nwb, ("1",), 3)
    for i, train in enumerate(pop.spikes):
        nwb.add_unit(spike_times=train, id=i, electrodes=[i])
    names = ("Cursor", "DecodePos", "Eye", "Hand")
    box = container(*(position(n, pop.position + k, pop.t, "mm") for k, n in enumerate(names)))
    module(nwb, "behavior").add(box)
    for a in (0.5, 2.0):
        nwb.add_trial(start_time=a, stop_time=a + 1)
    nwb.add_trial_column("is_successful", "ok", data=[True, False])
    save(nwb, path)
    times = 0.02 * np.arange(1, 200)
    return Truth(
        "even_chen", counted(pop.spikes, times), times, held(pop.position + 3, pop.t, times), ("0", "1", "2"),
        says=("chosen by the layout: Position/Hand",), trials=2,
    )  # fmt: skip
