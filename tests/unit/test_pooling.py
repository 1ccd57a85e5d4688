"""Units added up per electrode or kept apart, and what may be compared over days."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pynwb import NWBHDF5IO

from neurodrift import NeurodriftError, NeurodriftWarning
from neurodrift.data import Session, match_channels, read_session
from tests.twins.binned import falcon_m1, falcon_m2, link_2025
from tests.twins.indy import indy_loco
from tests.twins.reaches import mc_maze, mc_maze_test, perich_miller_co

pytestmark = pytest.mark.filterwarnings("ignore::neurodrift.NeurodriftWarning")


def days(write: object, tmp_path: Path, **how: object) -> tuple[Session, Session]:
    read = []
    for month in (1, 6):
        path = tmp_path / f"{month}.nwb"
        write(path, day=datetime(2014, month, 1, tzinfo=UTC))  # type: ignore[operator]
        read.append(read_session(path, **how))  # type: ignore[arg-type]
    return read[0], read[1]


def test_units_of_another_day_are_refused_and_electrodes_are_not(tmp_path: Path) -> None:
    pooled, later = days(perich_miller_co, tmp_path)
    assert match_channels([pooled], later).shared == pooled.channels
    apart, later = days(perich_miller_co, tmp_path, pool="unit")
    assert apart.channels == tuple(map(str, range(10))) and not apart.persist
    assert apart.counts.sum() == pooled.counts.sum()
    with pytest.raises(NeurodriftError, match="do not persist to another day"):
        match_channels([apart], later)
    with pytest.raises(NeurodriftError, match="do not persist to another day"):
        match_channels([pooled, apart], later)
    vouched, later = days(perich_miller_co, tmp_path, pool="unit", same_units=True)
    assert len(match_channels([vouched], later).shared) == 10


def test_units_of_one_day_are_compared(tmp_path: Path) -> None:
    mc_maze(tmp_path / "train.nwb")
    mc_maze_test(tmp_path / "test.nwb")
    train = read_session(tmp_path / "train.nwb", pool="unit", units="heldout == False")
    test = read_session(tmp_path / "test.nwb", pool="unit", behavior="none")
    with pytest.warns(NeurodriftWarning, match="2 missing on the test day: 1012, 2032"):
        match = match_channels([train], test)
    assert len(match.shared) == 6


def test_sets_that_keep_their_units_are_compared_over_days(tmp_path: Path) -> None:
    for write in (falcon_m1, falcon_m2, link_2025):
        first, second = days(write, tmp_path)
        assert match_channels([first], second).shared == first.channels


def test_an_electrode_cannot_be_had_where_units_name_none(tmp_path: Path) -> None:
    falcon_m1(tmp_path / "a.nwb")
    with pytest.raises(NeurodriftError, match='pool="unit"'):
        read_session(tmp_path / "a.nwb", pool="electrode", same_units=False)


def test_units_of_a_matlab_file_keep_their_slots(tmp_path: Path) -> None:
    path = tmp_path / "loco_20170210_03.mat"
    truth = indy_loco(path)
    session = read_session(path, pool="unit")
    assert session.channels == ("0", "1", "100", "200", "201", "202")
    assert session.counts.sum() == truth.counts.sum()
    assert (session.subject, session.start) == ("Loco", datetime(2017, 2, 10, tzinfo=UTC))
    sorted_only = read_session(path, units="slot > 0")
    assert sorted_only.counts[:, 1].sum() == 0 and sorted_only.counts.sum() < session.counts.sum()


def test_the_edge_of_a_bin_is_a_choice(tmp_path: Path) -> None:
    truth = falcon_m2(tmp_path / "a.nwb")
    start = read_session(tmp_path / "a.nwb")
    end = read_session(tmp_path / "a.nwb", bin_edge="end")
    np.testing.assert_allclose(end.times, truth.times - 0.02)
    np.testing.assert_array_equal(end.counts[1:], start.counts[:-1])
    np.testing.assert_array_equal(end.behavior, start.behavior)


def test_wrong_options_name_the_right_ones(tmp_path: Path) -> None:
    link_2025(tmp_path / "a.nwb")
    for how, says in (
        ({"pool": "channel"}, '"electrode" or "unit"'),
        ({"bin_edge": "left"}, '"start" or "end"'),
        ({"part": "2"}, "holds one session"),
        ({"bin_width": float("nan")}, "positive number"),
    ):
        with pytest.raises(NeurodriftError, match=says):
            read_session(tmp_path / "a.nwb", **how)  # type: ignore[arg-type]


def test_band_power_is_read_when_named(tmp_path: Path) -> None:
    link_2025(tmp_path / "a.nwb")
    session = read_session(tmp_path / "a.nwb", neural="SpikingBandPower")
    assert session.counts.shape == (300, 96) and 1 <= session.counts.min() < session.counts.max() <= 9
    assert any("not counts" in line for line in session.provenance)


def test_every_kind_of_source(tmp_path: Path) -> None:
    truth = link_2025(tmp_path / "a.nwb")
    with (tmp_path / "a.nwb").open("rb") as file:
        by_object = read_session(file)
        assert not file.closed
    with NWBHDF5IO(str(tmp_path / "a.nwb"), "r") as io:
        by_nwb = read_session(io.read())
    for session in (by_object, by_nwb):
        np.testing.assert_array_equal(session.counts, truth.counts)
        assert session.digest == ""
