"""A folder of recordings as sessions in order of their dates, each read when it is asked for."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, overload

import h5py

from neurodrift.data.indy_mat import NAME
from neurodrift.data.nwb import read_session
from neurodrift.data.remote import is_url
from neurodrift.data.session import Session
from neurodrift.errors import NeurodriftError

__all__ = ["SessionSeries", "start_of"]

ENDINGS = (".nwb", ".mat")
DATED = re.compile(r"ses-\D*(\d{4})-?(\d{2})-?(\d{2})")


def start_of(path: str | Path) -> datetime:
    """When a recording started: what the file says, or the date in its name; nothing else of it is read.

    Raises:
        NeurodriftError: neither says.
    """
    name = Path(str(path)).name
    if not is_url(path):
        try:
            with h5py.File(path, "r") as file:
                item = file.get("session_start_time")
                if isinstance(item, h5py.Dataset):
                    start = datetime.fromisoformat(item.asstr()[()])
                    return start if start.tzinfo else start.replace(tzinfo=UTC)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise NeurodriftError(
                f"{path} cannot be opened: {error}. Fetch it again, or take it out of the folder."
            ) from error
    dated, indy = DATED.search(name), NAME.search(name)
    try:
        if dated:
            return datetime(int(dated[1]), int(dated[2]), int(dated[3]), tzinfo=UTC)
        if indy:
            return datetime.strptime(f"{indy[2]}+0000", "%Y%m%d%z")
    except ValueError:
        pass
    raise NeurodriftError(
        f"{path}: neither the file nor its name says when it was recorded (such as ses-20140301 in the name)."
    )


class SessionSeries(Sequence[Session]):
    """Recordings in order of their start; `series[i]` reads the i-th, `series[:3]` reads nothing.

    Args:
        where: a folder (all .nwb and .mat below it), a glob such as "data/sub-C/*CO*.nwb", or paths and addresses.
        how: arguments of `read_session`, the same for all.

    Raises:
        NeurodriftError: nothing there, or a file without a date.
    """

    def __init__(self, where: str | Path | Iterable[str | Path], **how: Any) -> None:
        self.how = how
        paths = _paths(where)
        dated = sorted(((start_of(path), str(path)) for path in paths), key=lambda pair: (pair[0], pair[1]))
        self.starts = tuple(start for start, _ in dated)
        self.paths = tuple(path for _, path in dated)

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> Session: ...
    @overload
    def __getitem__(self, index: slice) -> SessionSeries: ...
    def __getitem__(self, index: int | slice) -> Session | SessionSeries:
        if isinstance(index, slice):
            part = SessionSeries.__new__(SessionSeries)
            part.how, part.starts, part.paths = self.how, self.starts[index], self.paths[index]
            return part
        return read_session(self.paths[index], **self.how)

    def __iter__(self) -> Iterator[Session]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        if not self.paths:
            return "SessionSeries(none)"
        return f"SessionSeries({len(self)} from {self.starts[0]:%Y-%m-%d} to {self.starts[-1]:%Y-%m-%d})"


def _paths(where: str | Path | Iterable[str | Path]) -> list[str | Path]:
    if not isinstance(where, (str, Path)):
        found = list(where)
    elif Path(where).is_dir():
        found = [p for p in Path(where).rglob("*") if p.suffix in ENDINGS and not p.name.startswith(".")]
    else:
        found = [
            Path(p) for p in glob.glob(str(Path(where).expanduser()), recursive=True) if Path(p).is_file()
        ]
    if not found:
        raise NeurodriftError(
            f"{where}: no recordings there. Give a folder that holds .nwb files, a glob such as "
            f'"folder/**/*.nwb", or a list of files.'
        )
    return found
