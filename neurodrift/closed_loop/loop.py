"""The loop: the user sees the cursor and commands, the array fires, the decoder answers, the cursor moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from neurodrift.closed_loop.episode import Episode
from neurodrift.closed_loop.faults import Fault
from neurodrift.closed_loop.game import Game
from neurodrift.closed_loop.intention import Labels, Screen
from neurodrift.closed_loop.plants import VelocityPlant
from neurodrift.closed_loop.realtime import Clock
from neurodrift.closed_loop.tasks import Floats, Task
from neurodrift.closed_loop.user import OptimalUser
from neurodrift.decoders.base import Decoder
from neurodrift.errors import NeurodriftError
from neurodrift.simulation import Encoder, Spikes

__all__ = ["EncoderArray", "run"]


class EncoderArray:
    """The array of an encoder; commands have no lag, whatever lag the encoder has for a hand's movement."""

    def __init__(self, encoder: Encoder, bin_width: float, rng: np.random.Generator) -> None:
        if len(encoder.rest) > 1:
            raise NeurodriftError(
                "closed loop: the encoder drifts bin by bin; give one constant encoder for each part of the session."
            )
        self.encoder, self.spikes = encoder, Spikes(encoder, bin_width, rng)

    def counts(self, command: Floats, position: Floats) -> Floats:
        """Of one bin (C,), for a command (2,), cm/s, and a cursor that is at `position` (2,), cm."""
        rates = self.encoder.rates(command[None], position[None])
        counts: Floats = self.spikes.draw(rates)[0].astype(np.float64)
        return counts


def run(
    encoder: Encoder | Sequence[tuple[float, Encoder]],
    decoder: Decoder | None,
    task: Task,
    user: OptimalUser,
    plant: VelocityPlant,
    *,
    minutes: float,
    labels: Labels | None = None,
    bin_width: float = 0.05,
    seed: int = 0,
    fault: Fault | None = None,
    clock: Clock | None = None,
    after_bin: Callable[[int], None] | None = None,
) -> Episode:
    """One session, bin by bin: act, fire, predict, move, label, update.

    The label of a bin is made from what was on the screen when the user acted, and is given after the answer.
    The state of user, plant and decoder starts anew; what decoder and user have learned stays. A decoder with a
    method `see` is told where the cursor is before each bin.

    Args:
        encoder: the array; or (minute from which on, encoder) pairs, for an array that changes abruptly.
        decoder: None lets the cursor follow the intention itself: a calibration that the user only watches.
        labels: what the decoder is taught; None teaches nothing.
        seed: of targets, spikes and the user's noise; the same seed gives every decoder the same targets.
        fault: what goes wrong with counts and labels, in this session.
        clock: keeps real time.
        after_bin: called with t after each bin.

    Raises:
        NeurodriftError: there is no bin, or the decoder answers another number of axes than the plant takes.
    """
    n = round(60 * minutes / bin_width)
    if n < 1:
        raise NeurodriftError(f"closed loop: {minutes} minutes hold no bin of {bin_width} s.")
    parts = [(0.0, encoder)] if isinstance(encoder, Encoder) else list(encoder)
    starts = [round(60 * minute / bin_width) for minute, _ in parts]
    spikes = np.random.default_rng([seed, 1])
    arrays = [EncoderArray(e, bin_width, spikes) for _, e in parts]
    game = Game(task, bin_width, np.random.default_rng([seed, 0]))
    user.reset(bin_width, seed)
    plant.reset()
    if decoder is not None:
        decoder.reset()
    sees = getattr(decoder, "see", None)
    kp = labels.kp(bin_width) if labels else 0.0
    counts = np.zeros((n, parts[0][1].n_channels), np.float32)
    intended, command, position = (np.zeros((n, 2)) for _ in range(3))
    decoded, trial = np.zeros((n, plant.axes)), np.full(n, -1)
    seconds, missed = np.zeros(n), np.zeros(n, bool)
    waiting: list[Floats | None] = []
    part = -1
    if clock:
        clock.start(bin_width)
    for t in range(n):
        due = clock.wait() if clock else 0.0
        while part + 1 < len(starts) and t >= starts[part + 1]:
            part += 1
        now = game.begin(t, plant.position)
        target = now.target if now else None
        intended[t], command[t] = user.act(target, plant.position, plant.velocity)
        heard = arrays[part].counts(command[t], plant.position)
        counts[t] = fault.counts(t, heard) if fault else heard
        if decoder is None:
            answer = np.concatenate([plant.position, intended[t]]) if plant.axes == 4 else intended[t]
        else:
            if sees is not None:
                sees(plant.position)
            answer = np.asarray(decoder.predict(counts[t]), np.float64)
        if answer.shape != (plant.axes,):
            raise NeurodriftError(
                f"closed loop: the decoder answers {answer.shape} numbers, the plant takes {plant.axes}; "
                f"fit it on a behaviour of {plant.axes} axes."
            )
        if clock:
            seconds[t] = clock.now() - due
        # A decoder that answers no number must not take the cursor with it.
        decoded[t] = np.where(np.isfinite(answer), answer, 0.0)
        before = plant.position
        plant.step(decoded[t], bin_width, task.half_width)
        if labels and decoder is not None:
            value = None
            if target is not None:
                shown = Screen(
                    before, target, task.inside(before, target), decoded[t], intended[t], kp, labels.fastest
                )
                value = labels.label(len(game.trials), shown)
                if fault and value is not None:
                    value = fault.label(len(game.trials), value)
            waiting.append(_whole(value, before, plant.axes))
            if t >= labels.lag:
                decoder.update(waiting[t - labels.lag], labels.lag)
                waiting[t - labels.lag] = None
        position[t], trial[t] = plant.position, len(game.trials) if now else -1
        game.end(t, plant.position)
        if clock:
            missed[t] = clock.done()
        if after_bin is not None:
            after_bin(t)
    trial[trial >= len(game.trials)] = -1
    return Episode(
        task,
        bin_width,
        counts,
        intended,
        command,
        decoded,
        position,
        trial,
        tuple(game.trials),
        seconds if clock else None,
        missed if clock else None,
    )


def _whole(value: Floats | None, position: Floats, axes: int) -> Floats | None:
    return value if value is None or axes == 2 else np.concatenate([position, value])
