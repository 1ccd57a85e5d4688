"""The contract of a study: claims as data, independent jobs, rows of plain numbers, and an answer to every claim."""

from __future__ import annotations

import functools
import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from neurodrift.errors import NeurodriftError

__all__ = [
    "FAILS",
    "HOLDS",
    "IN_PART",
    "NOT_RUN",
    "UNDEFINED",
    "Answer",
    "Claim",
    "Curve",
    "Estimate",
    "Job",
    "Line",
    "Row",
    "Study",
    "Table",
    "matching",
    "protocol",
    "protocol_digest",
]

Job = dict[str, Any]
Row = dict[str, Any]
HOLDS, IN_PART, FAILS = "holds", "holds in part", "does not hold here"
NOT_RUN, UNDEFINED = "not run", "undefined"


@dataclass(frozen=True)
class Claim:
    """What a paper says, beside the study that asks whether it holds.

    Args:
        name: unique within the study.
        says: the paper's claim in our words.
        paper: its figure, a number or a phrase; "" where it gives none.
        source: arXiv id.
    """

    name: str
    says: str
    paper: str | float
    source: str


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its 95 % interval; NaN where there is none."""

    mean: float
    low: float
    high: float
    seeds: int


@dataclass(frozen=True)
class Answer:
    """What was found: the figure to stand beside the paper's, a verdict, and one sentence why.

    The verdict is HOLDS, IN_PART, FAILS, or NOT_RUN or UNDEFINED + ": " + reason.
    """

    claim: str
    ours: Estimate
    verdict: str
    why: str


@dataclass(frozen=True)
class Line:
    """A series of a curve: y and its interval at each x; without x, one level drawn across."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True)
class Curve:
    """A figure as data; `neurodrift.report.studies` draws it. `y_limits` cut off what would flatten the rest."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    log_x: bool = False
    log_y: bool = False
    y_limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Table:
    """A table as data, every cell text."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Study:
    """A study of one claim or a few.

    Attributes:
        name, title: as in STUDIES, and in words.
        claims: what the papers say.
        settings: the protocol in words: what was fixed, and what was chosen where the paper is silent.
        alone: jobs that measure time run one by one, after all others.
    """

    name: str
    title: str
    claims: tuple[Claim, ...]
    settings: str
    alone: bool = False

    def jobs(self, quick: bool, seeds: int | None = None) -> list[Job]:
        """Independent pieces of work, plain JSON; together with the code they decide everything."""
        raise NotImplementedError

    def run(self, job: Job) -> list[Row]:
        """Rows of plain numbers and words: a pure function of the job."""
        raise NotImplementedError

    def answer(self, rows: list[Row]) -> list[Answer]:
        """One answer a claim, from the rows of all jobs."""
        raise NotImplementedError

    def curves(self, rows: list[Row]) -> list[Curve]:
        """Figures, as data."""
        return []

    def tables(self, rows: list[Row]) -> list[Table]:
        """Tables, as data."""
        return []


def protocol(name: str, quick: bool, seeds: int | None = None) -> dict[str, Any]:
    """The grids and settings of a study from protocols/NAME.toml: [full], with [quick] in its place where `quick`.

    `seeds` replaces the number of seeds.
    """
    table = tomllib.loads(_text(name))
    chosen = {**table["full"], **(table["quick"] if quick else {})}
    return {**chosen, "seeds": seeds} if seeds else chosen


def protocol_digest(name: str) -> str:
    """sha256 of the protocol file with LF line ends; it stands in every row."""
    return hashlib.sha256(_text(name).encode()).hexdigest()


@functools.cache
def _text(name: str) -> str:
    file = files("neurodrift.studies").joinpath("protocols", f"{name}.toml")
    try:
        return file.read_text(encoding="utf-8").replace("\r\n", "\n")
    except FileNotFoundError as error:
        raise NeurodriftError(f"study {name}: there is no protocol {file}; every study has one.") from error


def matching(rows: Sequence[Row], **where: Any) -> list[Row]:
    """The rows whose values are these."""
    return [row for row in rows if all(row.get(k) == v for k, v in where.items())]
