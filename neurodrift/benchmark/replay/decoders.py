"""Each method's decoder, fitted on day 0's calibration."""

from __future__ import annotations

from typing import NamedTuple

from neurodrift.benchmark.replay.world import SimulatedWorld
from neurodrift.data.session import Session
from neurodrift.decoders import DECODERS, Decoder, Recipe, RecurrentDecoder, RunningDecoder
from neurodrift.errors import NeurodriftError
from neurodrift.evaluation.step_size import choose_step_size
from neurodrift.learn.cells import CELLS
from neurodrift.learn.guard import UpdateGuard
from neurodrift.learn.optim import RMSprop
from neurodrift.learn.rules import RULES

__all__ = ["Built", "build", "build_on", "fit_recurrent", "retrain", "step_size"]

LINEAR = ("ridge", "kalman", "refit", "smooth_batch", "rls")
TAIL = 0.8


class Built(NamedTuple):
    """A decoder ready for day 1, and the step size it learns with."""

    decoder: Decoder
    lr: float | None


def fit_recurrent(
    cell: str, n_units: int, epochs: int, sessions: list[Session], seed: int
) -> RecurrentDecoder:
    """Trained on the first 80 % of each session; the rest stays for choosing a step size."""
    decoder = RecurrentDecoder(CELLS[cell](), n_units, seeds=[seed], recipe=Recipe(epochs=epochs))
    return decoder.fit([s.select(slice(0, round(TAIL * len(s)))) for s in sessions])


def build(method: str, world: SimulatedWorld, trained: RecurrentDecoder | None) -> Built:
    """The method's decoder in a simulated world."""
    calibration = world.calibration(0)
    return build_on(method, [calibration], trained, world.spec.decoder.lr, world.spec.intention.lag)


def build_on(
    method: str, sessions: list[Session], trained: RecurrentDecoder | None, lr: float | str, lag: int
) -> Built:
    """The method's decoder, fitted on these sessions; recurrent ones start from `trained`."""
    if method in LINEAR:
        late = {"max_lag": lag} if method not in ("ridge", "kalman") else {}
        return Built(DECODERS[method](**late).fit(sessions), None)
    if trained is None:
        raise NeurodriftError(f"{method}: a recurrent method needs the trained network.")
    if method in ("frozen", "retrained"):
        return Built(trained.replicate([0], learns="nothing"), None)
    if method == "renormalized":
        return Built(RunningDecoder(trained.replicate([0], learns="nothing")).around(sessions), None)
    rule = RULES["sparse_rtrl"]() if method == "sparse_rtrl" else RULES["immediate"]()
    learns = "readout" if method == "readout" else "all"
    decoder = trained.replicate([0], rule=rule, optimizer=RMSprop(), learns=learns)  # type: ignore[arg-type]
    rate = step_size(decoder, sessions[-1]) if lr == "auto" else float(lr)
    guard = UpdateGuard() if method == "guarded" else None
    return Built(decoder.replicate([0], optimizer=RMSprop(rate), max_lag=lag, guard=guard), rate)


def step_size(decoder: RecurrentDecoder, session: Session) -> float:
    """Chosen on simulated drift of the calibration's last fifth, in open loop, before any later day."""
    tail = session.select(slice(round(TAIL * len(session)), None))
    return choose_step_size(decoder, tail, "training_day").chosen


def retrain(world: SimulatedWorld, decoder: RecurrentDecoder, day: int) -> RecurrentDecoder:
    """A network trained anew on a calibration with the array of that day."""
    part = world.spec.decoder
    fresh = fit_recurrent(part.cell, part.n_units, part.epochs, [world.calibration(day)], decoder.seeds[0])
    return fresh.replicate([0], learns="nothing")
