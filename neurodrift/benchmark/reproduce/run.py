"""Runs the jobs of studies in parallel; finished ones are kept and not done again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodrift.benchmark.machine import machine, versions
from neurodrift.benchmark.parallel import finish
from neurodrift.benchmark.reproduce.summary import summary_of
from neurodrift.benchmark.store import Store, clean, code_digest, key_of, write_atomically
from neurodrift.errors import NeurodriftError
from neurodrift.studies import STUDIES
from neurodrift.studies.base import protocol_digest

__all__ = ["Reproduction", "read_rows", "reproduce"]

Json = dict[str, Any]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Reproduction:
    """What `reproduce` left in its folder."""

    folder: Path
    summary: list[Json]
    reused: int
    done: int


@dataclass(frozen=True)
class _Piece:
    study: str
    job: Json
    key: str


def reproduce(
    studies: Sequence[str],
    out: Path,
    *,
    quick: bool = False,
    seeds: int | None = None,
    jobs: int = 1,
    command: str = "",
    progress: Progress | None = None,
) -> Reproduction:
    """Runs studies by name, all where none is named, and writes rows.jsonl, summary.json and run.json into `out`.

    A finished job is found again only with the same job, protocol, package code and versions. Jobs that measure time run
    one by one after the others.

    Raises:
        NeurodriftError: for a name that is not in STUDIES.
    """
    began, tell = time.perf_counter(), progress or (lambda stage, done, total: None)
    unknown = [name for name in studies if name not in STUDIES]
    if unknown:
        raise NeurodriftError(
            f"reproduce: there is no study {', '.join(unknown)}; there are {', '.join(STUDIES)}."
        )
    chosen = [name for name in STUDIES if name in studies or not studies]
    out.mkdir(parents=True, exist_ok=True)
    store = Store(out)
    pieces = {name: _pieces(name, quick, seeds) for name in chosen}
    every = [piece for name in chosen for piece in pieces[name]]
    left = [piece for piece in every if not store.has(piece.key)]
    reused = done = len(every) - len(left)
    together = [p for p in left if not STUDIES[p.study]().alone]
    for group, workers in ((together, jobs), ([p for p in left if p not in together], 1)):
        tell(group[0].study if group else "", done, len(every))
        for piece in finish(_work, group, out, jobs=workers):
            done += 1
            tell(piece.study, done, len(every))
    rows = {name: [row for p in pieces[name] for row in store.facts(p.key)["rows"]] for name in chosen}
    store.start_rows(row for name in chosen for row in rows[name])
    summary = clean(summary_of(rows, quick))
    facts = {
        "command": command,
        "quick": quick,
        "versions": versions(),
        "machine": machine(),
        "seconds": {name: sum(store.facts(p.key)["seconds"] for p in pieces[name]) for name in chosen},
        "wall_seconds": time.perf_counter() - began,
    }
    write_atomically(out / "summary.json", json.dumps(summary, indent=1, allow_nan=False))
    write_atomically(out / "run.json", json.dumps(clean(facts), indent=1, allow_nan=False))
    return Reproduction(out, summary, reused, len(left))


def read_rows(file: Path) -> dict[str, list[Json]]:
    """The rows of a rows.jsonl by study, in the order of the file."""
    rows: dict[str, list[Json]] = {}
    for text in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(text)
        rows.setdefault(row["study"], []).append(row)
    return rows


def _pieces(name: str, quick: bool, seeds: int | None) -> list[_Piece]:
    base = {
        "code": code_digest(),
        "protocol": protocol_digest(name),
        **{p: versions()[p] for p in ("numpy", "torch")},
    }
    return [
        _Piece(name, job, key_of({"study": name, "job": job, **base}))
        for job in STUDIES[name]().jobs(quick, seeds)
    ]


def _work(piece: _Piece, out: Path) -> _Piece:
    began = time.perf_counter()
    common = {"study": piece.study, "protocol": protocol_digest(piece.study)}
    rows = [{**common, **row} for row in STUDIES[piece.study]().run(piece.job)]
    Store(out).save(piece.key, {"rows": rows, "seconds": time.perf_counter() - began})
    return piece
