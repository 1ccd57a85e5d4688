"""The reader on twins of public layouts, written here with pynwb, and on what it must refuse."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.behavior import BehavioralTimeSeries, Position, SpatialSeries
from pynwb.ecephys import LFP, ElectricalSeries

from neurodrift import NeurodriftError, NeurodriftWarning
from neurodrift.data import Session, inspect_file, read_session, write_session

N, C, W = 200, 8, 0.05
TIMES = np.arange(1, N + 1) * W
RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(2, (N, C)).astype(np.uint8)
LABEL = RNG.normal(size=(N, 2))


def empty() -> NWBFile:
    return NWBFile("twin", "id", datetime(2020, 1, 1, tzinfo=UTC), session_id="day")


def electrodes(nwb: NWBFile, n: int = C, groups: int = 1, labels: bool = True) -> None:
    device = nwb.create_device(name="d")
    made = [nwb.create_electrode_group(f"g{i}", "g", "M1", device) for i in range(groups)]
    if labels:
        nwb.add_electrode_column("label", "label")
    for i in range(n):
        extra = {"label": f"chan{i // groups}"} if labels else {}
        nwb.add_electrode(
            id=10 + i, location="M1", group=made[i % groups], group_name=f"g{i % groups}", **extra
        )


def series(name: str = "counts", data: Any = COUNTS, unit: str = "counts", **more: Any) -> TimeSeries:
    clock = {} if "rate" in more else {"timestamps": TIMES[: len(data)]}
    return TimeSeries(name=name, data=data, unit=unit, **{**clock, **more})


def module(nwb: NWBFile, name: str) -> Any:
    return nwb.processing[name] if name in nwb.processing else nwb.create_processing_module(name, name)


def saved(nwb: NWBFile, path: Path) -> Path:
    with NWBHDF5IO(str(path), "w") as io:
        io.write(nwb)
    return path


def counted(place: str = "processing", label: Any = None, **more: Any) -> NWBFile:
    nwb = empty()
    item = series(**more)
    if place == "processing":
        module(nwb, "ecephys").add(item)
    else:
        {"acquisition": nwb.add_acquisition, "analysis": nwb.add_analysis}[place](item)
    if label is not False:
        module(nwb, "behavior").add(label or series("hand_vel", LABEL, "m/s"))
    return nwb


@pytest.mark.parametrize("place", ["processing", "acquisition", "analysis"])
def test_counts_anywhere(place: str, tmp_path: Path) -> None:
    s = read_session(saved(counted(place), tmp_path / "a.nwb"))
    np.testing.assert_array_equal(s.counts, COUNTS)
    np.testing.assert_allclose(s.behavior, LABEL, rtol=1e-6)
    assert (s.bin_width, s.channels, s.behavior_unit) == (W, tuple(map(str, range(C))), "m/s")
    assert any("columns counted from 0" in line for line in s.provenance)
    assert any("assumed" in line and "bin ends" in line for line in s.provenance)


@pytest.mark.parametrize("name", ["ThresholdCrossings", "spike_counts", "binned_spikes"])
def test_counts_by_name_or_unit(name: str, tmp_path: Path) -> None:
    s = read_session(saved(counted(name=name, unit="a.u.", data=COUNTS.astype(float)), tmp_path / "a.nwb"))
    np.testing.assert_array_equal(s.counts, COUNTS)
    found = inspect_file(saved(counted(name="activity", unit="counts"), tmp_path / "b.nwb"))["neural"]
    assert [item["path"] for item in found] == ["processing/ecephys/activity"]


def test_negative_or_fractional_numbers_are_not_counts(tmp_path: Path) -> None:
    for data in (COUNTS.astype(float) + 0.5, COUNTS.astype(int) - 1):
        path = saved(counted(data=data), tmp_path / "a.nwb")
        with pytest.raises(NeurodriftError, match="no neural data"):
            read_session(path)
        with pytest.raises(NeurodriftError, match="does not hold counts"):
            read_session(path, neural="counts", behavior="hand_vel")


@pytest.mark.parametrize("kind", ["Position", "BehavioralTimeSeries", "SpatialSeries", "TimeSeries"])
def test_behaviour_in_every_container(kind: str, tmp_path: Path) -> None:
    if kind in ("Position", "SpatialSeries"):
        inner: Any = SpatialSeries(name="hand", data=LABEL, reference_frame="r", timestamps=TIMES, unit="mm")
    else:
        inner = series("hand", LABEL, "mm")
    label = {"Position": Position, "BehavioralTimeSeries": BehavioralTimeSeries}.get(kind)
    if kind == "Position":
        item: Any = Position(spatial_series=inner)
    else:
        item = BehavioralTimeSeries(time_series=inner) if label else inner
    path = saved(counted(label=item), tmp_path / "a.nwb")
    where = f"processing/behavior/{kind}/hand" if label else "processing/behavior/hand"
    assert inspect_file(path)["behaviors"] == [{"name": "hand", "dimensions": 2, "unit": "mm", "path": where}]
    for name in (None, "hand", where):
        s = read_session(path, behavior=name)
        np.testing.assert_allclose(s.behavior, LABEL, rtol=1e-6)
        assert s.behavior_names == ("x", "y")


def test_rate_and_starting_time(tmp_path: Path) -> None:
    label = series("pos", LABEL[:, 0], "m", starting_time=W, rate=1 / W)
    s = read_session(saved(counted(starting_time=W, rate=1 / W, label=label), tmp_path / "a.nwb"))
    np.testing.assert_allclose(s.times, TIMES)
    np.testing.assert_allclose(s.behavior[:, 0], LABEL[:, 0], rtol=1e-6)
    assert s.behavior_names == ("pos",)


@pytest.mark.parametrize(
    ("conversion", "offset", "scale", "shift"), [(np.nan, 0, 1, 0), (0.01, 0, 0.01, 0), (1.0, 2.0, 1, 2)]
)
def test_conversion(conversion: float, offset: float, scale: float, shift: float, tmp_path: Path) -> None:
    label = series("pos", LABEL, "m", conversion=conversion, offset=float(offset))
    s = read_session(saved(counted(label=label), tmp_path / "a.nwb"))
    np.testing.assert_allclose(s.behavior, LABEL * scale + shift, rtol=1e-5)
    assert any("conversion" in line or "offset" in line for line in s.provenance)


def test_velocity_and_gaps(tmp_path: Path) -> None:
    times = TIMES + 5 * (np.arange(N) >= 100)
    label = series("pos", 3 * times, "m", timestamps=times)
    s = read_session(
        saved(counted(timestamps=times, label=label), tmp_path / "a.nwb"), behavior_transform="velocity"
    )
    assert np.flatnonzero(np.isnan(s.behavior[:, 0])).tolist() == [0, 100] and s.behavior_unit == "m/s"
    np.testing.assert_allclose(s.behavior[s.labelled], 3, rtol=1e-4)
    with pytest.raises(NeurodriftError, match="behavior_transform"):
        read_session(tmp_path / "a.nwb", behavior_transform="speed")


def test_bin_width_of_counts(tmp_path: Path) -> None:
    path = saved(counted(), tmp_path / "a.nwb")
    assert read_session(path, bin_width=0.052).bin_width == 0.052
    for bad, says in ((0.06, "contradict|apart"), (-1.0, "positive")):
        with pytest.raises(NeurodriftError, match=says):
            read_session(path, bin_width=bad)


def test_bin_starts_are_shifted_where_the_file_says_so(tmp_path: Path) -> None:
    label = series("pos", LABEL)
    path = saved(counted(description="timestamps are bin starts", label=label), tmp_path / "a.nwb")
    s = read_session(path)
    np.testing.assert_allclose(s.times, TIMES + W)


def with_units(on: list[int] | None, table: int = 4, obs: Any = None, groups: int = 1) -> NWBFile:
    nwb = empty()
    if on is not None:
        electrodes(nwb, table, groups)
    for i, train in enumerate(TRAINS):
        more: dict[str, Any] = {} if on is None else {"electrodes": [on[i]]}
        if obs is not None:
            more["obs_intervals"] = obs
        nwb.add_unit(spike_times=train, id=100 + i, **more)
    at = np.arange(0, 10.0005, 0.01)
    pos = SpatialSeries(name="hand", data=np.c_[at, -at], reference_frame="r", timestamps=at, unit="mm")
    module(nwb, "behavior").add(Position(spatial_series=pos))
    return nwb


TRAINS = [np.sort(RNG.uniform(0.001, 9.99, n)) for n in (50, 30, 80)]


def test_units_are_pooled_per_electrode(tmp_path: Path) -> None:
    path = saved(with_units([2, 2, 0]), tmp_path / "a.nwb")
    with pytest.warns(NeurodriftWarning, match="2 of 4 channels never change here: chan1, chan3"):
        s = read_session(path, bin_width=0.1)
    assert s.channels == ("chan0", "chan1", "chan2", "chan3") and len(s) == 100
    assert s.counts.sum(axis=0).tolist() == [80, 0, 80, 0]
    oracle = np.histogram(np.r_[TRAINS[0], TRAINS[1]], np.arange(101) / 10)[0]
    np.testing.assert_array_equal(s.counts[:, 2], oracle)
    np.testing.assert_allclose(s.behavior[:, 0], s.times - 0.045, atol=1e-6)


def test_groups_prefix_electrode_ids(tmp_path: Path) -> None:
    path = saved(with_units([0, 1, 2], groups=2), tmp_path / "a.nwb")
    with pytest.warns(NeurodriftWarning, match="never change"):
        assert read_session(path, bin_width=0.1).channels == ("g0:chan0", "g1:chan0", "g0:chan1", "g1:chan1")


def test_units_without_electrodes_warn(tmp_path: Path) -> None:
    path = saved(with_units(None), tmp_path / "a.nwb")
    with pytest.warns(NeurodriftWarning, match="does not persist"):
        assert read_session(path, bin_width=0.1).channels == ("100", "101", "102")
    with pytest.raises(NeurodriftError, match="need a bin width"):
        read_session(path)


def test_obs_intervals_become_the_valid_mask(tmp_path: Path) -> None:
    path = saved(with_units([0, 1, 2], 3, obs=[[0.0, 3.05], [5.0, 10.0]]), tmp_path / "a.nwb")
    s = read_session(path, bin_width=0.1)
    np.testing.assert_array_equal(s.valid, (s.times < 3.04) | (s.times > 5.05))


def test_electrode_ids_where_labels_are_not_unique(tmp_path: Path) -> None:
    nwb = counted()
    electrodes(nwb, labels=False)
    assert read_session(saved(nwb, tmp_path / "a.nwb")).channels == tuple(str(10 + i) for i in range(C))


def test_two_candidates_and_names(tmp_path: Path) -> None:
    nwb = counted()
    module(nwb, "behavior").add(series("hand_pos", LABEL, "m"))
    nwb.add_analysis(series("more_counts"))
    path = saved(nwb, tmp_path / "a.nwb")
    with pytest.raises(NeurodriftError, match=r"processing/ecephys/counts .* analysis/more_counts"):
        read_session(path, behavior="hand_pos")
    with pytest.raises(
        NeurodriftError, match=r"processing/behavior/hand_pos .* processing/behavior/hand_vel"
    ):
        read_session(path, neural="counts")
    with pytest.raises(NeurodriftError, match="did you mean 'hand_pos'"):
        read_session(path, neural="counts", behavior="hand_poss")
    notes = " ".join(inspect_file(path)["notes"])
    assert "2 series could be the neural data" in notes and "2 series could be the behaviour" in notes
    assert inspect_file(path)["n_channels"] is None
    assert (
        len(read_session(path, neural="analysis/more_counts", behavior="/processing/behavior/hand_vel")) == N
    )


def test_raw_voltages_are_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nwb = counted()
    electrodes(nwb)
    region = nwb.create_electrode_table_region(list(range(C)), "all")
    raw = ElectricalSeries(name="raw_counts", data=COUNTS, electrodes=region, rate=30000.0, starting_time=0.0)
    nwb.add_acquisition(raw)
    lfp = ElectricalSeries(name="lfp", data=LABEL[:, :1].repeat(C, 1), electrodes=region, timestamps=TIMES)
    module(nwb, "ecephys").add(LFP(electrical_series=lfp))
    path = saved(nwb, tmp_path / "a.nwb")
    read: list[str] = []
    whole = h5py.Dataset.__getitem__

    def spy(self: Any, *args: Any, **more: Any) -> Any:
        read.append(self.name)
        return whole(self, *args, **more)

    monkeypatch.setattr(h5py.Dataset, "__getitem__", spy)
    ignored = {item["path"]: item["why"] for item in inspect_file(path)["ignored"]}
    read_session(path)
    assert set(ignored) == {"acquisition/raw_counts", "processing/ecephys/LFP/lfp"}
    assert "/processing/ecephys/counts/data" in read
    assert not {"/acquisition/raw_counts/data", "/processing/ecephys/LFP/lfp/data"} & set(read)


def trials(nwb: NWBFile, spans: list[tuple[float, float]]) -> None:
    for a, b in spans:
        nwb.add_trial(start_time=a, stop_time=b)
    nwb.add_trial_column("result", "r", ["R", "A", "R"][: len(spans)])
    nwb.add_trial_column("corners", "ragged", data=[1.0, 2.0, 3.0], index=[1, 2, 3][: len(spans)])


def test_trials_by_bin_centre_and_filter(tmp_path: Path) -> None:
    nwb = counted()
    trials(nwb, [(0.0, 2.0), (2.0, 4.0), (3.5, 6.0)])
    path = saved(nwb, tmp_path / "a.nwb")
    s = read_session(path)
    centre = s.times - W / 2
    want = np.select([(centre >= 3.5) & (centre < 6), centre < 2, centre < 4], [2, 0, 1], -1)
    np.testing.assert_array_equal(s.trial, want)
    assert any("1 trials start before an earlier one stops" in line for line in s.provenance)
    kept = read_session(path, trials="result == 'R'")
    np.testing.assert_array_equal(kept.times, s.times[np.isin(want, [0, 2])])
    assert len(kept.trials) == 3 and any("90 of 200 bins kept" in line for line in kept.provenance)
    with pytest.raises(NeurodriftError, match="leaves nothing"):
        read_session(path, trials="result == 'X'")
    with pytest.raises(NeurodriftError, match="did you mean 'result'"):
        read_session(path, trials="resul == 'R'")
    with pytest.raises(NeurodriftError, match="has no trials"):
        read_session(saved(counted(), tmp_path / "b.nwb"), trials="result == 'R'")


def test_channels_are_chosen_by_id(tmp_path: Path) -> None:
    path = saved(counted(), tmp_path / "a.nwb")
    np.testing.assert_array_equal(read_session(path, channels=["5", "2"]).counts, COUNTS[:, [5, 2]])
    with pytest.raises(NeurodriftError, match="no channel 'x'"):
        read_session(path, channels=["x"])


def test_nan_counts_are_marked(tmp_path: Path) -> None:
    data = COUNTS.astype(float)
    data[7] = np.nan
    s = read_session(saved(counted(data=data), tmp_path / "a.nwb"))
    assert np.flatnonzero(~s.valid).tolist() == [7] and not s.counts[7].any()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    good = saved(counted(), tmp_path / "good.nwb")
    (tmp_path / "text.nwb").write_text("hello")
    (tmp_path / "empty.nwb").touch()
    (tmp_path / "cut.nwb").write_bytes(good.read_bytes()[:9000])
    with h5py.File(tmp_path / "other.nwb", "w") as file:
        file["x"] = 1
    with h5py.File(shutil.copy(good, tmp_path / "hurt.nwb"), "a") as file:
        del file["session_start_time"]
    cases = {
        "missing.nwb": "does not exist",
        ".": "is a directory",
        "text.nwb": "not an HDF5 file",
        "empty.nwb": "it is empty",
        "cut.nwb": "cut short",
        "other.nwb": "not NWB 2",
        "hurt.nwb": "pynwb cannot read it",
    }
    for name, says in cases.items():
        for call in (read_session, inspect_file):
            with pytest.raises(NeurodriftError, match=says) as caught:
                call(tmp_path / name)
            assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"label": False}, "no behaviour found"),
        ({"data": LABEL, "name": "x", "unit": "u"}, "no neural data found"),
        ({"label": series("v", np.full((N, 2), np.nan))}, "NaN in all 200 bins"),
        ({"timestamps": np.r_[TIMES[:9], TIMES[8], TIMES[10:]]}, "repeat at sample 9"),
        ({"timestamps": np.r_[TIMES[:99], TIMES[:101]]}, "run backwards at sample 99"),
        ({"timestamps": np.r_[TIMES[:9], np.nan, TIMES[10:]]}, "timestamp 9 of .* is nan"),
    ],
)
def test_contents_that_cannot_be_used(more: dict[str, Any], says: str, tmp_path: Path) -> None:
    path = saved(
        counted(**{**more, "name": "counts" if "data" not in more else "lfp", "unit": "u"}),
        tmp_path / "a.nwb",
    )
    if "data" in more:
        path = saved(counted(data=LABEL, name="x", unit="u", label=False), tmp_path / "a.nwb")
    with pytest.raises(NeurodriftError, match=says):
        read_session(path)
    assert inspect_file(path)["notes"]


def test_a_constant_channel_warns_and_stays(tmp_path: Path) -> None:
    data = COUNTS.copy()
    data[:, 3] = 0
    path = saved(counted(data=data), tmp_path / "a.nwb")
    with pytest.warns(NeurodriftWarning, match=re.escape("1 of 8 channels never change here: 3")):
        assert len(read_session(path).channels) == C


def example(**more: Any) -> Session:
    behavior = LABEL.astype(np.float32)
    behavior[20:30] = np.nan
    valid = np.ones(N, bool)
    valid[[0, 50, 51, 120, N - 1]] = False
    times = TIMES + RNG.uniform(-0.004, 0.004, N) + 3 * (np.arange(N) >= 100)
    table = pd.DataFrame(
        {
            "start_time": [0.0, 3.0, 6.0],
            "stop_time": [3.0, 6.0, 8.0],
            "result": ["R", "", "A"],
            "ok": [True, False, True],
            "block": [0, 1, 1],
            "rt": [0.1, np.nan, 0.3],
        }
    )
    centre = times - W / 2
    trial = np.select([centre < 3, centre < 6, centre < 8], [0, 1, 2], -1)
    base: dict[str, Any] = dict(
        counts=COUNTS, behavior=behavior, bin_width=W, times=times, channels=tuple(f"e{i}" for i in range(C)),
        behavior_names=("vx", "vy"), behavior_unit="m/s", trial=trial, trials=table, valid=valid,
        subject="sim-1", identifier="day-1", start=datetime(2024, 5, 1, 9, tzinfo=UTC), provenance=("simulated, seed 0",),
    )  # fmt: skip
    return Session(**{**base, **more})


@pytest.mark.parametrize("top", [1, 300])
def test_round_trip(top: int, tmp_path: Path) -> None:
    s = example(counts=COUNTS.astype(int) * top)
    write_session(s, tmp_path / "a.nwb")
    r = read_session(tmp_path / "a.nwb")
    for name in ("counts", "behavior", "times", "trial", "valid"):
        np.testing.assert_array_equal(getattr(r, name), getattr(s, name), err_msg=name)
    for name in (
        "bin_width",
        "channels",
        "behavior_names",
        "behavior_unit",
        "subject",
        "identifier",
        "start",
    ):
        assert getattr(r, name) == getattr(s, name), name
    pd.testing.assert_frame_equal(r.trials, s.trials)
    assert any("Simulated session" in line for line in r.provenance)
    assert [item.name for item in tmp_path.iterdir()] == ["a.nwb"]


def test_fractional_counts_and_missing_folders_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(NeurodriftError, match="whole numbers"):
        write_session(example(counts=COUNTS + 0.5), tmp_path / "a.nwb")
    with pytest.raises(NeurodriftError, match="does not exist"):
        write_session(example(), tmp_path / "no" / "a.nwb")
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_session(example(), tmp_path / "a.nwb")
    before = (tmp_path / "a.nwb").read_bytes()

    def broken(self: Any, nwb: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(NWBHDF5IO, "write", broken)
    with pytest.raises(OSError, match="disk full"):
        write_session(example(), tmp_path / "a.nwb")
    assert [item.name for item in tmp_path.iterdir()] == ["a.nwb"]
    assert (tmp_path / "a.nwb").read_bytes() == before


@pytest.mark.parametrize("provenance", [("simulated, seed 0",), ()])
@pytest.mark.filterwarnings("ignore")
def test_nwbinspector_has_no_errors(provenance: tuple[str, ...], tmp_path: Path) -> None:
    nwbinspector = pytest.importorskip("nwbinspector", reason="nwbinspector is not installed")
    write_session(example(provenance=provenance), tmp_path / "a.nwb")
    serious = ("ERROR", "PYNWB_VALIDATION", "CRITICAL", "BEST_PRACTICE_VIOLATION")
    found = [m for m in nwbinspector.inspect_nwbfile(tmp_path / "a.nwb") if m.importance.name in serious]
    assert found == []
