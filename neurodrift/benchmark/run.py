"""The grid: plans the units of work, does the missing ones in parallel, and writes rows, summary and details."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodrift.benchmark.details import details
from neurodrift.benchmark.machine import machine, versions
from neurodrift.benchmark.pairs import Pair, load_pair
from neurodrift.benchmark.parallel import Progress, Work
from neurodrift.benchmark.series import with_sessions
from neurodrift.benchmark.spec import Spec, resolve, spec_to_toml
from neurodrift.benchmark.store import Store, clean, code_digest, key_of, write_atomically
from neurodrift.benchmark.summary import rows_of, summarize
from neurodrift.benchmark.units import Method, Unit, all_methods, run_unit

__all__ = ["Benchmark", "run_benchmark"]


@dataclass(frozen=True)
class Benchmark:
    """What `run_benchmark` left in its folder."""

    folder: Path
    summary: dict[str, Any]
    details: dict[str, Any]
    reused: int
    done: int


def run_benchmark(
    spec: Spec,
    out: Path,
    *,
    spec_folder: Path = Path(),
    jobs: int = 1,
    scheduler: str = "",
    simulated: bool = False,
    command: str = "",
    progress: Progress | None = None,
) -> Benchmark:
    """Runs a benchmark into the folder `out`; finished units found there are not done again.

    A unit is found again only if the files' contents, the part of the spec it depends on, the package's code and
    the versions of numpy and torch are the same.

    Args:
        spec_folder: what the spec's relative paths are relative to.
        jobs: processes.
        scheduler: address of a Dask scheduler, whose workers are used instead; they see the same folders.
        simulated: said in summary and report.
        command: the command that repeats this, for the report.
        progress: called with the stage, the units done and their number.

    Raises:
        NeurodriftError: for input that cannot be used, before any work starts.
    """
    began = time.perf_counter()
    tell: Progress = progress or (lambda stage, done, total: None)
    out.mkdir(parents=True, exist_ok=True)
    store = Store(out)
    tell("reading", 0, 1)
    spec = with_sessions(spec, spec_folder)
    pairs = {test: load_pair(spec, spec_folder, test) for test in spec.data.test}
    write_atomically(out / "spec.toml", spec_to_toml(_absolute(spec, spec_folder)))
    plan = _Plan(spec, pairs, store)
    total = len(plan.train) + len(plan.steps) + len(plan.methods) * len(pairs)
    work = Work(run_unit, store, (spec, spec_folder, out), total, tell, jobs, scheduler)
    work("training", plan.train)
    work("choosing step sizes", _slow_first(plan.steps))
    scores = plan.scores()
    common = {"versions": versions(), "machine": machine()}

    def rows(unit: Unit) -> list[dict[str, Any]]:
        return rows_of(unit, spec, pairs[unit.test], store.facts(unit.key), common)

    store.start_rows(row for unit in scores if store.has(unit.key) for row in rows(unit))
    work("scoring", _slow_first(scores), lambda unit: store.add_rows(rows(unit)))
    results = {test: [u for u in scores if u.test == test] for test in pairs}
    summary = clean(summarize(spec, pairs, results, store, simulated))
    steps = [(unit, store.facts(unit.key)) for unit in plan.steps]
    detail = clean(
        details(spec, pairs, results, steps, store, {**common, "simulated": simulated, "command": command})
    )
    detail["wall_seconds"] = time.perf_counter() - began
    write_atomically(out / "summary.json", json.dumps(summary, indent=1, allow_nan=False))
    write_atomically(out / "details.json", json.dumps(detail, allow_nan=False))
    return Benchmark(out, summary, detail, work.reused, work.done - work.reused)


class _Plan:
    """Units and their keys: a key holds everything that decides the unit's result, and nothing else."""

    def __init__(self, spec: Spec, pairs: dict[str, Pair], store: Store) -> None:
        self.spec, self.pairs, self.store = spec, pairs, store
        self.methods = all_methods(spec)
        base = {"code": code_digest(), **{p: versions()[p] for p in ("numpy", "torch", "scikit-learn")}}
        decoder = spec.decoder.model_dump()
        self.train: list[Unit] = []
        self.steps: list[Unit] = []
        self._needs: dict[str, tuple[str, ...]] = {}
        for test, pair in pairs.items():
            data = {
                **base,
                "decoder": {k: v for k, v in decoder.items() if k not in ("over_gaps", "engine")},
                "train": [s.digest for s in pair.train],
                "reading": spec.data.model_dump(exclude={"train", "test", "sessions", "train_sessions"}),
                "channels": pair.match.shared,
            }
            units = [
                Unit("train", key_of({"kind": "train", "seed": seed, **data}), test, seed=seed)
                for seed in range(spec.seeds)
            ]
            self.train += [u for u in units if u.key not in {v.key for v in self.train}]
            self._needs[test] = tuple(u.key for u in units)
            for method in self.methods:
                if method.online and method.online.lr == "auto":
                    unit = self._step(test, method)
                    if unit.key not in {v.key for v in self.steps}:
                        self.steps.append(unit)

    def _step(self, test: str, method: Method) -> Unit:
        assert method.online is not None
        what = {
            "kind": "step",
            "needs": self._needs[test],
            "online": method.online.model_dump(exclude={"label", "lr"}),
            "learns": method.learns,
            "normalization": method.normalization,
            "over_gaps": self.spec.decoder.over_gaps,
            "average": self.spec.methods.average,
            "engine": self.spec.decoder.engine,
        }
        return Unit("step", key_of(what), test, self._needs[test], method=method)

    def scores(self) -> list[Unit]:
        """The units that score; they can be named only once the step sizes are known. The slowest rules come first."""
        units = []
        for test, pair in self.pairs.items():
            for method in self.methods:
                lr: float | None = None
                if method.online:
                    auto = method.online.lr == "auto"
                    lr = (
                        self.store.facts(self._step(test, method).key)["chosen"]
                        if auto
                        else float(method.online.lr)
                    )
                what = {
                    "kind": "score",
                    "needs": self._needs[test],
                    "test": pair.test.digest,
                    "split": self.spec.split.model_dump(),
                    "name": method.name if method.online is None else method.learns,
                    "online": method.online.model_dump(exclude={"label", "lr"}) if method.online else None,
                    "normalization": method.normalization,
                    "lr": lr,
                    "lag": self.spec.methods.label_lag,
                    "over_gaps": self.spec.decoder.over_gaps,
                    "average": self.spec.methods.average if method.online else None,
                    "engine": self.spec.decoder.engine,
                }
                units.append(Unit("score", key_of(what), test, self._needs[test], method=method, lr=lr))
        return units


def _slow_first(units: Sequence[Unit]) -> list[Unit]:
    def slow(unit: Unit) -> bool:
        return bool(
            unit.method
            and unit.method.online
            and unit.method.learns == "all"
            and unit.method.online.rule != "immediate"
        )

    return sorted(units, key=slow, reverse=True)


def _absolute(spec: Spec, folder: Path) -> Spec:
    """The spec with absolute paths, so that the copy in the results runs from anywhere."""
    data = {k: [str(resolve(p, folder)) for p in getattr(spec.data, k)] for k in ("train", "test")}
    return spec.model_copy(update={"data": spec.data.model_copy(update=data)})
