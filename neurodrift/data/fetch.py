"""Which files of a public set are asked for, what is here already, and the fetching of the rest."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from queue import Empty, Queue

from neurodrift.data.catalogue import Entry, Facts, facts_of, known_digests
from neurodrift.data.dandi import Asset, Unreachable, open_archive
from neurodrift.data.download import DiskFull, fetch_file
from neurodrift.data.folders import data_folder, inside
from neurodrift.data.ledger import Ledger
from neurodrift.data.zenodo import zenodo_assets
from neurodrift.errors import NeurodriftError

__all__ = ["Choice", "Plan", "fetch", "open_plan"]

ROOM = 50_000_000  # bytes left free on the disk


@dataclass(frozen=True)
class Choice:
    """Which sessions; what is None does not choose. `limit` counts from the oldest, `after` and `before` include their day."""

    subject: str | None = None
    task: str | None = None
    split: str | None = None
    after: date | None = None
    before: date | None = None
    limit: int | None = None

    def of(self, entry: Entry, assets: Sequence[Asset]) -> list[Asset]:
        """The chosen session files, by date, then path.

        Raises:
            NeurodriftError: none; the message says what there is.
        """
        found = [(facts, a) for a in assets if (facts := facts_of(entry, a.path))]
        if (self.after or self.before) and found and not any(f.date for f, _ in found):
            raise NeurodriftError(
                f"{entry.name}: its paths hold no dates, so --after and --before cannot choose."
            )
        kept = sorted((f.date or date.max, a.path, a) for f, a in found if self._takes(f))
        if not kept:
            raise NeurodriftError(f"{entry.name}: no session is chosen. {_there(found)}")
        return [a for _, _, a in kept][: self.limit]

    def _takes(self, facts: Facts) -> bool:
        def same(wanted: str | None, got: str | None) -> bool:
            return wanted is None or (got is not None and wanted.lower() == got.lower())

        in_time = not (self.after or self.before) or (
            facts.date is not None and (self.after or date.min) <= facts.date <= (self.before or date.max)
        )
        return (
            in_time
            and same(self.subject, facts.subject)
            and same(self.task, facts.task)
            and same(self.split, facts.split)
        )


def _there(found: Sequence[tuple[Facts, Asset]]) -> str:
    if not found:
        return "The archive lists no file of its pattern."
    days = sorted(f.date for f, _ in found if f.date)
    parts = [
        f"{name}s {', '.join(values)}"
        for name in ("subject", "task", "split")
        if (values := sorted({v for f, _ in found if (v := getattr(f, name))}))
    ]
    when = [f"days {days[0]} to {days[-1]}"] if days else []
    return f"There are {len(found)} sessions: {'; '.join(parts + when)}."


@dataclass(frozen=True)
class Plan:
    """The chosen files of a set, where they belong, what is missing, and `known` sizes and digests by path."""

    entry: Entry
    version: str
    ledger: Ledger
    assets: list[Asset]
    missing: list[Asset]
    listed: list[Asset]
    known: Mapping[str, Mapping[str, str | int]] = field(default_factory=dict)
    note: str = ""

    @property
    def to_fetch(self) -> int:
        """Bytes that are missing, as the archive counts them; what is half here is counted whole."""
        return sum(a.size for a in self.missing)

    def where(self, asset: Asset) -> Path:
        """The asset's place on the disk."""
        return inside(self.ledger.root, asset.path)


Pick = Callable[[Entry, Sequence[Asset]], list[Asset]]


@contextmanager
def open_plan(
    entry: Entry,
    pick: Pick,
    *,
    to: Path | None = None,
    api: str | None = None,
    version: str | None = None,
    draft: bool = False,
    needed: bool = True,
    digests: Path | None = None,
) -> Iterator[Plan]:
    """What fetching would do, with the archive open for `fetch`; without a network, from the last listing.

    Args:
        pick: chooses among the files listed; `Choice(...).of`, or any function of the entry and them.
        to: folder for the set's folder; default the data folder.
        api: address or name of the archive.
        version: other than the catalogue's.
        draft: use the set's draft, which changes without notice.
        digests: folder of the catalogue's sizes and digests; default the package's.
        needed: without a network, missing files are an error; else the plan has them, and they cannot be fetched.

    Raises:
        NeurodriftError: nothing chosen, a draft that was not asked for, no such version, no archive and no listing.
    """
    root = (to or data_folder()) / entry.id
    chosen = "draft" if draft else version or entry.version or _pinned(root)
    if chosen == "draft" and not draft:
        raise NeurodriftError(
            f"{entry.name}: a draft changes without notice, so it is refused; --draft takes it."
        )
    with ExitStack() as stack:
        try:
            chosen, where, listed = _listing(entry, chosen, api, stack)
            plan = _plan(entry, chosen, Ledger(root / chosen, where, entry.id, chosen), listed, pick, digests)
        except Unreachable as error:
            plan = _recorded(entry, chosen, root, pick, error, needed, digests)
        yield plan


def _listing(entry: Entry, version: str, api: str | None, stack: ExitStack) -> tuple[str, str, list[Asset]]:
    """Version, archive and files, as the archive says."""
    if entry.archive == "zenodo":
        return version or entry.id, "zenodo", zenodo_assets(entry.id, api)
    archive = stack.enter_context(open_archive(api))
    version = version or archive.newest(entry.id)
    return version, archive.url, archive.assets(entry.id, version, entry.glob)


def _recorded(
    entry: Entry, version: str, root: Path, pick: Pick, why: Unreachable, needed: bool, digests: Path | None
) -> Plan:
    """The plan by the listing of an earlier fetch, if it needs no network."""
    ledger = Ledger(root / version)
    if not version or not ledger.files():
        raise Unreachable(f"{why} Nothing of {entry.name} is in {root} yet.") from why
    plan = _plan(entry, version, ledger, ledger.listed(), pick, digests)
    here = len(plan.assets) - len(plan.missing)
    if plan.missing and needed:
        raise Unreachable(
            f"{why} {here} of the {len(plan.assets)} chosen files of {entry.name} are in {ledger.root} and stay usable."
        ) from why
    return replace(plan, note=f"{why} {here} of {len(plan.assets)} chosen files are here.")


def _pinned(root: Path) -> str:
    """The version that was fetched before, where the catalogue names none."""
    found = sorted(p.parent.name for p in root.glob("*/neurodrift.json") if p.parent.name != "draft")
    return found[-1] if found else ""


def _plan(
    entry: Entry,
    version: str,
    ledger: Ledger,
    listed: list[Asset],
    pick: Pick,
    digests: Path | None,
) -> Plan:
    known = known_digests(entry.name, digests) if version == entry.version else {}
    assets = pick(entry, listed)
    for asset in assets:
        said = int(known.get(asset.path, {}).get("size", asset.size))
        if said != asset.size:
            raise NeurodriftError(
                f"{asset.path}: the archive lists {asset.size} bytes, the catalogue {said}: it is not the file "
                f"that the catalogue means, and is not fetched."
            )
    missing = [a for a in assets if not ledger.holds(a, inside(ledger.root, a.path))]
    return Plan(entry, version, ledger, assets, missing, listed, known)


def fetch(
    plan: Plan, *, jobs: int = 3, tell: Callable[[str, int], None] = lambda path, done: None
) -> list[Path]:
    """Fetches what is missing, `jobs` files at a time, and returns all chosen files; others go on where one fails.

    Args:
        tell: called from several threads with a path and how many of its bytes are here.

    Raises:
        NeurodriftError: no room on the disk, before anything starts; or files that failed, after the others.
    """
    root = plan.ledger.root
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free
    if plan.to_fetch + ROOM > free:
        raise DiskFull(
            f"{root}: {_size(plan.to_fetch)} are to be fetched, but only {_size(free)} are free. "
            f"Choose fewer sessions, make room, or name another folder with --to."
        )
    plan.ledger.list(plan.listed)
    for asset in plan.assets:
        if asset.path in plan.known:
            plan.ledger.check(asset, f"sha256:{plan.known[asset.path]['sha256']}")
    failed: dict[str, NeurodriftError] = {}
    for asset, error in _each(plan, jobs, tell):
        if isinstance(error, DiskFull):
            raise error
        if isinstance(error, NeurodriftError):
            failed[asset.path] = error
        elif error is not None:
            raise error
    if failed:
        lines = "\n".join(f"  {error}" for error in failed.values())
        raise NeurodriftError(
            f"{len(failed)} of {len(plan.missing)} files could not be fetched; the others are here.\n{lines}"
        )
    return [plan.where(a) for a in plan.assets]


def _each(
    plan: Plan, jobs: int, tell: Callable[[str, int], None]
) -> Iterator[tuple[Asset, BaseException | None]]:
    """Each missing file as it ends, and its error. The threads are daemons: an interrupted user does not wait for the network."""
    stop = threading.Event()
    todo: Queue[Asset] = Queue()
    ended: Queue[tuple[Asset, BaseException | None]] = Queue()
    for asset in plan.missing:
        todo.put(asset)

    def work() -> None:
        while not stop.is_set():
            try:
                asset = todo.get_nowait()
            except Empty:
                return
            try:
                fetch_file(asset, plan.ledger, tell, stop.is_set)
                ended.put((asset, None))
            except BaseException as error:
                ended.put((asset, error))

    try:
        for _ in range(min(jobs, len(plan.missing))):
            threading.Thread(target=work, daemon=True).start()
        left = len(plan.missing)
        while left:
            try:
                yield ended.get(timeout=0.2)
                left -= 1
            except Empty:
                continue
    finally:
        stop.set()


def _size(n: float) -> str:
    from rich.filesize import decimal

    return decimal(int(n))
