"""Figures of scores: the forest of R² and recovery, and held-out R² over adaptation time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurodrift.report.answer import number, percent
from neurodrift.report.drawing import Look, Picture, clip, draw, elide, new_figure, tidy, wide_enough
from neurodrift.report.run import Json, Pair, finite

__all__ = ["curves_figure", "recovery_figure"]

_PLAIN = Look("#444444")


def _span(lows: list[float], highs: list[float], floor: float, ceiling: float) -> tuple[float, float]:
    low, high = max(min(lows), floor), min(max(highs), ceiling)
    pad = 0.06 * max(high - low, 0.1)
    return low - pad, high + pad


def _interval(axes: Axes, y: float, stats: Json, look: Look, limits: tuple[float, float]) -> None:
    mean = finite(stats.get("mean"))
    if mean is None:
        return
    low, high = finite(stats.get("low")), finite(stats.get("high"))
    low, high = mean if low is None else low, mean if high is None else high
    axes.plot([max(low, limits[0]), min(high, limits[1])], [y, y], color=look.color, linewidth=2.2, zorder=3)
    for end, edge, marker in ((low, limits[0], "<"), (high, limits[1], ">")):
        if (end < edge) if marker == "<" else (end > edge):
            axes.plot([edge], [y], marker=marker, color=look.color, markersize=5, clip_on=False, zorder=5)
    if limits[0] <= mean <= limits[1]:
        axes.plot(
            [mean],
            [y],
            marker=look.marker,
            color=look.color,
            markerfacecolor=look.face,
            markersize=7,
            zorder=6,
        )
    else:
        edge, side = (limits[0], "left") if mean < limits[0] else (limits[1], "right")
        axes.annotate(
            number(mean),
            (edge, y),
            (6 if side == "left" else -6, 5),
            textcoords="offset points",
            ha=side,
            fontsize=8,
            color=look.color,
        )


def _forest(
    axes: Axes, shown: list[Json], key: str, limits: tuple[float, float], looks: dict[str, Look], wide: bool
) -> None:
    for place, comparison in enumerate(shown):
        look = looks.get(comparison["method"], _PLAIN)
        stats = comparison.get(key) or {}
        if key == "r2":
            seeds = [
                v
                for s in stats.get("seeds", [])
                if (v := finite(s)) is not None and limits[0] <= v <= limits[1]
            ]
            axes.plot(
                seeds,
                [place + (0.24 if wide else 0.2)] * len(seeds),
                ".",
                color=look.color,
                markersize=3.5,
                alpha=0.65,
                zorder=4,
            )
        _interval(axes, place, stats, look, limits)
        if not wide:
            axes.annotate(
                elide(comparison["method"], 46),
                (0, place - 0.36),
                xycoords=("axes fraction", "data"),
                xytext=(1, 0),
                textcoords="offset points",
                fontsize=8.5,
                color="#333a45",
                va="center",
            )
    tidy(axes, grid="x")
    axes.set_xlim(*limits)
    axes.set_ylim(len(shown) - 0.4, -0.6 if wide else -0.75)
    axes.tick_params(axis="y", length=0)
    if not wide:
        axes.set_yticks([])


def recovery_figure(name: str, pair: Pair, looks: dict[str, Look]) -> Picture:
    """Held-out R² and recovery of every method, with intervals; R² alone with nothing to recover."""
    everyone = pair.comparisons
    measured = [c for c in everyone if c.get("recovery") and c["method"] not in ("frozen", "retrained")]
    ends = [
        [v for c in everyone for k in (a, "mean") if (v := finite(c["r2"].get(k))) is not None]
        for a in ("low", "high")
    ]
    r2_limits = _span(ends[0] or [0.0], ends[1] or [1.0], -1.0, 1.0)
    recoveries = [c["recovery"] for c in measured]
    lows = [0.0, *(v for r in recoveries for k in ("low", "mean") if (v := finite(r.get(k))) is not None)]
    highs = [1.0, *(v for r in recoveries for k in ("high", "mean") if (v := finite(r.get(k))) is not None)]
    recovery_limits = _span(lows, highs, -1.0, 2.5)

    def make(width: float) -> Figure:
        wide = wide_enough(width)
        row = 0.3 if wide else 0.43
        if wide:
            figure = new_figure(width, 0.85 + row * len(everyone))
            panels = figure.subplots(1, 2 if measured else 1, sharey=True, squeeze=False)[0]
        else:
            heights = [len(everyone), len(measured)] if measured else [len(everyone)]
            figure = new_figure(width, 0.75 * len(heights) + row * sum(heights))
            panels = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
        _forest(panels[0], everyone, "r2", r2_limits, looks, wide)
        panels[0].set_title("Held-out R²")
        panels[0].set_xlabel("mean, 95 % interval; small dots: seeds")
        if measured:
            _forest(panels[1], everyone if wide else measured, "recovery", recovery_limits, looks, wide)
            panels[1].set_title("Recovery")
            panels[1].xaxis.set_major_formatter(lambda x, _: f"{percent(x)} %")
            panels[1].set_xlabel("95 % interval; 0 % frozen, 100 % retrained")
            for at, style in ((0.0, ":"), (1.0, "-.")):
                panels[1].axvline(at, color="#444a55", linewidth=1.1, linestyle=style, zorder=1)
        if wide:
            panels[0].set_yticks(range(len(everyone)), [elide(c["method"], 44) for c in everyone])
        return figure

    words = "; ".join(
        f"{c['method']}: R² {number(c['r2'].get('mean'))}"
        + (
            f", recovery {percent(c['recovery']['mean'])} % ({percent(c['recovery'].get('low'))} to "
            f"{percent(c['recovery'].get('high'))} %)"
            if c.get("recovery")
            else ""
        )
        for c in everyone
    )
    caption = (
        "Arrows mark intervals that go on outside the drawing."
        if measured
        else "No recovery is drawn: see above why."
    )
    return draw(name, f"Forest plot of held-out R² and recovery by method. {words}.", make, caption)


def curves_figure(name: str, pair: Pair, looks: dict[str, Look]) -> Picture | None:
    """Held-out R² had adaptation stopped there, mean over seeds and their range; None with no curve kept."""
    curves = {m: c for m, c in (pair.detail.get("curves") or {}).items() if c.get("minutes") and c.get("r2")}
    if not curves:
        return None
    means = {m: np.array([np.mean(np.asarray(p, dtype=float)) for p in c["r2"]]) for m, c in curves.items()}
    lines = {
        m: v
        for m in ("frozen", "retrained")
        if (v := finite((pair.find(m) or {}).get("r2", {}).get("mean"))) is not None
    }
    values = [float(v) for m in means.values() for v in m if np.isfinite(v)] + list(lines.values()) or [0.0]
    floor = min(lines.get("frozen", min(values)), max(values) - 0.3) - 0.25
    cut = min(values) < floor

    def make(width: float) -> Figure:
        figure = new_figure(width, 3.6 if wide_enough(width) else 3.0)
        axes = figure.subplots()
        for method, curve in curves.items():
            look, minutes = looks.get(method, _PLAIN), np.asarray(curve["minutes"], dtype=float)
            seeds = np.asarray(curve["r2"], dtype=float)
            if seeds.ndim == 2 and seeds.shape[1] > 1:
                axes.fill_between(
                    minutes, seeds.min(axis=1), seeds.max(axis=1), color=look.color, alpha=0.10, linewidth=0
                )
            axes.plot(
                minutes,
                means[method],
                look.dash,
                color=look.color,
                marker=look.marker,
                markerfacecolor=look.face,
                markersize=4.5,
                linewidth=1.8,
            )
        for method, value in lines.items():
            axes.axhline(
                value, color=looks[method].color, linestyle=looks[method].dash, linewidth=1.4, zorder=1
            )
            # curves start at frozen and end near retrained: each label goes where it is empty
            left = method == "retrained"
            axes.annotate(
                method,
                (0 if left else 1, value),
                (3 if left else -2, 3),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha="left" if left else "right",
                fontsize=8.5,
                color="#333a45",
            )
        tidy(axes)
        clip(axes, values, floor)
        axes.set_xlabel("minutes of adaptation")
        axes.set_title("Held-out R² if adaptation had stopped here")
        return figure

    words = "; ".join(f"{m}: from {number(v[0])} to {number(v[-1])}" for m, v in means.items())
    caption = "Lines: mean over seeds; bands: lowest to highest seed."
    if cut:
        caption += f" Values under {number(floor)} are cut off."
    return draw(name, f"Held-out R² over adaptation time. {words}.", make, caption)
