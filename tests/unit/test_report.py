"""The report: self-contained, complete, escaped, and equal to the numbers it was given."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_fake import SCORES, fake_run
from rich.console import Console

from neurodrift.errors import NeurodriftError
from neurodrift.report import print_table, write_report
from neurodrift.report.answer import number, percent, rate
from neurodrift.report.drawing import looks


class _Page(HTMLParser):
    """Tags, attributes, the text of table rows by method, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: dict[str, list[tuple[str, str]]] = {}
        self.text = ""
        self._method, self._value = "", ""
        self._open: list[str] = []
        self.feed(text.replace("\u00a0", " "))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags.append((tag, known))
        if tag == "tr":
            self._method = known.get("data-method") or ""
        if tag == "td" and self._method:
            self.rows.setdefault(self._method, []).append((known.get("data-value") or "", ""))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data
        if self._open and self._open[-1] == "td" and self._method:
            value, text = self.rows[self._method][-1]
            self.rows[self._method][-1] = (value, text + data)


def _page(folder: Path) -> tuple[str, _Page]:
    text = write_report(folder).read_text(encoding="utf-8")
    return text, _Page(text)


def _edit(folder: Path, name: str, change: Any) -> None:
    path = folder / name
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str, _Page]:
    folder = fake_run(tmp_path_factory.mktemp("run"))
    return json.loads((folder / "summary.json").read_text()), *_page(folder)


def test_nothing_is_fetched(shown: tuple[dict[str, Any], str, _Page]) -> None:
    _, text, page = shown
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "embed"}
    links = [
        v for _, a in page.tags for k, v in a.items() if k.split(":")[-1] in ("src", "href", "srcset", "data")
    ]
    assert links and all(v and v.startswith("#") for v in links)
    assert not re.search(r"https?://|@import|url\((?!#)", text)


def test_ids_are_unique_and_every_reference_is_met(shown: tuple[dict[str, Any], str, _Page]) -> None:
    _, text, page = shown
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids)) > 100
    references = re.findall(r'href="#([^"]+)"', text) + re.findall(r"url\(#([^)]+)\)", text)
    assert references and set(references) <= set(ids)


def test_every_figure_and_method_is_there(shown: tuple[dict[str, Any], str, _Page]) -> None:
    summary, _, page = shown
    figures = [a["id"] for tag, a in page.tags if tag == "figure"]
    assert figures == [f"p1-{name}" for name in ("recovery", "curves", "traces", "channels", "steps")]
    labelled = [a for _, a in page.tags if a.get("role") == "img"]
    assert len(labelled) == 2 * len(figures) and all(len(a["aria-label"] or "") > 40 for a in labelled)
    assert set(page.rows) == {c["method"] for c in summary["comparisons"]}
    assert all(a.get("scope") in ("col", "row", "rowgroup") for tag, a in page.tags if tag == "th")


def test_a_frozen_decoder_worse_than_the_mean_is_warned_of(tmp_path: Path) -> None:
    run = fake_run(tmp_path)
    summary = json.loads((run / "summary.json").read_text())
    assert "worse than always answering the mean" not in write_report(run).read_text(encoding="utf-8")
    for c in summary["comparisons"]:
        if c["method"] == "frozen":
            c["r2"]["mean"] = -0.2
    (run / "summary.json").write_text(json.dumps(summary))
    assert "worse than always answering the mean" in write_report(run).read_text(encoding="utf-8")


def test_numbers_are_those_of_the_summary(shown: tuple[dict[str, Any], str, _Page]) -> None:
    summary, _, page = shown
    for c in summary["comparisons"]:
        cells = page.rows[c["method"]]
        assert float(cells[0][0]) == c["r2"]["mean"]
        assert float(cells[1][0]) == c["recovery"]["mean"]
        assert cells[0][1].strip() == f"{c['r2']['mean']:.2f}"
        assert cells[1][1].strip() == f"{round(100 * c['recovery']['mean'])} %".replace("-", "−")
        values = {v for v, _ in cells if v}
        shown_values = np.array([float(v) for v in values])
        for more in (c["r2_mean"], c["pearson"], c["r2_last_weights"]):
            assert not more or np.isclose(shown_values, more["mean"], rtol=1e-12).any()
        if c["prequential"]:
            assert {repr(c["prequential"]["mean"]), repr(c["lr"])} <= values
    first = next(c for c in summary["comparisons"] if c["method"] == "adapted:immediate:rmsprop")
    assert f"recovered {percent(first['recovery']['mean'])} % (95 % interval" in page.text
    assert "label at once" in page.text and "One animal and one pair" in page.text
    assert "Above retrained" in page.text and "SIMULATED" not in page.text


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    folder = fake_run(tmp_path, many=False)
    bad, worse = "<script>alert(1)</script>", '"><img src=x onerror=alert(1)> $x_{y$ '
    for name in ("summary.json", "details.json", "rows.jsonl"):
        path = folder / name
        text = path.read_text().replace("monkey E, 288 days apart", bad).replace("immediate:rmsprop", bad)
        path.write_text(text.replace("sub-E_ses", json.dumps(worse)[1:-1]).replace('"x"', json.dumps(worse)))
    _, page = _page(folder)
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert not any(k.startswith("on") for _, a in page.tags for k in a)
    assert bad in page.text and f"adapted:{bad}" in page.rows


def test_nothing_to_recover_says_why(tmp_path: Path) -> None:
    folder = fake_run(tmp_path, many=False, seeds=1)

    def forget(summary: dict[str, Any]) -> None:
        for c in summary["comparisons"]:
            c |= {
                "recovery": None,
                "recovery_other": [],
                "why": "nothing to recover: the gap's lower bound is 0.01 R²",
            }

    _edit(folder, "summary.json", forget)
    text, page = _page(folder)
    assert "Nothing to recover: the gap's lower bound is 0.01 R²" in page.text
    assert "Online learning with immediate:rmsprop recovered" not in text
    assert page.rows["frozen"][1] == ("", "–")


def test_simulated_is_said_first_and_pairs_get_sections(tmp_path: Path) -> None:
    folder = fake_run(tmp_path, pairs=3, simulated=True, many=False)
    text, page = _page(folder)
    assert text.index("SIMULATED SESSIONS") < text.index("<main>")
    assert [a["id"] for _, a in page.tags if a.get("id") in ("p1", "p2", "p3")] == ["p1", "p2", "p3"]
    assert page.text.count("Online learning with") == 6
    steps = [a["id"] for tag, a in page.tags if tag == "figure" and (a["id"] or "").endswith("steps")]
    assert steps == [
        "p1-steps",
        "p2-steps",
        "p3-steps",
    ]  # one search, made for the first pair, serves them all
    assert "One animal" not in page.text and "No animal stands behind" in page.text


def test_only_the_summary_is_needed_in_full(tmp_path: Path) -> None:
    folder = fake_run(tmp_path, many=False)
    (folder / "details.json").write_text("{}")
    (folder / "rows.jsonl").write_text('{"train": ["a"], "test"')
    _, page = _page(folder)
    assert [a["id"] for tag, a in page.tags if tag == "figure"] == ["p1-recovery"]
    for missing in ("no curve", "no traces", "no rates and tuning", "No step size", "no command"):
        assert missing in page.text


def test_diverged_and_missing_scores_are_drawn_anyway(tmp_path: Path) -> None:
    folder = fake_run(tmp_path, many=False)

    def diverge(summary: dict[str, Any]) -> None:
        c = next(c for c in summary["comparisons"] if c["method"].startswith("adapted:"))
        c["r2"] = {"mean": -1e9, "low": -1e10, "high": -1.0, "seeds": [-1e9, float("nan")]}
        c["recovery"] = {"mean": -2e9, "low": -1e10, "high": 0.1, "reference": "retrained"}
        summary["comparisons"][2]["pearson"] = None

    _edit(folder, "summary.json", diverge)
    _, page = _page(folder)
    assert "made the decoder worse" in page.text


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(NeurodriftError, match=r"summary\.json does not exist"):
        write_report(tmp_path)
    folder = fake_run(tmp_path / "run", many=False)
    (folder / "details.json").write_text("{")
    with pytest.raises(NeurodriftError, match=r"details\.json cannot be read"):
        write_report(folder)
    (folder / "details.json").write_text("{}")
    (folder / "summary.json").write_text('{"comparisons": []}')
    with pytest.raises(NeurodriftError, match="no comparison"):
        write_report(folder)


def test_the_same_run_gives_the_same_file(tmp_path: Path) -> None:
    one, two = (write_report(fake_run(tmp_path / n, many=False)).read_bytes() for n in "ab")
    assert one == two


@pytest.mark.parametrize("simulated", [True, False])
def test_terminal_table(tmp_path: Path, simulated: bool) -> None:
    summary = json.loads((fake_run(tmp_path, simulated=simulated) / "summary.json").read_text())
    out = StringIO()
    print_table(summary, Console(file=out, width=160))
    text = out.getvalue()
    for c in summary["comparisons"]:
        line = next(part for part in text.splitlines() if f" {c['method']} " in part)
        assert number(c["r2"]["mean"]) in line
    assert ("SIMULATED" in text) is simulated


def test_words_for_numbers() -> None:
    assert (number(-0.314), number(-0.001), number(None), number(float("nan"))) == ("−0.31", "0.00", "–", "–")
    assert (percent(1.064), percent(-0.2), percent(None)) == ("106", "−20", "–")
    assert (rate(1e-4), rate(3e-5), rate(0.0316), rate(None)) == ("1e-4", "3e-5", "3.2e-2", "–")


def test_a_method_looks_the_same_everywhere_and_unlike_others() -> None:
    methods = [*SCORES, *(f"{p}adapted:m{i}" for i in range(12) for p in ("", "renormalized+"))]
    chosen = looks(methods)
    assert len(set(chosen.values())) == len(methods)
    assert chosen["adapted:m3"].color == chosen["renormalized+adapted:m3"].color
