"""Files as laboratories keep them: read rightly, or refused with the file, the object, the value and the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynwb import NWBFile

from neurodrift import NeurodriftError, NeurodriftWarning
from neurodrift.data import inspect_file, read_session
from neurodrift.data.binned import added_up
from neurodrift.data.counting import Counted
from tests.unit.data_twins import (
    COUNTS,
    LABEL,
    TIMES,
    TRAINS,
    C,
    N,
    W,
    counted,
    electrodes,
    empty,
    module,
    saved,
    series,
    with_units,
)


def refused(nwb: NWBFile, tmp_path: Path, says: str, **options: Any) -> None:
    path = saved(nwb, tmp_path / "lab.nwb")
    with pytest.raises(NeurodriftError, match=says) as caught:
        read_session(path, **options)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert inspect_file(path)["notes"]


@pytest.mark.filterwarnings("ignore:.*may be transposed")
@pytest.mark.parametrize("table", [True, False])
def test_columns_before_time_is_refused(table: bool, tmp_path: Path) -> None:
    """Counts (channels, time), which pynwb writes with a warning only where timestamps tell."""
    nwb = counted(data=np.tile(COUNTS.T, 3), rate=20.0)
    if table:
        electrodes(nwb)
    refused(
        nwb, tmp_path, rf"counts: its shape \({C}, {3 * N}\) seems to be \(columns, samples\).* transposed"
    )
    nwb = with_units(None)
    del nwb.processing["behavior"].data_interfaces["Position"]
    module(nwb, "behavior").add(series("v", LABEL.T, "m/s", rate=20.0))
    refused(nwb, tmp_path, r"v: its shape \(2, 200\) seems .* transposed", bin_width=0.05)


@pytest.mark.parametrize(
    ("name", "unit"), [("firing_rate", "Hz"), ("activity", "spikes/s"), ("spike rates", "?")]
)
def test_rates_are_counts_times_the_bin_width_once_named(name: str, unit: str, tmp_path: Path) -> None:
    nwb = counted(name=name, unit=unit, data=COUNTS / W)
    electrodes(nwb)
    path = saved(nwb, tmp_path / "lab.nwb")
    with pytest.raises(NeurodriftError, match=f"{name}: firing rates"):
        read_session(path)
    session = read_session(path, neural=name)
    np.testing.assert_array_equal(session.counts, COUNTS)
    assert "multiplied by the bin width 0.05 s" in "\n".join(session.provenance)
    smoothed = saved(counted(name="firing_rate", unit="Hz", data=COUNTS / W + 0.3), tmp_path / "smoothed.nwb")
    with pytest.raises(NeurodriftError, match="once multiplied by the bin width"):
        read_session(smoothed, neural="firing_rate")


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.integers(2, 7))
def test_bins_that_are_added_up_lose_no_count_within_a_run(runs: list[int], number: int) -> None:
    rng = np.random.default_rng(len(runs) + number)
    place = np.concatenate([np.arange(n) + 1000 * i for i, n in enumerate(runs)])
    counts, valid = rng.poisson(3, (len(place), 2)).astype(np.float32), rng.random(len(place)) < 0.9
    times, width, got = added_up(
        Counted(counts, ["a", "b"], valid, True, []), (place + 1) * 0.01, 0.01, number, "x"
    )
    expected = [  # bin by bin, as one would by hand
        (place[at : at + number], counts[at : at + number].sum(0), valid[at : at + number].all())
        for start, n in zip(np.cumsum([0, *runs]), runs, strict=False)
        for at in range(start, start + n - number + 1, number)
    ]
    assert len(times) == len(expected) and width == pytest.approx(number * 0.01)
    for row, (rows, total, good) in enumerate(expected):
        assert times[row] == pytest.approx((rows[-1] + 1) * 0.01)
        np.testing.assert_array_equal(got.counts[row], total)
        assert got.valid[row] == good


def test_bins_finer_than_asked_are_added_up(tmp_path: Path) -> None:
    path = saved(counted(), tmp_path / "lab.nwb")
    session = read_session(path, bin_width=0.2)
    np.testing.assert_array_equal(session.counts, COUNTS.reshape(-1, 4, C).sum(1))
    np.testing.assert_allclose(session.times, TIMES[3::4])
    np.testing.assert_allclose(session.behavior, LABEL.reshape(-1, 4, 2).mean(1), rtol=1e-5)
    assert session.bin_width == pytest.approx(0.2)
    with pytest.raises(
        NeurodriftError, match=r"0.12 s, but .*/counts is binned already.* give 0.1 or another"
    ):
        read_session(path, bin_width=0.12)
    with pytest.raises(NeurodriftError, match="Choose a smaller bin_width"):
        read_session(path, bin_width=N * W + W)


def test_spikes_on_another_clock_are_refused(tmp_path: Path) -> None:
    nwb = with_units(None)
    nwb.units.spike_times.data[:] = [t + 5000 for t in nwb.units.spike_times.data]
    refused(
        nwb,
        tmp_path,
        r"from 0.000 to 10.000 s, but all 160 spikes .* from 500\d.* two clocks",
        bin_width=0.05,
    )


def test_units_that_never_fire_are_refused(tmp_path: Path) -> None:
    nwb = empty()
    for _ in range(3):
        nwb.add_unit(spike_times=np.zeros(0))
    module(nwb, "behavior").add(series("v", LABEL, "m/s"))
    refused(nwb, tmp_path, "none of its 3 units has a spike", bin_width=0.05)


def test_few_spikes_in_the_bins_warn(tmp_path: Path) -> None:
    nwb = with_units(None)
    nwb.add_unit(spike_times=np.linspace(20, 30, 500), id=7)
    path = saved(nwb, tmp_path / "lab.nwb")
    with pytest.warns(NeurodriftWarning) as heard:
        read_session(path, bin_width=0.05, same_units=True)
    assert any("only 160 of 660 spikes lie in the bins" in str(one.message) for one in heard)


def test_milliseconds_are_refused(tmp_path: Path) -> None:
    nwb = empty()
    for train in TRAINS:
        nwb.add_unit(spike_times=train * 1e6)
    module(nwb, "behavior").add(series("v", LABEL, "m/s", timestamps=TIMES * 1e6))
    refused(nwb, tmp_path, r"v lasts 2763\.\d hours.* if these are milliseconds", bin_width=0.05)
    assert "are these milliseconds?" in "\n".join(inspect_file(tmp_path / "lab.nwb")["notes"])


def test_units_observed_at_different_times_leave_few_bins_and_warn(tmp_path: Path) -> None:
    nwb = empty()
    for k, train in enumerate(TRAINS):
        nwb.add_unit(spike_times=train, obs_intervals=[[3.0 * k, 3.0 * k + 4.0]])
    module(nwb, "behavior").add(series("v", LABEL, "m/s"))
    path = saved(nwb, tmp_path / "lab.nwb")
    with pytest.warns(NeurodriftWarning, match=r"only 0 of the \d+ bins that some unit observes"):
        session = read_session(path, bin_width=0.05, same_units=True)
    assert not session.valid.any()


def test_labels_of_electrodes_are_matched_in_any_order(tmp_path: Path) -> None:
    orders = ([0, 1, 2, 3], [2, 0, 3, 1])
    sessions = []
    for day, order in enumerate(orders):
        nwb = empty()
        group = nwb.create_electrode_group("g", "g", "M1", nwb.create_device(name="d"))
        nwb.add_electrode_column("label", "label")
        for i in order:
            nwb.add_electrode(location="M1", group=group, group_name="g", label=f"A-{i:03d}")
        for row, i in enumerate(order[:3]):
            nwb.add_unit(spike_times=TRAINS[i % 3], electrodes=[row])
        module(nwb, "behavior").add(series("v", LABEL, "m/s"))
        path = saved(nwb, tmp_path / f"{day}.nwb")
        sessions.append(read_session(path, bin_width=0.05, channels=[f"A-{i:03d}" for i in (0, 2)]))
    np.testing.assert_array_equal(sessions[0].counts, sessions[1].counts)
