"""How long a decoder takes for a bin on this machine, deadlines missed, and the largest network that fits into a bin."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neurodrift.decoders import Recipe, RecurrentDecoder, one_thread
from neurodrift.decoders.base import Floats
from neurodrift.decoders.saved import cell_of
from neurodrift.errors import NeurodriftError
from neurodrift.learn.cells import CELLS
from neurodrift.learn.engines import ENGINES, Engine
from neurodrift.learn.optim import OPTIMIZERS
from neurodrift.learn.rules import RULES
from neurodrift.simulation import simulate_days

__all__ = ["Model", "deadlines", "largest", "latency", "open_decoder", "percentiles", "sample"]

SAFETY = 2.0
LADDER = (16, 32, 64, 128, 256, 512, 1024, 2048)
# A rule whose trace would take more is not tried.
MOST_BYTES = 4 * 2**30
WARM_UP = 50


@dataclass(frozen=True)
class Model:
    """What is timed: names as in a spec, and sizes.

    Raises:
        NeurodriftError: for a name that is not known, or a size under 1.
    """

    cell: str = "gru"
    units: int = 64
    inputs: int = 96
    axes: int = 2
    rule: str = "immediate"
    optimizer: str = "rmsprop"
    engine: Engine = "auto"

    def __post_init__(self) -> None:
        kinds: dict[str, Sequence[str]] = {
            "cell": list(CELLS), "rule": list(RULES), "optimizer": list(OPTIMIZERS), "engine": ENGINES,
        }  # fmt: skip
        for what, known in kinds.items():
            if getattr(self, what) not in known:
                raise NeurodriftError(
                    f"latency: {what} is {getattr(self, what)!r}; it is one of {', '.join(known)}."
                )
        for what in ("units", "inputs", "axes"):
            if getattr(self, what) < 1:
                raise NeurodriftError(f"latency: {what} is {getattr(self, what)}; it is at least 1.")

    def trace_bytes(self) -> int:
        """Bytes that the rule carries from bin to bin, float32."""
        cell = CELLS[self.cell]()
        m = self.inputs + self.units + 1
        return 4 * RULES[self.rule]().trace_size(cell.states, len(cell.gates), self.units, m)

    def build(self, worst: bool = False) -> RecurrentDecoder:
        """An untrained decoder; with `worst`, a rule with a horizon always goes back as far as it may."""
        day = simulate_days(1, minutes=0.5, n_channels=self.inputs)[0]
        day = replace(
            day,
            behavior=np.resize(day.behavior, (len(day), self.axes)),
            behavior_names=tuple(f"axis {i}" for i in range(self.axes)),
        )
        decoder = RecurrentDecoder(CELLS[self.cell](), self.units, recipe=Recipe(epochs=1)).fit([day])
        return self.learning(decoder, worst)

    def learning(self, decoder: RecurrentDecoder, worst: bool = False) -> RecurrentDecoder:
        """A copy of a decoder that learns with this rule and optimizer."""
        rule = RULES[self.rule](tol=0.0) if worst and self.bounded() else RULES[self.rule]()
        return decoder.replicate(
            [0], rule=rule, optimizer=OPTIMIZERS[self.optimizer](), learns="all", engine=self.engine
        )

    def bounded(self) -> bool:
        """Whether the rule stops at a tolerance, so that its time depends on the weights."""
        return "tol" in inspect.signature(RULES[self.rule]).parameters


def open_decoder(path: Path, cell: str = "gru") -> RecurrentDecoder:
    """The first replica of a saved decoder; `cell` is for files that do not name theirs.

    Raises:
        NeurodriftError: no such file, not a decoder's file, or weights of another cell.
    """
    if not path.is_file():
        raise NeurodriftError(f"{path}: no such file; give a decoder saved by RecurrentDecoder.save.")
    if cell not in CELLS:
        raise NeurodriftError(f"latency: cell is {cell!r}; it is one of {', '.join(CELLS)}.")
    try:
        found = cell_of(path)
    except Exception as error:
        raise NeurodriftError(
            f"{path} is not a saved decoder ({type(error).__name__}); give a file made by RecurrentDecoder.save."
        ) from error
    return RecurrentDecoder(found or CELLS[cell]()).load(path).replicate([0])


def sample(decoder: RecurrentDecoder, bins: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Seconds of `predict` and of `update` (bins,), every bin labelled, after a warm-up of 50 bins.

    Counts are Poisson with the training day's mean, labels normal with its mean and deviation. Changes the decoder.
    """
    draw = np.random.default_rng(seed)
    mean, labels = np.atleast_2d(decoder.normalizer.mean)[0], decoder.labels
    counts = draw.poisson(np.maximum(mean, 0), (WARM_UP + bins, len(mean))).astype(np.float32)
    y = labels.mean + labels.scale * draw.normal(size=(WARM_UP + bins, len(labels.mean)))
    predict, update = np.empty(WARM_UP + bins), np.empty(WARM_UP + bins)
    for t in range(WARM_UP + bins):
        began = time.perf_counter()
        decoder.predict(counts[t])
        between = time.perf_counter()
        decoder.update(y[t])
        predict[t], update[t] = between - began, time.perf_counter() - between
    return predict[WARM_UP:], update[WARM_UP:]


def percentiles(seconds: Floats) -> dict[str, float]:
    """Microseconds: median, 99 and 99.9 % (interpolated), largest."""
    p50, p99, p999 = np.percentile(1e6 * np.asarray(seconds), [50, 99, 99.9])
    return {"p50_us": float(p50), "p99_us": float(p99), "p999_us": float(p999), "max_us": float(1e6 * np.max(seconds))}  # fmt: skip


def deadlines(seconds: Floats, limits_ms: Sequence[float]) -> dict[str, int]:
    """How many bins took longer than each limit in milliseconds."""
    return {f"{limit:g} ms": int((1e3 * np.asarray(seconds) > limit).sum()) for limit in sorted(set(limits_ms))}  # fmt: skip


def largest(
    model: Model,
    bin_ms: float,
    *,
    safety: float = SAFETY,
    bins: int = 300,
    ladder: Sequence[int] = LADDER,
    time_of: Callable[[Model, int], Mapping[str, float]] | None = None,
) -> dict[str, Any]:
    """The largest number of units whose p99.9 of predict and update, times `safety`, is within a bin.

    Climbs the ladder to the first size that does not fit, then halves the interval below it until it is an eighth of
    the size that fits. Networks are untrained; a rule that stops at a tolerance is timed at its longest horizon.
    """
    measure = time_of or _worst
    tried: list[dict[str, Any]] = []

    def fits(units: int) -> bool:
        candidate = replace(model, units=units)
        if candidate.trace_bytes() > MOST_BYTES:
            tried.append({"units": units, "p999_us": None, "fits": False, "why": "memory"})
            return False
        p999 = measure(candidate, bins)["p999_us"]
        good = p999 * safety <= 1e3 * bin_ms
        tried.append({"units": units, "p999_us": p999, "fits": good, "why": "" if good else "time"})
        return good

    low, high = 0, None
    for units in ladder:
        if not fits(units):
            high = units
            break
        low = units
    while high is not None and low and high - low > max(1, low // 8):
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return {
        "bin_ms": bin_ms, "safety": safety, "units": low or None, "beyond_the_ladder": high is None,
        "longest_horizon": model.bounded(), "tried": tried,
    }  # fmt: skip


def _worst(model: Model, bins: int) -> Mapping[str, float]:
    decoder = model.build(worst=True)
    few = np.add(*sample(decoder, 5))
    # A size that is far too slow is told by a few bins.
    enough = bins if np.median(few) < 0.05 else 20
    return percentiles(np.add(*sample(decoder, enough)))


def latency(
    model: Model,
    *,
    path: Path | None = None,
    bin_ms: float = 20.0,
    bins: int = 2000,
    search: bool = True,
) -> dict[str, Any]:
    """Times of a bin for a saved decoder, or an untrained one of the model's sizes, and the largest that fits a bin.

    Args:
        path: a saved decoder; its sizes replace those of `model`.
        bin_ms: the bin, milliseconds.
        bins: timed bins.
        search: look for the largest number of units too.

    Returns:
        plain data: "decoder", "bins", "predict", "update", "both" (microseconds), "missed" (bins over 10, 20, 50 ms and
        the bin), "largest".

    Raises:
        NeurodriftError: for a bin or a number of bins that is not positive, and see `Model` and `open_decoder`.
    """
    if not 0 < bin_ms < float("inf"):
        raise NeurodriftError(
            f"latency: bin_ms is {bin_ms}; give the bin's width in milliseconds, such as 20."
        )
    if bins < 1:
        raise NeurodriftError(
            f"latency: bins is {bins}; time at least 1 bin, 2000 for a p99.9 that means something."
        )
    one_thread()
    if path is None:
        decoder = model.build()
    else:
        decoder = model.learning(open_decoder(path, model.cell))
        learner = decoder.learner
        units, axes, cell = learner.w.shape[2], learner.w_out.shape[1], decoder.cell.name
        model = replace(model, cell=cell, units=units, inputs=learner.n_inputs, axes=axes)
    predict, update = sample(decoder, bins)
    return {
        "decoder": {
            **{k: getattr(model, k) for k in Model.__dataclass_fields__},
            "engine": "reference" if type(decoder.learner).__name__ == "Learner" else "compiled",
            "trained": path is not None,
            "trace_bytes": model.trace_bytes(),
        },
        "bins": bins,
        "predict": percentiles(predict),
        "update": percentiles(update),
        "both": percentiles(predict + update),
        "missed": deadlines(predict + update, (10, 20, 50, bin_ms)),
        "largest": largest(model, bin_ms) if search else None,
    }  # fmt: skip
