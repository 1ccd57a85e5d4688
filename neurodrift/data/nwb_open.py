"""Opening an NWB file: every way in which it can fail, said plainly."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeAlias

import h5py
from pynwb import NWBHDF5IO, NWBFile
from requests import RequestException

from neurodrift.data.indy_mat import as_nwb, is_indy
from neurodrift.data.remote import Remote, is_url, open_remote, remote_digest
from neurodrift.data.safety import refuse_outside
from neurodrift.errors import NeurodriftError

__all__ = ["Source", "file_digest", "name_of", "open_nwb", "subject_of"]

Source: TypeAlias = str | Path | BinaryIO | NWBFile

NOISE = re.compile(
    r"cached namespace|loaded namespace|namespace .* already|doi\.org", re.IGNORECASE | re.DOTALL
)


def file_digest(path: str | Path) -> str:
    """sha256 of a file, as hex; of one at an http(s) address, what names its bytes without reading them."""
    if is_url(path):
        return remote_digest(str(path))
    where = _existing(path)
    with where.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _existing(path: str | Path) -> Path:
    where = Path(path)
    if where.is_dir():
        files = sorted(item.name for item in where.iterdir() if item.suffix == ".nwb")[:3]
        hint = (
            f"name a file in it, such as {where / files[0]}"
            if files
            else "it holds no .nwb file; name one file"
        )
        raise NeurodriftError(f"{where} is a directory, not an NWB file; {hint}.")
    if not where.exists():
        near = [item.name for item in where.parent.glob("*.nwb")][:3] if where.parent.is_dir() else []
        there = (
            f"its folder holds {', '.join(near)}"
            if near
            else "check the path (relative paths start where you are)"
        )
        raise NeurodriftError(f"{where} does not exist; {there}.")
    return where


@contextmanager
def open_nwb(path: Source) -> Iterator[tuple[NWBFile, tuple[str, ...]]]:
    """The NWB file at `path`, open for lazy reading, and what pynwb had to say about it.

    At an http(s) address only the parts that are read cross the network. A binary file object is read and left
    open, as is an NWBFile.

    Raises:
        NeurodriftError: missing, a directory, not HDF5, cut short, HDF5 that is neither NWB 2 nor a layout of
            ours, or a file that leads to other files.
    """
    if isinstance(path, NWBFile):
        yield path, ()
        return
    if not isinstance(path, (str, Path)):
        with _opened(path, name_of(path)) as found:
            yield found
        return
    if is_url(path):
        with open_remote(str(path)) as remote, _opened(remote, str(path)) as found:
            yield found
        return
    where = _existing(path)
    try:
        is_hdf5 = h5py.is_hdf5(where)
        with where.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise NeurodriftError(f"{where} cannot be opened: {error}. Check its permissions.") from error
    if not is_hdf5:
        reason = "it is empty" if empty else "it is not an HDF5 file, as NWB files are"
        raise NeurodriftError(
            f"{where} cannot be read: {reason}. Give an NWB file, or fetch it again if it was one."
        )
    with _opened(where, str(where)) as found:
        yield found


@contextmanager
def _opened(source: Path | Remote | BinaryIO, where: str) -> Iterator[tuple[NWBFile, tuple[str, ...]]]:
    try:
        file = h5py.File(source, "r")
    except (OSError, ValueError, RuntimeError) as error:
        cut = "it is cut short (an unfinished copy or download)" if "truncated" in str(error) else str(error)
        raise NeurodriftError(
            f"{where} cannot be opened as HDF5: {cut}. Fetch or copy the file again."
        ) from error
    with file, _readable(where):
        refuse_outside(file, where)
        if is_indy(file):
            yield (
                as_nwb(file, where),
                ("converted from MATLAB: neurodrift reads its spikes and behaviour only",),
            )
            return
        kind = file.attrs.get("neurodata_type", b"")
        if (kind.decode() if isinstance(kind, bytes) else kind) != "NWBFile":
            keys = ", ".join(list(file)[:5]) or "nothing"
            raise NeurodriftError(
                f"{where} is HDF5 but not NWB 2: its root is no NWBFile (it holds {keys}). "
                f"Convert it to NWB first."
            )
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            try:
                io = NWBHDF5IO(file=file, mode="r")
                nwb = io.read()
            except NeurodriftError:
                raise
            except Exception as error:
                raise NeurodriftError(
                    f"{where} is NWB, but pynwb cannot read it: {type(error).__name__}: {_short(error)}. "
                    f"Validate it with `pynwb-validate` or nwbinspector; fetch it again if it may be damaged."
                ) from error
        said = dict.fromkeys(_short(item.message) for item in heard if not NOISE.search(str(item.message)))
        yield nwb, tuple(f"pynwb says: {line}" for line in said)


@contextmanager
def _readable(where: str) -> Iterator[None]:
    """Turns whatever goes wrong while a file is read into an error that names it."""
    try:
        yield
    except (NeurodriftError, RequestException):
        raise
    except Exception as error:
        raise NeurodriftError(
            f"{where} cannot be read to its end: {type(error).__name__}: {_short(error)}. "
            f"It may be damaged: fetch it again, or validate it with `pynwb-validate`."
        ) from error


def name_of(source: Source) -> str:
    """What messages call a source: its path or address, or what it says of itself."""
    if isinstance(source, NWBFile):
        return f"NWBFile {source.identifier}"
    return str(source) if isinstance(source, (str, Path)) else str(getattr(source, "name", "file object"))


def _short(message: object) -> str:
    text = " ".join(str(message).split())
    return text if len(text) <= 240 else text[:237] + "..."


def subject_of(nwb: NWBFile) -> str:
    """Id of the subject, "" where the file names none."""
    return "" if nwb.subject is None else str(nwb.subject.subject_id or "")
