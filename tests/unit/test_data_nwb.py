"""The reader on twins of public layouts, written with pynwb."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from data_twins import (
    COUNTS,
    LABEL,
    TIMES,
    TRAINS,
    C,
    N,
    W,
    counted,
    electrodes,
    module,
    saved,
    series,
    trials,
    with_units,
)
from pynwb.behavior import BehavioralTimeSeries, Position, SpatialSeries
from pynwb.ecephys import LFP, ElectricalSeries

from neurodrift import NeurodriftError, NeurodriftWarning
from neurodrift.data import inspect_file, read_session


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
    for bad, says in ((0.06, "binned already"), (-1.0, "positive")):
        with pytest.raises(NeurodriftError, match=says):
            read_session(path, bin_width=bad)


def test_bin_starts_are_shifted_where_the_file_says_so(tmp_path: Path) -> None:
    label = series("pos", LABEL)
    path = saved(counted(description="timestamps are bin starts", label=label), tmp_path / "a.nwb")
    s = read_session(path)
    np.testing.assert_allclose(s.times, TIMES + W)


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
