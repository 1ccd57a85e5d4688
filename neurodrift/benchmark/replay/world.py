"""The simulated world of one seed: an array, its drift over the days, calibrations and probes."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from neurodrift.benchmark.replay.spec import ReplaySpec
from neurodrift.closed_loop import (
    FAULTS,
    PLANTS,
    TASKS,
    USERS,
    Episode,
    Fault,
    Labels,
    OptimalUser,
    Task,
    VelocityPlant,
    run,
)
from neurodrift.data.session import Session
from neurodrift.drift import DRIFTS, DriftPath, over_days
from neurodrift.simulation import Encoder

__all__ = ["PROBE", "SimulatedWorld"]

# Minutes of a probe: held out from everything, and the same commands on every day.
PROBE = 0.5


class SimulatedWorld:
    """Everything that does not depend on a method; a pure function of the spec and the seed."""

    def __init__(self, spec: ReplaySpec, seed: int) -> None:
        self.spec, self.seed = spec, seed
        world = spec.world
        self.first = Encoder.random(world.n_channels, np.random.default_rng([seed, 10]), lag=0.0)

    @cached_property
    def paths(self) -> list[DriftPath]:
        """One path a day, day 0 the identity."""
        world = self.spec.world
        return over_days(
            DRIFTS[world.drift](),
            self.calibration(0).counts,
            world.days + 1,
            severity=world.severity,
            seed=self.seed,
        )

    def encoder(self, day: int) -> Encoder:
        return self.first if day == 0 else self.first.drifted(self.paths[day], self.spec.world.bin_width)

    def task(self) -> Task:
        task: Task = self.spec.task.build(TASKS)
        return task

    def user(self) -> OptimalUser:
        user: OptimalUser = self.spec.user.build(USERS, seed=self.seed)
        return user

    def plant(self) -> VelocityPlant:
        plant: VelocityPlant = self.spec.plant.build(PLANTS)
        return plant

    def labels(self) -> Labels:
        i = self.spec.intention
        return Labels(i.kind, i.lag, i.share, i.turn, seed=self.seed)

    def fault(self, day: int) -> Fault | None:
        """What goes wrong on that day; None on the others."""
        part = self.spec.fault
        if part is None or not part.days[0] <= day <= part.days[1]:
            return None
        fault: Fault = part.build(FAULTS, seed=self.seed)
        return fault

    def calibration(self, day: int) -> Session:
        """The user watches a cursor that obeys perfectly; what the array of that day records of it."""
        return self._session(self._watched_calibration, day, 2, "calibration")

    def practice(self, day: int) -> Session:
        """As long as a day's session, in open loop."""
        episode = self._watch(self.spec.world.minutes, 3000 + day)
        return self._session(episode, day, 3, "open-loop session")

    def probe(self, day: int) -> Session:
        """Held out: nothing learns from it."""
        return self._session(self._watched_probe, day, 4, "probe")

    @cached_property
    def _watched_calibration(self) -> Episode:
        return self._watch(self.spec.world.calibration, 1000)

    @cached_property
    def _watched_probe(self) -> Episode:
        return self._watch(PROBE, 2000)

    def _watch(self, minutes: float, stream: int) -> Episode:
        return run(
            self.first,
            None,
            self.task(),
            self.user(),
            self.plant(),
            minutes=minutes,
            bin_width=self.spec.world.bin_width,
            seed=10_000 * self.seed + stream,
        )

    def _session(self, watched: Episode, day: int, stream: int, what: str) -> Session:
        rng = np.random.default_rng([self.seed, stream, day])
        episode = watched.recorded_by(self.encoder(day) if day else self.first, rng)
        whole = self.plant().axes == 4
        return episode.session(f"seed {self.seed}, day {day}, {what}", position=whole)
