"""Recordings of Indy and Loco, MATLAB v7.3 files on Zenodo, as an NWBFile in memory."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from pynwb import NWBFile, TimeSeries
from pynwb.file import Subject

from neurodrift.errors import NeurodriftError

__all__ = ["CONVERTED", "as_nwb", "is_indy"]

KEYS = {"cursor_pos", "target_pos", "t", "spikes", "chan_names"}
NAME = re.compile(r"(indy|loco)_(\d{8})_(\d+)", re.IGNORECASE)
CONVERTED = "MATLAB v7.3 file of O'Doherty, Cardoso, Makin and Sabes"
FINGER = {3: "columns=[z, -x, -y]", 6: "columns=[z, -x, -y, azimuth, elevation, roll]"}


def is_indy(file: h5py.File) -> bool:
    """Whether an HDF5 file has the variables of these recordings."""
    return KEYS <= set(file)


def as_nwb(file: h5py.File, where: str) -> NWBFile:
    """Spike times per channel and slot as units, behaviour as series; subject and day by the file's name.

    Slot 0 of a channel holds what was not sorted, the others its sorted units; an empty slot is no unit.
    """
    name = NAME.search(Path(where).stem)
    start = datetime.strptime(name[2], "%Y%m%d") if name else datetime(1980, 1, 1)
    nwb = NWBFile(
        CONVERTED, Path(where).stem, start.replace(tzinfo=UTC), session_id=name[0] if name else None
    )
    if name:
        nwb.subject = Subject(subject_id=name[1].capitalize(), species="Macaca mulatta")
    _units(nwb, file, where)
    times = np.asarray(file["t"]).ravel()
    behavior = nwb.create_processing_module("behavior", "kinematics")
    for key in ("cursor_pos", "finger_pos", "target_pos"):
        if key not in file:
            continue
        data = np.asarray(file[key])
        data = data.T if data.shape[0] != len(times) else data
        unit = "cm" if key == "finger_pos" else "unknown"
        comments = FINGER.get(data.shape[1], "") if key == "finger_pos" else "columns=[x, y]"
        behavior.add(
            TimeSeries(name=key, data=data, timestamps=times, unit=unit, comments=comments or "none")
        )
    return nwb


def _units(nwb: NWBFile, file: h5py.File, where: str) -> None:
    slots = file["spikes"]
    names = [_text(file[ref]) for ref in np.asarray(file["chan_names"]).ravel()]
    if slots.ndim != 2 or slots.shape[1] != len(names):
        raise NeurodriftError(
            f"{where}: spikes has shape {slots.shape}, but chan_names names {len(names)} channels; "
            f"it should be slots x channels."
        )
    device = nwb.create_device(name="array")
    groups: dict[str, Any] = {}
    nwb.add_electrode_column("label", "name of the channel")
    for i, label in enumerate(names):
        area = label.split(" ")[0]
        if area not in groups:
            groups[area] = nwb.create_electrode_group(area, area, area, device)
        nwb.add_electrode(
            id=i, location=area, group=groups[area], group_name=area, label=label.split(" ")[-1]
        )
    nwb.add_unit_column("slot", "0: not sorted; otherwise the sorted unit of the channel")
    for channel in range(len(names)):
        for slot in range(slots.shape[0]):
            cell = file[slots[slot, channel]]
            if "MATLAB_empty" in cell.attrs or cell.dtype.kind != "f" or cell.size == 0:
                continue
            train = np.asarray(cell, np.float64).ravel()
            nwb.add_unit(id=100 * channel + slot, spike_times=train, electrodes=[channel], slot=slot)


def _text(cell: Any) -> str:
    return "".join(chr(int(code)) for code in np.asarray(cell).ravel())
