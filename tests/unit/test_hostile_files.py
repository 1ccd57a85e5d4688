"""Damaged and malicious files: an error that names the file, never a crash, a hang, or another file's contents."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurodrift import NeurodriftError
from neurodrift.data import inspect_file, read_session
from tests.twins import TWINS, file_name

# Many files a process, each under an alarm: a crash or a hang is seen by the parent, with the file it came from.
READER = """
import faulthandler, resource, signal, sys, warnings
from neurodrift import NeurodriftError
from neurodrift.data import inspect_file, read_session
warnings.simplefilter("ignore")
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
for line in sys.stdin:
    path = line.strip()
    for call in (read_session, inspect_file):
        print("at", call.__name__, path, flush=True)
        signal.alarm(20)
        try:
            call(path)
            print("read", flush=True)
        except NeurodriftError as error:
            assert str(error) and "\\n" not in str(error), error
            print("refused", flush=True)
        finally:
            signal.alarm(0)
"""
SMALL = ("link_2024", "perich_miller_rt", "falcon_h1", "indy_loco")


def run(paths: list[Path]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", READER],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        timeout=280,
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"{lines[-1] if lines else ''}: {done.stderr[-2000:]}"
    return [line for line in lines if not line.startswith("at")]


@pytest.mark.skipif(sys.platform == "win32", reason="alarms and limits of a process are POSIX")
@pytest.mark.parametrize("n", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_truncated_and_fuzzed_files_are_refused_or_read(n: int, tmp_path: Path) -> None:
    rng, paths = np.random.default_rng(n), []
    for name in SMALL:
        good = tmp_path / file_name(name)
        TWINS[name](good)
        content = good.read_bytes()
        for k in range(n):
            bad = bytearray(content)
            if k % 3 == 0:
                bad = bad[: rng.integers(0, len(bad))]
            else:
                # Structure is what a parser trips over: much of it lies among the first bytes of the file.
                end = len(bad) if k % 3 == 1 else min(20000, len(bad))
                for at in rng.integers(0, end, 1 + k % 40):
                    bad[at] = rng.integers(0, 256)
            paths.append(tmp_path / f"{k}-{good.name}")
            paths[-1].write_bytes(bad)
    said = run(paths)
    assert len(said) == 2 * len(paths) and "refused" in said


def target(tmp_path: Path) -> Path:
    TWINS["link_2024"](tmp_path / "a.nwb")
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["data"] = np.ones((300, 96))
    (tmp_path / "secret.bin").write_bytes(bytes(300 * 96 * 8))
    return tmp_path / "a.nwb"


@pytest.mark.parametrize("how", ["link", "storage", "virtual"])
def test_what_leads_to_another_file_is_refused(how: str, tmp_path: Path) -> None:
    path = target(tmp_path)
    with h5py.File(path, "a") as file:
        place = file["processing/ecephys/ThresholdCrossings"]
        del place["data"]
        if how == "link":
            place["data"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/data")
        elif how == "storage":
            outside = [(str(tmp_path / "secret.bin"), 0, h5py.h5f.UNLIMITED)]
            place.create_dataset("data", (300, 96), "f8", external=outside)
        else:
            layout = h5py.VirtualLayout((300, 96), "f8")
            layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "data", (300, 96))
            place.create_virtual_dataset("data", layout)
    for call in (read_session, inspect_file):
        with pytest.raises(NeurodriftError, match=r"ThresholdCrossings/data .* in another file .*secret"):
            call(path)


def test_a_dataset_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    path = target(tmp_path)
    with h5py.File(path, "a") as file:
        place = file["processing/behavior/index_velocity"]
        attributes = dict(place["data"].attrs)
        del place["data"], place["timestamps"]
        huge = (1 << 40, 1)
        place.create_dataset("data", huge, "f8", chunks=(1 << 16, 1)).attrs.update(attributes)
        place.create_dataset("starting_time", data=0.0).attrs.update({"rate": 50.0, "unit": "seconds"})
    with pytest.raises(NeurodriftError, match=r"claims .* GB"):
        read_session(path)


def test_a_folder_of_links_stays_where_it_is(tmp_path: Path) -> None:
    path = target(tmp_path)
    with h5py.File(path, "a") as file:
        file["analysis/same"] = h5py.SoftLink("/processing/behavior")
    shutil.copy(path, tmp_path / "b.nwb")
    assert inspect_file(tmp_path / "b.nwb")["layout"] == "link"
