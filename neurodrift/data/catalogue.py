"""The catalogue of public recordings: what each set is, where it lies, and what is known to be wrong with it."""

from __future__ import annotations

import difflib
import functools
import json
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from neurodrift.errors import NeurodriftError

__all__ = ["Entry", "Facts", "Sessions", "catalogue", "facts_of", "find_entry"]

FIELD = {
    "subject": r"(?P<subject>[^/_]+?)",
    "task": r"(?P<task>[^/_-]+)",
    "split": r"(?P<split>held-(?:in|out)-(?:calib|minival)|train|test)",
    "date": r"(?P<date>\d{8}|\d{4}-\d{2}-\d{2})",
}
DATE = re.compile(r"ses-[A-Za-z-]*?(\d{8}|\d{4}-\d{2}-\d{2})")


class Sessions(BaseModel):
    """Some sessions of one subject; what is not known stays None or empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str
    task: str = ""
    split: str = ""
    count: int | None = None
    first: date | None = None
    last: date | None = None
    dates: list[date] = Field(default_factory=list)


class Entry(BaseModel):
    """One public set. An empty text, an empty list and None all mean: not known here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    archive: Literal["dandi", "zenodo"] = "dandi"
    id: str
    version: str = ""
    layout: str = ""
    array: str = ""
    task: str = ""
    licence: str = ""
    citation: str = ""
    path: str = "**/*.nwb"
    files: int | None = None
    gigabytes: float | None = None
    neural: list[str] = Field(default_factory=list)
    behavior: list[str] = Field(default_factory=list)
    same_units: bool | None = None
    sessions: list[Sessions] = Field(default_factory=list)
    traps: list[str] = Field(default_factory=list)

    @property
    def glob(self) -> str:
        """The path pattern with every part that varies as a star, as the archive takes it."""
        return re.sub(r"\*+", "*", re.sub(r"\{\w+\}", "*", self.path).replace("**/", "*"))

    @property
    def address(self) -> str:
        """The page of the set, for a person."""
        if self.archive == "zenodo":
            return f"https://zenodo.org/records/{self.id}"
        return f"https://dandiarchive.org/dandiset/{self.id}/{self.version}".rstrip("/")


@dataclass(frozen=True)
class Facts:
    """What a file's path says of it; None where it says nothing."""

    subject: str | None = None
    task: str | None = None
    split: str | None = None
    date: date | None = None


def facts_of(entry: Entry, path: str) -> Facts | None:
    """What `path` says by the entry's pattern; None for a file that is not one of its sessions."""
    match = _pattern(entry.path).fullmatch(path)
    if match is None:
        return None
    found = match.groupdict()
    day = found.pop("date", None) or ((m := DATE.search(path)) and m[1])
    known = {d for s in entry.sessions for d in s.dates}
    return Facts(**found, date=_date(day) if day else (known.pop() if len(known) == 1 else None))


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    seen: set[str] = set()
    out = ""
    for part in re.split(r"(\{\w+\}|\*\*/|\*)", text):
        if part.startswith("{"):
            name = part[1:-1]
            out += f"(?P={name})" if name in seen else FIELD[name]
            seen.add(name)
        else:
            out += {"**/": "(?:.*/)?", "*": "[^/]*"}.get(part, re.escape(part))
    return re.compile(out)


@functools.cache
def catalogue() -> dict[str, Entry]:
    """Every set by its name, as `catalogue.toml` has them."""
    text = files("neurodrift.data").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return {
        name: Entry.model_validate({"name": name, **content}) for name, content in tomllib.loads(text).items()
    }


def find_entry(name: str) -> Entry:
    """The set called `name`, by its name or its number; a dandiset's number outside the catalogue is one too.

    Raises:
        NeurodriftError: no such set; the message names near ones.
    """
    known = catalogue()
    wanted = name.lower().replace("-", "_").removeprefix("dandi:")
    if wanted in known:
        return known[wanted]
    same = [entry for entry in known.values() if entry.id == wanted]
    if len(same) == 1:
        return same[0]
    if re.fullmatch(r"\d{6}", wanted):
        return Entry(name=wanted, title=f"dandiset {wanted}, which the catalogue does not hold", id=wanted)
    near = [key for key in known if wanted and wanted in key] or difflib.get_close_matches(
        wanted, known, 3, 0.4
    )
    hint = f"; did you mean {' or '.join(near[:3])}?" if near else "."
    raise NeurodriftError(
        f"there is no set {name!r} in the catalogue{hint} "
        f"`neurodrift catalogue` lists all; a dandiset's number, such as 000688, will do too."
    )


def known_digests(name: str, folder: Path | None = None) -> dict[str, dict[str, str | int]]:
    """Path -> size and sha256 of the set's files, as filled by scripts/fill_catalogue.py; empty until then.

    `folder` holds a NAME.json a set, by default that of the package.
    """
    file = (folder or files("neurodrift.data").joinpath("digests")).joinpath(f"{name}.json")
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
