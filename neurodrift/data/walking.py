"""Every object of an NWB file that could be a signal, with its path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pynwb import NWBFile, TimeSeries
from pynwb.core import DynamicTable, NWBContainer

__all__ = ["walk"]


def walk(nwb: NWBFile) -> Iterator[tuple[str, NWBContainer, NWBContainer | None]]:
    """Path, object and what contains it, over acquisition, processing/* and analysis, in order of names."""

    def inner(path: str, item: NWBContainer, inside: NWBContainer | None) -> Iterator[Any]:
        here = f"{path}/{item.name}"
        if isinstance(item, (TimeSeries, DynamicTable)):
            yield here, item, inside
            return
        children = [child for child in item.children if isinstance(child, NWBContainer)]
        if not children:
            yield here, item, inside
        for child in sorted(children, key=lambda child: str(child.name)):
            yield from inner(here, child, item)

    places: list[tuple[str, Any]] = [("acquisition", nwb.acquisition)]
    places += [
        (f"processing/{name}", nwb.processing[name].data_interfaces) for name in sorted(nwb.processing)
    ]
    places.append(("analysis", nwb.analysis))
    for path, items in places:
        for name in sorted(items):
            yield from inner(path, items[name], None)
