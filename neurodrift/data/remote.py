"""A file at an http(s) address, read in pieces: only what is asked for crosses the network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from neurodrift.data.dandi import TIMEOUT, Unreachable
from neurodrift.errors import NeurodriftError

__all__ = ["Remote", "Traffic", "counting", "is_url", "open_remote", "remote_digest"]


def is_url(source: object) -> bool:
    """Whether `source` is text that names a file on the web."""
    return isinstance(source, str) and source.lower().startswith(("http://", "https://"))


@dataclass
class Traffic:
    """Bytes of the files opened, and of those the bytes that crossed the network."""

    size: int = 0
    received: int = 0


_COUNTED: list[Traffic] = []


@contextmanager
def counting() -> Iterator[Traffic]:
    """Counts what the files opened meanwhile transfer; for one thread."""
    counted = Traffic()
    _COUNTED.append(counted)
    try:
        yield counted
    finally:
        _COUNTED.remove(counted)


class Remote:
    """A file-like object over HTTP ranges that counts what it transfers.

    Attributes:
        size: bytes of the whole file.
        received: bytes transferred so far.
    """

    def __init__(self, url: str, size: int) -> None:
        import remfile

        self.url, self.size, self.received = url, size, 0
        for counted in _COUNTED:
            counted.size += size
        # Told the size, it does not start to download the whole file, without a time limit, to learn it.
        self._file = remfile.File(url, _size=size)
        session = self._file.session
        session.hooks["response"].append(self._count)
        session.request = _with_timeout(session.request)

    def _count(self, answer: requests.Response, **more: Any) -> None:
        got = int(answer.headers.get("Content-Length", 0))
        self.received += got
        for counted in _COUNTED:
            counted.received += got

    def read(self, size: int = -1) -> bytes:
        """`size` bytes from where it stands; all that is left if negative."""
        left = self.size - self.tell()
        wanted = min(left, size) if size >= 0 else left
        if wanted <= 0:
            return b""
        try:
            return bytes(self._file.read(wanted))
        except Exception as error:  # remfile has no class of its own for this
            raise NeurodriftError(
                f"{self.url}: reading on failed ({str(error)[:120]}); try again, or download the file and give its path."
            ) from error

    def readinto(self, buffer: Any) -> int:
        """Fills `buffer` as far as the file goes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of any binary file."""
        self._file.seek(offset, whence)
        return self.tell()

    def tell(self) -> int:
        """As of any binary file."""
        return int(self._file.tell())


def _with_timeout(request: Any) -> Any:
    def timed(*args: Any, **kwargs: Any) -> Any:
        return request(*args, **{"timeout": TIMEOUT, **kwargs})

    return timed


@contextmanager
def open_remote(url: str) -> Iterator[Remote]:
    """The file at `url`, redirects followed.

    Raises:
        Unreachable: no network.
        NeurodriftError: nothing there, or a server that cannot give parts of a file.
    """
    final, size, _ = _ask(url)
    yield Remote(final, size)


def remote_digest(url: str) -> str:
    """What identifies the bytes at `url` without reading them: its address, size and ETag; not a digest of the contents.

    An ETag that changes makes it another file; a server without ETags is trusted by size and date.
    """
    _, size, mark = _ask(url)
    place = urlsplit(url)
    return "remote:" + hashlib.sha256(f"{place.netloc}{place.path} {size} {mark}".encode()).hexdigest()


def _ask(url: str) -> tuple[str, int, str]:
    """Final address, size, and ETag or date."""
    try:
        with requests.get(url, headers={"Range": "bytes=0-0"}, stream=True, timeout=TIMEOUT) as answer:
            whole = answer.headers.get("Content-Range", "").rpartition("/")[2]
            mark = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
            code, final = answer.status_code, answer.url
    except requests.RequestException as error:
        raise Unreachable(f"{url} cannot be reached: is there a network?") from error
    if code >= 400:
        raise NeurodriftError(
            f"{url}: the server answers with {code}. Check the address; it may have expired."
        )
    if code != 206 or not whole.isdigit():
        raise NeurodriftError(
            f"{url}: the server gives whole files only, no parts; download the file and give its path."
        )
    return final, int(whole), mark
