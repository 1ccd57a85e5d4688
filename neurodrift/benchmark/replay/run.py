"""The grid of a replay: trains, plays every (method, loop, seed) through its days, writes rows and summary; resumable."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodrift.benchmark.machine import machine, versions
from neurodrift.benchmark.parallel import Progress, Work
from neurodrift.benchmark.replay.chain import run_chain
from neurodrift.benchmark.replay.decoders import fit_recurrent
from neurodrift.benchmark.replay.names import METHODS
from neurodrift.benchmark.replay.spec import ReplaySpec
from neurodrift.benchmark.replay.summary import rows_of, summarize
from neurodrift.benchmark.replay.world import SimulatedWorld
from neurodrift.benchmark.spec import spec_to_toml
from neurodrift.benchmark.store import Store, clean, code_digest, key_of, write_atomically
from neurodrift.decoders import Recipe, RecurrentDecoder, one_thread
from neurodrift.learn.cells import CELLS

__all__ = ["Chain", "Replay", "run_replay"]

# Begun first, so that no core is idle while the last one runs.
SLOW = ("guarded", "sparse_rtrl", "retrained", "immediate")


@dataclass(frozen=True)
class Chain:
    """One unit of work: the training of a seed (no method), or a method in a loop through all days."""

    key: str
    seed: int
    method: str = ""
    loop: str = ""
    needs: str = ""


@dataclass(frozen=True)
class Replay:
    """What a replay left in its folder: the summary, and the units that were found and done."""

    folder: Path
    summary: dict[str, Any]
    viewer: dict[str, Any]
    reused: int
    done: int


def run_replay(
    spec: ReplaySpec,
    out: Path,
    *,
    spec_folder: Path = Path(),
    jobs: int = 1,
    scheduler: str = "",
    command: str = "",
    progress: Progress | None = None,
) -> Replay:
    """Runs a replay into the folder `out`; finished units found there are not done again.

    Args:
        spec_folder: what a recording's relative paths are relative to.
        jobs: processes. scheduler: address of a Dask scheduler, whose workers are used instead.
        command: the command that repeats this, for the page.
        progress: called with the stage, the units done and their number.

    Raises:
        NeurodriftError: for input that cannot be used.
    """
    from neurodrift.benchmark.replay.recording import replay_recording
    from neurodrift.benchmark.replay.viewer_data import viewer_data

    began = time.perf_counter()
    tell: Progress = progress or (lambda stage, done, total: None)
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / "spec.toml", spec_to_toml(spec))  # type: ignore[arg-type]
    if spec.recording:
        return replay_recording(spec, out, spec_folder, command, tell)
    store = Store(out)
    common = {"versions": versions(), "machine": machine()}
    training, chains = _plan(spec)
    work = Work(run_unit, store, (spec, out), len(training) + len(chains), tell, jobs, scheduler)

    def rows(unit: Chain) -> list[dict[str, Any]]:
        return rows_of(unit, spec, store.facts(unit.key), common)

    work("training", training)
    store.start_rows(row for unit in chains if store.has(unit.key) for row in rows(unit))
    work("playing", chains, lambda unit: store.add_rows(rows(unit)))
    facts = {(u.method, u.loop, u.seed): store.facts(u.key) for u in chains}
    summary = clean(summarize(spec, facts))
    write_atomically(out / "summary.json", json.dumps(summary, indent=1, allow_nan=False))
    view = clean(viewer_data(spec, chains, store))
    view |= {"command": command, "wall_seconds": time.perf_counter() - began, **clean(common)}
    return Replay(out, summary, view, work.reused, work.done - work.reused)


def run_unit(unit: Chain, spec: ReplaySpec, out: Path) -> Chain:
    """Does one unit's work, in any process, on one thread; returns the unit once its result is stored."""
    one_thread()
    store, part = Store(out), spec.decoder
    if not unit.method:
        world = SimulatedWorld(spec, unit.seed)
        trained = fit_recurrent(part.cell, part.n_units, part.epochs, [world.calibration(0)], unit.seed)
        trained.save(store.path(unit.key, ".pt"))
        store.save(unit.key, {"seed": unit.seed})
        return unit
    network = None
    if unit.needs:
        recipe = Recipe(epochs=part.epochs)
        network = RecurrentDecoder(CELLS[part.cell](), part.n_units, recipe=recipe)
        network.load(store.path(unit.needs, ".pt"))
    store.save(unit.key, *run_chain(spec, unit.method, unit.loop, unit.seed, network))
    return unit


def _plan(spec: ReplaySpec) -> tuple[list[Chain], list[Chain]]:
    """Units and their keys: a key holds everything that decides the unit's result, and nothing else."""
    base = {"code": code_digest(), **{p: versions()[p] for p in ("numpy", "torch", "scikit-learn")}}
    what = spec.model_dump(exclude={"name", "seeds", "methods", "loops", "recording"})
    train = {k: what[k] for k in ("world", "task", "user", "plant", "decoder")}
    training = [
        Chain(key_of({"kind": "train", "seed": s, **base, **train}), s)
        for s in range(spec.seeds)
        if any(METHODS[m].recurrent for m in spec.methods)
    ]
    chains = [
        Chain(
            key_of({"kind": "chain", "method": m, "loop": loop, "seed": s, **base, **what}),
            s,
            m,
            loop,
            training[s].key if METHODS[m].recurrent else "",
        )
        for m in sorted(spec.methods, key=lambda m: m not in SLOW)
        for loop in spec.loops
        for s in range(spec.seeds)
    ]
    return training, chains
