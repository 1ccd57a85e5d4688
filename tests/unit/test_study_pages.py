"""Pages of studies from stored rows: every number on a page follows from its rows."""

from __future__ import annotations

import json
from pathlib import Path

from neurodrift.benchmark.reproduce import read_rows, summary_of
from neurodrift.report.study_pages import keep_rows, write_pages
from neurodrift.studies import STUDIES
from neurodrift.studies.base import protocol_digest

DOCS = Path(__file__).resolve().parents[2] / "docs" / "studies"


def stored() -> dict[str, list[dict[str, object]]]:
    return {f.stem: read_rows(f)[f.stem] for f in sorted((DOCS / "rows").glob("*.jsonl"))}


def test_stored_rows_answer_every_claim_and_their_protocol_is_the_one_here() -> None:
    rows = stored()
    assert rows and set(rows) <= set(STUDIES)
    for name, mine in rows.items():
        assert {r["protocol"] for r in mine} == {protocol_digest(name)}, (
            f"{name}: its protocol changed since its run"
        )
        assert [e["claim"] for e in summary_of({name: mine}, False)] == [
            c.name for c in STUDIES[name]().claims
        ]


def test_pages_follow_from_rows(tmp_path: Path) -> None:
    row = {
        "study": "spectrum",
        "protocol": "0" * 64,
        "task": "sine",
        "epochs": 30,
        "steps": 1,
        "full_rank": 1.0,
    }
    rows = [
        {**row, "seed": s, "condition": 4.0, "effective_rank": 0.9, "largest": 1.0, "smallest": 0.25}
        for s in range(4)
    ]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    facts = {
        "command": "x",
        "quick": False,
        "versions": {"python": "3"},
        "machine": {},
        "seconds": {"spectrum": 60.0},
    }
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
    docs = tmp_path / "docs"
    assert keep_rows(tmp_path / "run", docs) == ["spectrum"]
    write_pages(docs)
    page, index = (docs / "spectrum.md").read_text(), (docs / "index.md").read_text()
    assert "| 4 (4 to 4), 4 seeds | **holds** |" in page and "since changed" in page
    assert index.count("**holds**") >= 3 and 'Verdicts of 3 claims: 3 "holds"' in index
    assert all(
        (docs / line.split("](")[1].rstrip(")")).exists()
        for line in page.splitlines()
        if line.startswith("![")
    )
