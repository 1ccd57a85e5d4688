"""One method through all days of one world: day after day, what it learned is kept."""

from __future__ import annotations

import copy
import time
from typing import Any

import numpy as np

from neurodrift.benchmark.replay.decoders import build, retrain
from neurodrift.benchmark.replay.names import METHODS
from neurodrift.benchmark.replay.spec import ReplaySpec
from neurodrift.benchmark.replay.world import SimulatedWorld
from neurodrift.closed_loop import MEASURES, Episode, Fault, answers, costs, run
from neurodrift.closed_loop.costs import r2_of
from neurodrift.closed_loop.tasks import Floats
from neurodrift.decoders import Decoder, RecurrentDecoder, ReFITDecoder
from neurodrift.evaluation.prequential import stream

__all__ = ["days_of", "run_chain", "shown_days"]

Json = dict[str, Any]


def days_of(spec: ReplaySpec) -> range:
    """The days that are played: 1 .. days; day 0 only calibrates."""
    return range(1, spec.world.days + 1)


def shown_days(spec: ReplaySpec) -> list[int]:
    """The days the viewer shows: spread evenly, first and last among them."""
    days = days_of(spec)
    return sorted({int(d) for d in np.linspace(days[0], days[-1], min(spec.shown, len(days))).round()})


def run_chain(
    spec: ReplaySpec, method: str, loop: str, seed: int, trained: RecurrentDecoder | None
) -> tuple[Json, dict[str, Any]]:
    """Facts (metrics of every day) and arrays (the cursor, on days that are shown) of one chain."""
    world = SimulatedWorld(spec, seed)
    built = build(method, world, trained)
    decoder = built.decoder
    first = r2_of(world.probe(0).behavior[:, -2:], answers(decoder, world.probe(0))[:, -2:])
    days, arrays = list[Json](), dict[str, Any]()
    user, shown = world.user(), shown_days(spec)
    for day in days_of(spec):
        if method == "retrained":
            assert isinstance(decoder, RecurrentDecoder)
            decoder = retrain(world, decoder, day)
        elif isinstance(decoder, ReFITDecoder):
            decoder.renew()
        fault = world.fault(day)
        watch = _Checkpoints(decoder, world, day, METHODS[method].learns)
        began = time.perf_counter()
        if loop == "closed":
            episode = run(
                world.encoder(day),
                decoder,
                world.task(),
                user,
                world.plant(),
                minutes=spec.world.minutes,
                labels=world.labels() if METHODS[method].learns else None,
                fault=fault,
                bin_width=spec.world.bin_width,
                seed=10_000 * seed + day,
                after_bin=watch,
            )
            metrics = {name: measure(episode) for name, measure in MEASURES.items()}
            if seed == 0 and day in shown:
                arrays |= _shown(day, episode)
        else:
            metrics = {"r2_intention": _open(decoder, world, day, watch, fault)}
        metrics |= {
            "bin_us": 1e6 * (time.perf_counter() - began - watch.spent) / max(watch.bins, 1),
            **watch.close(first),
        }
        days.append({"day": day, "metrics": metrics})
    return {"days": days, "lr": built.lr, "r2_day0": first, "shown": shown}, arrays


class _Checkpoints:
    """Answers to today's probe at the start, the middle and the end of the session; in between only of learners."""

    def __init__(self, decoder: Decoder, world: SimulatedWorld, day: int, learns: bool) -> None:
        self.decoder, self.probe, self.world, self.learns = decoder, world.probe(day), world, learns
        spec = world.spec.world
        self.middle, self.bins, self.spent = round(30 * spec.minutes / spec.bin_width), 0, 0.0
        self.seen: list[Floats] = [answers(_still(decoder), self.probe)] if learns else []

    def __call__(self, t: int) -> None:
        self.bins += 1
        self.look()

    def look(self) -> None:
        if self.learns and self.bins == self.middle:
            began = time.perf_counter()
            self.seen.append(answers(_still(self.decoder), self.probe))
            self.spent += time.perf_counter() - began

    def close(self, first: float) -> Json:
        still = _still(self.decoder)
        end = answers(still, self.probe)
        y = np.asarray(self.probe.behavior, np.float64)
        old = self.world.probe(0)
        now = r2_of(old.behavior[:, -2:], answers(still, old)[:, -2:])
        return {"r2_probe": r2_of(y[:, -2:], end[:, -2:]), **costs([*self.seen, end], y, (first, now))}


def _still(decoder: Decoder) -> Decoder:
    """A copy that answers as the decoder does now, and learns nothing: what is asked of it leaves no trace."""
    return decoder.averaged() if isinstance(decoder, RecurrentDecoder) else copy.deepcopy(decoder)


def _open(
    decoder: Decoder, world: SimulatedWorld, day: int, watch: _Checkpoints, fault: Fault | None
) -> float:
    session = world.practice(day)
    met = fault.of(session) if fault else session
    decoder.reset()
    out = []
    # Up to the checkpoint, and on from there: whole stretches, which compiled decoders do at once.
    for bins in (slice(0, watch.middle), slice(watch.middle, len(met))):
        if len(range(*bins.indices(len(met)))):
            out.append(stream(decoder, met, bins=bins, learn=watch.learns, lag=world.spec.intention.lag))
            watch.bins = bins.stop
            watch.look()
    keep = session.trial >= 0
    return r2_of(session.behavior[keep][:, -2:], np.concatenate(out)[keep][:, -2:])


def _shown(day: int, episode: Episode) -> dict[str, Any]:
    trials = episode.trials
    return {
        f"position-{day}": np.round(100 * episode.position).astype(np.int16),
        f"trials-{day}": np.array([[t.first, t.last, t.entered, int(t.success)] for t in trials]).reshape(
            -1, 4
        ),
        f"targets-{day}": np.array([t.target for t in trials]).reshape(-1, 2),
        f"starts-{day}": np.array([t.start for t in trials]).reshape(-1, 2),
    }
