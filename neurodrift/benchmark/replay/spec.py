"""A replay's specification: TOML in, a validated model out; unknown keys name the nearest right one."""

from __future__ import annotations

import difflib
import inspect
import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from neurodrift.benchmark.replay.names import METHODS
from neurodrift.closed_loop import FAULTS, INTENTIONS, PLANTS, TASKS, USERS
from neurodrift.drift import DRIFTS
from neurodrift.errors import NeurodriftError
from neurodrift.learn.cells import CELLS

__all__ = [
    "DecoderPart",
    "FaultPart",
    "Intention",
    "Kind",
    "Recording",
    "ReplaySpec",
    "World",
    "nearest",
    "parse_replay",
    "read_replay",
]


def _closed() -> list[Literal["closed", "open"]]:
    return ["closed"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class World(_Part):
    """The simulated array and its days. A day is one session; day 0 calibrates and comes before any drift."""

    n_channels: int = Field(default=96, ge=2)
    bin_width: float = Field(default=0.05, gt=0)
    days: int = Field(default=30, ge=1)
    minutes: float = Field(default=3.0, gt=0)
    calibration: float = Field(default=4.0, gt=0)
    drift: str = "turnover"
    severity: float = Field(default=0.1, ge=0)

    @model_validator(mode="after")
    def _known(self) -> World:
        one_of("drift", self.drift, DRIFTS)
        return self


class Kind(_Part):
    """A task, user or plant by its name, with its options."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    kind: str

    def build(self, known: Mapping[str, Callable[..., Any]], **more: Any) -> Any:
        return known[self.kind](**(self.model_extra or {}), **more)

    def check(self, what: str, known: Mapping[str, Callable[..., Any]]) -> None:
        one_of(what, self.kind, known)
        takes: dict[str, None] = {}
        for cls in inspect.getmro(known[self.kind]):  # type: ignore[arg-type]
            if cls is not object:
                takes |= dict.fromkeys(inspect.signature(cls).parameters)
        for name in self.model_extra or {}:
            if name not in takes or name in ("seed", "options"):
                names = [t for t in takes if t not in ("seed", "options", "axes")]
                raise ValueError(
                    f'the {what} {self.kind} takes no "{name}"; did you mean '
                    f'"{nearest(name, dict.fromkeys(names))}"? It takes {", ".join(names)}'
                )
        self.build(known)


class FaultPart(Kind):
    """What goes wrong from the first of two days to the last, with its options."""

    days: list[int] = Field(min_length=2, max_length=2)


class Intention(_Part):
    """What the decoder is taught: a kind of intention, how late, in which share of the trials, and turned by how much."""

    kind: str = "feedback"
    lag: int = Field(default=0, ge=0)
    share: float = Field(default=1.0, ge=0, le=1)
    turn: float = 0.0

    @model_validator(mode="after")
    def _known(self) -> Intention:
        one_of("intention", self.kind, INTENTIONS)
        return self


class DecoderPart(_Part):
    """The recurrent decoder, its training, and the step size of its online learning."""

    cell: str = "gru"
    n_units: int = Field(default=32, ge=1)
    epochs: int = Field(default=30, ge=1)
    lr: float | Literal["auto"] = "auto"

    @model_validator(mode="after")
    def _known(self) -> DecoderPart:
        one_of("cell", self.cell, CELLS)
        return self


class Recording(_Part):
    """A recorded pair of days instead of a simulated user; `drift` is applied to the counts of the test session."""

    train: list[str] = Field(min_length=1)
    test: str
    neural: str | None = None
    behavior: str | None = None
    behavior_transform: Literal["none", "velocity"] = "none"
    bin_width: float | None = Field(default=None, gt=0)
    trials: str | None = None
    drift: str | None = None
    severity: float = Field(default=1.0, ge=0)
    onset: float = Field(default=0.25, ge=0, lt=1)

    @model_validator(mode="after")
    def _known(self) -> Recording:
        if self.drift is not None:
            one_of("drift", self.drift, DRIFTS)
        return self


class ReplaySpec(_Part):
    """A whole replay: a closed-loop campaign, or, with [recording], a recorded session."""

    name: str = "replay"
    seeds: int = Field(default=5, ge=1)
    methods: list[str] = Field(
        default_factory=lambda: ["frozen", "renormalized", "rls", "immediate"], min_length=1
    )
    loops: list[Literal["closed", "open"]] = Field(default_factory=_closed, min_length=1)
    shown: int = Field(default=3, ge=1, le=12)
    world: World = Field(default_factory=lambda: World())
    task: Kind = Field(default_factory=lambda: Kind(kind="centre_out"))
    user: Kind = Field(default_factory=lambda: Kind(kind="optimal"))
    plant: Kind = Field(default_factory=lambda: Kind(kind="velocity"))
    intention: Intention = Field(default_factory=lambda: Intention())
    decoder: DecoderPart = Field(default_factory=lambda: DecoderPart())
    fault: FaultPart | None = None
    recording: Recording | None = None

    @model_validator(mode="after")
    def _known(self) -> ReplaySpec:
        for method in self.methods:
            one_of("method", method, METHODS)
            if self.methods.count(method) > 1:
                raise ValueError(f'the method "{method}" is named twice')
        self.task.check("task", TASKS)
        self.user.check("user", USERS)
        self.plant.check("plant", PLANTS)
        if self.fault:
            self.fault.check("fault", FAULTS)
            first, last = self.fault.days
            if self.recording:
                raise ValueError("a [fault] is for simulated days; a [recording] has `drift` and `onset`")
            if not 1 <= first <= last <= self.world.days:
                raise ValueError(
                    f"fault.days is [{first}, {last}]; give its first and last day, in 1 .. {self.world.days}"
                )
        return self


def read_replay(path: Path) -> ReplaySpec:
    """The spec in a TOML file.

    Raises:
        NeurodriftError: a missing or unreadable file, broken TOML, an unknown key, a value out of range.
    """
    if not path.is_file():
        raise NeurodriftError(f"{path}: no such spec file. Check the path, or give none for a demonstration.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NeurodriftError(f"{path} is not a TOML file: {error}.") from error
    return parse_replay(content, str(path))


def parse_replay(content: Mapping[str, Any], source: str = "spec") -> ReplaySpec:
    """The spec in a mapping, as TOML gives it."""
    try:
        return ReplaySpec.model_validate(content)
    except (ValidationError, NeurodriftError) as error:
        if isinstance(error, NeurodriftError):
            raise NeurodriftError(f"{source}: {error}") from error
        first = error.errors()[0]
        *section, key = [str(p) for p in first["loc"]] or ["spec"]
        if first["type"] == "extra_forbidden":
            model: Any = ReplaySpec
            for part in section:
                model = _model(model.model_fields[part].annotation)
            keys = model.model_fields
            raise NeurodriftError(
                f'{source}: {"[" + ".".join(section) + "]" if section else "the spec"} has no key "{key}"; did you '
                f'mean "{nearest(key, keys)}"? Its keys are {", ".join(keys)}.'
            ) from error
        message = first["msg"].removeprefix("Value error, ")
        got = first["input"]
        plain = not isinstance(got, (dict, BaseModel)) and first["type"] not in ("missing", "value_error")
        shown = f" (it is {json.dumps(got, default=str)})" if plain else ""
        raise NeurodriftError(f"{source}: {'.'.join([*section, key])}: {message}{shown}.") from error


def _model(annotation: Any) -> Any:
    """The model in an annotation such as `Recording | None`."""
    parts = getattr(annotation, "__args__", (annotation,))
    return next(p for p in parts if isinstance(p, type) and issubclass(p, BaseModel))


def nearest(name: str, known: Mapping[str, object]) -> str:
    return max(known, key=lambda k: difflib.SequenceMatcher(None, name.lower(), k.lower()).ratio())


def one_of(what: str, name: str, known: Mapping[str, object]) -> None:
    if name not in known:
        raise ValueError(
            f'{what} "{name}" is not known; did you mean "{nearest(name, known)}"? There are {", ".join(known)}'
        )
