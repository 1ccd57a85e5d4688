"""Extracted sessions on this disk: what took minutes to read (or to stream) the first time takes a blink the next."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from neurodrift.data.folders import cache_folder
from neurodrift.data.nwb import file_digest, read_session
from neurodrift.data.session import Session
from neurodrift.errors import NeurodriftWarning

__all__ = ["Cached", "cached_sessions", "clear_cache", "is_cached", "load_session"]

ARRAYS = ("counts", "behavior", "times", "trial", "valid")
# All else that a session has, numbers, texts and tuples of texts, is stored as JSON.
TEXTS = [f.name for f in fields(Session) if f.name not in (*ARRAYS, "trials", "start", "source", "digest")]
# Compression brings a checksum of each chunk with it.
STORED: dict[str, Any] = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


def load_session(source: str | Path, *, digest: str = "", **how: Any) -> Session:
    """`read_session(source, **how)`, from the cache if these bytes were read in this way before.

    The key is made of the file's digest, all of `how`, the code of the readers and pynwb's version: none of them can
    change and the old arrays still be found. What was warned of at the first reading is warned of again.

    Args:
        digest: sha256 of the file, where it is known already.

    Raises:
        NeurodriftError: as `read_session`.
    """
    digest = digest or file_digest(source)
    path = _place(digest, how)
    found = _load(path)
    if found is None:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            session = replace(read_session(source, **how), digest=digest)
        said = [(str(w.message), w.category) for w in heard]
        try:
            _store(path, session, [text for text, kind in said if issubclass(kind, NeurodriftWarning)], how)
        except OSError as error:
            said.append((f"{session} is not cached: {error}", NeurodriftWarning))
    else:
        session, told = found
        session, said = replace(session, source=str(source)), [(text, NeurodriftWarning) for text in told]
    for text, kind in said:
        warnings.warn(text, kind, stacklevel=2)
    return session


def is_cached(digest: str, **how: Any) -> bool:
    """Whether `load_session` would find the session of these bytes, without a look at the file itself."""
    return bool(digest) and _load(_place(digest, how)) is not None


def _place(digest: str, how: dict[str, Any]) -> Path:
    key = hashlib.sha256(json.dumps([digest, how, _code()], sort_keys=True, default=str).encode()).hexdigest()
    return cache_folder() / "sessions" / f"{key[:40]}.h5"


@functools.cache
def _code() -> str:
    """A digest of everything that decides what is read from a file."""
    root = Path(__file__).parent
    digest = hashlib.sha256(version("pynwb").encode())
    for file in sorted(root.rglob("*.py")):
        digest.update(file.relative_to(root).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()


def _store(path: Path, session: Session, told: list[str], how: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    about = {name: getattr(session, name) for name in TEXTS}
    about |= {"start": session.start and session.start.isoformat(), "digest": session.digest, "told": told}
    about |= {
        "trials": {str(c): _column(session.trials[c]) for c in session.trials},
        "rows": len(session.trials),
    }
    try:
        with h5py.File(part, "w") as file:
            for name in ARRAYS:
                array = getattr(session, name)
                file.create_dataset(name, data=array, **(STORED if array.size else {}))
            text = np.frombuffer(json.dumps(about).encode(), np.uint8)
            file.create_dataset("about", data=text, **STORED)
            file.attrs["source"], file.attrs["how"] = session.source, json.dumps(how, default=str)
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _load(path: Path) -> tuple[Session, list[str]] | None:
    """The session in a cache file; None if there is none, or what is there is not whole: then it is removed."""
    try:
        with h5py.File(path, "r") as file:
            parts: dict[str, Any] = {name: file[name][()] for name in ARRAYS}
            about = json.loads(file["about"][()].tobytes())
        trials = pd.DataFrame(
            {c: _restored(**v) for c, v in about["trials"].items()}, index=range(about["rows"])
        )
        start = about["start"] and datetime.fromisoformat(about["start"])
        parts |= {name: tuple(v) if isinstance(v := about[name], list) else v for name in TEXTS}
        session = Session(**parts, start=start, digest=about["digest"], trials=trials)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError):
        with suppress(OSError):
            path.unlink()
        return None
    return session, about["told"]


def _column(values: pd.Series) -> dict[str, Any]:
    return {"dtype": str(values.dtype), "values": [_plain(v) for v in values]}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": str(value.dtype)}
    return value.item() if isinstance(value, np.generic) else value


def _restored(dtype: str, values: list[Any]) -> pd.Series:
    back = [np.array(v["array"], v["dtype"]) if isinstance(v, dict) else v for v in values]
    return pd.Series(back, dtype=dtype)


@dataclass(frozen=True)
class Cached:
    """A cache file: what it was read from and how, its bytes, and when it was made (seconds since 1970)."""

    path: Path
    source: str
    how: dict[str, Any]
    size: int
    made: float


def cached_sessions() -> Iterator[Cached]:
    """The cache files, oldest first; unreadable ones count as of no source."""
    for path in sorted((cache_folder() / "sessions").glob("*.h5"), key=lambda p: p.stat().st_mtime):
        stat = path.stat()
        try:
            with h5py.File(path, "r") as file:
                source, how = str(file.attrs["source"]), json.loads(file.attrs["how"])
        except (OSError, KeyError, ValueError):
            source, how = "", {}
        yield Cached(path, source, how, stat.st_size, stat.st_mtime)


def clear_cache(containing: str = "") -> tuple[int, int]:
    """Removes the cached sessions whose source contains the text, all by default; their number and bytes."""
    gone = [item for item in cached_sessions() if containing in item.source]
    for item in gone:
        item.path.unlink(missing_ok=True)
    if not containing:
        for part in (cache_folder() / "sessions").glob("*.part"):
            part.unlink(missing_ok=True)
    return len(gone), sum(item.size for item in gone)
