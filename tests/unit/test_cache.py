"""The cache of extracted sessions: what comes out is what went in, and nothing old, half or damaged comes out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neurodrift.data import Session, cache, read_session
from neurodrift.data.cache import cached_sessions, clear_cache, load_session
from neurodrift.errors import NeurodriftWarning
from tests.unit.data_twins import saved, trials, with_units


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("NEURODRIFT_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache" / "sessions"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    nwb = with_units([0, 1, 2], 3, obs=[[0.0, 4.0], [5.0, 9.0]])
    trials(nwb, [(0.0, 3.0), (3.0, 6.0), (6.0, 9.0)])
    return saved(nwb, tmp_path / "day.nwb")


def same(a: Session, b: Session) -> None:
    for f in fields(Session):
        x, y = getattr(a, f.name), getattr(b, f.name)
        if isinstance(x, np.ndarray):
            assert x.dtype == y.dtype and np.array_equal(x, y, equal_nan=x.dtype.kind == "f"), f.name
        elif isinstance(x, pd.DataFrame):
            pd.testing.assert_frame_equal(x, y)
        else:
            assert x == y, f.name


def test_what_comes_out_is_what_was_read(file: Path, folder: Path) -> None:
    read = read_session(file, bin_width=0.02)
    for _ in range(2):
        same(load_session(file, bin_width=0.02), read)
    assert len(list(folder.iterdir())) == 1


def test_the_second_time_the_file_is_not_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_session(file, bin_width=0.02)
    file.write_bytes(b"no NWB any more")
    same(load_session(file, digest=first.digest, bin_width=0.02), first)


def test_other_bins_files_and_readers_are_other_entries(
    file: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = load_session(file, bin_width=0.02)
    b = load_session(file, bin_width=0.05)
    assert b.bin_width == 0.05 and len(a) > len(b)
    other = saved(with_units([2, 1, 0], 3), tmp_path / "other.nwb")
    same(load_session(other, bin_width=0.02), read_session(other, bin_width=0.02))
    assert len(list(folder.iterdir())) == 3
    monkeypatch.setattr(cache, "_code", lambda: "another reader")
    load_session(file, bin_width=0.02)
    assert len(list(folder.iterdir())) == 4


def test_a_moved_file_is_found_and_named_where_it_is(file: Path, folder: Path, tmp_path: Path) -> None:
    load_session(file, bin_width=0.02)
    moved = file.rename(tmp_path / "elsewhere.nwb")
    assert load_session(moved, bin_width=0.02).source == str(moved)
    assert len(list(folder.iterdir())) == 1


def damages() -> dict[str, object]:
    def flip(content: bytes) -> bytes:
        at = content.index(b"\x78", len(content) // 3)
        return content[:at] + bytes(b ^ 255 for b in content[at : at + 400]) + content[at + 400 :]

    return {
        "empty": lambda c: b"",
        "half": lambda c: c[: len(c) // 2],
        "almost": lambda c: c[:-100],
        "text": lambda c: b"text" * 99,
        "flipped": flip,
        **{f"cut {i}": lambda c, i=i: c[: len(c) * i // 20] for i in range(1, 20, 3)},
    }


@pytest.mark.parametrize("damage", damages().values(), ids=damages())
def test_damaged_entries_are_never_believed(file: Path, folder: Path, damage: object) -> None:
    read = load_session(file, bin_width=0.02)
    (entry,) = folder.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))  # type: ignore[operator]
    assert [c.path for c in cached_sessions()] == [entry]
    same(load_session(file, bin_width=0.02), read)
    same(load_session(file, bin_width=0.02), read)


def test_every_byte_of_the_counts_is_checked(file: Path, folder: Path) -> None:
    read = load_session(file, bin_width=0.02)
    (entry,) = folder.iterdir()
    whole = entry.read_bytes()
    rng = np.random.default_rng(0)
    for at in rng.integers(0, len(whole), 25):
        entry.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        again = load_session(file, bin_width=0.02)
        for name in cache.ARRAYS:
            assert np.array_equal(getattr(again, name), getattr(read, name), equal_nan=name == "behavior"), (
                at,
                name,
            )


def test_nothing_has_an_entry_s_name_before_it_is_whole(
    file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile: list[list[str]] = []
    monkeypatch.setattr(os, "fsync", lambda fd: meanwhile.append([f.suffix for f in folder.iterdir()]))
    load_session(file, bin_width=0.02)
    assert meanwhile == [[".part"]] and [f.suffix for f in folder.iterdir()] == [".h5"]


def test_warnings_are_heard_again(tmp_path: Path) -> None:
    file = saved(with_units(None), tmp_path / "unstable.nwb")
    heard = []
    for _ in range(2):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            load_session(file, bin_width=0.02)
        heard.append([str(w.message) for w in said if w.category is NeurodriftWarning])
    assert heard[0] == heard[1] and heard[0]


def test_a_folder_that_cannot_be_written_costs_a_warning(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("NEURODRIFT_CACHE", str(tmp_path / "taken"))
    with pytest.warns(NeurodriftWarning, match="is not cached"):
        same(load_session(file, bin_width=0.02), read_session(file, bin_width=0.02))


def test_listing_and_clearing(file: Path, tmp_path: Path, folder: Path) -> None:
    load_session(file, bin_width=0.02)
    other = saved(with_units([2, 1, 0], 3), tmp_path / "other.nwb")
    load_session(other, bin_width=0.05)
    items = list(cached_sessions())
    assert {(Path(i.source).name, i.how["bin_width"]) for i in items} == {
        ("day.nwb", 0.02),
        ("other.nwb", 0.05),
    }
    assert clear_cache("other")[0] == 1 and clear_cache() == (
        1,
        next(i.size for i in items if "day" in i.source),
    )
    assert not list(folder.iterdir())
