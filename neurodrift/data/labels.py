"""Behaviour: one or several series with their clocks, masks and units, and what becomes of them on bins."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from neurodrift.data.binning import resample_behavior
from neurodrift.data.clock import Clock
from neurodrift.data.counting import edge_of
from neurodrift.data.facts import Facts
from neurodrift.data.finding import Found, doubt, unit_of
from neurodrift.data.options import Options
from neurodrift.data.safety import whole
from neurodrift.data.series import axis_names, check_times, converted, raw_times, step_of
from neurodrift.errors import NeurodriftError

__all__ = ["Labels", "on_bins", "read_labels"]

Floats = npt.NDArray[np.float64]


@dataclass
class Labels:
    """Series side by side; `times` (N,) are those of the first, in which all share bins where `bins`.

    `parts` holds times (N,), values (N, D) and path of each series; `step` is the width of a bin in s.
    """

    parts: list[tuple[Floats, Floats, str]] = field(default_factory=list)
    names: tuple[str, ...] = ()
    unit: str = ""
    step: float = 0.0
    bins: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def times(self) -> Floats:
        return self.parts[0][0] if self.parts else np.zeros(0)

    @property
    def path(self) -> str:
        return self.parts[0][2] if self.parts else ""

    def same_bins(self, starts: Floats, width: float, edge: str) -> None:
        """Moves series with the counts' own timestamps to bin ends too, where the set has bins of one kind."""
        if edge == "start" and not self.bins:
            for i, (at, values, path) in enumerate(self.parts):
                if len(at) == len(starts) and np.allclose(at, starts, rtol=0, atol=1e-6):
                    self.parts[i] = (at + width, values, path)


def read_labels(
    chosen: list[Found], found: list[Found], facts: Facts, options: Options, clock: Clock, source: str
) -> Labels:
    """The chosen series, on one clock, without labels where the set is not scored."""
    out = Labels()
    units = []
    for item in chosen:
        timed = next((i for i in found if i.name == facts.times_from and i.series is not None), item)
        same = timed is not item and len(timed.series.data) == len(item.series.data)
        at, notes = raw_times(timed if same else item, source, facts.period_as_rate)
        values, more = converted(item, with_offset=not (facts.period_as_rate and notes))
        at, keep, moved = clock.samples(at) if facts.restarts else (at, slice(None), [])
        values = values[keep]
        check_times(at, item, source)
        if not len(at):
            raise NeurodriftError(f"{source}: {item.path} holds no samples. Name another behaviour.")
        names, assumed = axis_names(item)
        if len(chosen) > 1 and item.columns > 1:
            names = tuple(f"{item.name}_{name}" for name in names)
        out.names += names
        units.append(unit_of(item.series))
        out.notes += [*notes, *more, *moved, *[assumed] * bool(assumed), *[doubt(item)] * bool(doubt(item))]
        out.parts.append((at, values, item.path))
    out.unit = ", ".join(dict.fromkeys(unit for unit in units if unit))
    if chosen:
        _mask(out, found, facts, source)
        _as_bins(out, chosen[0], facts, options)
    return out


def _mask(out: Labels, found: list[Found], facts: Facts, source: str) -> None:
    """Labels become NaN where the set's mask says that it is not scored."""
    for name in facts.mask:
        for item in found:
            if item.name != name.lstrip("~"):
                continue
            scored = np.asarray(whole(item.series.data, f"{source}: {item.path}")).ravel().astype(bool)
            scored = ~scored if name.startswith("~") else scored
            for i, (at, values, path) in enumerate(out.parts):
                if len(scored) != len(at):
                    out.notes.append(f"{item.path} has {len(scored)} samples, {path} {len(at)}: not applied")
                    continue
                out.parts[i] = (at, np.where(scored[:, None], values, np.nan), path)
            out.notes.append(
                f"{item.path}: {int((~scored).sum())} of {len(scored)} samples are not scored: no label there"
            )
            return


def _as_bins(out: Labels, first: Found, facts: Facts, options: Options) -> None:
    step = step_of(out.times)
    if not facts.bins or step is None:
        return
    edge, said = edge_of(first, facts, options)
    out.bins, out.step = True, round(step, 4)
    out.notes.append(said)
    if edge == "start":
        out.parts = [(at + out.step, values, path) for at, values, path in out.parts]


def on_bins(labels: Labels, times: Floats, width: float) -> tuple[Floats, list[str]]:
    """Values (T, D) on bins that end at `times`, resampled causally, and how."""
    if not labels.parts:
        return np.zeros((len(times), 0)), []
    columns, notes = [], []
    for at, values, path in labels.parts:
        if len(at) == len(times) and np.allclose(at, times, rtol=0, atol=1e-6):
            notes.append(f"{path} has the bins' timestamps: rows taken as they are")
            columns.append(values)
            continue
        step = step_of(at)
        notes.append(
            f"{path} resampled causally onto the bins (mean of the samples in a bin, else the last one)"
        )
        if step is not None and step > 1.1 * width:
            notes.append(f"{path} is sampled every {step:g} s, more slowly than the bins: values are held")
        columns.append(resample_behavior(values, at, times, width))
    return np.concatenate(columns, axis=1), notes
