"""Our readers against those of the challenges, on the same files: nlb_tools for MC_Maze, falcon-challenge for M1, M2, H1.

    python scripts/crosscheck_readers.py                          (twins of the layouts, written to a temporary folder)
    python scripts/crosscheck_readers.py mc_maze FILE.nwb ...     (your own files of one layout)

Prints one line a file and exits with 1 if any number differs. A package that is not installed is named and passed over.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from neurodrift.data import Session, read_session
from neurodrift.data.nwb_open import open_nwb

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def against_falcon(path: Path, layout: str) -> str:
    """Counts and labels of every bin, and which of them are scored."""
    from falcon_challenge.config import FalconTask
    from falcon_challenge.dataloaders import load_nwb

    counts, labels, _, scored = load_nwb(path, FalconTask[layout.removeprefix("falcon_")])
    session = read_session(path)
    wanted = np.where(np.asarray(scored)[:, None], labels, np.nan)
    with open_nwb(path) as (nwb, _):
        trains = [np.sort(nwb.units["spike_times"][i]) for i in range(len(nwb.units))]
    return compare(session, np.asarray(counts), wanted, trains)


def against_nlb(path: Path, layout: str) -> str:
    """Spikes in every 1 ms of the trials, units in their order."""
    from nlb_tools.nwb_interface import NWBDataset

    theirs = NWBDataset(str(path), split_heldout=False)
    spikes = theirs.data["spikes"]
    seconds = np.asarray(spikes.index.total_seconds())
    # Their row at time t holds [t, t + 1 ms); ours ends at t + 1 ms.
    session = read_session(path, pool="unit", bin_width=0.001)
    place = np.searchsorted(session.times, seconds + 0.001 - 1e-6)
    inside = (place < len(session)) & session.valid[np.minimum(place, len(session) - 1)]
    ours, wanted = session.counts[place[inside]], spikes.to_numpy()[inside]
    seen = np.isfinite(wanted).all(axis=1)
    wrong = int((ours[seen] != wanted[seen]).sum())
    return f"{int(seen.sum())} bins of 1 ms, {wanted.shape[1]} units, {wrong} counts differ" + "!" * bool(
        wrong
    )


def compare(session: Session, counts: np.ndarray, labels: np.ndarray, trains: list[np.ndarray]) -> str:
    """A count may differ by the spikes on the bin's two edges: there the last bit of a number decides for them."""
    if session.counts.shape != counts.shape:
        return f"shapes differ: {session.counts.shape} against {counts.shape}!"
    apart = np.abs(session.counts - counts)
    edges = np.stack([session.times - session.bin_width, session.times])
    on = [np.searchsorted(t, edges + 1e-9, "right") - np.searchsorted(t, edges - 1e-9) for t in trains]
    wrong = int((apart > np.stack(on, -1).sum(axis=0)).sum())
    off = int((~np.isclose(session.behavior, labels, rtol=1e-5, atol=1e-6, equal_nan=True)).sum())
    edge = f", {int((apart > 0).sum())} by spikes on an edge" if apart.any() and not wrong else ""
    line = f"{counts.shape[0]} bins, {counts.shape[1]} units: {wrong} counts{edge} and {off} labels differ"
    return line + "!" * bool(wrong or off)


CHECKS: dict[str, Callable[[Path, str], str]] = {
    "falcon_m1": against_falcon,
    "falcon_m2": against_falcon,
    "falcon_h1": against_falcon,
    "mc_maze": against_nlb,
}


def main(layout: str | None, files: list[Path]) -> int:
    warnings.simplefilter("ignore")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in [layout] if layout else list(CHECKS):
            if not files:
                from tests.twins import TWINS

                TWINS[name](Path(folder) / f"{name}.nwb")
            for path in files or [Path(folder) / f"{name}.nwb"]:
                try:
                    line = CHECKS[name](path, name)
                except ImportError as error:
                    line = f"passed over, {error.name} is not installed"
                failed += line.endswith("!")
                print(f"{name} {path.name}: {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("layout", nargs="?", choices=CHECKS)
    parser.add_argument("files", nargs="*", type=Path)
    given = parser.parse_args()
    raise SystemExit(main(given.layout, given.files))
