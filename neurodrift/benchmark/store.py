"""Where finished work is kept: a file a unit, named by a digest of everything that decides its result."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import neurodrift

__all__ = ["Store", "clean", "code_digest", "key_of", "write_atomically"]


def key_of(what: Mapping[str, Any]) -> str:
    """A digest of a unit's inputs."""
    return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()[:20]


@functools.cache
def code_digest() -> str:
    """A digest of the package's code below the reports: other code does not reuse its results."""
    root = Path(neurodrift.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        place = file.relative_to(root)
        if place.parts[0] not in ("report", "cli"):
            digest.update(place.as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:20]


def write_atomically(path: Path, text: str) -> None:
    """The whole file or the old one, never half of it."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def clean(value: Any) -> Any:
    """Plain JSON: numpy scalars and arrays become numbers and lists, non-finite numbers null."""
    if isinstance(value, Mapping):
        return {str(k): clean(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(v) for v in value]
    if isinstance(value, np.ndarray):
        return clean(value.tolist())
    if isinstance(value, np.generic):
        return clean(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Store:
    """The finished units of a benchmark in DIR/units, and the rows they gave in DIR/rows.jsonl."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.units, self.rows = folder, folder / "units", folder / "rows.jsonl"
        self.units.mkdir(parents=True, exist_ok=True)

    def path(self, key: str, suffix: str = ".npz") -> Path:
        return self.units / f"{key}{suffix}"

    def has(self, key: str) -> bool:
        """A unit counts as finished once its JSON file, written last, is there."""
        return self.path(key, ".json").exists()

    def save(self, key: str, facts: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> None:
        if arrays:
            part = self.path(key, ".part.npz")
            np.savez_compressed(part, **arrays)
            os.replace(part, self.path(key))
        write_atomically(self.path(key, ".json"), json.dumps(clean(facts), allow_nan=False))

    def facts(self, key: str) -> dict[str, Any]:
        return dict(json.loads(self.path(key, ".json").read_text(encoding="utf-8")))

    def arrays(self, key: str) -> dict[str, Any]:
        with np.load(self.path(key)) as file:
            return dict(file)

    def start_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Begins rows.jsonl with the rows of units finished before."""
        write_atomically(self.rows, "".join(_line(row) for row in rows))

    def add_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Appends rows and has them on disk before it returns."""
        with self.rows.open("a", encoding="utf-8") as file:
            file.write("".join(_line(row) for row in rows))
            file.flush()
            os.fsync(file.fileno())


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(clean(row), allow_nan=False) + "\n"
