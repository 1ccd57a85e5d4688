"""Twins of FALCON (M1, M2, H1, H2), LINK (2025 and 2024), 000404 and NeuroTask."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pynwb import NWBFile, TimeSeries
from pynwb.ecephys import ElectricalSeries

from tests.twins.base import Population, Truth, arrays, counted, module, new, save, several, units

__all__ = [
    "falcon_h1",
    "falcon_h1_older",
    "falcon_h2",
    "falcon_m1",
    "falcon_m2",
    "khanna",
    "link_2024",
    "link_2025",
    "neurotask",
]

MUSCLES = "APL BCPs DLTa DLTp ECRB ECU EDC FCR FCU FDI FDPr FDPu Hypoth PECmaj TCPlat Thenar".split()
STEP = 0.02


def _mask(n: int) -> np.ndarray:
    mask = np.ones(n, bool)
    mask[:10] = mask[60:75] = False
    return mask


def _eval_mask(nwb: NWBFile, at: np.ndarray) -> None:
    nwb.add_acquisition(TimeSeries(name="eval_mask", data=_mask(len(at)), timestamps=at, unit="bool"))


def _scored(values: np.ndarray) -> np.ndarray:
    return np.where(_mask(len(values))[:, None], values, np.nan)


def falcon_m1(path: Path, day: datetime | None = None, seed: int = 11) -> Truth:
    """64 units with silent ones, sixteen muscles whose timestamps are bin ends, a gap between trials."""
    pop = Population(60, 4.0, seed)
    nwb = new("FALCON M1", "MonkeyL", day or datetime(2012, 9, 24, tzinfo=UTC), "20120924")
    groups = ("H_electrode_group", "I_electrode_group")
    arrays(nwb, groups, 32, x=float, y=float, z=float, imp=float)
    trains = [*pop.spikes, *([np.zeros(0)] * 4)]
    at = np.r_[STEP * np.arange(1, 80), STEP * np.arange(100, 190)]
    units(nwb, trains, obs_intervals=lambda i: [[0.0, 4.0]])
    emg = np.abs(np.random.default_rng(seed).normal(size=(len(at), 16)))
    box = several("preprocessed_emg", {m: emg[:, i] for i, m in enumerate(MUSCLES)}, at, "mV")
    nwb.add_acquisition(box)
    _eval_mask(nwb, at)
    for a in (0.0, 2.0):
        nwb.add_trial(start_time=a, stop_time=a + 1.5)
    nwb.add_trial_column("condition_id", "condition", data=[1.0, np.nan])
    save(nwb, path)
    return Truth(
        "falcon_m1", counted(trains, at), at, _scored(emg), tuple(str(i) for i in range(64)), trials=2,
        says=("bin ends, as the set keeps them", "eval_mask: 25 of", "the set keeps them over days"),
        warns=("4 of 64 channels never change",),
    )  # fmt: skip


def falcon_m2(path: Path, day: datetime | None = None, seed: int = 12) -> Truth:
    """96 units on a grid of 1 ms with repeated times; bin starts by the challenge's loader; 30 kHz voltage beside."""
    pop = Population(96, 3.0, seed)
    nwb = new("FALCON M2", "MonkeyN", day or datetime(2020, 10, 19, tzinfo=UTC), "2020-10-19-Run1")
    arrays(nwb, ("array",), 96)
    # On the ms grid, some exactly on the edges of bins; every fifth time twice.
    trains = [np.sort(np.r_[s := np.floor(train * 1000) / 1000, s[::5]]) for train in pop.spikes]
    units(nwb, trains, obs_intervals=lambda i: [[0.0, 3.0]])
    at = STEP * np.arange(3, 140)
    moves = pop.velocity[np.round(at * 1000).astype(int)]
    for name, data in (("finger_pos", np.cumsum(moves, 0)), ("finger_vel", moves)):
        nwb.add_acquisition(several(name, {"index": data[:, 0], "mrs": data[:, 1]}, at, "AU"))
    _eval_mask(nwb, at)
    region = nwb.create_electrode_table_region(list(range(96)), "all")
    raw = np.zeros((3000, 96), np.int16)
    nwb.add_acquisition(
        ElectricalSeries(name="fullband", data=raw, electrodes=region, rate=30000.0, starting_time=0.0)
    )
    nwb.add_trial(start_time=0.1, stop_time=2.0)
    nwb.add_trial_column("tgt_loc", "target", data=np.float32([[0.5, 0.5]]))
    save(nwb, path)
    counts = np.zeros((len(at), 96))
    for column, train in enumerate(trains):
        for ms in np.round(train * 1000).astype(int):  # whole ms: [start, start + 20)
            row = ms // 20 - 3
            if 0 <= row < len(at):
                counts[row, column] += 1
    return Truth(
        "falcon_m2", counts, at + STEP, _scored(moves), tuple(str(i) for i in range(96)), trials=1,
        says=("bin starts, as the set keeps them", "chosen by the layout: acquisition/finger_vel"),
    )  # fmt: skip


def falcon_h1(path: Path) -> Truth:
    """The period stored as rate, the starting time as offset; no electrodes; TrialNum and a mask beside."""
    return _h1(path, "eval_mask", _mask(120))


def falcon_h1_older(path: Path) -> Truth:
    """The same with a mask of what is not scored."""
    return _h1(path, "Blacklist", ~_mask(120))


def _h1(path: Path, mask: str, marked: np.ndarray) -> Truth:
    pop = Population(12, 3.0, 13, start=1.0)
    nwb = new("FALCON H1", "HumanPitt", datetime(1925, 1, 1, 11, 17, 40, tzinfo=UTC), "19250101")
    units(nwb, pop.spikes)
    n, start = 120, 1.5
    rng = np.random.default_rng(13)
    vel, number = rng.normal(size=(n, 7)), np.repeat([1, 2, 3], 40)
    for name, data in (("OpenLoopKinematics", np.cumsum(vel, 0)), ("OpenLoopKinematicsVelocity", vel)):
        nwb.add_acquisition(
            TimeSeries(name=name, data=data, rate=STEP, starting_time=0.0, offset=start, unit="AU",
                       description="columns=[tx, ty, tz, rx, g1, g2, g3]"))  # fmt: skip
    for name, data in (("TrialNum", number.astype(float)), (mask, marked)):
        nwb.add_acquisition(
            TimeSeries(name=name, data=data, rate=STEP, starting_time=0.0, offset=start, unit="n.a.")
        )
    save(nwb, path)
    at = start + STEP * np.arange(n)
    return Truth(
        "falcon_h1", counted(pop.spikes, at), at, _scored(vel), tuple(str(i) for i in range(12)), trials=3,
        says=("is the period in s, offset 1.5", "the set keeps them over days", f"{mask}: 25 of 120"),
    )  # fmt: skip


def falcon_h2(path: Path) -> Truth:
    """Binned spikes and cues; no units, no behaviour."""
    rng = np.random.default_rng(14)
    nwb = new("FALCON H2", "T5", datetime(2022, 5, 18, tzinfo=UTC), "20220518")
    counts, at = rng.poisson(1, (200, 192)), STEP * np.arange(1, 201)
    nwb.add_acquisition(TimeSeries(name="binned_spikes", data=counts, timestamps=at, unit="count"))
    _eval_mask(nwb, at)
    nwb.add_trial(start_time=0.0, stop_time=2.0)
    nwb.add_trial_column("cue", "sentence", data=["the quick fox"])
    nwb.add_trial_column("block_num", "block", data=[1])
    save(nwb, path)
    return Truth(
        "falcon_h2", counts, at, np.zeros((200, 0)), tuple(str(i) for i in range(192)), trials=1,
        options={"behavior": "none"}, says=("behaviour: none, as asked",),
    )  # fmt: skip


def _link(path: Path, old: bool, day: datetime | None, seed: int) -> Truth:
    rng = np.random.default_rng(seed)
    nwb = new("LINK", "Monkey-N", day or datetime(2021, 2, 3, tzinfo=UTC), "20210203")
    at, n = 5 + STEP * np.arange(300), 300
    tuning = np.random.default_rng(5).normal(size=(2, 96))
    vel = np.stack([np.sin(at * 3), np.cos(at * 2)], 1)
    counts = rng.poisson(np.exp(0.4 * vel @ tuning)).astype(float)
    power = rng.uniform(1, 9, (n, 96))
    other = "mrp" if old else "mrs"
    moves: dict[str, np.ndarray] = {"index_velocity": vel[:, :1], f"{other}_velocity": vel[:, 1:]}
    moves |= {"index_position": np.cumsum(vel[:, :1], 0), f"{other}_position": np.cumsum(vel[:, 1:], 0)}
    add: Any = nwb.add_analysis
    if old:
        add = module(nwb, "ecephys").add
        for name, data in (("SpikingBandPower", power), ("ThresholdCrossings", counts)):
            add(TimeSeries(name=name, data=data, timestamps=at, unit="unknown"))
        add = module(nwb, "behavior").add
    else:
        arrays(nwb, ("array",), 96)
        region = nwb.create_electrode_table_region(list(range(96)), "all")
        for name, data in (("SpikingBandPower", power), ("ThresholdCrossings", counts)):
            add(ElectricalSeries(name=name, data=data, timestamps=at, electrodes=region))
    for name, data in moves.items():
        unit = "flexion units" + " per time bin" * name.endswith("velocity")
        add(TimeSeries(name=name, data=data, timestamps=at, unit=unit))
    for k in range(3):
        nwb.add_trial(start_time=5 + 2.0 * k, stop_time=6.5 + 2.0 * k)
    nwb.add_trial_column("target_style", "style", data=["CO", "RD", "CO"])
    save(nwb, path)
    return Truth(
        "link", counts, at, vel, tuple(str(i) for i in range(96)), trials=3,
        says=("neural data", f"chosen by the layout: index_velocity+{other}_velocity", "assumed: timestamps"),
    )  # fmt: skip


def link_2025(path: Path, day: datetime | None = None, seed: int = 15) -> Truth:
    """Everything in analysis, counts and band power as ElectricalSeries, columns (T, 1)."""
    return _link(path, False, day, seed)


def link_2024(path: Path, day: datetime | None = None, seed: int = 16) -> Truth:
    """The draft: processing modules, mrp names, no electrodes table."""
    return _link(path, True, day, seed)


def khanna(path: Path) -> Truth:
    """Counts per task bin, and the state of the decoder that moved the cursor."""
    rng = np.random.default_rng(17)
    nwb = new("closed loop", "G", datetime(2016, 1, 1, tzinfo=UTC), "bmi")
    n = 240
    at = np.arange(1, n + 1) / 60
    counts, cursor = rng.poisson(0.3, (n, 20)), rng.normal(size=(n, 2))
    for name, data, unit in (
        ("spike_counts", counts, "counts"),
        ("cursor", cursor, "cm"),
        ("decoder_state", rng.normal(size=(n, 5)), "a.u."),
        ("target_state", rng.normal(size=(n, 2)), "cm"),
        ("update_bmi", (np.arange(n) % 6 == 0).astype(float), "n.a."),
        ("te_num", np.full(n, 4.0), "n.a."),
    ):
        module(nwb, "behavior").add(TimeSeries(name=name, data=data, timestamps=at, unit=unit))
    save(nwb, path)
    return Truth(
        "khanna", counts, at, cursor, tuple(str(i) for i in range(20)), width=1 / 60,
        says=("no fair label", "chosen by the layout: cursor"),
    )  # fmt: skip


def neurotask(path: Path) -> Truth:
    """Two sessions end to end on clocks of their own; trials by an index."""
    rng = np.random.default_rng(18)
    nwb = new("NeuroTask", "many", datetime(2016, 1, 1, tzinfo=UTC), "RT")
    n, cut = 300, 180
    at = np.r_[STEP * np.arange(1, cut + 1), STEP * np.arange(1, n - cut + 1)]
    counts, pos = rng.poisson(0.5, (n, 12)), rng.normal(size=(n, 2))
    module(nwb, "spikes").add(TimeSeries(name="spikes_counts", data=counts, timestamps=at, unit="counts"))
    for k, axis in enumerate("xy"):
        series = TimeSeries(name=f"cursor_pos_{axis}", data=pos[:, k], timestamps=at, unit="cm")
        module(nwb, "behavior").add(series)
    trial = np.r_[np.repeat([0, 1, 2], 60), np.repeat([0, 1], 60)]
    session = np.r_[np.zeros(cut), np.ones(n - cut)]
    for name, data in (
        ("animal", np.zeros(n)),
        ("session", session),
        ("trial_id", trial),
        ("datasetID", np.ones(n)),
    ):
        module(nwb, "indices").add(TimeSeries(name=name, data=data.astype(float), timestamps=at, unit="n.a."))
    save(nwb, path)
    return Truth(
        "neurotask", counts[cut:], at[cut:], pos[cut:], tuple(str(i) for i in range(12)), trials=2,
        options={"part": "1"}, says=("session 1 of 2 in the file: 120 of 300 bins",),
    )  # fmt: skip
