"""A benchmark's specification: TOML in, a validated model out; unknown keys name the nearest right one."""

from __future__ import annotations

import difflib
import inspect
import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from neurodrift.data.remote import is_url
from neurodrift.errors import NeurodriftError
from neurodrift.learn.cells import CELLS, Cell
from neurodrift.learn.engines import Engine
from neurodrift.learn.optim import OPTIMIZERS
from neurodrift.learn.rules import RULES, Rule

__all__ = [
    "Adapted",
    "Data",
    "DecoderSpec",
    "Methods",
    "Spec",
    "Split",
    "parse_spec",
    "read_spec",
    "resolve",
    "spec_to_toml",
]


# Learned bins; chosen on held-back training data under simulated drift (docs/results.md), never on a test day.
AVERAGE = 100.0


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Data(_Part):
    """Which sessions, and what of them. Paths are relative to the spec file, or http(s) addresses; ${NAME} is an environment variable."""

    train: list[str] = Field(default_factory=list)
    test: list[str] = Field(default_factory=list)
    sessions: str | None = None
    train_sessions: int = Field(default=1, ge=1)
    neural: str | None = None
    behavior: str | None = None
    behavior_transform: Literal["none", "velocity"] = "none"
    bin_width: float | None = Field(default=None, gt=0)
    trials: str | None = None
    bin_edge: Literal["start", "end"] | None = None
    pool: Literal["electrode", "unit"] | None = None
    same_units: bool = False
    units: str | None = None
    part: str | None = None

    @model_validator(mode="after")
    def _named(self) -> Data:
        lists = bool(self.train), bool(self.test)
        if self.sessions is None and not all(lists):
            missing = "test" if lists[0] else "train"
            raise ValueError(f"{missing} is missing: list recordings, or give a folder or glob as sessions")
        if self.sessions is not None and any(lists):
            raise ValueError("give train and test, or sessions, not both")
        return self

    def how(self) -> dict[str, Any]:
        """The arguments of `read_session`."""
        return self.model_dump(exclude={"train", "test", "sessions", "train_sessions"})


class Split(_Part):
    """How a test session is cut in time."""

    adapt: float = Field(default=0.6, gt=0, lt=1)
    gap: float = Field(default=1.0, ge=0)


class DecoderSpec(_Part):
    """The recurrent decoder, what becomes of its state at gaps between bins, and what runs it online."""

    cell: str = "gru"
    n_units: int = Field(default=64, ge=1)
    alpha: float | None = None
    over_gaps: Literal["carry", "reset"] = "carry"
    engine: Engine = "auto"

    @model_validator(mode="after")
    def _known(self) -> DecoderSpec:
        _one_of("cell", self.cell, CELLS)
        if self.alpha is not None and "alpha" not in inspect.signature(CELLS[self.cell]).parameters:
            raise ValueError(f"the cell {self.cell} takes no alpha")
        try:
            self.build_cell()
        except NeurodriftError as error:
            raise ValueError(str(error)) from error
        return self

    def build_cell(self) -> Cell:
        return CELLS[self.cell](**({} if self.alpha is None else {"alpha": self.alpha}))


class Adapted(_Part):
    """One online method: a rule, an optimizer, a step size ("auto": chosen on simulated drift of the training day)."""

    rule: str = "immediate"
    optimizer: str = "rmsprop"
    lr: float | Literal["auto"] = "auto"
    label: str = ""
    k: int | None = Field(default=None, ge=0)
    own: bool | None = None
    keep: str | None = None
    choose: str | None = None
    redraw: bool | None = None
    decay: float | None = None
    horizon: int | None = None
    window: int | None = None
    tol: float | None = None
    max_horizon: int | None = None
    probes: int | None = None
    safety: float | None = None
    growth: float | None = None
    feedback: Literal["weights", "random"] = "weights"
    guard: bool = False

    @model_validator(mode="after")
    def _known(self) -> Adapted:
        _one_of("rule", self.rule, RULES)
        _one_of("optimizer", self.optimizer, OPTIMIZERS)
        if self.lr != "auto" and not 0 < float(self.lr) < float("inf"):
            raise ValueError(f'lr is {self.lr}; give "auto" or a positive number')
        takes = inspect.signature(RULES[self.rule]).parameters
        for name in self.options():
            if name not in takes:
                raise ValueError(
                    f"the rule {self.rule} takes no {name}; it takes {', '.join(takes) or 'nothing'}"
                )
        try:
            self.build_rule()
        except NeurodriftError as error:
            raise ValueError(str(error)) from error
        if not self.label:
            object.__setattr__(self, "label", f"{self.rule}:{self.optimizer}")
        return self

    def options(self) -> dict[str, Any]:
        """The rule's own arguments, where they are given."""
        names = "k own keep choose redraw decay horizon window tol max_horizon probes safety growth".split()
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def build_rule(self) -> Rule:
        return RULES[self.rule](**self.options())


class Methods(_Part):
    """The online methods, how many bins late their labels come, and over how many learned bins weights are averaged."""

    adapted: list[Adapted] = Field(default_factory=lambda: [Adapted()])
    label_lag: int = Field(default=0, ge=0)
    average: float = Field(default=AVERAGE, ge=0)

    @model_validator(mode="after")
    def _apart(self) -> Methods:
        labels = [a.label for a in self.adapted]
        for label in labels:
            if labels.count(label) > 1:
                raise ValueError(f'two methods are called "{label}"; give one of them a label of its own')
        return self


class Spec(_Part):
    """A whole benchmark."""

    name: str = "benchmark"
    seeds: int = Field(default=5, ge=1)
    data: Data
    split: Split = Split()
    decoder: DecoderSpec = Field(default_factory=DecoderSpec)
    methods: Methods = Field(default_factory=Methods)


def read_spec(path: Path) -> Spec:
    """The spec in a TOML file.

    Raises:
        NeurodriftError: a missing or unreadable file, broken TOML, an unknown key, a value out of range.
    """
    if path.is_dir():
        raise NeurodriftError(f"{path} is a directory; give the TOML file of a benchmark's specification.")
    if not path.exists():
        raise NeurodriftError(
            f"{path}: no such spec file. Check the path, or give --train and --test instead."
        )
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NeurodriftError(f"{path} is not a TOML file: {error}.") from error
    return parse_spec(content, str(path))


def parse_spec(content: Mapping[str, Any], source: str = "spec") -> Spec:
    """The spec in a mapping, as TOML gives it."""
    _check_keys(content, Spec, source, "")
    try:
        return Spec.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        got = first["input"] if not isinstance(first["input"], (dict, BaseModel)) else None
        shown = (
            f" (it is {json.dumps(got, default=str)})"
            if got is not None and first["type"] != "missing"
            else ""
        )
        raise NeurodriftError(f"{source}: {where or 'spec'}: {message}{shown}.") from error


def resolve(text: str, folder: Path) -> Path | str:
    """A path of the spec as a path of this machine: ${NAME} filled in, relative to the spec's folder; an address as it is."""
    if is_url(text):
        return text

    def fill(match: re.Match[str]) -> str:
        value = os.environ.get(match[1])
        if value is None:
            raise NeurodriftError(
                f'"{text}" names the environment variable {match[1]}, which is not set; set it to a folder.'
            )
        return value

    return (folder / Path(re.sub(r"\$\{(\w+)\}", fill, text)).expanduser()).resolve()


def spec_to_toml(spec: Spec) -> str:
    """The spec as TOML, in the keys that `read_spec` reads; defaults are written out."""
    content = spec.model_dump(exclude_none=True)
    lines = [f"{key} = {_toml(value)}" for key, value in content.items() if not isinstance(value, dict)]
    for section, values in content.items():
        if isinstance(values, dict):
            lines += ["", f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _one_of(what: str, name: str, known: Mapping[str, object]) -> None:
    if name not in known:
        raise ValueError(
            f'{what} "{name}" is not known; did you mean "{_nearest(name, known)}"? There are {", ".join(known)}'
        )


def _check_keys(content: Mapping[str, Any], model: type[BaseModel], source: str, where: str) -> None:
    for key, value in content.items():
        if key not in model.model_fields:
            place = f"[{where}]" if where else "the spec"
            raise NeurodriftError(
                f'{source}: {place} has no key "{key}"; did you mean "{_nearest(key, model.model_fields)}"? '
                f"Its keys are {', '.join(model.model_fields)}."
            )
        parts: dict[str, type[BaseModel]] = {
            "data": Data,
            "split": Split,
            "decoder": DecoderSpec,
            "methods": Methods,
        }
        part = parts.get(key)
        if part and isinstance(value, Mapping) and not where:
            _check_keys(value, part, source, key)
        if where == "methods" and key == "adapted" and isinstance(value, list):
            for i, entry in enumerate(value):
                if isinstance(entry, Mapping):
                    _check_keys(entry, Adapted, source, f"methods.adapted[{i}]")


def _nearest(name: str, known: Mapping[str, object]) -> str:
    return max(known, key=lambda k: difflib.SequenceMatcher(None, name.lower(), k.lower()).ratio())
