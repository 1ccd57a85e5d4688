"""Files and contents that cannot be used: each says what and why."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from data_twins import COUNTS, LABEL, TIMES, C, N, counted, saved, series

from neurodrift import NeurodriftError, NeurodriftWarning
from neurodrift.data import inspect_file, read_session


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
