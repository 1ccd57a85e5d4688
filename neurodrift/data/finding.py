"""What a file offers: every time series, and whether it could be counts, behaviour, or neither and why."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pynwb import NWBFile, TimeSeries
from pynwb.behavior import BehavioralEvents
from pynwb.ecephys import ElectricalSeries, SpikeEventSeries
from pynwb.icephys import PatchClampSeries
from pynwb.image import ImageSeries, IndexSeries
from pynwb.misc import AnnotationSeries, IntervalSeries
from pynwb.ophys import RoiResponseSeries

from neurodrift.data.facts import Facts
from neurodrift.data.walking import walk
from neurodrift.data.words import many
from neurodrift.errors import NeurodriftError

__all__ = ["Found", "choose", "doubt", "find", "is_counts", "is_rate", "likely", "unit_of"]

NAMED_COUNTS = re.compile(r"count|spikes|threshold.?crossing", re.IGNORECASE)
UNIT_COUNTS = re.compile(r"^(spike |spikes?|bin )?(counts?|spikes|spikes? ?(/|per) ?bin)$", re.IGNORECASE)
NAMED_RATES = re.compile(r"(firing|spike|spiking).?rate", re.IGNORECASE)
UNIT_RATES = re.compile(r"^(hz|(sp|spikes?|counts?)( ?/ ?| per )(s|sec|second))$", re.IGNORECASE)
NOT_SIGNALS = {
    ImageSeries: "images or video are never read",
    IndexSeries: "an index into other data, not a signal",
    IntervalSeries: "intervals, not a signal",
    AnnotationSeries: "text, not a signal",
    SpikeEventSeries: "spike waveforms are never read",
    PatchClampSeries: "an intracellular recording",
    RoiResponseSeries: "optical imaging, not spikes",
}


@dataclass(frozen=True)
class Found:
    """One thing in a file: role "neural" or "behavior" where it would be considered, else "ignored" and why.

    `readable` marks series that can still be asked for by name, `unfair` labels that came of the same spikes.
    """

    name: str
    path: str
    role: str
    why: str
    series: Any
    columns: int = 0
    readable: bool = False
    unfair: bool = False

    def __str__(self) -> str:
        unit = unit_of(self.series) if isinstance(self.series, TimeSeries) else ""
        return f"{self.path} ({many(self.columns, 'column')}{', ' + unit if unit else ''})"


def find(nwb: NWBFile, facts: Facts = Facts()) -> list[Found]:  # noqa: B008 (frozen)
    """Everything in /units, acquisition, processing/* and analysis; reads some rows of possible counts.

    What `facts` says of a name goes before what the series looks like.
    """
    electrodes = 0 if nwb.electrodes is None else len(nwb.electrodes)
    found = []
    if nwb.units is not None and "spike_times" in nwb.units.colnames:
        found.append(Found("units", "units", "neural", "", nwb.units, len(nwb.units), True))
    elif nwb.units is not None:
        found.append(Found("units", "units", "ignored", "it has no spike_times", nwb.units))
    for path, item, inside in walk(nwb):
        found.append(_known(_judge(path, item, inside, electrodes), facts))
    return found


def _known(item: Found, facts: Facts) -> Found:
    if item.name in facts.ignore:
        return replace(item, role="ignored", why=facts.ignore[item.name])
    if item.name in {name.lstrip("~") for name in facts.mask}:
        return replace(item, role="mask", why="where the set is scored: labels elsewhere are left out")
    if item.name in facts.signals and isinstance(item.series, TimeSeries):
        why = "a neural signal, not counts; name it to decode from it"
        return replace(item, role="signal", why=why, columns=_columns(item.series), readable=True)
    return replace(item, unfair=True) if item.name in facts.unfair else item


def _judge(path: str, item: Any, inside: Any, electrodes: int) -> Found:
    name = str(item.name)

    def ignored(why: str, readable: bool = False) -> Found:
        columns = _columns(item) if readable else 0
        return Found(name, path, "ignored", why, item, columns, readable)

    if not isinstance(item, TimeSeries):
        return ignored(f"a {type(item).__name__}, not a time series")
    for kind, why in NOT_SIGNALS.items():
        if isinstance(item, kind):
            return ignored(why)
    named = bool(NAMED_COUNTS.search(name))
    if isinstance(item, ElectricalSeries) and not (named and not _fast(item)):
        return ignored("an ElectricalSeries (voltage or band power) is never read")
    shape, dtype = _shape(item), getattr(item.data, "dtype", None)
    if len(shape) not in (1, 2) or 0 in shape:
        return ignored(f"its shape {shape} is not (samples,) or (samples, columns)")
    if dtype is None:
        return ignored("its data are not an array")
    if dtype.kind == "b":
        return ignored("true or false only: a mask, not behaviour", readable=True)
    if dtype.kind not in "iuf":
        return ignored(f"its data are {dtype}, not numbers")
    columns = _columns(item)
    if len(shape) == 2 and columns > shape[0] and (shape[0] == electrodes or columns > 50 * shape[0]):
        return ignored(
            f"its shape {shape} seems to be (columns, samples), but NWB keeps time first: write it transposed"
        )
    hinted = named or bool(UNIT_COUNTS.match(unit_of(item)))
    wide = columns >= 8 and columns == electrodes
    if is_rate(item) and (wide or NAMED_RATES.search(name)):
        return ignored("firing rates: named, they are read as counts, rate times bin width", True)
    if len(shape) == 2 and (hinted or (wide and dtype.kind in "iu")):
        if is_counts(_sample(item)):
            return Found(name, path, "neural", "", item, columns, True)
        if wide or isinstance(item, ElectricalSeries):
            return ignored("its numbers are not counts (negative or fractional)", readable=True)
    if isinstance(item, ElectricalSeries):
        return ignored("an ElectricalSeries (voltage or band power) is never read")
    if wide:
        return ignored(
            "one column per electrode but not counts: a neural signal, not behaviour", readable=True
        )
    if _raw(item):
        return ignored("sampled at more than 5 kHz: a raw signal, not behaviour", readable=True)
    if isinstance(inside, BehavioralEvents):
        return ignored("events, not a continuous signal", readable=True)
    return Found(name, path, "behavior", "", item, columns, True)


def _fast(series: TimeSeries) -> bool:
    if series.rate is not None:
        return bool(series.rate > 1000)
    few = np.asarray(series.timestamps[:1000])
    return len(few) > 1 and float(np.median(np.diff(few))) < 1e-3


def _raw(series: TimeSeries) -> bool:
    """Sampled at more than 5 kHz; timestamps are looked at in long series only."""
    if series.rate is not None:
        return bool(series.rate > 5000)
    n = len(series.data)
    return n > 1_000_000 and bool(np.median(np.diff(np.asarray(series.timestamps[:1000]))) < 2e-4)


def _shape(series: TimeSeries) -> tuple[int, ...]:
    shape = getattr(series.data, "shape", None)
    return tuple(shape) if shape is not None else np.shape(series.data)


def _columns(series: TimeSeries) -> int:
    shape = _shape(series)
    return int(shape[1]) if len(shape) == 2 else 1


def _sample(series: TimeSeries, rows: int = 512) -> npt.NDArray[Any]:
    n = len(series.data)
    return np.concatenate([np.asarray(series.data[i : i + rows]) for i in {0, n // 2, max(n - rows, 0)}])


def is_counts(values: npt.NDArray[Any]) -> bool:
    """Whether finite values are whole numbers, none negative; rows that are NaN throughout are let pass."""
    seen = values[np.isfinite(values)]
    return bool(len(seen)) and bool((seen >= 0).all()) and bool((seen == np.round(seen)).all())


def is_rate(series: TimeSeries) -> bool:
    """Whether a series holds spikes per second, by its name or unit."""
    named = str(series.name)
    by_unit = UNIT_RATES.match(unit_of(series)) and not NAMED_COUNTS.search(named)
    return bool(NAMED_RATES.search(named) or by_unit)


def unit_of(series: TimeSeries) -> str:
    """Unit of a series, "" where the file says that it does not know."""
    unit = str(series.unit or "").strip()
    return "" if unit.lower() in ("unknown", "n/a", "na", "none") else unit


def doubt(item: Found) -> str:
    """Why a behaviour may be no fair label, "" where nothing speaks against it."""
    text = str(item.series.description or "") if isinstance(item.series, TimeSeries) else ""
    if item.unfair:
        return f"{item.path} may be no fair label: a decoder made it from the same spikes"
    if re.search(r"decoded (online|from)", text, re.IGNORECASE):
        return f"{item.path} may be no fair label, its description says {text!r}"
    return ""


def likely(item: Found) -> tuple[bool, bool]:
    """Sorts what could be the behaviour: fair labels first, and those in processing/behavior."""
    return bool(doubt(item)), not item.path.startswith("processing/behavior/")


def choose(found: list[Found], role: str, name: str | None, source: str) -> Found:
    """The one candidate for `role` ("neural" or "behavior"), or the one called `name` (name or path).

    Raises:
        NeurodriftError: none, several, or no such name (with the nearest).
    """
    offered = [item for item in found if item.role == role]
    offered.sort(key=likely)
    listing = "; ".join(str(item) for item in offered)
    what = {"neural": "neural data", "behavior": "behaviour"}[role]
    if name is not None:
        return _by_name(found, offered, what, role, name, source)
    if not offered:
        looked = (
            "spike times in /units, or counts per bin"
            if role == "neural"
            else "a series of numbers over time"
        )
        words = {"behavior": "behaviour", "neural": "neural data"}
        seen = "; ".join(f"{i.path}: {i.why or words.get(i.role, i.role)}" for i in found) or "nothing at all"
        other = [item for item in found if item.readable and item.role not in ("neural", "behavior", "mask")]
        hint = f' If one of them is meant, name it, such as {role}="{other[0].path}".' if other else ""
        raise NeurodriftError(
            f"{source}: no {what} found. Looked for {looked} in acquisition, processing/* and analysis; "
            f"found {seen}.{hint}"
        )
    if len(offered) > 1:
        raise NeurodriftError(
            f"{source}: {len(offered)} series could be the {what}: {listing}. "
            f'Choose one by name or path, such as {role}="{offered[0].path}".'
        )
    return offered[0]


def _by_name(found: list[Found], offered: list[Found], what: str, role: str, name: str, source: str) -> Found:
    wanted = name.strip("/")
    readable = [item for item in found if item.readable and (role == "neural" or item.path != "units")]
    for pool in (offered, readable):
        exact = [item for item in pool if item.path == wanted]
        hits = exact or [item for item in pool if item.name == wanted or item.path.endswith("/" + wanted)]
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise NeurodriftError(
                f"{source}: {len(hits)} series are called {name!r}: {'; '.join(map(str, hits))}. "
                f'Give the path, such as {role}="{hits[0].path}".'
            )
    refused = [item for item in found if wanted in (item.path, item.name)]
    if refused:
        raise NeurodriftError(
            f"{source}: {refused[0].path} cannot be the {what}: "
            f"{refused[0].why or 'it is ' + refused[0].role}. "
            f"What can be used: {'; '.join(map(str, offered)) or 'nothing'}."
        )
    names = [label for item in readable for label in (item.name, item.path)]
    near = difflib.get_close_matches(wanted, names, 1, 0.5)
    raise NeurodriftError(
        f"{source}: there is no series {name!r} for the {what}"
        f"{f'; did you mean {near[0]!r}?' if near else '.'} "
        f"The file offers {'; '.join(map(str, offered)) or 'nothing that could be used'}."
    )
