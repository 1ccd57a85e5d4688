"""Whole simulated sessions, one or over days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from neurodrift.data.session import Session
from neurodrift.data.trials import assign_trials
from neurodrift.drift.base import Drift
from neurodrift.drift.baseline import Baseline
from neurodrift.drift.compose import Compose
from neurodrift.drift.days import over_days
from neurodrift.drift.dropout import Dropout
from neurodrift.drift.gain import Gain
from neurodrift.drift.path import DriftPath
from neurodrift.drift.turnover import Turnover
from neurodrift.errors import NeurodriftError
from neurodrift.simulation.encoder import Encoder
from neurodrift.simulation.population import Population
from neurodrift.simulation.reaches import Reaches
from neurodrift.simulation.spikes import Spikes

__all__ = ["day_to_day", "simulate_days", "simulate_like", "simulate_session"]

FIRST_DAY = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def simulate_session(
    encoder: Encoder,
    *,
    minutes: float = 6.0,
    bin_width: float = 0.05,
    seed: int = 0,
    identifier: str = "",
    start: datetime = FIRST_DAY,
    provenance: Sequence[str] = (),
) -> Session:
    """Random-target reaches, recorded by the encoder's array.

    Row t holds the velocity of the hand at times[t] (cm/s) and counts (`Spikes`) of the rates that the encoder
    gives for the velocity at times[t] + encoder.lag: neurons lead the hand.

    Args:
        encoder: the array, with (T, C) parameters where it drifts within the session.
        minutes: length; bins = round(60 minutes / bin_width).
        bin_width: seconds.
        seed: of the reaches and of the spikes; the same encoder and seed give the same session.
        identifier, start: which session, when.
        provenance: lines to put after the one that states the simulation.

    Raises:
        NeurodriftError: length or bin width leave no bin.
    """
    if not (bin_width > 0 and round(60 * minutes / bin_width) > 0):
        raise NeurodriftError(
            f"simulation: {minutes} minutes in bins of {bin_width} s hold no bin; both must be positive."
        )
    n = round(60 * minutes / bin_width)
    times = np.arange(1, n + 1, dtype=np.float64) * bin_width
    where, spikes = (np.random.default_rng([seed, stream]) for stream in (0, 1))
    reaches = Reaches.random(times[-1] + encoder.lag, where)
    trials = reaches.trials(times[-1])
    lead = times + encoder.lag if encoder.same_lag else times[:, None] + encoder.lag + encoder.lags
    seen = reaches.velocity(np.ravel(lead)).reshape(*lead.shape, 2)
    counts = Spikes(encoder, bin_width, spikes).draw(encoder.rates(seen))
    trial, _ = assign_trials(trials, times, bin_width)
    stated = encoder.population
    return Session(
        counts=counts.astype(np.float32),
        behavior=reaches.velocity(times).astype(np.float32),
        bin_width=bin_width,
        times=times,
        channels=tuple(str(i) for i in range(encoder.n_channels)),
        behavior_names=("vx", "vy"),
        behavior_unit="cm/s",
        trial=trial,
        trials=trials,
        subject="simulated",
        identifier=identifier or f"simulated-seed{seed}",
        start=start,
        provenance=(
            f"simulated, not recorded: minimum-jerk reaches to random targets, {encoder.n_channels} "
            f"cosine-tuned units that lead the hand by {encoder.lag:g} s, {minutes:g} minutes in "
            f"bins of {bin_width:g} s, seed {seed}; units drawn from {stated}",
            *provenance,
        ),
    )


def simulate_like(encoder: Encoder, session: Session, seed: int = 0) -> Session:
    """A session with the times, trials and labels of a recorded one, and counts of the encoder's array.

    Raises:
        NeurodriftError: the encoder is of another number of channels.
    """
    if encoder.n_channels != len(session.channels):
        raise NeurodriftError(
            f"{session}: {len(session.channels)} channels, the encoder has {encoder.n_channels}; "
            "fit it to this session, or choose the channels it was fitted to."
        )
    rates = encoder.rates(encoder.led(session.behavior, session.bin_width))
    counts = Spikes(encoder, session.bin_width, np.random.default_rng(seed)).draw(rates)
    return replace(
        session,
        counts=counts.astype(np.float32),
        source="",
        digest="",
        identifier=f"{session.identifier or session}-simulated-seed{seed}",
        provenance=(
            f"simulated, not recorded: counts of a fitted encoder for the labels of {session}, seed {seed}",
            *session.provenance,
        ),
    )


def day_to_day() -> Compose:
    """What happens to the simulated array between two days.

    At severity 1, 30 % of the channels get a new unit, log-gains move by N(0, .25^2), every channel gains
    U(0, .2) of its mean as rate that carries nothing, and 3 % fall silent.
    """
    return Compose((Turnover(0.3), Gain(0.25), Baseline(0.2), Dropout(0.03)))


def simulate_days(
    n_days: int = 3,
    *,
    minutes: float = 6.0,
    severity: float | Sequence[float] = 1.0,
    drift: Drift | None = None,
    n_channels: int = 96,
    bin_width: float = 0.05,
    days_apart: int = 7,
    population: Population | None = None,
    seed: int = 0,
) -> list[Session]:
    """Sessions of one simulated array whose drift adds up from day to day.

    The defaults are tuned for a demonstration and say nothing about real arrays: a frozen decoder loses much
    of its score on later days, a retrained one does not; seeds differ widely.

    Args:
        severity: of the drift before each of the days 1, 2 ..., or one number for all of them.
        drift: what happens between two days, `day_to_day()` by default. One that has a course of its own over
            days (`over_days`), such as a schedule, is drawn once, and takes one severity.
        days_apart: days from one session to the next.
        seed: of everything; the same seed gives the same days.

    Raises:
        NeurodriftError: there is not one severity for each day after the first.
    """
    steps = (
        [float(s) for s in severity] if isinstance(severity, Sequence) else [float(severity)] * (n_days - 1)
    )
    if n_days < 1 or len(steps) != n_days - 1:
        raise NeurodriftError(
            f"simulation: {len(steps)} severities for {n_days} days; give one number, "
            "or one for each day after the first."
        )
    drift = drift or day_to_day()
    if hasattr(drift, "rows") and len(set(steps)) > 1:
        raise NeurodriftError(f"simulation: {drift} is drawn once for all days; give it one severity.")
    first = Encoder.random(n_channels, np.random.default_rng([seed, 0]), population=population)
    path, days, course = DriftPath.identity(n_channels), list[Session](), list[DriftPath]()
    for day in range(n_days):
        if course:
            path = course[day]
        elif day:
            draw = np.random.default_rng([seed, 1, day])
            path = path.then(drift.sample(days[-1], steps[day - 1], draw))
        days.append(
            simulate_session(
                first.drifted(path, bin_width),
                minutes=minutes,
                bin_width=bin_width,
                seed=1000 * seed + day,
                identifier=f"simulated-seed{seed}-day{day}",
                start=FIRST_DAY + timedelta(days=day * days_apart),
                provenance=(
                    f"day {day * days_apart} of a simulated array, drift since day 0: {path}; "
                    f"severity of each step {steps[:day]}, {drift}",
                ),
            )
        )
        if hasattr(drift, "rows") and not course:
            course = over_days(drift, days[0], n_days, severity=steps[0] if steps else 0.0, seed=seed)
    return days
