"""Layouts of public recordings: the first that matches reads the file; the generic one matches all."""

from __future__ import annotations

from types import ModuleType

from neurodrift.data.layouts import generic

__all__ = ["LAYOUTS", "generic"]

LAYOUTS: dict[str, ModuleType] = {"generic": generic}
