"""Layouts of public recordings: the first that matches reads the file; the generic one matches all."""

from __future__ import annotations

from types import ModuleType

from pynwb import NWBFile

from neurodrift.data.layouts import (
    churchland_maze,
    even_chen,
    falcon_h1,
    falcon_h2,
    falcon_m1,
    falcon_m2,
    generic,
    indy_loco,
    khanna,
    link,
    mc_maze,
    mc_rtt,
    neurotask,
    perich_miller,
)

__all__ = ["LAYOUTS", "layout_of"]

LAYOUTS: dict[str, ModuleType] = {
    "perich_miller": perich_miller,
    "link": link,
    "falcon_m1": falcon_m1,
    "falcon_m2": falcon_m2,
    "falcon_h1": falcon_h1,
    "falcon_h2": falcon_h2,
    "mc_maze": mc_maze,
    "mc_rtt": mc_rtt,
    "churchland_maze": churchland_maze,
    "even_chen": even_chen,
    "khanna": khanna,
    "neurotask": neurotask,
    "indy_loco": indy_loco,
    "generic": generic,
}


def layout_of(nwb: NWBFile) -> str:
    """Key in LAYOUTS of the first layout that a file has."""
    return next(name for name, module in LAYOUTS.items() if module.matches(nwb))
