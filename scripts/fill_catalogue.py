"""Fills the sizes and sha256 of the catalogue's files from the archives, for those who have a network.

    python scripts/fill_catalogue.py [NAME ...] [--api URL]

Writes neurodrift/data/digests/NAME.json for each set with a pinned version, and prints what the archive says beside
what catalogue.toml says: number of files, gigabytes, first and last day of each subject and task, licence, citation.
catalogue.toml is written by people: copy what is missing there by hand, after a look.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from neurodrift.data.catalogue import Entry, catalogue, facts_of, find_entry
from neurodrift.data.dandi import Archive, Asset, open_archive
from neurodrift.errors import NeurodriftError

FOLDER = Path(__file__).resolve().parents[1] / "neurodrift" / "data" / "digests"


def fill(entry: Entry, archive: Archive, folder: Path) -> None:
    """Writes the digests of one set and prints what else the archive knows."""
    newest = archive.newest(entry.id)
    version = entry.version or newest
    assets = [a for a in archive.assets(entry.id, version, entry.glob) if facts_of(entry, a.path)]
    with ThreadPoolExecutor(3) as pool:
        digests = list(pool.map(lambda a: a.detail() if a.detail else "", assets))
    found = {
        a.path: {"size": a.size, "sha256": d.removeprefix("sha256:")}
        for a, d in zip(assets, digests, strict=True)
        if d.startswith("sha256:")
    }
    if entry.version:
        folder.mkdir(parents=True, exist_ok=True)
        text = ",\n".join(f"{json.dumps(path)}: {json.dumps(facts)}" for path, facts in sorted(found.items()))
        (folder / f"{entry.name}.json").write_text(f"{{\n{text}\n}}\n", encoding="utf-8")
    print(
        f"{entry.name}: {len(found)} of {len(assets)} files with sha256 at version {version}; newest is {newest}"
    )
    print(f"  files {len(assets)} (catalogue: {entry.files})")
    print(f"  gigabytes {sum(a.size for a in assets) / 1e9:.3g} (catalogue: {entry.gigabytes})")
    for name, days in sorted(days_of(entry, assets).items()):
        print(f"  {name}: {len(days)} sessions, {min(days)} to {max(days)}")
    about = archive.client.get_dandiset(entry.id, version).get_raw_metadata()
    print(f"  licence {', '.join(about.get('license', []))} (catalogue: {entry.licence})")
    print(f"  citation {about.get('citation', '')} (catalogue: {entry.citation})")


def days_of(entry: Entry, assets: list[Asset]) -> dict[str, list[date]]:
    """Days of the sessions of each subject, task and split."""
    days = defaultdict(list)
    for asset in assets:
        facts = facts_of(entry, asset.path)
        if facts and facts.date:
            days[" ".join(filter(None, (facts.subject, facts.task, facts.split)))].append(facts.date)
    return days


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="sets; all of DANDI's by default")
    parser.add_argument("--api", help="archive, if not dandiarchive.org")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the digests go")
    given = parser.parse_args()
    names = given.names or [name for name, entry in catalogue().items() if entry.archive == "dandi"]
    with open_archive(given.api) as archive:
        for name in names:
            try:
                fill(find_entry(name), archive, given.folder)
            except NeurodriftError as error:
                print(f"{name}: {error}")


if __name__ == "__main__":
    main()
