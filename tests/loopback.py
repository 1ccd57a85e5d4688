"""A DANDI archive and a Zenodo on 127.0.0.1: enough of both to serve the real clients, and to fail in the ways archives do."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from dandischema.digests.dandietag import ETagHashlike

__all__ = ["Fault", "Loopback", "loopback"]

WHEN = "2025-01-01T00:00:00Z"
PAGE = 3


@dataclass
class Fault:
    """What goes wrong with one file, or with every listing (path ""); each number is used up by one answer.

    Args:
        cut: answers that break off after so many bytes.
        status: answers with this code instead of the file; 429 asks to come back after a second.
        delay: seconds before each answer.
        flip: the bytes sent are not those that the digest is of.
        whole: ranges are ignored.
    """

    cut: list[int] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    delay: float = 0.0
    flip: bool = False
    whole: bool = False


class Loopback:
    """Sets of files by dandiset, version and path; `faults` by path; `seen` are the requests, at `times`, `sent` the blob bytes."""

    def __init__(self) -> None:
        self.sets: dict[str, dict[str, dict[str, bytes]]] = {}
        self.faults: dict[str, Fault] = {}
        self.digests: dict[str, str] = {}
        self.without_sha256 = False
        self.seen: list[str] = []
        self.times: list[float] = []
        self.sent = 0
        self.url = self.site = ""

    def put(self, dandiset: str, version: str, path: str, content: bytes) -> None:
        """Publishes a file."""
        self.sets.setdefault(dandiset, {}).setdefault(version, {})[path] = content

    def blob_url(self, dandiset: str, version: str, path: str) -> str:
        """Where a file's bytes are."""
        return f"{self.site}/blobs/{_key(dandiset, version, path)}"

    def answer(self, path: str, query: dict[str, str]) -> dict[str, Any] | None:
        """The JSON at an address of the API, None where there is nothing."""
        if path == "/api/info/":
            service = {
                "api": {"url": self.url},
                "webui": {"url": self.site},
                "jupyterhub": {"url": self.site},
            }
            versions = {"version": "0.3", "cli-minimal-version": "0.51.0", "cli-bad-versions": []}
            return {"schema_version": "0.6.8", "schema_url": "", "services": service, **versions}
        if m := re.fullmatch(r"/api/records/(\d+)", path):
            files = self.sets.get(m[1], {}).get("files")
            return files and {"id": m[1], "files": [self._zenodo(m[1], k, v) for k, v in files.items()]}
        if m := re.fullmatch(r"/api/(?:dandisets/\d+/versions/[^/]+/)?assets/([^/]+)/", path):
            return self._metadata(m[1])
        m = re.fullmatch(r"/api/dandisets/(\d+)/(?:versions/(?:([^/]+)/(?:(assets|info)/)?)?)?", path)
        if not m or m[1] not in self.sets:
            return None
        versions = self.sets[m[1]]
        if m[2] is None:
            if path.endswith("/versions/"):
                return self._page(path, query, [self._version(m[1], v) for v in versions])
            newest = max((v for v in versions if v != "draft"), default=None)
            return {
                "identifier": m[1],
                "created": WHEN,
                "modified": WHEN,
                "contact_person": "x",
                "embargo_status": "OPEN",
                "most_recent_published_version": newest and self._version(m[1], newest),
                "draft_version": self._version(m[1], "draft"),
            }
        if m[2] not in versions:
            return None
        if m[3] == "assets":
            found = [p for p in versions[m[2]] if fnmatch.fnmatchcase(p, query.get("glob", "*"))]
            return self._page(path, query, [self._asset(m[1], m[2], p) for p in found])
        more = {} if m[3] else {"license": ["spdx:CC-BY-4.0"], "citation": "A citation"}
        return {**self._version(m[1], m[2]), **more}

    def blob(self, key: str) -> tuple[str, bytes] | None:
        """Path and content of a blob."""
        for dandiset, versions in self.sets.items():
            for version, files in versions.items():
                for path, content in files.items():
                    if key == _key(dandiset, version, path):
                        return path, content
        return None

    def _version(self, dandiset: str, version: str) -> dict[str, Any]:
        times = {"created": WHEN, "modified": WHEN}
        n = len(self.sets[dandiset].get(version, {}))
        return {"version": version, "name": "x", "asset_count": n, "size": 0, "status": "Valid", **times}

    def _asset(self, dandiset: str, version: str, path: str) -> dict[str, Any]:
        key, size = _key(dandiset, version, path), len(self.sets[dandiset][version][path])
        times = {"created": WHEN, "modified": WHEN}
        return {"asset_id": key, "blob": key, "zarr": None, "path": path, "size": size, **times}

    def _metadata(self, key: str) -> dict[str, Any] | None:
        found = self.blob(key)
        if not found:
            return None
        path, content = found
        etag = ETagHashlike(len(content))
        etag.update(content)
        digest = {"dandi:dandi-etag": etag.hexdigest()}
        if not self.without_sha256:
            digest["dandi:sha2-256"] = self.digests.get(path, hashlib.sha256(content).hexdigest())
        urls = [f"{self.url}/assets/{key}/download/", f"{self.site}/blobs/{key}"]
        return {
            "path": path,
            "contentSize": len(content),
            "digest": digest,
            "contentUrl": urls,
            "blobDateModified": WHEN,
        }

    def _zenodo(self, record: str, name: str, content: bytes) -> dict[str, Any]:
        link = {"self": f"{self.site}/blobs/{_key(record, 'files', name)}"}
        checksum = f"md5:{hashlib.md5(content).hexdigest()}"
        return {"key": name, "size": len(content), "checksum": checksum, "links": link}

    def _page(self, path: str, query: dict[str, str], items: list[Any]) -> dict[str, Any]:
        page, size = int(query.get("page", 1)), int(query.get("page_size", PAGE))
        more = page * size < len(items)
        rest = "&".join(f"{k}={v}" for k, v in query.items() if k != "page")
        link = f"{self.site}{path}?{rest + '&' if rest else ''}page={page + 1}"
        return {
            "count": len(items),
            "next": link if more else None,
            "previous": None,
            "results": items[(page - 1) * size : page * size],
        }


def _key(dandiset: str, version: str, path: str) -> str:
    return hashlib.sha256(f"{dandiset}/{version}/{path}".encode()).hexdigest()[:32]


def _handler(archive: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            place = urlsplit(self.path)
            archive.times.append(time.monotonic())
            archive.seen.append(f"{self.command} {place.path} {self.headers.get('Range', '')}".strip())
            path = unquote(place.path)
            if m := re.fullmatch(r"/blobs/([^/]+)", path):
                found = archive.blob(m[1])
                return self.blob(*found) if found else self.json(None)
            if m := re.fullmatch(r"/api/assets/([^/]+)/download/", path):
                return self.begin(302, 0, Location=f"{archive.site}/blobs/{m[1]}?signed=yes")
            fault = archive.faults.get("", Fault())
            time.sleep(fault.delay)
            if fault.status and path != "/api/info/":
                return self.begin(fault.status.pop(0), 0)
            self.json(archive.answer(path, {k: v[0] for k, v in parse_qs(place.query).items()}))

        def json(self, content: Any) -> None:
            data = json.dumps(content if content is not None else {"detail": "Not found."}).encode()
            self.begin(200 if content is not None else 404, len(data), **{"Content-Type": "application/json"})
            self.send(data)

        def blob(self, path: str, content: bytes) -> None:
            fault = archive.faults.get(path, Fault())
            time.sleep(fault.delay)
            if fault.status:
                code = fault.status.pop(0)
                return self.begin(code, 0, **({"Retry-After": "1"} if code == 429 else {}))
            if fault.flip:
                content = bytes([content[0] ^ 255]) + content[1:]
            m = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            etag = {"ETag": f'"{hash(content):x}"'}
            if m and not fault.whole:
                first, last = int(m[1]), min(int(m[2] or len(content) - 1), len(content) - 1)
                if first >= len(content):
                    return self.begin(416, 0)
                where = {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
                content = content[first : last + 1]
                self.begin(206, len(content), **where, **etag)
            else:
                self.begin(200, len(content), **etag)
            if fault.cut:
                self.send(content[: fault.cut.pop(0)])
                self.close_connection = True
                return
            self.send(content)

        def send(self, data: bytes) -> None:
            if self.command != "HEAD":
                try:
                    self.wfile.write(data)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True
                if self.path.startswith("/blobs/"):
                    archive.sent += len(data)

        def begin(self, code: int, length: int, **headers: str) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(length))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the play; what is wrong shows on their side."""


@contextmanager
def loopback() -> Iterator[Loopback]:
    """A running archive; its API is at `url`, its Zenodo at `site`."""
    archive = Loopback()
    server = _Server(("127.0.0.1", 0), _handler(archive))
    archive.site = f"http://127.0.0.1:{server.server_address[1]}"
    archive.url = f"{archive.site}/api"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield archive
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
