"""Over how many learned bins should weights be averaged? Asked of the training day alone.

    python scripts/averaged_weights.py SPEC.toml --seeds 5

For every averaging length, decoders adapt to simulated drifts of the last fifth of the training day, as for
lr = "auto"; printed is the held-out R2 of every step size, a mean over drifts and seeds. No test day is scored.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from neurodrift.benchmark import read_spec
from neurodrift.benchmark.pairs import load_pair
from neurodrift.decoders import RecurrentDecoder, one_thread
from neurodrift.evaluation.step_size import choose_step_size
from neurodrift.learn import CELLS, OPTIMIZERS

LENGTHS = (0, 30, 100, 300, 1000)  # learned bins; 0: the last weights


def main(spec_file: Path, seeds: int) -> None:
    one_thread()
    spec = read_spec(spec_file)
    pair = load_pair(spec, spec_file.parent, spec.data.test[0])
    decoder = RecurrentDecoder(CELLS[spec.decoder.cell](), spec.decoder.n_units, seeds=range(seeds))
    decoder.fit(pair.fitted)
    for online in spec.methods.adapted:
        print(f"\n{spec.decoder.cell}, {online.label}: held-out R2 by step size")
        for length in LENGTHS:
            learner = decoder.replicate(
                range(seeds),
                rule=online.build_rule(),
                optimizer=OPTIMIZERS[online.optimizer](),
                average=length,
            )
            found = choose_step_size(learner, pair.tail, "training_day")
            curve = "  ".join(f"{lr:g} {r2:.3f}" for lr, r2 in zip(found.grid, found.r2.mean(0), strict=True))
            print(f"  {length:5} bins: {curve}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("spec", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    main(arguments.spec, arguments.seeds)
