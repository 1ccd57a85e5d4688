"""Twins of Indy and Loco: a MATLAB v7.3 file, written with h5py as MATLAB writes it, and the laboratory's NWB of it."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
from pynwb.ecephys import SpikeEventSeries

from tests.twins.base import Population, Truth, arrays, container, counted, held, module, new, position, save

__all__ = ["indy_loco", "indy_loco_nwb"]


def indy_loco(path: Path) -> Truth:
    """Cells of references (slots x channels), empty cells, names as character codes, axes transposed."""
    pop = Population(6, 4.0, 19, start=100.0)
    at = pop.t[::4]
    names = ["M1 001", "M1 002", "S1 001"]
    cells = {(0, 0): 0, (1, 0): 1, (0, 1): 2, (0, 2): 3, (1, 2): 4, (2, 2): 5}
    with h5py.File(path, "w") as file:
        file["t"] = at[None]
        file["cursor_pos"] = pop.position[::4].T
        file["target_pos"] = np.round(pop.position[::4].T)
        file["finger_pos"] = np.c_[pop.position[::4], at].T
        refs = file.create_group("#refs#")
        slots = file.create_dataset("spikes", (3, 3), h5py.ref_dtype)
        for slot in range(3):
            for channel in range(3):
                unit = cells.get((slot, channel))
                if unit is None:
                    cell = refs.create_dataset(f"e{slot}{channel}", data=np.zeros(2, np.uint64))
                    cell.attrs["MATLAB_empty"] = 1
                else:
                    cell = refs.create_dataset(f"s{slot}{channel}", data=pop.spikes[unit][None])
                slots[slot, channel] = cell.ref
        labels = file.create_dataset("chan_names", (1, 3), h5py.ref_dtype)
        for i, name in enumerate(names):
            codes = np.array([[ord(c)] for c in name], np.uint16)
            labels[0, i] = refs.create_dataset(f"n{i}", data=codes).ref
    times = at[0] + 0.02 * np.arange(1, int((at[-1] - at[0]) / 0.02 + 1e-6) + 1)
    each = counted(pop.spikes, times)
    counts = np.stack([each[:, 0] + each[:, 1], each[:, 2], each[:, 3:].sum(1)], 1)
    return Truth(
        "indy_loco", counts, times, held(pop.position[::4], at, times), ("M1:001", "M1:002", "S1:001"),
        says=("6 units pooled per electrode onto 3", "chosen by the layout: cursor_pos"),
    )  # fmt: skip


def indy_loco_nwb(path: Path) -> Truth:
    """Positions in containers of their own, with a conversion to m; sorted units; every spike once more, as waveforms."""
    pop = Population(6, 4.0, 19, start=100.0)
    nwb = new("Multichannel Sensorimotor Cortex Electrophysiology", "Indy", datetime(2016, 4, 7, tzinfo=UTC))
    groups = ("ElectrodeArrayM1", "ElectrodeArrayS1")
    arrays(nwb, groups, 2, x=float, y=float, z=float, imp=float)
    for row in range(4):
        region = nwb.create_electrode_table_region([row], "electrode i in array")
        for unit, train in ((0, pop.spikes[5]), (1, pop.spikes[row]), (2, np.zeros(0))):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # as published, waveforms have no axis of electrodes
                events = SpikeEventSeries(
                    name=f"{groups[row // 2][-2:]} Spike Events electrode {row} and unit {unit}",
                    data=np.zeros((len(train), 48)),
                    timestamps=train,
                    electrodes=region,
                    resolution=4.096e-05,
                    conversion=1e-6,
                )
            nwb.add_acquisition(events)
            if unit:
                group = nwb.electrode_groups[groups[row // 2]]
                nwb.add_unit(electrodes=[row], spike_times=train, electrode_group=group)
    at = pop.t[::4]
    for name, data, scale in (
        ("cursor", pop.position[::4], 1e-3),
        ("finger", np.c_[pop.position[::4], at], 1e-2),
        ("target", np.round(pop.position[::4]), 1e-3),
    ):
        series = position(f"{name}_position", data, at, "meters", conversion=scale)
        module(nwb, "behavior").add(container(series, name=f"{name.capitalize()}Position"))
    save(nwb, path)
    times = at[0] + 0.02 * np.arange(1, int((at[-1] - at[0]) / 0.02 + 1e-6) + 1)
    ids = tuple(f"{groups[row // 2]}:{row}" for row in range(4))
    return Truth(
        "indy_loco", counted(pop.spikes[:4], times), times, held(pop.position[::4], at, times) * 1e-3, ids,
        says=("8 units pooled per electrode onto 4", "chosen by the layout: CursorPosition/cursor_position",
              "multiplied by its conversion 0.001"),
    )  # fmt: skip
