"""The files of a Zenodo record as assets: pooch knows Zenodo's answers, old and new; the rest is as for DANDI."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import requests

from neurodrift.data.dandi import TIMEOUT, Asset, Unreachable
from neurodrift.errors import NeurodriftError

__all__ = ["zenodo_assets"]

SITE = "https://zenodo.org"


def zenodo_assets(record: str, site: str | None = None) -> list[Asset]:
    """The files of a Zenodo record with size and md5.

    Args:
        record: its number.
        site: address of the archive, where it is not zenodo.org.

    Raises:
        Unreachable: no network.
        NeurodriftError: no such record, or another answer than Zenodo's.
    """
    from pooch import create
    from pooch.downloaders import ZenodoRepository

    base = (site or SITE).rstrip("/")

    class Repository(ZenodoRepository):  # type: ignore[misc]
        base_api_url = f"{base}/api/records"

    url = f"{base}/api/records/{record}"
    try:
        answer = requests.get(url, timeout=TIMEOUT)
    except requests.RequestException as error:
        raise Unreachable(f"{base} cannot be reached: is there a network?") from error
    if not answer.ok:
        raise NeurodriftError(
            f"record {record} at {base}: the answer is {answer.status_code}; try again later."
        )
    try:
        repository = Repository(f"10.5281/zenodo.{record}", f"{base}/records/{record}", timeout=TIMEOUT)
        repository._api_response = answer.json()
        holder = create(path=".", base_url=f"{base}/")
        repository.populate_registry(holder)
        sizes = {
            f.get("key") or f["filename"]: f.get("size") or f["filesize"] for f in answer.json()["files"]
        }
        links = {name: repository.download_url(name) for name in holder.registry}
    except (KeyError, TypeError, ValueError) as error:
        raise NeurodriftError(
            f"{url} does not answer as Zenodo does ({type(error).__name__}: {error})."
        ) from error
    return [_asset(name, int(sizes[name]), md5, links[name]) for name, md5 in sorted(holder.registry.items())]


def _asset(name: str, size: int, digest: str, url: str) -> Asset:
    return Asset(name, size, digest, locate=lambda: url, blocks=functools.partial(_blocks, url))


def _blocks(url: str, start: int) -> Iterator[bytes]:
    headers = {"Range": f"bytes={start}-"} if start else {}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        answer.raise_for_status()
        yield from answer.iter_content(2**16)
