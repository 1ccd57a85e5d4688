"""What is known of a fetched version: its files, sizes and digests, in one JSON file beside them."""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neurodrift.data.dandi import Asset
from neurodrift.errors import NeurodriftError

__all__ = ["Ledger", "locked"]

_THREADS: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Nobody else, of any thread or process on this machine, is between here and the end with the same path."""
    from fasteners import InterProcessLock

    path.parent.mkdir(parents=True, exist_ok=True)
    # A lock between processes lets the threads of one process through, so there are two.
    with _THREADS[str(path)], InterProcessLock(str(path)):
        yield


class Ledger:
    """The record of one version in its folder `root`; several processes may write to it.

    A file has `size`, and `digest` once the archive told it; `mtime_ns` and `sha256` once it lies here, verified.
    """

    def __init__(self, root: Path, archive: str = "", set_id: str = "", version: str = "") -> None:
        self.root = root
        self.path = root / "neurodrift.json"
        self.head = {"archive": archive, "id": set_id, "version": version}
        known = self._read()
        if archive and known.get("archive") and known["archive"] != archive:
            raise NeurodriftError(
                f"{root} holds files of {known['archive']}, not of {archive}; name another folder with --to."
            )

    def files(self) -> dict[str, dict[str, Any]]:
        """Path -> what is known of it."""
        return dict(self._read().get("files", {}))

    def listed(self) -> list[Asset]:
        """The version's files as the archive listed them last."""
        return [Asset(p, int(f["size"]), str(f.get("digest", ""))) for p, f in sorted(self.files().items())]

    def list(self, assets: Iterable[Asset]) -> None:
        """Records a listing."""
        self._update({a.path: {"size": a.size} for a in assets})

    def digest(self, asset: Asset) -> str:
        """The asset's digest as the archive says, else, without a network, as it said before; "" if it never did.

        Raises:
            NeurodriftError: it changed.
        """
        said = asset.digest or (asset.detail() if asset.detail else "")
        if said:
            self.check(asset, said)
        return said or str(self.files().get(asset.path, {}).get("digest", ""))

    def check(self, asset: Asset, digest: str) -> None:
        """Refuses a digest that is not the recorded one: a published version does not change.

        Raises:
            NeurodriftError: it changed; the file here stays as it is.
        """
        before = self.files().get(asset.path, {}).get("digest")
        if before and before != digest and before.split(":")[0] == digest.split(":")[0]:
            raise NeurodriftError(
                f"{asset.path}: the archive now says {digest}, but {before} when it was first asked. A published "
                f"version must not change: the file is not fetched. If the change is known to be right, remove its "
                f"entry from {self.path}."
            )
        self._update({asset.path: {"size": asset.size, "digest": digest}})

    def verified(self, path: str, target: Path, sha256: str) -> None:
        """Records that `target` holds the bytes it should."""
        self._update({path: {"sha256": sha256, "mtime_ns": target.stat().st_mtime_ns}})

    def holds(self, asset: Asset, target: Path) -> bool:
        """Whether `target` was verified and has not been touched since."""
        known = self.files().get(asset.path, {})
        if not target.is_file() or "sha256" not in known:
            return False
        stat = target.stat()
        return bool(stat.st_size == known["size"] and stat.st_mtime_ns == known["mtime_ns"])

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise NeurodriftError(
                f"{self.path} is damaged ({error}). Remove it: the files beside it are verified anew."
            ) from error
        return content if isinstance(content, dict) else {}

    def _update(self, files: dict[str, dict[str, Any]]) -> None:
        with locked(self.root / ".locks" / "ledger"):
            content = self._read()
            known = content.get("files", {})
            for path, facts in files.items():
                known[path] = {**known.get(path, {}), **facts}
            head = {key: value or content.get(key, "") for key, value in self.head.items()}
            part = self.path.with_suffix(".json.part")
            part.write_text(json.dumps({**head, "files": known}, indent=1), encoding="utf-8")
            os.replace(part, self.path)
