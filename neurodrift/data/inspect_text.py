"""What `inspect_file` found, as the note a colleague would write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.markup import escape

from neurodrift.data.words import many

__all__ = ["show"]

FEW = 4  # series of one container, alike, are named in one line from this number on


def show(content: dict[str, Any], console: Console) -> None:
    """Print what `inspect_file` returned."""

    def line(text: str, style: str = "") -> None:
        console.print(escape(text), style=style, highlight=False, soft_wrap=True)

    for i, text in enumerate(_head(content)):
        line(text, "" if i else "bold")
    for title, items, kind in (
        ("Neural data", content["neural"], "neural"),
        ("Behaviour", content["behaviors"], "behavior"),
    ):
        console.print()
        line(f"{title}: {_fate(items, content['used'][kind])}", "bold")
        for text in _rows(items, content["used"][kind]):
            line(text)
    for title, lines in (
        ("Trial columns", [", ".join(content["trial_columns"])] if content["trial_columns"] else []),
        ("Ignored", [f"{item['path']}: {item['why']}" for item in content["ignored"]]),
        ("What is known of this set", content["set"]["notes"]),
        ("Notes", content["notes"]),
        ("Next", content["next"]),
    ):
        if lines:
            console.print()
            line(title, "bold")
            for text in lines:
                line(f"  {text}")


def _head(content: dict[str, Any]) -> Iterator[str]:
    yield content["path"]
    yield content["set"]["title"] or "no layout of a public set: read by what the file says"
    who = f"subject {content['subject']}" if content["subject"] else "no subject given"
    when = f", {content['start'][:10]}" if content["start"] else ""
    yield f"{who}, session {content['session'] or 'not named'}{when}, layout {content['layout']}"
    if content["description"]:
        yield f"description: {content['description']}"
    size = [many(content["n_channels"], "channel")] if content["n_channels"] is not None else []
    if content["n_bins"] is not None:
        width = content["bin_width"]
        size.append(many(content["n_bins"], "bin") + (f" of {width:g} s" if width else ""))
    if content["duration"] is not None:
        seconds = content["duration"]
        size.append(f"{seconds / 60:.1f} min" if seconds >= 120 else f"{seconds:.1f} s")
    yield ", ".join([*size, many(content["n_trials"], "trial")])


def _fate(items: Sequence[Any], used: Sequence[str]) -> str:
    if not items:
        return "none found"
    if not used:
        return "choose one by name or path"
    if len(used) == len(items):
        return "would be used"
    return "those marked * would be used, others by name or path"


def _rows(items: Sequence[dict[str, Any]], used: Sequence[str]) -> list[str]:
    """Lines of equal columns; many alike in one container are one line."""

    def alike(item: dict[str, Any]) -> tuple[str, str, str, str]:
        mark = "* " if item["path"] in used and len(used) < len(items) else ""
        unit = item.get("kind", item.get("unit")) or "unit not given"
        size = many(item["size"], "channel") if "size" in item else many(item["dimensions"], "column")
        return mark, item["path"].rpartition("/")[0], size, unit.replace("_", " ")

    rows: list[tuple[str, str, str]] = []
    for (mark, above, size, unit), group in groupby(items, alike):
        same = list(group)
        if len(same) >= FEW:
            names = ", ".join(item["name"] for item in same)
            rows.append((f"{mark}{above}", f"{len(same)} series of {size}", f"{unit}: {names}"))
        else:
            rows += [(mark + item["path"], size, unit) for item in same]
    left, middle = (max((len(row[i]) for row in rows), default=0) for i in (0, 1))
    return [f"  {a:<{left}}  {b:<{middle}}  {c}" for a, b, c in rows]
