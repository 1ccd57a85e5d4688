"""A Session written as NWB comes back as it was."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from data_twins import COUNTS, LABEL, RNG, TIMES, C, N, W
from pynwb import NWBHDF5IO

from neurodrift import NeurodriftError
from neurodrift.data import Session, read_session, write_session


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


def test_the_file_in_place_is_replaced_and_never_written_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_session(example(), tmp_path / "a.nwb")
    before = (tmp_path / "a.nwb").read_bytes()

    def stopped(part: Any, where: Any) -> None:
        assert Path(where).read_bytes() == before and Path(part).parent == tmp_path
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_session(example(identifier="another"), tmp_path / "a.nwb")
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
