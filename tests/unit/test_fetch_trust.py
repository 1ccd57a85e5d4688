"""What fetching refuses, and what stays usable: versions, digests, paths, disks, processes, networks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodrift.data import download, fetch
from neurodrift.data.catalogue import find_entry
from neurodrift.data.dandi import Unreachable
from neurodrift.data.fetch import Choice, open_plan
from neurodrift.data.folders import inside
from neurodrift.data.ledger import locked
from neurodrift.errors import NeurodriftError
from tests.loopback import Fault, Loopback, loopback
from tests.unit.link_archive import LINK, SIZE, content, get, nwb_files, path_of


def test_a_version_that_vanished(archive: Loopback, tmp_path: Path) -> None:
    (file,) = get(archive, tmp_path)
    archive.sets[LINK.id]["0.260101.0000"] = archive.sets[LINK.id].pop(LINK.version)
    with pytest.raises(NeurodriftError, match=r"0.251023.2336 of dandiset 001201 is not at.*0.260101.0000"):
        get(archive, tmp_path)
    assert file.is_file()
    assert get(archive, tmp_path, version="0.260101.0000")[0] != file
    with pytest.raises(NeurodriftError, match="no such dandiset"):
        get(archive, tmp_path, name="000688")


def test_a_published_file_that_changed_is_refused(archive: Loopback, tmp_path: Path) -> None:
    (file,) = get(archive, tmp_path)
    archive.put(LINK.id, LINK.version, path_of(1), b"x" * (SIZE + 1))
    os.utime(file, (1, 1))  # so that it is looked at again
    with pytest.raises(NeurodriftError, match="published version must not change"):
        get(archive, tmp_path)
    assert file.is_file() and len(file.read_bytes()) == SIZE + 1 and file.read_bytes() != b"x" * (SIZE + 1)


def test_the_catalogue_s_digest_is_held_to(archive: Loopback, tmp_path: Path) -> None:
    facts = {path_of(1): {"size": SIZE + 1, "sha256": "0" * 64}, path_of(2): {"size": 5, "sha256": "0" * 64}}
    (tmp_path / "link.json").write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(NeurodriftError, match=r"20200101.*the archive now says"):
        get(archive, tmp_path, digests=tmp_path)
    with pytest.raises(NeurodriftError, match=r"20200102.*the catalogue 5"):
        get(archive, tmp_path, limit=2, digests=tmp_path)
    assert not nwb_files(tmp_path)


EVIL = [
    "../evil.nwb",
    "a/../../evil.nwb",
    "/tmp/evil.nwb",
    "C:/evil.nwb",
    "a\\..\\..\\evil.nwb",
    "a//b.nwb",
    "./a.nwb",
    "a/nul.nwb",
]


@pytest.mark.parametrize("path", EVIL)
def test_no_path_leaves_the_folder(archive: Loopback, tmp_path: Path, path: str) -> None:
    archive.put("000001", "0.1.0", path, b"evil")
    with pytest.raises(NeurodriftError, match="no plain path"):
        get(archive, tmp_path / "deep" / "data", name="000001")
    assert not nwb_files(tmp_path)


@settings(deadline=None, max_examples=60)
@given(st.text() | st.lists(st.sampled_from(["..", ".", "", "a", "b.nwb", "/", "\\", "C:"])).map("/".join))
def test_inside_is_inside(path: str) -> None:
    root = Path("/data/set")
    try:
        target = inside(root, path)
    except NeurodriftError:
        return
    assert Path(os.path.normpath(target)).is_relative_to(root) and target != root


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_no_link_leads_out(archive: Loopback, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    root = tmp_path / "data" / LINK.id / LINK.version
    root.mkdir(parents=True)
    (root / "sub-Monkey-N").symlink_to(out)
    with pytest.raises(NeurodriftError, match="symbolic link"):
        get(archive, tmp_path / "data")
    assert not list(out.iterdir())


def test_no_room_is_said_before_anything_starts(
    archive: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: real._replace(free=fetch.ROOM + SIZE))
    with pytest.raises(download.DiskFull, match=r"200.0 kB are to be fetched"):
        get(archive, tmp_path)
    assert archive.sent == 0


def test_a_disk_that_fills_on_the_way(archive: Loopback, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="no such limit on this system")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(NeurodriftError, match=r"the disk is full.*What has arrived is kept"):
            get(archive, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    (part,) = tmp_path.rglob("*.part")
    assert 0 < part.stat().st_size <= 100_000 and not nwb_files(tmp_path)
    assert get(archive, tmp_path)[0].read_bytes() == content(archive)


def test_two_processes_fetch_a_file_once(archive: Loopback, tmp_path: Path) -> None:
    archive.faults[path_of(1)] = Fault(delay=0.5)
    call = ["fetch", "link", "--limit", "3", "--api", archive.url, "--to", str(tmp_path)]
    both = [
        subprocess.Popen([sys.executable, "-m", "neurodrift.cli", *call], stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for one in both:
        _, said = one.communicate(timeout=120)
        assert one.returncode == 0, said
    assert [f.read_bytes() for f in nwb_files(tmp_path)] == [content(archive, d) for d in (1, 2, 3)]
    assert archive.sent == sum(len(content(archive, d)) for d in (1, 2, 3))


def test_threads_wait_for_each_other_too(tmp_path: Path) -> None:
    inside_now, most = 0, 0

    def work() -> None:
        nonlocal inside_now, most
        for _ in range(5):
            with locked(tmp_path / "lock"):
                inside_now += 1
                most = max(most, inside_now)
                time.sleep(0.002)
                inside_now -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_without_a_network_what_is_here_stays_usable(archive: Loopback, tmp_path: Path) -> None:
    files = get(archive, tmp_path, limit=2)
    with loopback() as gone:
        pass
    gone.sets = archive.sets
    with open_plan(LINK, Choice(limit=2).of, to=tmp_path, api=gone.url) as plan:
        assert "2 of 2 chosen files are here" in plan.note and fetch.fetch(plan) == files
    with pytest.raises(Unreachable, match=r"2 of the 3 chosen files.*stay usable") as error:
        get(gone, tmp_path, limit=3)
    assert "\n" not in str(error.value)
    with pytest.raises(Unreachable, match="Nothing of mc_rtt"):
        get(gone, tmp_path, name="mc_rtt")


def test_a_draft_is_refused_unless_asked_for(archive: Loopback, tmp_path: Path) -> None:
    archive.put("000001", "draft", "a.nwb", b"draft")
    for more in ({}, {"version": "draft"}):
        with pytest.raises(NeurodriftError, match=r"draft, which changes|draft changes without notice"):
            get(archive, tmp_path, name="000001", **more)
    assert get(archive, tmp_path, name="000001", draft=True)[0].read_bytes() == b"draft"


def test_the_first_version_fetched_stays_the_version(archive: Loopback, tmp_path: Path) -> None:
    archive.put("000001", "0.240101.0000", "a.nwb", b"old")
    assert get(archive, tmp_path, name="000001")[0].read_bytes() == b"old"
    archive.put("000001", "0.250101.0000", "a.nwb", b"new")
    assert get(archive, tmp_path, name="000001")[0].read_bytes() == b"old"
    assert get(archive, tmp_path / "elsewhere", name="000001")[0].read_bytes() == b"new"


def test_a_folder_is_one_archive_s(archive: Loopback, tmp_path: Path) -> None:
    get(archive, tmp_path)
    with loopback() as other:
        other.sets = archive.sets
        with pytest.raises(NeurodriftError, match="holds files of"):
            get(other, tmp_path)


def test_what_is_no_archive_is_said_to_be_none(archive: Loopback, tmp_path: Path) -> None:
    archive.answer = lambda path, query: {"hello": "world"}  # type: ignore[method-assign]
    for api in (archive.url, "ftp://x", "nonsense"):
        with (
            pytest.raises(NeurodriftError, match="DANDI archive"),
            open_plan(LINK, Choice().of, to=tmp_path, api=api),
        ):
            pass


def test_the_client_s_own_setting_is_heeded(
    archive: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DANDI_INSTANCE", archive.url)
    monkeypatch.setenv("NEURODRIFT_DATA", str(tmp_path))
    with open_plan(LINK, Choice(after=date(2020, 1, 4)).of) as plan:
        assert [plan.where(a) for a in plan.assets] == [
            tmp_path / LINK.id / LINK.version / path_of(d) for d in (4, 5)
        ]


def test_zenodo(archive: Loopback, tmp_path: Path) -> None:
    entry = find_entry("indy_loco")
    for name in ("indy_20160407_02.mat", "loco_20170210_03.mat", "readme.txt"):
        archive.put(entry.id, "files", name, name.encode() * 10_000)
    with open_plan(entry, Choice(subject="loco").of, to=tmp_path, api=archive.site) as plan:
        (file,) = fetch.fetch(plan)
    assert file.read_bytes() == b"loco_20170210_03.mat" * 10_000
    archive.faults["indy_20160407_02.mat"] = Fault(cut=[70_000], flip=True)
    with (
        open_plan(entry, Choice(limit=1).of, to=tmp_path, api=archive.site) as plan,
        pytest.raises(NeurodriftError, match=r"md5:.*archive says md5:"),
    ):
        fetch.fetch(plan)
    with (
        pytest.raises(NeurodriftError, match="404"),
        open_plan(entry, Choice().of, to=tmp_path, api=archive.url),
    ):
        pass


def test_choosing_nothing_says_what_there_is(archive: Loopback, tmp_path: Path) -> None:
    for choice in (Choice(subject="Q"), Choice(after=date(2030, 1, 1)), Choice(task="CO")):
        with (
            pytest.raises(
                NeurodriftError, match=r"5 sessions: subjects Monkey-N; days 2020-01-01 to 2020-01-05"
            ),
            open_plan(LINK, choice.of, to=tmp_path, api=archive.url),
        ):
            pass
