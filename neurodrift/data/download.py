"""One file of an archive onto the disk: resumed, verified, and under its own name only when every byte is right."""

from __future__ import annotations

import errno
import hashlib
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import requests

from neurodrift.data.dandi import Asset
from neurodrift.data.folders import inside
from neurodrift.data.ledger import Ledger, locked
from neurodrift.errors import NeurodriftError, NeurodriftWarning

__all__ = ["QUARANTINE", "DiskFull", "Stopped", "fetch_file"]

Tell = Callable[[str, int], None]
QUARANTINE = ".quarantined"  # not .nwb: no glob and no reader picks it up
PATIENCE = 6  # attempts in a row that bring no new byte
PAUSE = 0.5  # seconds before the second attempt, doubled for each further one


class DiskFull(NeurodriftError):
    """No room for what is to be fetched."""


class Stopped(Exception):
    """The user stopped; what has arrived is kept and continued."""


def fetch_file(asset: Asset, ledger: Ledger, tell: Tell, stopped: Callable[[], bool]) -> Path:
    """The asset's file under the ledger's folder, fetched if it is not there or not what it should be.

    Bytes arrive in a file of another name, ending in .part, and a later call continues there. Only when size and
    digest are right does it get its own name. A wrong one is kept, ending in .quarantined, for a look, and is never read.

    Args:
        tell: called with the path and the bytes that are there; one process fetches a file at a time, others wait.
        stopped: asked at every block.

    Raises:
        NeurodriftError: refused, gone, cut off too often, corrupt, or no room.
    """
    target = inside(ledger.root, asset.path)
    with locked(ledger.root / ".locks" / hashlib.sha256(asset.path.encode()).hexdigest()[:20]):
        if ledger.holds(asset, target):
            tell(asset.path, asset.size)
            return target
        digest = ledger.digest(asset)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_file():
                found = _digest(target, digest)
                if found == digest:
                    ledger.verified(asset.path, target, _sha256(target, found))
                    tell(asset.path, asset.size)
                    return target
                aside = target.with_name(target.name + QUARANTINE)
                os.replace(target, aside)
                warnings.warn(
                    f"{target} was not what the archive holds; it is kept as {aside.name} and fetched anew",
                    NeurodriftWarning,
                    stacklevel=2,
                )
            part = target.with_name(f"{target.name}.{hashlib.sha256(digest.encode()).hexdigest()[:12]}.part")
            resumed = part.is_file()
            _fill(part, asset, tell, stopped)
            if _digest(part, digest) != digest and resumed:
                part.unlink()
                _fill(part, asset, tell, stopped)
            found = _digest(part, digest)
            if found != digest:
                aside = target.with_name(target.name + QUARANTINE)
                os.replace(part, aside)
                raise NeurodriftError(
                    f"{asset.path} arrived damaged: its digest is {found}, the archive says {digest}. "
                    f"It is kept as {aside}, which nothing reads. Fetch again; if it stays so, tell the archive's owners."
                )
            os.replace(part, target)
        except OSError as error:
            if isinstance(error, requests.RequestException):
                raise
            raise _no_room(error, target) from error
        ledger.verified(asset.path, target, _sha256(target, found))
        return target


def _fill(part: Path, asset: Asset, tell: Tell, stopped: Callable[[], bool]) -> None:
    """Appends to `part` until it has the asset's size."""
    if asset.blocks is None:
        raise NeurodriftError(f"{asset.path} is no single file (a Zarr folder?); only NWB files are fetched.")
    idle = best = 0
    while True:
        start = part.stat().st_size if part.is_file() else 0
        if start > asset.size:  # a server that ignored where to start, or a file that grew
            part.unlink()
            start = 0
        here, why, asked = start, "it ended early", 0.0
        best = max(best, start)
        tell(asset.path, here)
        if start == asset.size and part.is_file():  # here already, or all of it just came
            return
        try:
            with part.open("ab") as file:
                for block in asset.blocks(start) if asset.size else ():
                    here += len(block)
                    if here > asset.size:
                        why = f"more than its {asset.size} bytes arrived"
                        file.truncate(0)
                        break
                    file.write(block)
                    tell(asset.path, here)
                    if stopped():
                        raise Stopped
                file.flush()
                os.fsync(file.fileno())
        except requests.RequestException as error:
            code = 0
            if error.response is not None:
                code = error.response.status_code
                asked = _asked(error.response)
                error.response.close()
            if 400 <= code < 500 and code not in (408, 416, 429):
                raise NeurodriftError(
                    f"{asset.path}: the archive answers with {code}, though it lists the file; try again later, or tell its owners."
                ) from error
            why = f"the archive answers with {code}" if code else "the connection was lost"
        if here == asset.size:
            continue
        idle = 0 if best < here <= asset.size else idle + 1
        if idle >= PATIENCE:
            raise NeurodriftError(
                f"{asset.path}: {why}, {PATIENCE} times in a row; {start} of {asset.size} bytes are here and are kept. "
                f"The same command continues."
            )
        _wait(max(asked, PAUSE * 2**idle), stopped)


def _asked(answer: requests.Response) -> float:
    """Seconds that the server asks to wait, two minutes at most."""
    said = answer.headers.get("Retry-After", "")
    return min(float(said), 120.0) if said.isdigit() else 0.0


def _wait(seconds: float, stopped: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if stopped():
            raise Stopped
        time.sleep(min(0.05, seconds))


def _digest(path: Path, wanted: str) -> str:
    """The digest of the file, of the kind that `wanted` is of."""
    kind = wanted.split(":")[0]
    if kind == "dandi-etag":
        from dandi.support.digests import get_digest

        return f"{kind}:{get_digest(path, 'dandi-etag')}"
    with path.open("rb") as file:
        return f"{kind}:{hashlib.file_digest(file, kind).hexdigest()}"


def _sha256(path: Path, found: str) -> str:
    kind, _, value = found.partition(":")
    return value if kind == "sha256" else _digest(path, "sha256:").partition(":")[2]


def _no_room(error: OSError, target: Path) -> NeurodriftError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFull(
            f"{target}: the disk is full ({error.strerror}). What has arrived is kept; make room and run the same command, "
            f"or name another folder with --to."
        )
    return NeurodriftError(f"{target} cannot be written: {error}. Check the folder's permissions.")
