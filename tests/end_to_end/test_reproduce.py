"""`neurodrift reproduce` through the command line: files, verdicts, resuming, refusals."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neurodrift.studies import STUDIES
from tests.conformance.test_studies import VERDICT

RAN = ["spectrum", "scale"]


def reproduce(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "neurodrift.cli", "reproduce", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproduce") / "run"
    done = reproduce(*RAN, "--quick", "--seeds", 2, "--out", folder, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert "verdict" in done.stdout
    return folder


def test_it_leaves_rows_answers_and_a_page(finished: Path) -> None:
    summary = json.loads((finished / "summary.json").read_text())
    wanted = [(name, claim.name) for name in STUDIES if name in RAN for claim in STUDIES[name]().claims]
    assert [(e["study"], e["claim"]) for e in summary] == wanted
    for entry in summary:
        assert VERDICT.fullmatch(entry["verdict"]) and entry["why"] and entry["settings"]
        assert {"mean", "low", "high", "seeds"} == set(entry["ours"])
    rows = [json.loads(line) for line in (finished / "rows.jsonl").read_text().splitlines()]
    assert {r["study"] for r in rows} == set(RAN)
    assert all(re.fullmatch("[0-9a-f]{64}", r["protocol"]) for r in rows)
    page = (finished / "studies.html").read_text()
    assert "QUICK" in page and not re.search(r"""(src|href)=["'](?!#)|@import|url\((?!#)""", page)
    assert all(entry["why"].split("%")[0].split("(")[0].strip()[:20] in page for entry in summary)


def test_finished_work_is_not_done_again(finished: Path) -> None:
    before = {f.name: f.stat().st_mtime_ns for f in (finished / "units").iterdir()}
    rows = (finished / "rows.jsonl").read_text()
    again = reproduce(*RAN, "--quick", "--seeds", 2, "--out", finished, "--jobs", 1)
    assert again.returncode == 0 and "reused" in again.stderr
    assert {f.name: f.stat().st_mtime_ns for f in (finished / "units").iterdir()} == before
    assert (finished / "rows.jsonl").read_text() == rows
    # Times differ from run to run; a spectrum does not.
    units = sorted((finished / "units").iterdir())
    next(f for f in units if json.loads(f.read_text())["rows"][0]["study"] == "spectrum").unlink()
    assert reproduce(*RAN, "--quick", "--seeds", 2, "--out", finished, "--jobs", 1).returncode == 0
    assert (finished / "rows.jsonl").read_text() == rows


def test_an_unknown_study_is_refused_in_one_paragraph(tmp_path: Path) -> None:
    done = reproduce("nosuch", "--out", tmp_path / "run")
    assert done.returncode == 2 and "no study nosuch" in done.stderr and "sine_shift" in done.stderr
    assert "Traceback" not in done.stderr
