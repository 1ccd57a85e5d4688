"""The figure of how the step size was chosen."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from neurodrift.report.answer import number, rate
from neurodrift.report.drawing import Look, Picture, clip, draw, elide, new_figure, tidy, wide_enough
from neurodrift.report.run import Json, finite

__all__ = ["step_size_figure"]

_PLAIN = Look("#444444")


def _sized(entry: Json) -> bool:
    return len(entry.get("grid") or []) > 0 and len(entry.get("r2") or []) == len(entry["grid"])


def step_size_figure(name: str, entries: list[Json], looks: dict[str, Look]) -> Picture | None:
    """Score on simulated drift of the training day against step size, a panel an optimizer, the choice ringed."""
    usable = [e for e in entries if _sized(e)]
    groups: dict[str, list[Json]] = {}
    for entry in usable:
        groups.setdefault(str(entry.get("optimizer") or "all optimizers"), []).append(entry)
    values = [v for e in usable for r in e["r2"] if (v := finite(r)) is not None]
    if not values:
        return None
    best = [
        max(v for r in e["r2"] if (v := finite(r)) is not None)
        for e in usable
        if any(finite(r) is not None for r in e["r2"])
    ]
    floor = min(best) - 0.5
    cut = min(values) < floor

    def make(width: float) -> Figure:
        wide = wide_enough(width)
        n = len(groups)
        figure = new_figure(width if n > 1 or not wide else width * 0.6, 3.2 if wide else 0.3 + 2.4 * n)
        panels = figure.subplots(1 if wide else n, n if wide else 1, sharey=True, squeeze=False).ravel()
        for axes, (optimizer, members) in zip(panels, groups.items(), strict=True):
            for entry in members:
                _sizes(axes, entry, looks.get(entry["method"], _PLAIN), faint=len(members) <= 2)
            tidy(axes)
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda x, _: rate(x))
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.set_title(elide(optimizer, 30))
            axes.set_xlabel("step size")
        panels[0].set_ylabel("R² on simulated drift")
        clip(panels[0], values, floor)
        if not wide:
            for axes in panels[1:]:
                axes.set_ylabel("R² on simulated drift")
        return figure

    words = "; ".join(
        f"{e['method']} ({e.get('normalization', '')}): {rate(e.get('chosen'))}" for e in usable
    )
    caption = "Rings: the step size chosen."
    if any(len(members) <= 2 and any(e.get("draws") for e in members) for members in groups.values()):
        caption += " Faint lines: single draws of drift and seeds."
    if cut:
        caption += f" Values under {number(floor)} are cut off."
    return draw(
        name,
        f"Score on simulated drift of the training day against step size. Chosen: {words}.",
        make,
        caption,
    )


def _sizes(axes: Axes, entry: Json, look: Look, faint: bool) -> None:
    grid = np.asarray(entry["grid"], dtype=float)
    if faint:
        for one in entry.get("draws") or []:
            if len(one) == len(grid):
                axes.plot(
                    grid, np.asarray(one, dtype=float), look.dash, color=look.color, alpha=0.18, linewidth=0.8
                )
    means = np.asarray(entry["r2"], dtype=float)
    axes.plot(
        grid,
        means,
        look.dash,
        color=look.color,
        marker=look.marker,
        markerfacecolor=look.face,
        markersize=4,
        linewidth=1.6,
    )
    chosen = finite(entry.get("chosen"))
    if chosen is not None:
        at = int(np.argmin(np.abs(np.log(grid) - np.log(chosen))))
        axes.plot(
            grid[at : at + 1],
            means[at : at + 1],
            "o",
            color=look.color,
            markerfacecolor="none",
            markersize=12,
            markeredgewidth=1.8,
            zorder=7,
        )
