"""What does a guard save when a stream turns hostile, and what does it cost when it does not?

    python scripts/guard_study.py SPEC.toml --seeds 3            # the last fifth of the training day, drifted
    python scripts/guard_study.py SPEC.toml --seeds 3 --test     # the test day: judged on once, chosen on never

For every hostile stream, from the start of what adapts or from its middle: held-out R2 of the frozen decoder, of
the online learner without a guard, and with one; on counts and labels that are sound again. Mean over seeds.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from neurodrift.benchmark import read_spec
from neurodrift.benchmark.pairs import load_pair
from neurodrift.data.session import Session
from neurodrift.decoders import RecurrentDecoder, one_thread
from neurodrift.drift import apply_to_counts, standard
from neurodrift.errors import NeurodriftError
from neurodrift.evaluation.metrics import r2
from neurodrift.evaluation.prequential import stream
from neurodrift.learn import CELLS, OPTIMIZERS
from neurodrift.learn.guard import UpdateGuard
from neurodrift.simulation.hostile import HOSTILE, STAYS


def score(decoder: RecurrentDecoder, later: Session) -> float:
    out = stream(decoder, later, learn=False)
    keep = later.labelled
    keep[:50] = False
    out = out if out.ndim == 3 else out[:, None]
    scores = [r2(later.behavior[keep], out[keep, s]) for s in range(out.shape[1])]
    return float(np.mean(np.nan_to_num(scores, nan=-np.inf)))


def adapt(decoder: RecurrentDecoder, counts: Any, labels: Any) -> RecurrentDecoder | None:
    try:
        for x, y in zip(counts, labels, strict=True):
            decoder.predict(x)
            decoder.update(y)
    except NeurodriftError:
        return None
    return decoder.averaged()


def main(
    spec_file: Path, seeds: int, test: bool, rates: list[float], average: float, only: list[str]
) -> None:
    one_thread()
    warnings.simplefilter("ignore")
    spec = read_spec(spec_file)
    pair = load_pair(spec, spec_file.parent, spec.data.test[0])
    decoder = RecurrentDecoder(CELLS[spec.decoder.cell](), spec.decoder.n_units, seeds=range(seeds))
    decoder.fit(pair.fitted)
    if test:
        early, later = pair.test.select(pair.split.adapt), pair.test.select(pair.split.heldout)
    else:
        rng = np.random.default_rng(0)
        tail = pair.tail
        drifted = replace(
            tail,
            counts=np.asarray(
                apply_to_counts(tail.counts, standard().sample(tail, 1.0, rng), rng), np.float32
            ),
        )
        cut = round(0.6 * len(tail))
        early, later = drifted.select(slice(0, cut)), drifted.select(slice(cut, None))
    frozen = score(decoder.replicate(range(seeds), learns="nothing"), later)
    print(f"{spec_file.stem}, {int(early.labelled.sum())} labelled bins, {seeds} seeds; frozen {frozen:.3f}")
    for rate in rates:
        print(
            f"\nimmediate, rmsprop {rate:g}: stream, frozen : without guard, with it | from the middle: both"
        )
        plain = {"none": lambda s, begin, rng: (s.counts, np.where(s.labelled[:, None], s.behavior, np.nan))}
        for name, make in {**plain, **HOSTILE}.items():
            if only and name not in only:
                continue
            cells, judged = [], later
            if name in STAYS:
                judged = replace(later, counts=make(later, 0, np.random.default_rng(1)).counts)
            for begin in (0, len(early) // 2):
                rng = np.random.default_rng(1)
                counts, labels = make(early, begin, rng)
                for guard in (None, UpdateGuard()):
                    learner = decoder.replicate(
                        range(seeds), optimizer=OPTIMIZERS["rmsprop"](rate), average=average, guard=guard
                    )
                    after = adapt(learner, counts, labels)
                    told = "refused" if after is None else f"{score(after, judged):7.3f}"
                    cells.append(told)
            still = score(decoder.replicate(range(seeds), learns="nothing"), judged)
            print(f"  {name:16} {still:7.3f} : {cells[0]} {cells[1]} | {cells[2]} {cells[3]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("spec", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--test", action="store_true", help="the test day, in place of the drifted training day"
    )
    parser.add_argument("--rates", type=float, nargs="+", default=[3e-4, 3e-2])
    parser.add_argument("--average", type=float, default=100.0)
    parser.add_argument("--only", nargs="+", default=[], help="these streams")
    given = parser.parse_args()
    main(given.spec, given.seeds, given.test, given.rates, given.average, given.only)
