"""Which gradient would each rule have given? A decoder of a benchmark's training day learns on the day's last fifth.

    python scripts/look_at_gradients.py docs/specs/monkey_e_gru.toml --cells rnn gru --out gradients

Prints the median cosine of each rule's gradient with exact RTRL's, the spectrum of the state Jacobian, the horizon and the
gradient's scale, and writes a page of figures for each cell. The test session only decides which channels are used.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from neurodrift.benchmark.pairs import load_pair
from neurodrift.benchmark.spec import read_spec
from neurodrift.decoders import RecurrentDecoder, one_thread
from neurodrift.learn import CELLS
from neurodrift.learn.diagnostics import Diagnosis, diagnose
from neurodrift.learn.rules import KFRTRL, UORO, DecayTrace, EProp, Rule, SparseRTRL
from neurodrift.report.diagnostics import cosine_figure, decay_figure, scale_figure, spectrum_figure

RULES: dict[str, Rule] = {
    "decay_trace 0.5": DecayTrace(0.5),
    "decay_trace 0.95": DecayTrace(0.95),
    "eprop": EProp(),
    "sparse_rtrl k=4": SparseRTRL(4),
    "sparse_rtrl k=4 own": SparseRTRL(4, own=True),
    "sparse_rtrl k=4 units": SparseRTRL(4, keep="units"),
    "uoro": UORO(),
    "kf_rtrl": KFRTRL(),
}


def words(cell: str, found: Diagnosis) -> str:
    cosines = ", ".join(f"{name} {np.nanmedian(v):.2f}" for name, v in found.cosine.items())
    scales = ", ".join(f"{name} {np.median(v):.2g}" for name, v in found.scale.items())
    return (
        f"{cell}: cosine with exact RTRL (learner: {found.rule}): {cosines}\n"
        f"  condition number {np.median(found.condition):.3g}, effective rank {np.median(found.effective_rank):.1f} "
        f"of {found.singular.shape[-1]}, horizon {np.median(found.horizon()):.0f} (largest {found.horizon().max():.0f})\n"
        f"  root mean square of the gradient: {scales}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("spec", type=Path)
    parser.add_argument("--cells", nargs="+", choices=list(CELLS), default=["rnn"])
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--bins", type=int, default=600)
    parser.add_argument("--out", type=Path, default=Path("gradients"))
    given = parser.parse_args()
    one_thread()
    spec = read_spec(given.spec)
    pair = load_pair(spec, given.spec.parent, spec.data.test[0])
    given.out.mkdir(parents=True, exist_ok=True)
    for cell in given.cells:
        decoder = RecurrentDecoder(CELLS[cell](), given.units).fit(pair.fitted)
        found = diagnose(decoder, pair.tail, rules=RULES, bins=given.bins, every=5)
        print(words(cell, found), flush=True)
        drawn = [draw(found) for draw in (cosine_figure, spectrum_figure, decay_figure, scale_figure)]
        page = "".join(picture._repr_html_() for picture in drawn)
        (given.out / f"{cell}.html").write_text(
            f"<!doctype html><meta charset=utf-8>{page}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
