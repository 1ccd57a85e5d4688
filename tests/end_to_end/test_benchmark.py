"""The whole job through the command line: files in, rows, summary and report out; interruption; bad input."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurodrift.cli import main
from neurodrift.data import Session, write_session
from neurodrift.errors import NeurodriftWarning
from neurodrift.simulation import simulate_days
from tests.unit import data_twins

COMMAND = [sys.executable, "-m", "neurodrift.cli"]
FAST = """
name = "small"
seeds = 2
[data]
train = ["day-0.nwb"]
test = ["day-1.nwb"]
[decoder]
cell = "rnn"
n_units = 8
[methods]
adapted = [ {rule = "immediate", optimizer = "rmsprop", lr = 1e-3} ]
"""


def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two simulated days of two minutes as NWB files, and a spec that compares them."""
    folder = tmp_path_factory.mktemp("days")
    for i, session in enumerate(simulate_days(2, minutes=2.0, seed=3)):
        write_session(session, folder / f"day-{i}.nwb")
    (folder / "spec.toml").write_text(FAST)
    return folder


@pytest.fixture(scope="module")
def finished(days: Path) -> Path:
    out = days / "run"
    done = run("benchmark", days / "spec.toml", "--out", out, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    return out


def test_it_leaves_rows_summary_and_report(finished: Path) -> None:
    summary = json.loads((finished / "summary.json").read_text())
    rows = [json.loads(line) for line in (finished / "rows.jsonl").read_text().splitlines()]
    by_method = {c["method"]: c for c in summary["comparisons"]}
    wanted = {"frozen", "renormalized", "finetuned", "retrained", "ridge", "readout", "bias"}
    online = {"adapted:immediate:rmsprop", "renormalized+adapted:immediate:rmsprop"}
    assert set(by_method) == wanted | online
    assert by_method["frozen"]["lr"] is None and by_method["adapted:immediate:rmsprop"]["lr"] == 1e-3
    for name, c in by_method.items():
        mine = [
            r["value"]
            for r in rows
            if r["method"] == name and r["metric"] == "r2" and r["block"] == "heldout"
        ]
        np.testing.assert_allclose(mine, c["r2"]["seeds"], rtol=1e-5)
        assert c["r2"]["low"] <= c["r2"]["mean"] <= c["r2"]["high"]
        assert c["recovery"] or "nothing to recover" in c["why"]
        assert len(c["r2"]["seeds"]) == 2
    if by_method["retrained"]["recovery"]:
        assert by_method["frozen"]["recovery"]["mean"] == 0 and by_method["retrained"]["recovery"][
            "mean"
        ] == pytest.approx(1)
    assert all(len(d) == 64 for r in rows for d in r["digests"].values())
    assert (finished / "report.html").stat().st_size > 10_000


def test_again_it_reuses_everything_and_a_change_does_not(finished: Path, days: Path) -> None:
    before = (finished / "summary.json").read_text()
    units = set(os.listdir(finished / "units"))
    again = run("benchmark", days / "spec.toml", "--out", finished, "--jobs", 1)
    assert again.returncode == 0 and set(os.listdir(finished / "units")) == units
    assert (finished / "summary.json").read_text() == before
    (days / "other.toml").write_text(FAST.replace("n_units = 8", "n_units = 9"))
    other = run("benchmark", days / "other.toml", "--out", finished, "--jobs", 1)
    assert other.returncode == 0, other.stderr
    after = [u for u in os.listdir(finished / "units") if u.endswith(".json")]
    assert len(after) == 2 * len([u for u in units if u.endswith(".json")])


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not there")
def test_killed_it_keeps_finished_rows_and_continues(days: Path) -> None:
    out = days / "killed"
    with subprocess.Popen(
        [*COMMAND, "benchmark", str(days / "spec.toml"), "--out", str(out), "--jobs", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        rows, deadline = out / "rows.jsonl", time.monotonic() + 200
        while time.monotonic() < deadline and not (rows.exists() and rows.stat().st_size):
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    kept = [json.loads(line) for line in rows.read_text().splitlines()]
    stamps = {p.name: p.stat().st_mtime_ns for p in (out / "units").glob("*.json")}
    assert kept and not (out / "summary.json").exists()
    assert run("benchmark", days / "spec.toml", "--out", out, "--jobs", 1).returncode == 0
    assert {n: (out / "units" / n).stat().st_mtime_ns for n in stamps} == stamps
    rows_now = [json.loads(line) for line in rows.read_text().splitlines()]
    assert all(row in rows_now for row in kept) and len(rows_now) > len(kept)


BAD = {
    "missing file": ('train = ["day-0.nwb"]', 'train = ["day-7.nwb"]', "day-7.nwb"),
    "directory": ('train = ["day-0.nwb"]', 'train = ["."]', "directory"),
    "not HDF5": ('train = ["day-0.nwb"]', 'train = ["spec.toml"]', "spec.toml"),
    "unknown key": ("[decoder]", "[decoder]\nn_unit = 4", 'did you mean "n_units"'),
    "unknown section": ("[decoder]", "[decodr]", 'did you mean "decoder"'),
    "unknown cell": ('cell = "rnn"', 'cell = "grue"', 'did you mean "gru"'),
    "unknown rule": ('rule = "immediate"', 'rule = "imediate"', 'did you mean "immediate"'),
    "k for immediate": ('rule = "immediate"', 'rule = "immediate", k = 4', "takes no k"),
    "wrong type": ("n_units = 8", 'n_units = "8"', "n_units"),
    "unset variable": ('train = ["day-0.nwb"]', 'train = ["${NOT_SET_HERE}/a.nwb"]', "NOT_SET_HERE"),
    "empty filter": (
        'test = ["day-1.nwb"]',
        'test = ["day-1.nwb"]\ntrials = "start_time > 1e9"',
        "start_time",
    ),
    "no comparison": (
        'test = ["day-1.nwb"]',
        'test = ["day-1.nwb"]\ntrials = "__import__(\'os\')"',
        "__import__",
    ),
    "unknown behaviour": ('test = ["day-1.nwb"]', 'test = ["day-1.nwb"]\nbehavior = "handvel"', "handvel"),
    "bin width": ('test = ["day-1.nwb"]', 'test = ["day-1.nwb"]\nbin_width = 0.02', "0.02"),
    "broken TOML": ("[decoder]", "[decoder", "TOML"),
}


def refused(*arguments: object) -> str:
    """What the command line says of input it must refuse, in this process."""
    said = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stderr(said),
        warnings.catch_warnings(),
        pytest.raises(SystemExit) as stopped,
    ):
        warnings.simplefilter("ignore", NeurodriftWarning)
        patch.setattr(sys, "argv", ["neurodrift", *map(str, arguments)])
        main()
    assert stopped.value.code == 2
    text = said.getvalue().strip()
    assert "\n\n" not in text and "Traceback" not in text
    return text


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_paragraph_and_exit_code_2(name: str, days: Path, tmp_path: Path) -> None:
    old, new, expected = BAD[name]
    assert old in FAST
    spec = days / f"bad-{name.replace(' ', '-')}.toml"
    spec.write_text(FAST.replace(old, new))
    assert expected in refused("benchmark", spec, "--out", tmp_path / "out", "--jobs", 1)


def test_an_error_leaves_the_process_with_code_2(tmp_path: Path) -> None:
    done = run("benchmark", tmp_path / "none.toml")
    assert done.returncode == 2 and "none.toml" in done.stderr and "Traceback" not in done.stderr


def written(session: Session, folder: Path) -> Path:
    write_session(session, folder / "b.nwb")
    return folder / "b.nwb"


def other_electrodes(folder: Path) -> Path:
    session = simulate_days(1, minutes=2.0, seed=3)[0]
    return written(replace(session, channels=tuple(f"9{c:0>3}" for c in session.channels)), folder)


def no_label(folder: Path, axes: slice) -> Path:
    session = simulate_days(1, minutes=2.0, seed=3)[0]
    behavior = session.behavior.copy()
    behavior[:, axes] = np.nan
    return written(replace(session, behavior=behavior), folder)


def two_candidates(folder: Path) -> Path:
    nwb = data_twins.counted()
    nwb.add_acquisition(data_twins.series("more_counts"))
    return data_twins.saved(nwb, folder / "b.nwb")


def not_nwb(folder: Path) -> Path:
    with h5py.File(folder / "b.nwb", "w") as file:
        file["x"] = np.zeros(3)
    return folder / "b.nwb"


FILES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "sessions that share no channel": (other_electrodes, "share no"),
    "a label that is NaN everywhere": (lambda f: no_label(f, slice(None)), "is NaN in all"),
    "one axis of the label NaN everywhere": (lambda f: no_label(f, slice(0, 1)), "no bin has a label"),
    "two candidates": (two_candidates, "more_counts"),
    "HDF5 that is not NWB": (not_nwb, "NWB"),
    "no behaviour": (lambda f: data_twins.saved(data_twins.counted(label=False), f / "b.nwb"), "behav"),
    "no neural data": (lambda f: data_twins.saved(data_twins.empty(), f / "b.nwb"), "neural"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_cannot_serve_are_named_with_the_remedy(name: str, days: Path, tmp_path: Path) -> None:
    make, expected = FILES[name]
    file = make(tmp_path)
    text = refused("benchmark", "--train", days / "day-0.nwb", "--test", file, "--seeds", 1, "--jobs", 1, "--out", tmp_path / "out")  # fmt: skip
    assert expected in text and "b.nwb" in text


def test_two_methods_alike_are_an_error(days: Path, tmp_path: Path) -> None:
    twice = '{rule = "immediate", optimizer = "rmsprop"}'
    (days / "twice.toml").write_text(FAST.replace("adapted = [ ", f"adapted = [ {twice}, "))
    done = run("benchmark", days / "twice.toml", "--out", tmp_path)
    assert done.returncode == 2 and "immediate:rmsprop" in done.stderr and "label" in done.stderr


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = run("benchmark", tmp_path / "none.toml", "--debug")
    assert "Traceback" in done.stderr and done.returncode != 0


def test_identical_days_have_nothing_to_recover(days: Path, tmp_path: Path) -> None:
    (days / "same.toml").write_text(FAST.replace("day-1.nwb", "day-0.nwb"))
    done = run("benchmark", days / "same.toml", "--out", tmp_path, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    for c in json.loads((tmp_path / "summary.json").read_text())["comparisons"]:
        assert c["recovery"] is None and "nothing to recover" in c["why"]
