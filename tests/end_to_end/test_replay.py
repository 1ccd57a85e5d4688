"""`neurodrift replay` through the command line: files, resuming, refusals."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "neurodrift.cli", "replay"]
SMALL = """
name = "small"
seeds = 2
methods = ["kalman", "rls"]
loops = ["closed", "open"]
[world]
n_channels = 24
days = 2
minutes = 0.5
calibration = 1.0
drift = "turnover"
severity = 1.0
"""


def play(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replay")
    (folder / "spec.toml").write_text(SMALL)
    done = play(folder / "spec.toml", "--out", folder / "run", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    return folder / "run"


def test_it_leaves_rows_summary_and_page(finished: Path) -> None:
    rows = [json.loads(line) for line in (finished / "rows.jsonl").read_text().splitlines()]
    summary = json.loads((finished / "summary.json").read_text())
    key = {(r["method"], r["loop"], r["seed"], r["day"], r["metric"]) for r in rows}
    assert len(key) == len(rows)
    assert {r["day"] for r in rows} == {1, 2} and {r["seed"] for r in rows} == {0, 1}
    assert all(r["simulated"] and r["versions"]["neurodrift"] and r["machine"]["cores"] for r in rows)
    pairs = [(c["method"], c["loop"]) for c in summary["comparisons"]]
    assert sorted(pairs) == sorted((m, loop) for m in ("kalman", "rls") for loop in ("closed", "open"))
    for c in summary["comparisons"]:
        mine = [r for r in rows if (r["method"], r["loop"]) == (c["method"], c["loop"])]
        values = [r["value"] for r in mine if r["metric"] == "r2_probe"]
        assert c["measures"]["r2_probe"]["mean"] == pytest.approx(sum(values) / 4)
    page = (finished / "replay.html").read_text()
    assert "SIMULATED" in page and not re.search(r"""(src|href)=["'](?!#)|@import|url\((?!#)""", page)


def test_what_is_finished_is_not_done_again(finished: Path) -> None:
    units = {f: f.stat().st_mtime_ns for f in (finished / "units").iterdir()}
    rows = sorted((finished / "rows.jsonl").read_text().splitlines())
    lost = next(f for f in units if f.suffix == ".json")
    lost.unlink()
    done = play(finished / "spec.toml", "--out", finished, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    again = {f for f in (finished / "units").iterdir() if f.stat().st_mtime_ns != units[f]}
    assert {f.stem for f in again} == {lost.stem}

    def plain(lines: list[str]) -> list[str]:
        return sorted(line for line in lines if "bin_us" not in line)

    assert plain((finished / "rows.jsonl").read_text().splitlines()) == plain(rows)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("naem = 'x'", 'no key "naem"; did you mean "name"'),
        ("[world]\ndyas = 3", 'no key "dyas"; did you mean "days"'),
        ("[world]\ndays = 0", "world.days"),
        ("methods = ['frozzen']", 'did you mean "frozen"'),
        ("[task]\nkind = 'centre_out'\nraduis = 2.0", 'did you mean "radius"'),
        ("[task]\nkind = 'centre_out'\nradius = -2.0", "radius"),
        ("[user]\nkind = 'optimal'\ndelay = -1.0", "delay"),
        ("name = ", "not a TOML file"),
    ],
)
def test_a_wrong_spec_names_the_remedy(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    from neurodrift.benchmark.replay import read_replay
    from neurodrift.errors import NeurodriftError

    with pytest.raises(NeurodriftError) as error:
        read_replay(tmp_path / "bad.toml")
    assert told in str(error.value)
