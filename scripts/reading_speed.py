"""How fast a session is read, how much memory it takes, and how much of a file with a large LFP is read at all.

    python scripts/reading_speed.py

Writes a simulated session (default: 30 minutes, 200 units, an LFP of 2 GB that no decoder needs) into a temporary
folder, reads it as 20 ms counts in a process of its own, and prints seconds, bytes and peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hdmf.backends.hdf5.h5_utils import H5DataIO
from pynwb import NWBHDF5IO, NWBFile
from pynwb.behavior import SpatialSeries
from pynwb.ecephys import LFP, ElectricalSeries


@dataclass
class Settings:
    """Everything this script decides."""

    minutes: float = 30.0
    units: int = 200
    rate: float = 10.0  # spikes per second and unit
    lfp_gb: float = 2.0
    bin_width: float = 0.02  # seconds
    repeats: int = 3


def write(path: Path, settings: Settings) -> None:
    """Units with electrodes, a hand at 1 kHz, and an LFP of int16."""
    rng, seconds = np.random.default_rng(0), settings.minutes * 60
    nwb = NWBFile("simulated", "speed", datetime(2020, 1, 1, tzinfo=UTC))
    group = nwb.create_electrode_group("array", "array", "M1", nwb.create_device(name="array"))
    for i in range(settings.units):
        nwb.add_electrode(id=i, location="M1", group=group, group_name="array")
    for i in range(settings.units):
        n = rng.poisson(settings.rate * seconds)
        nwb.add_unit(id=i, spike_times=np.sort(rng.uniform(0, seconds, n)), electrodes=[i])
    at = np.arange(0, seconds, 0.001)
    hand = SpatialSeries(name="hand", data=np.c_[np.sin(at), np.cos(at)], timestamps=at, reference_frame="r")
    nwb.create_processing_module("behavior", "behavior").add(hand)
    block = rng.integers(-99, 99, (100_000, settings.units), np.int16)
    region = nwb.create_electrode_table_region(list(range(settings.units)), "all")
    lfp = LFP(name="LFP")
    nwb.create_processing_module("ecephys", "ecephys").add(lfp)
    growing = H5DataIO(block[:1000], maxshape=(None, settings.units), chunks=(1000, settings.units))
    lfp.add_electrical_series(ElectricalSeries(name="lfp", data=growing, electrodes=region, rate=1000.0))
    with NWBHDF5IO(str(path), "w") as io:
        io.write(nwb)
    with h5py.File(path, "a") as file:
        data = file["processing/ecephys/LFP/lfp/data"]
        for _ in range(int(settings.lfp_gb * 1e9 / block.nbytes)):
            data.resize(len(data) + len(block), axis=0)
            data[-len(block) :] = block


class Counting:
    """A binary file that counts the bytes it hands out."""

    def __init__(self, path: Path) -> None:
        self.file, self.name, self.bytes = path.open("rb"), str(path), 0

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.bytes += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        got = self.file.readinto(buffer)
        self.bytes += got
        return got

    def seek(self, *place: int) -> int:
        return self.file.seek(*place)

    def tell(self) -> int:
        return self.file.tell()


def measure(path: Path, settings: Settings) -> None:
    """In a process of its own: readings, timed, without the digest of the whole file; and one through a counting file."""
    from neurodrift.data import read_session
    from neurodrift.data.nwb_open import open_nwb

    def peak() -> float:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    with open_nwb(path) as (nwb, _):  # pynwb's schemas are loaded once a process
        str(nwb.identifier)
    before, after, times, cpu = peak(), 0.0, [], []
    for _ in range(settings.repeats):
        start, ran = time.perf_counter(), time.process_time()
        session = read_session(path.open("rb"), bin_width=settings.bin_width)
        times.append(time.perf_counter() - start)
        cpu.append(time.process_time() - ran)
        after = after or peak()
    arrays = sum(
        a.nbytes for a in (session.counts, session.behavior, session.times, session.trial, session.valid)
    )
    counting = Counting(path)
    read_session(counting, bin_width=settings.bin_width)
    result = {
        "bins": len(session),
        "channels": len(session.channels),
        "seconds": min(times),
        "cpu": min(cpu),
        "arrays_mb": arrays / 1e6,
        "peak_mb": (after - before) / 1e6,
        "file_mb": path.stat().st_size / 1e6,
        "read_mb": counting.bytes / 1e6,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in vars(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    parser.add_argument("--step", choices=("write", "measure"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = vars(parser.parse_args())
    step, file = given.pop("step"), given.pop("file")
    if step is not None:
        {"write": write, "measure": measure}[step](file, Settings(**given))
        raise SystemExit
    with tempfile.TemporaryDirectory() as folder:
        # Each step in a process of its own: a process starts with the peak memory of the one that started it.
        for name in ("write", "measure"):
            more = ["--step", name, "--file", str(Path(folder) / "session.nwb")]
            command = [sys.executable, __file__, *sys.argv[1:], *more]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    got = json.loads(done.stdout)
    print(f"{got['bins']} bins of {got['channels']} channels from a file of {got['file_mb']:.0f} MB")
    print(
        f"read in {got['seconds']:.2f} s ({got['cpu']:.2f} s of one core); {got['read_mb']:.0f} MB of the file were read"
    )
    print(
        f"arrays returned {got['arrays_mb']:.0f} MB, memory at its peak {got['peak_mb']:.0f} MB above that before: "
        f"{got['peak_mb'] / got['arrays_mb']:.1f} times the arrays"
    )
