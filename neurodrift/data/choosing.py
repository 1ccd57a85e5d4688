"""Which series of a file are read, by name or by what the layout knows."""

from __future__ import annotations

from pynwb import TimeSeries

from neurodrift.data.facts import Facts
from neurodrift.data.finding import Found, choose, doubt
from neurodrift.data.options import Options
from neurodrift.errors import NeurodriftError

__all__ = ["NONE", "choose_behavior", "choose_neural"]

NONE = "none"  # behavior="none": counts alone, as of test files without behaviour


def choose_neural(found: list[Found], facts: Facts, options: Options, source: str) -> tuple[Found, list[str]]:
    """The series of spikes, and a note where the layout chose among several."""
    name, note = options.neural, ""
    offered = [item for item in found if item.role == "neural"]
    if name is None and len(offered) > 1:
        for path in facts.neural:
            if any(item.path == path or item.name == path for item in offered):
                name, note = path, f"neural data chosen by the layout among {len(offered)}: {path}"
                break
    return choose(found, "neural", name, source), [note] * bool(note)


def choose_behavior(
    found: list[Found], facts: Facts, options: Options, source: str
) -> tuple[list[Found], list[str]]:
    """The series of behaviour, in order of their columns; and a note where the layout chose.

    A name may be that of a container of series, and "a+b" joins several. "none" is an empty list.
    """
    if options.behavior == NONE:
        return [], ["behaviour: none, as asked"]
    if options.behavior is not None:
        return _named(found, options.behavior, source), []
    for text in facts.behavior:
        try:
            taken = _named(found, text, source)
        except NeurodriftError:
            continue
        if len(taken) == sum(item.role == "behavior" for item in found):
            return taken, []
        return taken, [f"behaviour chosen by the layout: {text}"]
    return [choose(found, "behavior", None, source)], []


def _named(found: list[Found], text: str, source: str) -> list[Found]:
    taken: list[Found] = []
    for name in text.split("+"):
        wanted = name.strip().strip("/")
        inside = [item for item in found if item.role == "behavior" and f"/{wanted}/" in f"/{_above(item)}/"]
        if inside and not any(wanted in (item.name, item.path) for item in found):
            taken += inside
        else:
            taken.append(choose(found, "behavior", wanted, source))
    for item in taken:
        if not isinstance(item.series, TimeSeries):
            raise NeurodriftError(f"{source}: {item.path} is no series of behaviour. {doubt(item)}")
    return taken


def _above(item: Found) -> str:
    return item.path.rpartition("/")[0]
