"""Figures of signals: decoded against true behaviour, and what changed in the channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurodrift.report.answer import number
from neurodrift.report.drawing import NARROW, WIDE, Look, Picture, draw, elide, new_figure, tidy, wide_enough
from neurodrift.report.run import Json, Pair

__all__ = ["channels_figure", "traces_figure"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_AXIS_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_AXIS_MARKERS = "o^sD"
_MOST_TRACES = 4
_SECONDS = {WIDE: 20.0, NARROW: 8.0}


def _array(values: Any) -> Array:
    """(T, D) with NaN for null; a null row is NaN on every axis."""
    size = max((len(v) for v in values if isinstance(v, list)), default=1)
    return np.array([v if isinstance(v, list) else [v] * size for v in values], dtype=float).reshape(
        len(values), size
    )


def _stretch(times: Array, labelled: Mask, seconds: float) -> tuple[slice, Array, Mask]:
    """The first `seconds` of bins from the first label on: slice, times with gaps closed up, the gaps."""
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    first = int(np.argmax(labelled)) if labelled.any() else 0
    part = slice(first, first + max(round(seconds / step), 2))
    jumps = np.diff(times[part], prepend=times[part][:1] - step) > 1.5 * step
    shown = np.arange(len(jumps)) * step + np.cumsum(jumps) * 4 * step
    return part, shown, jumps


def _broken(shown: Array, values: Array, jumps: Mask) -> tuple[Array, Array]:
    at = np.flatnonzero(jumps)
    return np.insert(shown, at, np.nan), np.insert(values, at, np.nan)


def _most(methods: list[str]) -> list[str]:
    ranked = ["frozen", *(m for m in methods if m.startswith("adapted:")), "retrained", *methods]
    kept = [m for m in dict.fromkeys(ranked) if m in methods]
    if len(kept) > _MOST_TRACES and "retrained" in kept:
        kept = [*[m for m in kept if m != "retrained"][: _MOST_TRACES - 1], "retrained"]
    return kept[:_MOST_TRACES]


def traces_figure(name: str, pair: Pair, looks: dict[str, Look]) -> tuple[Picture, list[str]] | None:
    """Decoded and true behaviour from the first label of the held-out block on, and the methods drawn."""
    traces = pair.detail.get("traces") or {}
    if not traces.get("times") or not traces.get("true") or not traces.get("methods"):
        return None
    times, true = np.asarray(traces["times"], dtype=float), _array(traces["true"])
    decoded = {m: _array(traces["methods"][m]) for m in _most(list(traces["methods"]))}
    axes_names = [str(a) for a in traces.get("axes") or range(true.shape[1])][: true.shape[1]]
    labelled: Mask = np.asarray(np.isfinite(true).any(axis=1))

    def make(width: float) -> Figure:
        wide = wide_enough(width)
        part, shown, jumps = _stretch(times, labelled, _SECONDS[width])
        figure = new_figure(width, 0.5 + (1.75 if wide else 1.7) * len(axes_names))
        panels = figure.subplots(len(axes_names), 1, sharex=True, squeeze=False)[:, 0]
        unit = f" ({traces['unit']})" if traces.get("unit") else ""
        for d, (axes, axis) in enumerate(zip(panels, axes_names, strict=True)):
            axes.plot(
                *_broken(shown, true[part, d], jumps), color="#b9bec7", linewidth=4.5, solid_capstyle="round"
            )
            for method, values in decoded.items():
                look = looks.get(method, Look("#444444"))
                axes.plot(*_broken(shown, values[part, d], jumps), look.dash, color=look.color, linewidth=1.3)
            for at in shown[1:][jumps[1:]]:
                axes.axvspan(at - 4 * (shown[1] - shown[0]), at, color="#eef0f3", linewidth=0, zorder=0)
            tidy(axes)
            axes.set_ylabel(elide(axis, 18) + (unit if wide else ""))
        panels[-1].set_xlabel("seconds of recording, gaps closed up")
        return figure

    alt = (
        f"Decoded against true behaviour ({', '.join(axes_names)}) on the held-out block, "
        f"seed {traces.get('seed', 0)}. "
        f"Methods drawn: {', '.join(decoded)}."
    )
    caption = "Held-out block from its first label on. Lines break and the ground is shaded where bins were left out."
    return draw(name, alt, make, caption), list(decoded)


def _correlation(a: Array, b: Array) -> float | None:
    good = np.isfinite(a) & np.isfinite(b)
    a, b = a[good], b[good]
    return float(np.corrcoef(a, b)[0, 1]) if len(a) > 2 and a.std() > 0 and b.std() > 0 else None


def _angles(before: Array, after: Array) -> Array:
    norms = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    good = np.isfinite(norms) & (norms > 0)
    cosine = np.sum(before[good] * after[good], axis=1) / norms[good]
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))), dtype=float)


def _diagonal(axes: Axes, low: float, high: float) -> None:
    axes.plot([low, high], [low, high], color="#9aa0aa", linewidth=1.0, zorder=1)


def channels_figure(name: str, channels: Json, axes_names: list[str]) -> Picture | None:
    """Rates and tuning of every shared channel, day against day, and the angle its tuning turned by."""
    rates = [np.asarray(channels.get(k) or [], dtype=float) for k in ("rate_train", "rate_test")]
    tuning = [_array(channels.get(k) or []) for k in ("tuning_train", "tuning_test")]
    has_rates = len(rates[0]) == len(rates[1]) > 0
    has_tuning = tuning[0].shape == tuning[1].shape and len(tuning[0]) > 0
    if not has_rates and not has_tuning:
        return None
    r_rates = _correlation(*rates) if has_rates else None
    r_axes = (
        [_correlation(tuning[0][:, d], tuning[1][:, d]) for d in range(tuning[0].shape[1])]
        if has_tuning
        else []
    )
    angles = _angles(*tuning) if has_tuning and tuning[0].shape[1] > 1 else np.empty(0)
    names = [*axes_names, *(f"axis {d + 1}" for d in range(len(axes_names), len(r_axes)))]
    n = int(has_rates) + int(has_tuning) + int(len(angles) > 0)

    def make(width: float) -> Figure:
        wide = wide_enough(width)
        figure = new_figure(width if n == 3 or not wide else width * n / 3, 3.5 if wide else 3.15 * n)
        panels = list(figure.subplots(1 if wide else n, n if wide else 1, squeeze=False).ravel())
        if has_rates:
            _rates(panels.pop(0), rates[0], rates[1], r_rates)
        if has_tuning:
            _tuning(panels.pop(0), tuning[0], tuning[1], r_axes, names)
        if len(angles):
            axes = panels.pop(0)
            counts, _, _ = axes.hist(
                angles, bins=np.linspace(0, 180, 19), color="#56B4E9", edgecolor="#ffffff"
            )
            axes.axvline(float(np.median(angles)), color="#111111", linestyle="--", linewidth=1.3)
            axes.set_ylim(0, float(np.max(counts)) * 1.18)
            axes.annotate(
                f"median {np.median(angles):.0f}°",
                (1, 1),
                (-3, -3),
                xycoords="axes fraction",
                textcoords="offset points",
                ha="right",
                va="top",
                fontsize=8.5,
                color="#333a45",
            )
            tidy(axes, grid="y")
            axes.set_xticks(range(0, 181, 45))
            axes.set_title("Turn of a channel's tuning")
            axes.set_xlabel("degrees")
            axes.set_ylabel("channels")
        return figure

    alt = f"Channels, training day against test day: correlation of rates {number(r_rates)}"
    for axis, r in zip(names, r_axes, strict=False):
        alt += f", of tuning to {axis} {number(r)}"
    if len(angles):
        alt += f"; median turn of tuning {np.median(angles):.0f} degrees"
    return draw(
        name,
        alt + ".",
        make,
        "One mark a channel. Weakly tuned channels turn by chance: 90° is what chance gives.",
    )


def _rates(axes: Axes, before: Array, after: Array, r: float | None) -> None:
    good = np.concatenate([before, after])
    high = max(float(np.nanmax(good)) * 1.3, 2.0)
    _diagonal(axes, 0, high)
    axes.plot(before, after, "o", color="#0072B2", markersize=4.5, alpha=0.6, markeredgewidth=0)
    tidy(axes)
    for scale in (axes.set_xscale, axes.set_yscale):
        scale("symlog", linthresh=1.0)
    ticks = [t for t in (0, 1, 3, 10, 30, 100, 300, 1000) if t <= high]
    for side in (axes.xaxis, axes.yaxis):
        side.set_ticks(ticks, [str(t) for t in ticks])
        side.set_ticks([], minor=True)
    axes.set_xlim(-0.15, high)
    axes.set_ylim(-0.15, high)
    axes.set_title(f"Firing rate (Hz), r = {number(r)}")
    axes.set_xlabel("training day")
    axes.set_ylabel("test day")


def _tuning(axes: Axes, before: Array, after: Array, r_axes: list[float | None], names: list[str]) -> None:
    most = float(np.nanmax(np.abs([before, after]))) * 1.08 or 1.0
    _diagonal(axes, -most, most)
    for d in reversed(range(before.shape[1])):
        axes.plot(
            before[:, d],
            after[:, d],
            _AXIS_MARKERS[d % 4],
            color=_AXIS_COLORS[d % 4],
            markersize=4.5,
            alpha=0.6,
            markeredgewidth=0,
            label=f"{elide(names[d], 16)}, r = {number(r_axes[d])}",
        )
    tidy(axes)
    axes.set_xlim(-most, most)
    axes.set_ylim(-most, most)
    if before.shape[1] <= 4:
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(
            handles[::-1],
            labels[::-1],
            fontsize=8,
            frameon=False,
            loc="upper left",
            handletextpad=0.1,
            borderpad=0.1,
        )
    axes.set_title("Tuning weight")
    axes.set_xlabel("training day")
    axes.set_ylabel("test day")
