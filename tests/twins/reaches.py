"""Twins of 000688 (centre-out and random targets), MC_Maze (train and test) and MC_RTT."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pynwb import TimeSeries
from pynwb.behavior import BehavioralTimeSeries

from tests.twins.base import (
    Population,
    Truth,
    arrays,
    container,
    counted,
    held,
    module,
    new,
    position,
    save,
    units,
)

__all__ = ["mc_maze", "mc_maze_test", "mc_rtt", "mc_rtt_test", "perich_miller_co", "perich_miller_rt"]

WARNING = "Warning: This session with Monkey C has a noisy array"
LABELS = "elec%d"


def _perich(path: Path, groups: tuple[str, ...], seed: int, rt: bool, day: datetime | None) -> Truth:
    pop = Population(10, 6.0, seed, start=2.0)
    what = f"Random target. {WARNING}" if rt else "Centre out."
    nwb = new(what, "C", day, "RT-20140301" if rt else "CO-20140301")
    arrays(nwb, groups, 6, label=lambda i: LABELS % (i % 6 + 1), bank=lambda i: "A", pin=lambda i: i)
    on = [0, 0, 1, 3, 3, 3, 5, 4, 4, 0] if len(groups) == 1 else [0, 0, 1, 3, 7, 7, 11, 4, 4, 0]
    shape = np.int16(np.arange(2 * 48).reshape(2, 48))
    units(nwb, pop.spikes, electrodes=lambda i: [on[i]], waveforms=lambda i: [shape, shape])
    at = pop.t[::10]
    behavior = module(nwb, "behavior")
    behavior.add(container(position("cursor_pos", pop.position[::10], at)))
    for name, series, data, unit in (
        ("Velocity", "cursor_vel", pop.velocity[::10], "cm/s"),
        ("Acceleration", "cursor_acc", np.gradient(pop.velocity[::10], 0.01, axis=0), "cm/s^2"),
    ):
        box = BehavioralTimeSeries(name=name)
        box.add_timeseries(TimeSeries(name=series, data=data, timestamps=at, unit=unit))
        behavior.add(box)
    for k in range(3):
        nwb.add_trial(start_time=2.2 + 1.8 * k, stop_time=3.6 + 1.8 * k)
    columns: dict[str, Any] = {"result": list("RAR"), "target_id": [0.0, np.nan, 3.0]}
    if rt:
        columns["go_cue_time_array"] = np.full((3, 4), np.nan)
        columns |= {"num_targets": np.uint8([4, 4, 4]), "num_attempted": [4.0, np.nan, 4.0]}
    else:
        columns |= {
            "go_cue_time": [2.6, np.nan, 6.2],
            "target_on_time": [2.4, 4.2, 6.0],
            "target_corners": np.ones((3, 4)),
        }
    for name, data in columns.items():
        nwb.add_trial_column(name, name, data=data)
    save(nwb, path)
    times = at[0] + 0.02 * np.arange(1, int((at[-1] - at[0]) / 0.02 + 1e-6) + 1)
    counts = np.zeros((len(times), 6 * len(groups)))
    for unit, row in enumerate(on):
        counts[:, row] += counted([pop.spikes[unit]], times)[:, 0]
    prefix = [f"{group}:" for group in groups]
    return Truth(
        "perich_miller", counts, times, held(pop.velocity[::10], at, times),
        tuple(before + LABELS % (i + 1) for before in prefix for i in range(6)),
        says=("10 units pooled per electrode", "no unit: kept, counts 0", "chosen by the layout: cursor_vel"),
        warns=(WARNING,) if rt else (), trials=3,
    )  # fmt: skip


def perich_miller_co(path: Path, seed: int = 1, day: datetime | None = None) -> Truth:
    """Two arrays, centre-out: several units an electrode, doubly indexed waveforms, 10 ms behaviour."""
    return _perich(path, ("electrode_group_M1", "electrode_group_PMd"), seed, False, day)


def perich_miller_rt(path: Path, seed: int = 2, day: datetime | None = None) -> Truth:
    """One array, random targets: arrays of go cues, a warning in the session's description."""
    return _perich(path, ("electrode_group_M1",), seed, True, day)


def _trial_rows(start: float, n: int, each: float, pause: float) -> np.ndarray:
    first = start + np.arange(n) * (each + pause)
    return np.stack([first, first + each], 1)


def _maze(path: Path, test: bool, day: datetime | None = None) -> Truth:
    pop = Population(8, 5.0, 3)
    nwb = new("MC_Maze", "Jenkins", day or datetime(2009, 9, 28, tzinfo=UTC), "small")
    arrays(nwb, ("PMd", "M1"), 96, imp=lambda i: np.nan)
    # As published: units of the second array name rows of the first.
    ids, on = [1011, 1012, 1031, 1962, 2011, 2031, 2032, 2961], [0, 0, 2, 95, 0, 2, 2, 95]
    right = [row + 96 * (unit > 2000) for unit, row in zip(ids, on, strict=True)]
    heldout = [i in (1, 6) for i in range(8)]
    spans = _trial_rows(0.1, 4, 0.9, 0.2)
    inside = [np.concatenate([s[(s >= a) & (s < b)] for a, b in spans]) for s in pop.spikes]
    kept = [i for i in range(8) if not (test and heldout[i])]
    nwb.add_unit_column("heldout", "held out")
    for i in kept:
        nwb.add_unit(
            spike_times=inside[i], id=ids[i], electrodes=[on[i]], obs_intervals=spans, heldout=heldout[i]
        )
    rows = np.concatenate([np.arange(round(a * 1000), round(b * 1000)) for a, b in spans])
    at = pop.t[rows]
    if not test:
        for name in ("cursor_pos", "eye_pos", "hand_pos"):
            module(nwb, "behavior").add(
                position(name, pop.position[rows], at, "mm", comments="columns=[x, y]")
            )
        vel = TimeSeries(
            name="hand_vel", data=pop.velocity[rows], timestamps=at, unit="mm/s", comments="columns=[x, y]"
        )
        module(nwb, "behavior").add(vel)
    for a, b in spans:
        nwb.add_trial(start_time=a, stop_time=b)
    nwb.add_trial_column("move_onset_time", "onset", data=spans[:, 0] + 0.4)
    nwb.add_trial_column("split", "split", data=["test"] * 4 if test else ["train", "train", "val", "none"])
    if not test:
        nwb.add_trial_column("maze_id", "maze", data=[1, 2, 3, 4])
        nwb.add_trial_column("target_pos", "targets", data=np.ones((6, 2)), index=[1, 3, 4, 6])
    save(nwb, path)
    first, last = (spans[0, 0], spans[-1, 1]) if test else (at[0], at[-1])
    times = first + 0.02 * np.arange(1, int((last - first) / 0.02 + 1e-6) + 1)
    counts = np.zeros((len(times), 192))
    for i in kept:
        counts[:, right[i]] += counted([inside[i]], times)[:, 0]
    valid = np.array([any(t - 0.02 >= a - 1e-6 and t <= b + 1e-6 for a, b in spans) for t in times])
    behavior = np.zeros((len(times), 0)) if test else held(pop.velocity[rows], at, times)
    if not test:  # the last sample before a bin holds for one bin at most
        for row in np.flatnonzero(np.isnan(behavior[:, 0])):
            before = np.flatnonzero(at <= times[row] + 1e-9)
            if len(before) and times[row] - at[before[-1]] <= 0.02 + 1e-9:
                behavior[row] = pop.velocity[rows][before[-1]]
    return Truth(
        "mc_maze", counts, times, behavior,
        tuple(f"{g}:{i}" for g, i in [("PMd", i) for i in range(96)] + [("M1", i) for i in range(96, 192)]),
        options={"behavior": "none"} if test else {}, valid=valid, trials=4,
        says=("rows corrected by 96", "obs_intervals"), warns=("rows corrected",),
    )  # fmt: skip


def mc_maze(path: Path, day: datetime | None = None) -> Truth:
    """Training file: held-out units, one obs_interval a trial, behaviour with gaps, electrodes of M1 off by 96."""
    return _maze(path, False, day)


def mc_maze_test(path: Path, day: datetime | None = None) -> Truth:
    """Test file: no behaviour, no held-out units."""
    return _maze(path, True, day)


def mc_rtt(path: Path) -> Truth:
    """Windows of 600 ms as trials, observation in a few chunks, positions in mm."""
    return _rtt(path, False)


def mc_rtt_test(path: Path) -> Truth:
    """Test file: no behaviour, no held-out unit, one interval of observation a trial."""
    return _rtt(path, True)


def _rtt(path: Path, test: bool) -> Truth:
    pop = Population(6, 5.0, 4)
    nwb = new("MC_RTT", "Indy", datetime(2017, 2, 2, tzinfo=UTC), "rtt")
    arrays(nwb, ("M1",), 8, x=float, y=float, z=float, imp=float)
    spans = _trial_rows(0.0, 6, 0.6, 0.2) if test else _trial_rows(0.0, 7, 0.6, 0.0)
    chunks = spans if test else np.array([[0.0, 2.01], [2.01, 3.0], [3.3, 5.0]])
    nwb.add_unit_column("heldout", "held out")
    units(nwb, pop.spikes[: 6 - test], ids=[201, 203, 301, 401, 402, 501], electrodes=lambda i: [i],
          obs_intervals=lambda i: chunks, heldout=lambda i: i == 5)  # fmt: skip
    if not test:
        for name, columns in (("cursor_pos", 2), ("finger_pos", 3), ("target_pos", 2)):
            data = np.c_[pop.position, pop.t][:, :columns]
            module(nwb, "behavior").add(position(name, data, pop.t, "mm"))
        vel = TimeSeries(name="finger_vel", data=pop.velocity, timestamps=pop.t, unit="mm/s")
        module(nwb, "behavior").add(vel)
    for a, b in spans:
        nwb.add_trial(start_time=a, stop_time=b)
    nwb.add_trial_column("split", "split", data=["test" if test else "train"] * len(spans))
    save(nwb, path)
    times = 0.02 * np.arange(1, 231 if test else 250)
    counts = np.zeros((len(times), 8))
    counts[:, :5] = counted(pop.spikes[:5], times)
    valid = ~((times > 3.0 + 1e-6) & (times - 0.02 < 3.3 - 1e-6))
    if test:
        valid = np.array([any(t - 0.02 >= a - 1e-6 and t <= b + 1e-6 for a, b in spans) for t in times])
    behavior = np.zeros((len(times), 0)) if test else held(pop.velocity, pop.t, times)
    return Truth(
        "mc_rtt", counts, times, behavior, tuple(str(i) for i in range(8)), valid=valid, trials=len(spans),
        options={"behavior": "none"} if test else {"units": "heldout == False"},
        says=("behaviour: none, as asked",) if test else ("units 'heldout == False': 5 of 6 kept",),
    )  # fmt: skip
