"""Files at web addresses: only what is needed crosses the network, and every failure is said."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pynwb import TimeSeries

from neurodrift.benchmark import parse_spec
from neurodrift.benchmark.pairs import load_pair
from neurodrift.data import inspect_file, read_session
from neurodrift.data.cache import load_session
from neurodrift.data.dandi import Unreachable
from neurodrift.data.nwb import file_digest
from neurodrift.data.remote import counting, open_remote, remote_digest
from neurodrift.errors import NeurodriftError
from tests.loopback import Fault, Loopback, loopback
from tests.twins import TWINS, file_name
from tests.unit.data_twins import saved, with_units

VOLTS = 12_000_000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Spikes, a hand, and 12 MB of voltage that no decoder needs."""
    nwb = with_units([0, 1, 2], 3)
    volts = np.random.default_rng(0).integers(-99, 99, VOLTS // 2, dtype=np.int16)
    nwb.add_acquisition(TimeSeries(name="fullband", data=volts, unit="volts", rate=30_000.0))
    return saved(nwb, tmp_path_factory.mktemp("remote") / "day.nwb")


@pytest.fixture
def archive(file: Path) -> Iterator[Loopback]:
    with loopback() as running:
        running.put("000001", "1", "day.nwb", file.read_bytes())
        yield running


@pytest.fixture
def url(archive: Loopback) -> str:
    return archive.blob_url("000001", "1", "day.nwb")


def test_a_session_over_the_network_is_the_session_of_the_file(
    file: Path, url: str, archive: Loopback
) -> None:
    with counting() as counted:
        far = read_session(url, bin_width=0.02, behavior="hand")
    near = read_session(file, bin_width=0.02, behavior="hand")
    assert np.array_equal(far.counts, near.counts) and np.array_equal(
        far.behavior, near.behavior, equal_nan=True
    )
    assert far.channels == near.channels and far.source == url
    assert counted.size == file.stat().st_size > VOLTS
    assert archive.sent <= counted.received + 2 < 0.1 * VOLTS, "voltage was read"


def test_inspecting_takes_an_address_and_follows_redirects(url: str, archive: Loopback, file: Path) -> None:
    door = f"{archive.url}/assets/{url.rpartition('/')[2]}/download/"
    here = inspect_file(file)
    assert {**inspect_file(door), "path": "", "next": ""} == {**here, "path": "", "next": ""}


def test_bytes_are_those_of_the_file(url: str, file: Path) -> None:
    content = file.read_bytes()
    with open_remote(url) as remote:
        for at, n in ((0, 10), (5_000_000, 300_000), (len(content) - 5, 50), (len(content), 1), (7, 0)):
            remote.seek(at)
            assert remote.read(n) == content[at : at + n]
        remote.seek(-8, 2)
        buffer = bytearray(20)
        assert remote.readinto(buffer) == 8 and buffer[:8] == content[-8:]


def test_a_changed_file_has_another_digest(url: str, archive: Loopback) -> None:
    before = file_digest(url)
    assert before == remote_digest(url + "?signature=1"), "a signature is no part of the file"
    archive.put("000001", "1", "day.nwb", archive.sets["000001"]["1"]["day.nwb"] + b"x")
    assert file_digest(url) != before


def test_failures_are_said(url: str, archive: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NeurodriftError, match="answers with 404"):
        read_session(url + "0")
    archive.faults["day.nwb"] = Fault(whole=True)
    with pytest.raises(NeurodriftError, match="whole files only"):
        read_session(url)
    archive.put("000001", "1", "text.nwb", b"not HDF5 at all" * 1000)
    with pytest.raises(NeurodriftError, match="cannot be opened as HDF5"):
        read_session(archive.blob_url("000001", "1", "text.nwb"))
    archive.put("000001", "1", "cut.nwb", archive.sets["000001"]["1"]["day.nwb"][:1_000_000])
    with pytest.raises(NeurodriftError, match=r"cut\.nwb|cut short"):
        read_session(archive.blob_url("000001", "1", "cut.nwb"))
    with loopback() as gone:
        pass
    with pytest.raises(Unreachable, match="is there a network"):
        read_session(f"{gone.site}/a.nwb")


def test_a_connection_lost_on_the_way_is_retried_then_said(
    url: str, archive: Loopback, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "remfile.RemFile.time.sleep", lambda seconds, real=time.sleep: real(min(seconds, 0.01))
    )
    fault = archive.faults["day.nwb"] = Fault()
    with open_remote(url) as remote:
        fault.status = [500, 503]
        assert remote.read(100) == file.read_bytes()[:100]
        remote.seek(6_000_000)
        fault.cut = [10, 10]
        assert remote.read(100) == file.read_bytes()[6_000_000:6_000_100]
        remote.seek(9_000_000)
        fault.status = [403]
        with pytest.raises(NeurodriftError, match=r"reading on failed .*403"):
            remote.read(100)


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.filterwarnings("ignore::neurodrift.NeurodriftWarning")
def test_every_layout_is_the_same_over_the_network_and_from_the_cache(
    name: str, archive: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEURODRIFT_CACHE", str(tmp_path / "cache"))
    path = tmp_path / file_name(name)
    truth = TWINS[name](path)
    archive.put("000001", "1", path.name, path.read_bytes())
    far = [load_session(archive.blob_url("000001", "1", path.name), **truth.options) for _ in range(2)]
    near = read_session(path, **truth.options)
    for session in far:
        for part in ("counts", "behavior", "times", "valid", "trial"):
            assert np.array_equal(
                getattr(session, part), getattr(near, part), equal_nan=part == "behavior"
            ), part
        assert (session.channels, session.persist) == (near.channels, near.persist)
        pd.testing.assert_frame_equal(session.trials, near.trials)
    assert far[0].provenance == far[1].provenance


@pytest.mark.filterwarnings("ignore::neurodrift.NeurodriftWarning")
def test_a_spec_may_name_addresses(archive: Loopback, tmp_path: Path) -> None:
    urls = []
    for seed in (15, 16):
        TWINS["link_2025"](tmp_path / "twin.nwb")
        archive.put("000001", str(seed), "day.nwb", (tmp_path / "twin.nwb").read_bytes())
        urls.append(archive.blob_url("000001", str(seed), "day.nwb"))
    spec = parse_spec({"data": {"train": urls[:1], "test": urls[1:]}})
    pair = load_pair(spec, tmp_path, urls[1])
    assert pair.train[0].source == urls[0] and pair.test.behavior_names == ("index_velocity", "mrs_velocity")
