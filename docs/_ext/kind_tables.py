"""The directive `kind-table`: a table made from a kind's dict, so that it cannot fall behind the code."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

LINKS = (
    (re.compile(r"arXiv:(\d{4}\.\d{4,5})"), r"`arXiv:\1 <https://arxiv.org/abs/\1>`__"),
    (re.compile(r"doi:(10\.\S+?)(?=[.,;]?(\s|$))"), r"`doi:\1 <https://doi.org/\1>`__"),
)
PARTS = re.compile(r"\n\s*(Args|Raises|References|Returns):[ \t]*\n")


def summary(entry: Any) -> str:
    """The first paragraph of the docstring, on one line."""
    doc = inspect.getdoc(entry) or ""
    return " ".join(doc.split("\n\n")[0].split())


def references(entry: Any) -> str:
    """What stands under `References:` in the docstring, on one line; "" where there is none."""
    pieces = PARTS.split("\n" + (inspect.getdoc(entry) or ""))
    found = [text for name, text in zip(pieces[1::2], pieces[2::2], strict=True) if name == "References"]
    return " ".join(" ".join(found).split())


def options(entry: Any) -> str:
    """The parameters of a factory with their defaults, as a call is written."""
    if not callable(entry):
        return ""
    parameters = inspect.signature(entry).parameters.values()
    return ", ".join(
        f"{p.name}={p.default!r}" for p in parameters if isinstance(p.default, bool | int | float | str)
    )


def cell(text: str, code: bool = False) -> str:
    """Text as reStructuredText that fits a table cell."""
    if code:
        return f"``{text}``" if text else ""
    safe = text.replace("\\", "\\\\").replace("*", "\\*").replace("|", "\\|").replace("_ ", "\\_ ")
    for pattern, link in LINKS:
        safe = pattern.sub(link, safe)
    return safe


class KindTable(SphinxDirective):
    """`kind-table:: neurodrift.learn.cells.CELLS` with the columns name, what it is, defaults, references."""

    required_arguments = 1
    option_spec: ClassVar = {"no-options": directives.flag}

    def run(self) -> list[nodes.Node]:
        module, _, name = self.arguments[0].rpartition(".")
        kinds = getattr(importlib.import_module(module), name)
        rows = []
        for key, entry in kinds.items():
            rows.append(
                [cell(key, True), cell(summary(entry)), cell(options(entry), True), cell(references(entry))]
            )
        titles = ["name", "what it is", "options", "references"]
        used = [i for i in range(4) if i < 2 or any(row[i] for row in rows)]
        if "no-options" in self.options and 2 in used:
            used.remove(2)
        lines = [".. list-table::", "   :header-rows: 1", ""]
        for row in [titles, *rows]:
            for place, column in enumerate(used):
                lines.append(f"   {'* -' if not place else '  -'} {row[column]}")
        parent = nodes.container(classes=["kind-table"])
        self.state.nested_parse(StringList([*lines, ""], self.arguments[0]), self.content_offset, parent)
        return parent.children


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("kind-table", KindTable)
    return {"parallel_read_safe": True}
