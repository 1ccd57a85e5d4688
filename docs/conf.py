"""Sphinx configuration: `sphinx-build -W -b html docs docs/_build/html`."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx

import neurodrift

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "neurodrift"
author = "The neurodrift developers"
release = version = neurodrift.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "kind_tables",
]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "dollarmath"]
autosummary_generate = True
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "show-inheritance": False}
# Re-exports are documented where they are defined, once.
autosummary_ignore_module_all = False
napoleon_google_docstring = True
napoleon_use_rtype = False
# Docstrings use single backticks for code, as Markdown does.
default_role = "code"

html_theme = "pydata_sphinx_theme"
html_title = "neurodrift"
html_static_path = ["_static"]
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False}


def escape_bars(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """|v| in the maths of a docstring is a norm, not a substitution of reStructuredText."""
    lines[:] = [line.replace("|", r"\|") for line in lines]


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", escape_bars, priority=900)
