"""Curves of studies, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from neurodrift.report.drawing import Picture, draw, new_figure, tidy, wide_enough
from neurodrift.studies.base import Curve

__all__ = ["curve_figure", "pictures"]

COLORS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#882255",
    "#117733",
    "#332288",
    "#6b6b6b",
)
MARKERS = "osD^v<>phX"


def curve_figure(curve: Curve, width: float) -> Figure:
    """One curve; width in inches."""
    figure = new_figure(min(width, 7.4), 3.7 if wide_enough(width) else 3.4)
    axes = figure.subplots()
    for place, line in enumerate(curve.lines):
        color, y = COLORS[place % len(COLORS)], _plain(line.y)
        if not len(line.x):
            axes.axhline(y[0], color=color, linestyle=":", linewidth=1.4, label=line.name)
            continue
        axes.plot(
            line.x,
            y,
            color=color,
            marker=MARKERS[place % len(MARKERS)],
            markersize=4,
            linewidth=1.5,
            label=line.name,
        )
        if len(line.low):
            axes.fill_between(
                line.x, _plain(line.low), _plain(line.high), color=color, alpha=0.13, linewidth=0
            )
    tidy(axes)
    axes.set_title(curve.title)
    axes.set_xlabel(curve.x_label)
    axes.set_ylabel(curve.y_label)
    for wanted, axis, scale in (
        (curve.log_x, axes.xaxis, axes.set_xscale),
        (curve.log_y, axes.yaxis, axes.set_yscale),
    ):
        if wanted:
            scale("log")
            axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
            axis.set_minor_formatter(NullFormatter())
    if curve.y_limits:
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, curve.y_limits[0]), min(high, curve.y_limits[1]))
    if len(curve.lines) > 1 or not len(curve.lines[0].x):
        across = max(1, min(4 if wide_enough(width) else 2, len(curve.lines)))
        figure.legend(loc="outside lower center", ncols=across, frameon=False, fontsize=8)
    return figure


def pictures(name: str, curves: Sequence[Curve]) -> list[Picture]:
    """Every curve with a line, in two widths."""
    kept = [c for c in curves if c.lines]
    return [
        draw(f"{name}-{i}", _words(curve), lambda width, curve=curve: curve_figure(curve, width))  # type: ignore[misc]
        for i, curve in enumerate(kept)
    ]


def _words(curve: Curve) -> str:
    names = ", ".join(line.name for line in curve.lines)
    return f"{curve.title}: {curve.y_label} against {curve.x_label}, for {names}"


def _plain(values: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.nan if v is None else v for v in values], np.float64)
