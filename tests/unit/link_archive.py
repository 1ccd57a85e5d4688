"""An archive on 127.0.0.1 with five random files of LINK, and what tests of fetching do with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from neurodrift.data import download, fetch
from neurodrift.data.catalogue import find_entry
from neurodrift.data.fetch import Choice, open_plan
from tests.loopback import Loopback, loopback

__all__ = ["LINK", "SIZE", "archive", "content", "get", "nwb_files", "path_of"]

LINK = find_entry("link")
SIZE = 200_000


def path_of(day: int) -> str:
    return f"sub-Monkey-N/sub-Monkey-N_ses-202001{day:02d}_ecephys.nwb"


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setattr(download, "PAUSE", 0.001)
    monkeypatch.setattr("dandi.dandiapi.REQUEST_RETRIES", 2)  # a minute of patience, else
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda seconds: None))
    rng = np.random.default_rng(0)
    with loopback() as running:
        for day in range(1, 6):
            running.put(LINK.id, LINK.version, path_of(day), rng.bytes(SIZE + day))
        yield running


def get(archive: Loopback, to: Path, limit: int = 1, name: str = "link", **more: object) -> list[Path]:
    with open_plan(find_entry(name), Choice(limit=limit).of, to=to, api=archive.url, **more) as plan:  # type: ignore[arg-type]
        return fetch.fetch(plan)


def content(archive: Loopback, day: int = 1) -> bytes:
    return archive.sets[LINK.id][LINK.version][path_of(day)]


def nwb_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.nwb"))
