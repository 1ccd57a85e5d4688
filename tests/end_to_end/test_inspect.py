"""`neurodrift inspect` as a user runs it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from pynwb import NWBHDF5IO, NWBFile, TimeSeries

from neurodrift import NeurodriftError
from neurodrift.cli.inspect import inspect
from neurodrift.data import Session, write_session

KEYS = (
    "path layout subject session n_channels n_bins bin_width duration neural behaviors "
    "n_trials trial_columns notes"
).split()


def written(path: Path) -> Path:
    counts = np.random.default_rng(0).poisson(2, (100, 5))
    session = Session(
        counts, np.zeros((100, 1)), 0.05, np.arange(1, 101) * 0.05, tuple("abcde"), ("speed",), "m/s",
        subject="Q", identifier="day", start=datetime(2024, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    write_session(session, path)
    return path


def test_json_has_the_keys(tmp_path: Path) -> None:
    path = written(tmp_path / "a [b].nwb")
    run = CliRunner().invoke(inspect, [str(path), "--json"])
    assert run.exit_code == 0
    got = json.loads(run.stdout)
    assert set(KEYS) <= set(got)
    assert (got["n_channels"], got["n_bins"], got["bin_width"], got["duration"]) == (5, 100, 0.05, 5.0)
    assert got["path"] == str(path) and got["subject"] == "Q" and got["n_trials"] == 0
    assert got["behaviors"][0]["dimensions"] == 1 and got["behaviors"][0]["unit"] == "m/s"


def test_the_note_is_plain_when_piped(tmp_path: Path) -> None:
    path = written(tmp_path / "a [b].nwb")
    run = CliRunner().invoke(inspect, [str(path)])
    assert run.exit_code == 0 and "\x1b" not in run.stdout
    for words in (
        str(path),
        "5 channels, 100 bins of 0.05 s",
        "processing/ecephys/BinnedSpikeCounts",
        "would be used",
    ):
        assert words in run.stdout


def test_spike_times_have_no_bins_and_an_empty_file_is_readable(tmp_path: Path) -> None:
    for spikes in (True, False):
        nwb = NWBFile("d", "i", datetime(2024, 1, 1, tzinfo=UTC))
        if spikes:
            nwb.add_unit(spike_times=[0.5, 4.0])
            nwb.add_acquisition(
                TimeSeries(name="pos", data=np.zeros(11), unit="m", rate=1.0, starting_time=0.0)
            )
        with NWBHDF5IO(str(tmp_path / "u.nwb"), "w") as io:
            io.write(nwb)
        run = CliRunner().invoke(inspect, [str(tmp_path / "u.nwb"), "--json"])
        got = json.loads(run.stdout)
        assert run.exit_code == 0 and got["n_bins"] is None and got["bin_width"] is None
        assert [item["kind"] for item in got["neural"]] == ["spike_times"] * spikes
        assert got["duration"] == (10.0 if spikes else None)
        assert CliRunner().invoke(inspect, [str(tmp_path / "u.nwb")]).exit_code == 0


def test_a_missing_file_is_our_error(tmp_path: Path) -> None:
    run = CliRunner().invoke(inspect, [str(tmp_path / "no.nwb")])
    assert isinstance(run.exception, NeurodriftError)
