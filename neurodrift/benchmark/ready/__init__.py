"""Benchmarks of public sets that need nothing but a name: which sessions, and the spec over them.

A ready spec is a spec with one more table, [fetch]: the set, how many of the first sessions train, and how many days
after the last of those each test session should lie; the nearest one is taken.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any

from neurodrift.benchmark.spec import Spec, parse_spec
from neurodrift.data.catalogue import Entry, facts_of, find_entry
from neurodrift.data.dandi import Asset
from neurodrift.data.fetch import Choice, Plan
from neurodrift.errors import NeurodriftError

__all__ = ["Ready", "ready_names", "ready_spec"]


def ready_names() -> list[str]:
    """The sets with a ready spec."""
    place = files("neurodrift.benchmark.ready")
    return sorted(item.name.removesuffix(".toml") for item in place.iterdir() if item.name.endswith(".toml"))


@dataclass(frozen=True)
class Ready:
    """A ready spec before its sessions are known."""

    entry: Entry
    choice: Choice
    train: int
    test_after_days: tuple[int, ...]
    content: dict[str, Any]
    sessions: int | None = None

    def pick(self, entry: Entry, listed: Sequence[Asset]) -> list[Asset]:
        """The training sessions, then the test sessions, of the files listed.

        Raises:
            NeurodriftError: fewer than one of each.
        """
        found = self.choice.of(entry, listed)
        first, rest = found[: self.train], found[self.train :]
        days = {a.path: facts.date for a in found if (facts := facts_of(entry, a.path)) and facts.date}
        if not rest or any(a.path not in days for a in found):
            raise NeurodriftError(f"{entry.name}: a benchmark needs {self.train + 1} dated sessions or more.")
        test: list[Asset] = []
        for after in self.test_after_days:
            wanted = days[first[-1].path] + timedelta(days=after)
            nearest = min(rest, key=lambda a, wanted=wanted: abs(days[a.path] - wanted))  # type: ignore[misc]
            if nearest not in test:
                test.append(nearest)
        return [*first, *sorted(test, key=lambda a: (days[a.path], a.path))][: self.sessions]

    def spec(self, plan: Plan) -> Spec:
        """The spec over the plan's files."""
        paths = [str(plan.where(a)) for a in plan.assets]
        data = {**self.content["data"], "train": paths[: self.train], "test": paths[self.train :]}
        return parse_spec({**self.content, "data": data}, f"ready spec {self.entry.name}")


def ready_spec(name: str, sessions: int | None = None) -> Ready:
    """The ready spec of a set, by its name or number.

    Args:
        sessions: use only so many, the training sessions and the earliest tests.

    Raises:
        NeurodriftError: there is none of that name, or too few sessions are asked for.
    """
    try:
        entry = find_entry(name)
    except NeurodriftError as error:
        raise NeurodriftError(f"{name}: no such spec file, and {error}") from error
    if entry.name not in ready_names():
        raise NeurodriftError(
            f"{name}: no spec file, and no ready spec either; there are ready ones for {', '.join(ready_names())}. "
            f"`neurodrift fetch {name}`, then give its files with --train and --test."
        )
    text = files("neurodrift.benchmark.ready").joinpath(f"{entry.name}.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    want = content.pop("fetch")
    if sessions is not None and sessions <= want["train"]:
        raise NeurodriftError(
            f"{name}: --sessions {sessions} leaves none to test; give {want['train'] + 1} or more."
        )
    choice = Choice(want.get("subject"), want.get("task"))
    return Ready(entry, choice, want["train"], tuple(want["test_after_days"]), content, sessions)
