"""DANDI as we use it: a pinned published version is listed, and its files are named with size and digest."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from neurodrift.errors import NeurodriftError

__all__ = ["Archive", "Asset", "Unreachable", "open_archive"]

TIMEOUT = (10, 60)  # seconds to connect, and between two bytes


class Unreachable(NeurodriftError):
    """No network, or no archive at the address."""


@dataclass(frozen=True)
class Asset:
    """A file of a set as the archive lists it.

    Args:
        path: in the set, with slashes.
        size: bytes.
        digest: "sha256:...", "md5:..." or "dandi-etag:..."; "" until `detail` asks for it.
        detail: asks the archive for the digest.
        locate: asks the archive for the lasting address of its bytes.
        blocks: the file's bytes from an offset on.
    """

    path: str
    size: int
    digest: str = ""
    detail: Callable[[], str] | None = field(default=None, compare=False, repr=False)
    locate: Callable[[], str] | None = field(default=None, compare=False, repr=False)
    blocks: Callable[[int], Iterator[bytes]] | None = field(default=None, compare=False, repr=False)


class Archive:
    """An open connection to a DANDI archive, through the dandi client."""

    def __init__(self, client: Any, url: str) -> None:
        self.client, self.url = client, url

    def newest(self, dandiset: str) -> str:
        """The newest published version.

        Raises:
            NeurodriftError: there is none, or no such dandiset.
        """
        with _said(self.url, f"dandiset {dandiset}"):
            found = self.client.get_dandiset(dandiset, lazy=False).most_recent_published_version
        if found is None:
            raise NeurodriftError(
                f"dandiset {dandiset} has no published version at {self.url}, only a draft, which changes without notice; "
                f"`--draft` fetches it all the same."
            )
        return str(found.identifier)

    def assets(self, dandiset: str, version: str, glob: str) -> list[Asset]:
        """The files of one version that match `glob`, in the order of their paths.

        Raises:
            NeurodriftError: the dandiset or the version is not there; the message names the versions that are.
        """
        from dandi.exceptions import NotFoundError

        with _said(self.url, f"dandiset {dandiset}/{version}"):
            try:
                remote = self.client.get_dandiset(dandiset, version)
                found = list(remote.get_assets_by_glob(glob))
            except NotFoundError as error:
                there = self._versions(dandiset)
                raise NeurodriftError(
                    f"version {version} of dandiset {dandiset} is not at {self.url} (any more). "
                    f"There {'are ' + ', '.join(there) if there else 'is no such dandiset'}: name one with --version, "
                    f"knowing that its files may differ. Files fetched before stay usable."
                ) from error
        return sorted((_asset(a, self.url) for a in found), key=lambda a: a.path)

    def _versions(self, dandiset: str) -> list[str]:
        from dandi.exceptions import NotFoundError

        try:
            return [str(v.identifier) for v in self.client.get_dandiset(dandiset).get_versions()]
        except NotFoundError:
            return []


def _asset(remote: Any, url: str) -> Asset:
    def detail() -> str:
        with _said(url, remote.path):
            digests = remote.get_raw_metadata().get("digest", {})
        for name, ours in (("dandi:sha2-256", "sha256"), ("dandi:dandi-etag", "dandi-etag")):
            if digests.get(name):
                return f"{ours}:{digests[name]}"
        raise NeurodriftError(
            f"{remote.path}: {url} gives no digest for it, so it cannot be verified; ask its owners."
        )

    def locate() -> str:
        with _said(url, remote.path):
            return str(remote.get_content_url(follow_redirects=1, strip_query=True))

    blob = getattr(remote, "blob", None)
    blocks = remote.get_download_file_iter(chunk_size=2**16) if blob else None
    return Asset(remote.path, remote.size, detail=detail, locate=locate, blocks=blocks)


@contextmanager
def open_archive(api: str | None = None) -> Iterator[Archive]:
    """A connection to the archive `api` (address or known name), else to $DANDI_INSTANCE, else to dandiarchive.org.

    Raises:
        Unreachable: nothing answers there, within seconds.
        NeurodriftError: what answers is no DANDI archive, or none that this client can talk to.
    """
    os.environ.setdefault("DANDI_NO_ET", "1")  # else the client asks a third server for its own version
    with _quiet():
        from dandi.consts import known_instances
        from dandi.dandiapi import DandiAPIClient

        name = api or os.environ.get("DANDI_INSTANCE") or "dandi"
        if name in known_instances:
            url = known_instances[name].api
        elif name.startswith(("http://", "https://")):
            url = name.rstrip("/")
        else:
            raise NeurodriftError(
                f"{name!r} is no DANDI archive: give an address such as https://api.dandiarchive.org/api "
                f"or one of {', '.join(known_instances)}."
            )
        # The client itself waits for minutes where there is no network, and for ever where nothing answers.
        try:
            requests.get(f"{url}/info/", timeout=TIMEOUT).close()
        except requests.RequestException as error:
            raise Unreachable(f"the archive at {url} cannot be reached ({_reason(error)}).") from error
        with _said(url, "the archive"):
            client = DandiAPIClient.for_dandi_instance(name if name in known_instances else url)
        for scheme in ("http://", "https://"):
            client.session.mount(scheme, _Patient())
        with client:
            yield Archive(client, url)


class _Patient(HTTPAdapter):
    """Requests that say no timeout of their own get ours."""

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or TIMEOUT
        return super().send(*args, **kwargs)


@contextmanager
def _said(url: str, what: str) -> Iterator[None]:
    from dandi.exceptions import NotFoundError

    try:
        yield
    except requests.HTTPError as error:
        code = error.response.status_code if error.response is not None else "an error"
        raise NeurodriftError(
            f"{what}: the archive at {url} answers with {code}, after several attempts; try again later."
        ) from error
    except requests.RequestException as error:
        raise Unreachable(f"{what}: the archive at {url} cannot be reached ({_reason(error)}).") from error
    except NotFoundError as error:
        raise NeurodriftError(f"{what} is not at {url}: {error}.") from error
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise NeurodriftError(
            f"{what}: {url} does not answer as a DANDI archive does ({type(error).__name__}: {str(error)[:200]}); "
            f"check the address."
        ) from error


def _reason(error: Exception) -> str:
    for kind, words in (
        (requests.exceptions.ConnectTimeout, "it does not answer"),
        (requests.exceptions.ReadTimeout, f"no answer within {TIMEOUT[1]} s"),
        (requests.exceptions.SSLError, "its certificate is not accepted"),
        (requests.exceptions.ProxyError, "the proxy refuses"),
    ):
        if isinstance(error, kind):
            return words
    text = str(error)
    if "resolve" in text or "getaddrinfo" in text:
        return "its name is not found: is there a network?"
    return "connection refused or lost" if isinstance(error, requests.ConnectionError) else text[:120]


@contextmanager
def _quiet() -> Iterator[None]:
    import dandi  # sets its log's level when first imported

    log = logging.getLogger(dandi.__name__)
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)
