"""Pages of the documentation made from stored rows: one a study, and a table claim by claim."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

from neurodrift.benchmark.reproduce import read_rows, summary_of
from neurodrift.benchmark.store import clean, write_atomically
from neurodrift.report.drawing import _RC
from neurodrift.report.studies import figure_text, paper_text
from neurodrift.report.study_figures import curve_figure
from neurodrift.studies import STUDIES
from neurodrift.studies.base import Study, Table, protocol_digest

__all__ = ["keep_rows", "write_pages"]

Json = Mapping[str, Any]
INTRO = """# The papers' claims, put to the test

Two papers by Aur Shalev Merin (2026) stand behind the learning rules of this package: arXiv
[2603.15195](https://arxiv.org/abs/2603.15195), *Massive Redundancy in Gradient Transport Enables Sparse Online Learning*,
and arXiv [2603.28750](https://arxiv.org/abs/2603.28750), *Temporal Credit Is Free*. Each of their claims is a study: a small function in
`neurodrift.studies` with a protocol that was committed before its full run and whose sha256 stands in every row.
Only the abstracts and scattered figures of the papers were at hand. Where they are silent a setting was chosen and is stated,
and none was changed until a figure matched: a verdict is about these settings.

Run them with `neurodrift reproduce` (`--quick` for minutes), or one with `neurodrift reproduce NAME`.

## How verdicts are given

* Ours is a mean over seeds with its 95 % interval (percentile bootstrap over seeds). Shares: 1 is all that the reference recovers.
* Every rule in a comparison starts from the same weights, state and readout, and has the step size that was best for it on other
  networks and streams; "(edge)" says that it lies at an end of the grid, so that a better one may lie outside.
* A recovery **holds** where its mean is at most two of the paper's deviations (a tenth where none is given) under the paper's figure and
  its interval excludes 0; it holds **in part** where the interval only excludes 0. More than the paper's figure holds too.
* Recovery is **undefined** where the reference itself does not recover (lower bound of its gain under 0.05 R²).
* A seed that diverged enters at 1 under its frozen R² and is counted.
* Read recovery beside the R² it comes from. Full RTRL at its own best step size is itself unsteady in several of these tasks, so that a
  recovery above 1 may say as much about RTRL as about the rule that is compared with it.
"""


def keep_rows(run: Path, docs: Path) -> list[str]:
    """Copies the rows and the times of a finished run into docs/studies/rows, a file a study; the studies' names."""
    folder = docs / "rows"
    folder.mkdir(parents=True, exist_ok=True)
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    rows = read_rows(run / "rows.jsonl")
    for name, mine in rows.items():
        lines = [json.dumps(_short(row), allow_nan=False) + "\n" for row in mine]
        write_atomically(folder / f"{name}.jsonl", "".join(lines))
        about = {k: facts[k] for k in ("command", "quick", "versions", "machine")} | {
            "seconds": facts["seconds"][name]
        }
        write_atomically(folder / f"{name}.run.json", json.dumps(about, indent=1) + "\n")
    return list(rows)


def write_pages(docs: Path) -> list[Path]:
    """Writes docs/studies/NAME.md, its figures and index.md from docs/studies/rows, and nothing else."""
    entries: list[Json] = []
    pages = []
    for name, make in STUDIES.items():
        file = docs / "rows" / f"{name}.jsonl"
        if not file.exists():
            continue
        rows, study = read_rows(file)[name], make()
        facts = json.loads(file.with_suffix(".run.json").read_text(encoding="utf-8"))
        found = clean(summary_of({name: rows}, bool(facts["quick"])))
        entries += found
        pages.append(docs / f"{name}.md")
        figures = _figures(docs, study, rows)
        write_atomically(pages[-1], _page(study, found, study.tables(rows), figures, facts, rows))
    write_atomically(docs / "index.md", _index(entries, [p.stem for p in pages]))
    return [*pages, docs / "index.md"]


def _index(entries: Sequence[Json], names: Sequence[str]) -> str:
    head = ("study", "the paper says", "paper", "ours, 95 % interval", "verdict")
    body = [
        (
            f"[{e['study']}]({e['study']}.md)",
            f"{e['says']} ({e['source'].removeprefix('arXiv:')})",
            paper_text(e["paper"]),
            figure_text(e["ours"]),
            f"**{e['verdict'].split(':')[0]}**" + (" (quick form)" if e["quick"] else ""),
        )
        for e in entries
    ]
    counts = {
        v: sum(e["verdict"] == v for e in entries) for v in ("holds", "holds in part", "does not hold here")
    }
    said = f"Verdicts of {len(entries)} claims: " + ", ".join(f'{n} "{v}"' for v, n in counts.items())
    rest = len(entries) - sum(counts.values())
    said += f", {rest} undefined or not run." if rest else "."
    tree = "\n".join(["```{toctree}", ":hidden:", "", *names, "```"])
    return f"{INTRO}\n## Claim by claim\n\n{said}\n\n{_markdown(head, body)}\n\n{tree}\n"


def _page(
    study: Study,
    entries: Sequence[Json],
    tables: Sequence[Table],
    figures: Sequence[tuple[str, str]],
    facts: Json,
    rows: Sequence[Json],
) -> str:
    parts = [f"# {study.title}"]
    head = ("claim", "paper", "ours, 95 % interval", "verdict")
    body = [
        (
            f"{e['says']} ({e['source']})",
            paper_text(e["paper"]),
            figure_text(e["ours"]),
            f"**{e['verdict']}**",
        )
        for e in entries
    ]
    parts.append(_markdown(head, body))
    parts.append("\n".join(f"* {e['says']}: {e['why']}" for e in entries))
    parts += ["## Protocol", study.settings]
    parts += [f"![{words}]({file})" for file, words in figures]
    parts += [f"## {t.title}\n\n{_markdown(t.columns, t.rows)}" for t in tables]
    stale = rows[0]["protocol"] != protocol_digest(study.name)
    version = ", ".join(f"{k} {v}" for k, v in facts["versions"].items())
    made = (
        f"{len(rows)} rows ([file](rows/{study.name}.jsonl)), made by `neurodrift reproduce {study.name}"
        f"{' --quick' if facts['quick'] else ''}` in {facts['seconds'] / 60:.1f} minutes of one process; protocol sha256 "
        f"`{rows[0]['protocol'][:16]}…`{', since changed' if stale else ''}; {version}."
    )
    parts += ["## Made by", made]
    return "\n\n".join(parts) + "\n"


def _figures(docs: Path, study: Study, rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    folder = docs / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for i, curve in enumerate(c for c in study.curves(rows) if c.lines):
        file = folder / f"{study.name}-{i}.svg"
        with matplotlib.rc_context({**_RC, "svg.hashsalt": file.stem, "svg.fonttype": "none"}):
            figure = curve_figure(curve, 7.4)
            figure.set_facecolor("white")
            figure.savefig(file, format="svg", metadata={"Date": None})
        out.append((f"figures/{file.name}", f"{curve.title}: {curve.y_label} against {curve.x_label}"))
    return out


def _markdown(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


def _short(row: Json) -> dict[str, Any]:
    """Numbers of six figures: what is stored is small, and no verdict turns on the seventh."""
    return {k: float(f"{v:.6g}") if isinstance(v, float) else v for k, v in row.items()}
