"""One finished benchmark as the report sees it: summary, rows and details, grouped by session pair."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neurodrift.errors import NeurodriftError

__all__ = ["Json", "Pair", "Run", "as_pairs", "finite", "read_run"]

Json = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """The training sessions, one test session, and everything known of their comparison."""

    train: tuple[str, ...]
    test: str
    comparisons: list[Json]
    detail: Json = field(default_factory=dict)
    rows: list[Json] = field(default_factory=list)
    step_sizes: list[Json] = field(default_factory=list)

    def find(self, method: str) -> Json | None:
        """The comparison of a method, or None where it did not run."""
        return next((c for c in self.comparisons if c["method"] == method), None)

    @property
    def headline(self) -> Json | None:
        """The adapted method the answer speaks of: the first of the spec, never the best on the test day."""
        for prefix in ("adapted:", "renormalized+adapted:"):
            for comparison in self.comparisons:
                if comparison["method"].startswith(prefix):
                    return comparison
        return None

    @property
    def decoder(self) -> str:
        """The recurrent decoder's name (`gru-64`)."""
        chosen = self.find("frozen") or self.headline or (self.comparisons or [{}])[0]
        return str(chosen.get("decoder", "decoder"))

    @property
    def subjects(self) -> list[str]:
        """Subjects of all files of the pair, each once."""
        infos = [*self.detail.get("train_info", []), self.detail.get("test_info") or {}]
        return list(dict.fromkeys(str(i["subject"]) for i in infos if i.get("subject")))


@dataclass(frozen=True)
class Run:
    """A whole benchmark."""

    name: str
    simulated: bool
    seeds: list[int]
    pairs: list[Pair]
    details: Json
    n_rows: int

    @property
    def methods(self) -> list[str]:
        """All methods in the order of the summary, each once."""
        return list(dict.fromkeys(c["method"] for p in self.pairs for c in p.comparisons))


def finite(value: object) -> float | None:
    """The number, or None where there is none (missing, not a number, infinite)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _load(path: Path) -> Json:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NeurodriftError(
            f"{path} does not exist, so there is nothing to report. Run `neurodrift benchmark "
            f"--out {path.parent}` first, or name the folder of a finished run."
        ) from None
    except (OSError, ValueError) as error:
        raise NeurodriftError(
            f"{path} cannot be read as JSON ({error}). Run the benchmark again with the same --out: "
            "finished rows are kept and the file is written anew."
        ) from error
    if not isinstance(loaded, dict):
        raise NeurodriftError(
            f"{path} holds a {type(loaded).__name__} where a JSON object is needed; run the benchmark again."
        )
    return loaded


def _load_rows(path: Path) -> list[Json]:
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:  # a killed run may leave half a last line
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


def _key(item: Json) -> tuple[tuple[str, ...], str]:
    train = item.get("train", [])
    return tuple([train] if isinstance(train, str) else train), str(item.get("test", ""))


def _searches(entries: Sequence[Json], test: str, comparisons: Sequence[Json]) -> list[Json]:
    """Searches behind the step sizes of a pair: its own, or one that pairs share as no test day enters it."""
    own = [e for e in entries if e.get("test", test) == test]
    used = {(c["method"], c.get("normalization"), c.get("lr")) for c in comparisons}
    found = {(e["method"], e.get("normalization")) for e in own}
    for entry in entries:
        key = (entry["method"], entry.get("normalization"))
        if key not in found and (*key, entry.get("chosen")) in used:
            own.append(entry)
            found.add(key)
    return own


def as_pairs(summary: Json, details: Json | None = None, rows: Sequence[Json] = ()) -> list[Pair]:
    """Group the comparisons of a summary by session pair, in order of appearance."""
    details = details or {}
    grouped: dict[tuple[tuple[str, ...], str], list[Json]] = {}
    for comparison in summary.get("comparisons", []):
        grouped.setdefault(_key(comparison), []).append(comparison)
    known = {_key(d): d for d in details.get("pairs", [])}
    return [
        Pair(
            train=key[0],
            test=key[1],
            comparisons=comparisons,
            detail=known.get(key, {}),
            rows=[r for r in rows if _key(r) == key],
            step_sizes=_searches(details.get("step_sizes") or [], key[1], comparisons),
        )
        for key, comparisons in grouped.items()
    ]


def read_run(run_dir: Path) -> Run:
    """Read a run directory.

    Args:
        run_dir: holds summary.json and details.json, and rows.jsonl where rows were kept.

    Raises:
        NeurodriftError: a file is missing, is not JSON, or holds no comparison.
    """
    run_dir = Path(run_dir)
    summary = _load(run_dir / "summary.json")
    details = _load(run_dir / "details.json")
    rows = _load_rows(run_dir / "rows.jsonl")
    pairs = as_pairs(summary, details, rows)
    if not pairs:
        raise NeurodriftError(
            f"{run_dir / 'summary.json'} holds no comparison, so there is nothing to report. "
            "Run the benchmark to its end with the same --out."
        )
    return Run(
        name=str(summary.get("name") or details.get("name") or "neurodrift benchmark"),
        simulated=bool(summary.get("simulated") or details.get("simulated")),
        seeds=list(summary.get("seeds", [])),
        pairs=pairs,
        details=details,
        n_rows=len(rows),
    )
