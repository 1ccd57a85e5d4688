"""Transfers through the real dandi client from an archive that cuts, corrupts, fails and dawdles."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neurodrift.data import download
from neurodrift.data.dandi import Unreachable
from neurodrift.errors import NeurodriftError, NeurodriftWarning
from tests.loopback import Fault, Loopback
from tests.unit.link_archive import SIZE, content, get, nwb_files, path_of


def test_files_arrive_whole_and_only_once(archive: Loopback, tmp_path: Path) -> None:
    files = get(archive, tmp_path, limit=5)
    assert [f.read_bytes() for f in files] == [content(archive, d) for d in range(1, 6)]
    assert archive.sent == sum(len(content(archive, d)) for d in range(1, 6))
    assert nwb_files(tmp_path) == files and not list(tmp_path.rglob("*.part"))
    assert get(archive, tmp_path, limit=5) == files
    assert archive.sent == sum(len(content(archive, d)) for d in range(1, 6)), "fetched again"


def test_a_cut_transfer_continues_where_it_stopped(archive: Loopback, tmp_path: Path) -> None:
    archive.faults[path_of(1)] = Fault(cut=[70_000, 70_000])
    (file,) = get(archive, tmp_path)
    assert file.read_bytes() == content(archive)
    starts = [int(s.partition("bytes=")[2].rstrip("-") or 0) for s in archive.seen if " /blobs/" in s]
    assert len(starts) == 3 and 0 == starts[0] < starts[1] < starts[2]


def test_cut_too_often_it_keeps_what_came(archive: Loopback, tmp_path: Path) -> None:
    archive.faults[path_of(1)] = Fault(cut=[70_000] + [0] * download.PATIENCE)
    with pytest.raises(NeurodriftError, match=r"connection was lost.*same command continues"):
        get(archive, tmp_path)
    assert not nwb_files(tmp_path)
    before = archive.sent
    assert get(archive, tmp_path)[0].read_bytes() == content(archive)
    assert archive.sent - before < SIZE - 60_000


def test_a_server_without_ranges_does_no_harm(archive: Loopback, tmp_path: Path) -> None:
    archive.faults[path_of(1)] = Fault(cut=[150_000], whole=True)
    assert get(archive, tmp_path)[0].read_bytes() == content(archive)


def test_a_server_that_never_gets_further_is_given_up(archive: Loopback, tmp_path: Path) -> None:
    archive.faults[path_of(1)] = Fault(cut=[150_000] * 100, whole=True)
    with pytest.raises(NeurodriftError, match=r"6 times in a row"):
        get(archive, tmp_path)
    assert not nwb_files(tmp_path)


def test_it_waits_as_long_as_it_is_asked_to(archive: Loopback, tmp_path: Path) -> None:
    archive.faults[path_of(1)] = Fault(status=[429])
    get(archive, tmp_path)
    at = [t for t, said in zip(archive.times, archive.seen, strict=True) if " /blobs/" in said]
    assert len(at) == 2 and at[1] - at[0] >= 1


def test_a_wrong_part_of_an_earlier_try_is_not_kept(archive: Loopback, tmp_path: Path) -> None:
    archive.faults[path_of(1)] = Fault(cut=[70_000] + [0] * download.PATIENCE)
    with pytest.raises(NeurodriftError):
        get(archive, tmp_path)
    (part,) = tmp_path.rglob("*.part")
    part.write_bytes(bytes(part.stat().st_size))
    assert get(archive, tmp_path)[0].read_bytes() == content(archive)


@pytest.mark.parametrize("without_sha256", [False, True], ids=["sha256", "etag"])
def test_a_corrupt_file_is_set_aside_and_never_read(
    archive: Loopback, tmp_path: Path, without_sha256: bool
) -> None:
    archive.without_sha256 = without_sha256
    archive.faults[path_of(1)] = Fault(flip=True)
    for _ in range(2):
        with pytest.raises(NeurodriftError, match="arrived damaged"):
            get(archive, tmp_path, limit=2)
        assert [f.name for f in nwb_files(tmp_path)] == [Path(path_of(2)).name], "the sound one is here"
        assert [f.name for f in tmp_path.rglob("*quarantined")] == [Path(path_of(1)).name + ".quarantined"]
    archive.faults.clear()
    assert get(archive, tmp_path)[0].read_bytes() == content(archive)


def test_a_file_changed_on_the_disk_is_fetched_anew(archive: Loopback, tmp_path: Path) -> None:
    (file,) = get(archive, tmp_path)
    file.write_bytes(b"other bytes")
    with pytest.warns(NeurodriftWarning, match="was not what the archive holds"):
        get(archive, tmp_path)
    assert file.read_bytes() == content(archive)
    assert file.with_name(file.name + ".quarantined").read_bytes() == b"other bytes"
    os.utime(file, (1, 1))  # touched, but the same
    before = archive.sent
    assert get(archive, tmp_path) == [file] and archive.sent == before


def test_errors_of_the_server(archive: Loopback, tmp_path: Path) -> None:
    archive.faults[path_of(1)] = Fault(status=[500, 503])
    assert get(archive, tmp_path)[0].read_bytes() == content(archive)
    archive.faults[path_of(2)] = Fault(status=[404])
    with pytest.raises(NeurodriftError, match=r"20200102.*answers with 404"):
        get(archive, tmp_path, limit=2)
    archive.faults[path_of(2)] = Fault(status=[500] * 50)
    with pytest.raises(NeurodriftError, match=r"20200102.*answers with 500, 6 times"):
        get(archive, tmp_path, limit=3)
    assert len(nwb_files(tmp_path)) == 2, "the others were fetched"
    archive.faults[""] = Fault(status=[500] * 50)
    with pytest.raises(NeurodriftError, match="answers with 500"):
        get(archive, tmp_path)


def test_slow_answers(archive: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.faults[""] = archive.faults[path_of(1)] = Fault(delay=0.1)
    assert get(archive, tmp_path)[0].read_bytes() == content(archive)
    monkeypatch.setattr("dandi.dandiapi.DOWNLOAD_TIMEOUT", 0.05)
    monkeypatch.setattr(download, "PATIENCE", 2)
    archive.faults[path_of(2)] = Fault(delay=0.4)
    with pytest.raises(NeurodriftError, match="connection was lost"):
        get(archive, tmp_path, limit=2)
    monkeypatch.setattr("neurodrift.data.dandi.TIMEOUT", (0.05, 0.05))
    with pytest.raises(Unreachable, match="no answer within"):
        get(archive, tmp_path, limit=3)
