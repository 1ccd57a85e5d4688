"""Two recordings of one animal on different days: how well does online learning keep a decoder working?

    python scripts/cross_session_benchmark.py TRAIN.nwb TEST.nwb --behavior intended_direction

The same calls as `neurodrift benchmark`, in the open: change what you like.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from neurodrift.benchmark import Adapted, Data, DecoderSpec, Methods, Spec, run_benchmark
from neurodrift.errors import NeurodriftError
from neurodrift.report import write_report


@dataclass
class Settings:
    """Everything this script decides."""

    train: Path  # the training day
    test: Path  # the later day
    behavior: str | None = None  # the series to decode; None where the file has one
    neural: str | None = None  # counts or units; None where the file has one
    trials: str | None = None  # keep only these trials, such as "intuitive_mapping == True"
    bin_width: float | None = None  # seconds; needed for spike times
    cell: str = "gru"  # rnn, gru or lstm
    n_units: int = 64
    seeds: int = 5
    jobs: int = 2  # processes
    out: Path = Path("neurodrift-results/script")


def main(settings: Settings) -> None:
    data = Data(
        train=[str(settings.train)],
        test=[str(settings.test)],
        behavior=settings.behavior,
        neural=settings.neural,
        trials=settings.trials,
        bin_width=settings.bin_width,
    )
    methods = Methods(adapted=[Adapted(optimizer="rmsprop"), Adapted(optimizer="sgd")])
    decoder = DecoderSpec(cell=settings.cell, n_units=settings.n_units)
    spec = Spec(name="two sessions", seeds=settings.seeds, data=data, decoder=decoder, methods=methods)
    result = run_benchmark(
        spec,
        settings.out,
        jobs=settings.jobs,
        progress=lambda stage, done, of: print(f"{stage}: {done} of {of}"),
    )
    for c in result.summary["comparisons"]:
        gained = f"recovery {c['recovery']['mean']:.2f}" if c["recovery"] else c["why"]
        print(
            f"{c['method']:40} R2 {c['r2']['mean']:.3f} ({c['r2']['low']:.3f} to {c['r2']['high']:.3f})  {gained}"
        )
    print(write_report(settings.out))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    for name in ("behavior", "neural", "trials"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--bin-width", type=float)
    parser.add_argument("--cell", default="gru")
    parser.add_argument("--n-units", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Settings.out)
    try:
        main(Settings(**vars(parser.parse_args())))
    except NeurodriftError as error:
        raise SystemExit(f"{error}") from None
