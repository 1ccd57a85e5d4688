"""A folder of days: in order, lazily, and as a benchmark's spec."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from neurodrift import NeurodriftError
from neurodrift.benchmark.series import with_sessions
from neurodrift.benchmark.spec import parse_spec
from neurodrift.data import SessionSeries
from tests.twins.binned import link_2024, link_2025

DAY = datetime(2021, 2, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of two layouts, named against their order."""
    root = tmp_path_factory.mktemp("days")
    (root / "sub").mkdir()
    for name, late, write in (("c", 0, link_2024), ("a", 400, link_2025), ("sub/b", 20, link_2025)):
        write(root / f"{name}.nwb", DAY + timedelta(days=late), seed=late + 1)
    return root


def test_days_are_in_order_of_what_the_files_say(folder: Path) -> None:
    series = SessionSeries(folder, behavior="index_velocity")
    assert [Path(p).stem for p in series.paths] == ["c", "b", "a"]
    assert repr(series) == "SessionSeries(3 from 2021-02-03 to 2022-03-10)"
    assert [s.start for s in series] == list(series.starts)
    assert series[-1].behavior_names == ("index_velocity",)
    assert isinstance(series[1:], SessionSeries) and series[1:].paths == series.paths[1:]


def test_nothing_is_read_before_it_is_asked_for(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "a.nwb", tmp_path / "a.nwb")
    series = SessionSeries(tmp_path)
    (tmp_path / "a.nwb").unlink()
    assert len(series[:1]) == 1
    with pytest.raises(NeurodriftError, match="does not exist"):
        series[0]


def test_globs_lists_and_dates_in_names(folder: Path, tmp_path: Path) -> None:
    assert len(SessionSeries(str(folder / "**" / "*.nwb"))) == 3
    assert SessionSeries([folder / "a.nwb", folder / "c.nwb"]).paths[0].endswith("c.nwb")
    web = ["https://x.org/sub-A_ses-20200102.nwb", "https://x.org/sub-A_ses-2019-10-19-Run1.nwb"]
    assert SessionSeries(web).paths == (web[1], web[0])
    for where in (tmp_path, str(tmp_path / "*.nwb"), []):
        with pytest.raises(NeurodriftError, match="no recordings"):
            SessionSeries(where)
    (tmp_path / "cut.nwb").write_bytes((folder / "a.nwb").read_bytes()[:5000])
    with pytest.raises(NeurodriftError, match="cannot be opened"):
        SessionSeries(tmp_path)
    with pytest.raises(NeurodriftError, match="when it was recorded"):
        SessionSeries(["https://x.org/day.nwb"])


def test_a_spec_trains_on_the_first_days_and_tests_on_the_later(folder: Path) -> None:
    spec = parse_spec({"data": {"sessions": ".", "train_sessions": 2}})
    data = with_sessions(spec, folder).data
    assert [Path(p).stem for p in (*data.train, *data.test)] == ["c", "b", "a"]
    assert len(data.train) == 2 and data.sessions is None
    for content in ({"sessions": ".", "train_sessions": 3}, {"sessions": "none/*.nwb"}):
        with pytest.raises(NeurodriftError):
            with_sessions(parse_spec({"data": content}), folder)
    for content in ({"train": ["a"]}, {"test": ["a"]}, {}, {"sessions": ".", "test": ["a"]}):
        with pytest.raises(NeurodriftError, match="data"):
            parse_spec({"data": content})


@pytest.mark.filterwarnings("ignore::neurodrift.NeurodriftWarning")
def test_two_layouts_of_one_set_decode_together(folder: Path) -> None:
    first, second = SessionSeries(folder)[:2]
    assert first.channels == second.channels
    assert np.isfinite(first.behavior).all() and np.isfinite(second.behavior).all()
