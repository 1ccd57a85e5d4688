"""Figures of drift: a path channel by channel, instability over time, decay over days, a simulated day's check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from neurodrift.drift.path import DriftPath
from neurodrift.report.drawing import Picture, draw, new_figure, tidy, wide_enough
from neurodrift.simulation.checks import PosteriorCheck

__all__ = [
    "decay_figure",
    "instability_figure",
    "path_figure",
    "posterior_figure",
    "save_picture",
    "scores_figure",
]

Floats = npt.NDArray[np.float64]
REAL, SIMULATED, QUIET = "#111111", "#0072B2", "#6b6b6b"
SILENT, MOVED, FRESH = "#111111", "#E69F00", "#009E73"
LOOKS = ((QUIET, "s"), ("#D55E00", "o"), (SIMULATED, "D"), (FRESH, "^"), ("#CC79A7", "v"), ("#882255", "p"))
BAND = "Band: lowest to highest window of the reference against the rest of it."


def path_figure(name: str, path: DriftPath, minutes: float, *, unit: str = "minutes") -> Picture:
    """Channels against time: the gain in colour, and where a channel is silent, hears another, or has a new unit."""
    path = path.expand(path.n_bins or 2)
    step = max(1, len(path.source) // 400)
    rows = path.at(slice(None, None, step))
    kinds = np.zeros(rows.source.shape, int)
    kinds[rows.source != np.arange(rows.n_channels)] = 1
    kinds[rows.unit > 0] = 2
    kinds[rows.silent] = 3
    level = np.log2(np.where(rows.silent | (rows.gain <= 0), 1, rows.gain))
    limit = max(1.0, float(np.abs(level).max()))

    def make(width: float) -> Figure:
        wide = wide_enough(width)
        figure = new_figure(width, 3.4 if wide else 4.0)
        axes = figure.subplots()
        box = (0.0, minutes, rows.n_channels - 0.5, -0.5)
        shown = axes.imshow(
            level.T,
            aspect="auto",
            extent=box,
            cmap="RdBu_r",
            vmin=-limit,
            vmax=limit,
            interpolation="nearest",
        )
        colors = ListedColormap(["#00000000", MOVED, FRESH, SILENT])
        axes.imshow(kinds.T, aspect="auto", extent=box, cmap=colors, vmin=0, vmax=3, interpolation="nearest")
        names = {MOVED: "other channel's signal", FRESH: "new unit", SILENT: "silent"}
        for color, text in names.items():
            axes.plot([], [], "s", color=color, label=text)
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1), ncols=3 if wide else 1, frameon=False, fontsize=8
        )
        where = "right" if wide else "bottom"
        figure.colorbar(shown, ax=axes, label="log2 gain", shrink=0.8, location=where)
        axes.set_xlabel(unit)
        axes.set_ylabel("channel")
        return figure

    return draw(name, f"Drift of each channel over {minutes:g} {unit}. {rows}.", make)


def instability_figure(
    name: str,
    series: Mapping[str, tuple[Floats, Floats]],
    null: Floats,
    r2: Floats,
    score: Floats,
) -> Picture:
    """Scores over time beside those of the reference, and a frozen decoder's R2 against the score.

    Args:
        series: label -> (minutes, scores).
        null: scores of the reference itself.
        r2, score: one a draw: what a frozen decoder scored, and the mean instability.
    """

    def make(width: float) -> Figure:
        wide = wide_enough(width)
        figure = new_figure(width, 3.2 if wide else 5.6)
        panels = figure.subplots(1, 2) if wide else figure.subplots(2, 1)
        _scores(panels[0], series, null)
        panels[1].plot(score, r2, "o", color=SIMULATED, markersize=4, alpha=0.8)
        panels[1].set_xscale("log")
        plain(panels[1].xaxis)
        panels[1].set_xlabel("mean instability (nats)")
        panels[1].set_title("R² of the frozen decoder")
        for axes in panels:
            tidy(axes)
        return figure

    rank = spearmanr(score, r2).statistic
    alt = f"Instability over time; R² of a frozen decoder against instability, rank correlation {rank:.2f}."
    return draw(name, alt, make, BAND)


def scores_figure(name: str, series: Mapping[str, tuple[Floats, Floats]], null: Floats) -> Picture:
    """Scores over time alone, in parts such as the blocks of a session (label -> minutes, scores)."""

    def make(width: float) -> Figure:
        figure = new_figure(width, 3.2)
        axes = figure.subplots()
        _scores(axes, series, null, line="")
        tidy(axes)
        return figure

    words = "; ".join(f"{label}: mean {scores.mean():.2f}" for label, (_, scores) in series.items())
    return draw(name, f"Instability in parts of a session. {words}.", make, BAND)


def _scores(axes: Axes, series: Mapping[str, tuple[Floats, Floats]], null: Floats, line: str = "-") -> None:
    axes.axhspan(float(null.min()), float(null.max()), color="#e3e5ea", zorder=0)
    for (label, (minutes, scores)), (color, marker) in zip(series.items(), LOOKS, strict=False):
        axes.plot(minutes, scores, marker + line, color=color, markersize=4, linewidth=1.4, label=label)
    axes.set_yscale("log")
    plain(axes.yaxis)
    axes.set_xlabel("minutes")
    axes.set_title("Instability (nats)")
    axes.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)


def plain(axis: Axis) -> None:
    """Numbers of a log axis as they are: powers would need a maths font."""
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(lambda value, _: "")


def decay_figure(name: str, days: Sequence[float], measured: Floats, published: Sequence[float]) -> Picture:
    """The share of the same day's R2 that a frozen decoder keeps, seeds (S, days) beside the published mean."""

    def make(width: float) -> Figure:
        figure = new_figure(width, 3.0)
        axes = figure.subplots()
        for row in measured:
            axes.plot(days, row, color=SIMULATED, linewidth=0.6, alpha=0.35)
        axes.plot(days, measured.mean(axis=0), "o-", color=SIMULATED, label="simulated, mean and seeds")
        axes.plot(days, published, "D--", color=REAL, label="published mean")
        axes.axhline(0, color="#8a8f98", linewidth=0.8)
        axes.set_ylim(-1, 1.1)
        axes.set_xlabel("days between training and test")
        axes.set_title("Share of the same day's R² that a frozen linear decoder keeps")
        axes.legend(fontsize=8, frameon=False)
        tidy(axes)
        return figure

    words = ", ".join(f"{d:g} days {m:.2f}" for d, m in zip(days, measured.mean(axis=0), strict=True))
    return draw(name, f"Share of R² kept by a frozen decoder: {words}.", make, "Seeds under -1 are cut off.")


def posterior_figure(name: str, check: PosteriorCheck) -> Picture:
    """Each measure of each channel, recorded against simulated."""
    mean = sum(check.simulated[1:], check.simulated[0]) / len(check.simulated)

    def make(width: float) -> Figure:
        wide = wide_enough(width)
        figure = new_figure(width, 2.9 if wide else 4.2)
        panels = figure.subplots(1, 4) if wide else figure.subplots(2, 2)
        for axes, measure in zip(np.ravel(panels), check.recorded, strict=True):
            x, y = check.recorded[measure].to_numpy(), mean[measure].to_numpy()
            both = np.concatenate([x, y])
            ends = [np.nanmin(both), np.nanmax(both)]
            axes.plot(ends, ends, color="#8a8f98", linewidth=1, linestyle="--")
            axes.plot(x, y, "o", color=SIMULATED, markersize=3, alpha=0.7)
            axes.set_title(measure)
            axes.set_xlabel("recorded")
            tidy(axes)
        np.ravel(panels)[0].set_ylabel("simulated")
        return figure

    return draw(
        name,
        f"Recorded against simulated channels. Linear decoder: recorded R² {check.recorded_r2:.2f}, "
        f"simulated {check.simulated_r2.mean():.2f}.",
        make,
    )


def save_picture(picture: Picture, path: Path) -> None:
    """Writes the wide drawing as an SVG file that stands alone, on white."""
    opening = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    text = picture.wide.replace("<svg ", opening, 1).replace(
        'style="width', 'style="background:#fff;width', 1
    )
    path.write_text(text + "\n", encoding="utf-8")
