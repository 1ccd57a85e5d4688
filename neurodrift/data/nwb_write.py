"""A Session as an NWB file that `read_session` gives back as it was."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from hdmf.backends.hdf5.h5_utils import H5DataIO
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.file import Subject

from neurodrift.data.session import Session
from neurodrift.errors import NeurodriftError

__all__ = ["write_session"]

SYNTHETIC = "http://purl.obolibrary.org/obo/NCBITaxon_32630"  # NCBI taxonomy: "synthetic construct"
UNIDENTIFIED = "http://purl.obolibrary.org/obo/NCBITaxon_32644"  # "unidentified"


def write_session(session: Session, path: str | Path) -> None:
    """Write counts, behaviour, electrodes and trials; the file appears whole or not at all.

    Bins that are not valid become `invalid_times`; axis names and bin width stand in the series' comments.

    Raises:
        NeurodriftError: counts that are not whole numbers, or a folder that does not exist.
    """
    where = Path(path)
    if not where.parent.is_dir():
        raise NeurodriftError(
            f"{where} cannot be written: the folder {where.parent} does not exist. Create it first."
        )
    if (session.counts != np.round(session.counts)).any():
        raise NeurodriftError(f"{session}: counts are not whole numbers and cannot be written as counts.")
    if not len(session):
        raise NeurodriftError(f"{session}: it has no bins; there is nothing to write to {where}.")
    nwb = _file(session)
    _add_electrodes(nwb, session)
    _add_series(nwb, session)
    _add_trials(nwb, session)
    for start, stop in _invalid(session):
        nwb.add_invalid_time_interval(start_time=start, stop_time=stop)
    part = where.with_name(f".{where.stem}.{os.getpid()}.part.nwb")
    try:
        with NWBHDF5IO(str(part), "w") as io:
            io.write(nwb)
        os.replace(part, where)
    finally:
        part.unlink(missing_ok=True)


def _is_simulated(session: Session) -> bool:
    return "simulated" in " ".join([session.subject, session.identifier, *session.provenance]).lower()


def _file(session: Session) -> NWBFile:
    simulated = _is_simulated(session)
    start = session.start or datetime(1980, 1, 1, tzinfo=UTC)
    notes = list(session.provenance)
    if session.start is None:
        notes.append("session_start_time is not known; 1980-01-01 stands in for it")
    elif start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
        notes.append("session_start_time had no time zone; UTC is assumed")
    identifier = session.identifier or str(uuid.uuid4())
    what = "Simulated session: no animal was recorded." if simulated else "Session written by neurodrift."
    nwb = NWBFile(
        session_description=f"{what} Spike counts per bin of {session.bin_width:g} s, behaviour and trials.",
        identifier=identifier,
        session_id=identifier,
        session_start_time=start,
        notes="\n".join(notes) or None,
        keywords=["spike counts", "decoding"] + ["simulated"] * simulated,
        experiment_description=f"{what} See notes for how it came about.",
    )
    nwb.subject = Subject(
        subject_id=session.subject or "unknown",
        species=SYNTHETIC if simulated else UNIDENTIFIED,
        sex="U",
        age="P0D/",
        description="simulated; no animal" if simulated else "species, sex and age not known to neurodrift",
    )
    return nwb


def _add_electrodes(nwb: NWBFile, session: Session) -> None:
    simulated = _is_simulated(session)
    device = nwb.create_device(
        name="array", description="simulated array" if simulated else "electrode array"
    )
    location = "none (simulated)" if simulated else "unknown"
    group = nwb.create_electrode_group("array", description="all channels", location=location, device=device)
    nwb.add_electrode_column("label", "id of the channel, the same on every day")
    for i, name in enumerate(session.channels):
        nwb.add_electrode(id=i, location=location, group=group, label=name, enforce_unique_id=True)


def _add_series(nwb: NWBFile, session: Session) -> None:
    top = int(session.counts.max(initial=0))
    counts = TimeSeries(
        name="BinnedSpikeCounts",
        data=_packed(session.counts.astype(np.min_scalar_type(top))),
        unit="counts",
        timestamps=_packed(session.times),
        description="Spikes per bin; column i is row i of the electrodes table; timestamps are bin ends.",
        comments=f"bin_width={session.bin_width!r}",
    )
    behavior = TimeSeries(
        name="behavior",
        data=_packed(session.behavior),
        unit=session.behavior_unit or "unknown",
        timestamps=counts,
        description="Behaviour in each bin; NaN where there is no label.",
        comments=f"columns=[{', '.join(session.behavior_names)}]",
    )
    nwb.create_processing_module("ecephys", "Spike counts per bin.").add(counts)
    nwb.create_processing_module("behavior", "Behaviour on the same bins.").add(behavior)


def _packed(values: npt.NDArray[Any]) -> H5DataIO:
    return H5DataIO(values, compression="gzip", shuffle=True)


def _add_trials(nwb: NWBFile, session: Session) -> None:
    table = session.trials
    if not len(table):
        return
    own = [name for name in table.columns if name not in ("start_time", "stop_time")]
    for start, stop in zip(table["start_time"], table["stop_time"], strict=True):
        nwb.add_trial(start_time=float(start), stop_time=float(stop))
    for name in own:
        cells = table[name].tolist()
        if all(isinstance(cell, (str, type(None))) for cell in cells):
            data: Any = [cell or "" for cell in cells]
        else:
            try:
                data = np.asarray(table[name].to_numpy() if table[name].dtype != object else np.stack(cells))
            except (TypeError, ValueError) as error:
                raise NeurodriftError(
                    f"{session}: trial column {name!r} cannot be written ({error}); "
                    f"give it values of one kind and shape."
                ) from error
        nwb.add_trial_column(
            name=str(name), description=f"{str(name).replace('_', ' ')} of the trial", data=data
        )


def _invalid(session: Session) -> list[tuple[float, float]]:
    """Runs of invalid bins as (start, stop), s, cut where they would touch a valid bin next to them."""
    times, valid, width = session.times, session.valid, session.bin_width
    runs = []
    for i in np.flatnonzero(~valid & np.r_[True, valid[:-1]]):
        j = i + int(np.argmax(np.r_[valid[i:], True])) - 1
        start = max(times[i] - width, times[i - 1]) if i else times[i] - width
        stop = min(times[j], times[j + 1] - width) if j + 1 < len(times) else times[j]
        if start < stop:
            runs.append((float(start), float(stop)))
    return runs
