"""Channel ids that mean the same electrode on every day, as far as a file allows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["count_channels", "electrode_ids", "unit_electrodes"]

LABELS = ("label", "channel_name", "electrode_name")


def electrode_ids(table: Any, always_group: bool = False) -> tuple[list[str], str]:
    """Ids of all rows of an electrodes table, prefixed by group where there are several (or always), and their origin.

    The column label, channel_name or electrode_name where its ids are unique, else the table's own id.
    """
    n = len(table)
    prefix = [""] * n
    origin = ""
    if "group_name" in table.colnames:
        groups = [_text(item) for item in table["group_name"].data[:]]
        if len(set(groups)) > 1 or always_group:
            prefix, origin = [f"{group}:" for group in groups], "group_name and "
    for name in LABELS:
        if name in table.colnames and not hasattr(table[name], "target"):
            ids = [_text(item) for item in table[name].data[:]]
            joined = [before + item for before, item in zip(prefix, ids, strict=True)]
            if all(ids) and len(set(joined)) == n:
                return joined, f"{origin}{name} of the electrodes table"
    ids = [_text(item) for item in table.id.data[:]]
    joined = [before + item for before, item in zip(prefix, ids, strict=True)]
    if len(set(joined)) == n:
        return joined, f"{origin}id of the electrodes table"
    return [str(row) for row in range(n)], "row of the electrodes table (its ids are not unique)"


def _text(item: Any) -> str:
    return item.decode() if isinstance(item, bytes) else str(item)


def count_channels(nwb: Any, series: Any, columns: int) -> tuple[list[str], str]:
    """Ids of the columns of binned counts, and a line that says where they come from."""
    table = nwb.electrodes
    region = getattr(series, "electrodes", None)
    if table is not None and region is not None and len(region.data) == columns:
        ids, origin = electrode_ids(table)
        return [
            ids[row] for row in np.asarray(region.data[:])
        ], f"channel ids: {origin}, by the series' electrodes"
    if table is not None and len(table) == columns:
        ids, origin = electrode_ids(table)
        return ids, f"channel ids: {origin}, row by column"
    why = "there is no electrodes table" if table is None else f"the electrodes table has {len(table)} rows"
    return [str(i) for i in range(columns)], (
        f"channel ids: columns counted from 0, as {why}; "
        f"across days column i is taken to be the same electrode"
    )


def unit_electrodes(units: Any) -> tuple[npt.NDArray[np.int64], list[str]] | None:
    """Row of the electrodes table for each unit (-1: none) and notes; None if units name no electrodes."""
    if "electrodes" not in units.colnames:
        return None
    column = units["electrodes"]
    if not hasattr(column, "target"):
        return np.asarray(column.data[:], np.int64), []
    ends = np.asarray(column.data[:], np.int64)
    starts = np.r_[0, ends[:-1]] if len(ends) else ends
    rows = np.asarray(column.target.data[:], np.int64)
    has = ends > starts
    first = np.full(len(ends), -1, np.int64)
    first[has] = rows[starts[has]]
    notes = []
    sizes = Counter(int(size) for size in ends - starts)
    several = sum(number for size, number in sizes.items() if size > 1)
    if several:
        notes.append(f"{several} units name several electrodes; each goes to the first it names")
    if sizes[0]:
        notes.append(f"{sizes[0]} units name no electrode and are left out")
    return first, notes
