"""A replay to show elsewhere: cursors side by side as a GIF or MP4, and their ways through the trials as one figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Patch, Rectangle

from neurodrift.errors import NeurodriftError
from neurodrift.report.replay_figures import COLORS

__all__ = ["check_movie", "trajectories_figure", "write_movie"]

Json = Mapping[str, Any]
FPS = 10
ACROSS = 4
HIT, MISS, WAITS = "#bfe3c6", "#f3cdc6", "#dde4ee"


def check_movie(path: Path) -> None:
    """Before a long run: whether this file could be written at its end.

    Raises:
        NeurodriftError: another kind of file, no folder for it, or an MP4 without ffmpeg.
    """
    if path.suffix.lower() not in (".gif", ".mp4"):
        raise NeurodriftError(
            f"--export {path}: name a .gif or an .mp4 file; figures for papers are always left as SVG beside the page."
        )
    if not path.parent.is_dir():
        raise NeurodriftError(f"--export {path}: there is no folder {path.parent}; make it first.")
    if path.suffix.lower() == ".mp4" and not FFMpegWriter.isAvailable():
        raise NeurodriftError(
            f"--export {path}: an MP4 needs ffmpeg, and none is on PATH. Install it (apt install ffmpeg, "
            "brew install ffmpeg, winget install ffmpeg), or name a .gif."
        )


def write_movie(view: Json, path: Path, seconds: float = 30.0) -> Path:
    """Cursors side by side through the first trials of each part, in the time that they took; `seconds` of it in all.

    Args:
        view: trials as a replay returns them (`Replay.viewer`).
        path: a .gif, or an .mp4 where ffmpeg is installed.

    Raises:
        NeurodriftError: as `check_movie`, or there is no trial to show.
    """
    check_movie(path)
    frames = _frames(view, seconds)
    if not frames:
        raise NeurodriftError(
            f"--export {path}: no trial was ended by every decoder, so there is nothing to show."
        )
    figure, panels, title = _stage(view)
    writer: AbstractMovieWriter = (
        PillowWriter(fps=FPS) if path.suffix.lower() == ".gif" else FFMpegWriter(fps=FPS, codec="h264")
    )
    with writer.saving(figure, str(path), dpi=80):
        for day, number, bin_ in frames:
            part = view["days"][day]
            title.set_text(f"{part['label']}, trial {number + 1}")
            for m, panel in enumerate(panels):
                panel.show(part["trials"], number, bin_, m)
            writer.grab_frame()
    return path


def trajectories_figure(view: Json, most: int = 16) -> Figure:
    """Every decoder's cursor through the first trials of each part: methods down, parts across; misses are grey."""
    days, methods = view["days"], view["methods"]
    figure = Figure(figsize=(1.0 + 1.75 * len(days), 0.7 + 1.75 * len(methods)), layout="constrained")
    axes = figure.subplots(len(methods), len(days), squeeze=False)
    for column, day in enumerate(days):
        trials = day["trials"][:most]
        axes[0, column].set_title(day["label"], fontsize=9)
        for row, method in enumerate(methods):
            axis = axes[row, column]
            _workspace(axis, view)
            for trial in trials:
                axis.add_patch(
                    _target(view, trial["target"], facecolor="none", edgecolor="#9aa3ae", linewidth=0.8)
                )
                run = trial["runs"][row]
                missed = run["hit"] is False
                axis.plot(
                    *_way(run).T, color="#9a9a9a" if missed else COLORS[row % len(COLORS)], linewidth=0.9,
                    linestyle=":" if missed else "-",
                )  # fmt: skip
            if not column:
                axis.set_ylabel(method["name"], fontsize=9)
            known = [t["runs"][row]["hit"] for t in trials if t["runs"][row]["hit"] is not None]
            if known:
                axis.set_xlabel(f"{sum(known)} of {len(known)} hit", fontsize=8)
    return figure


def _frames(view: Json, seconds: float) -> list[tuple[int, int, int]]:
    """(part, trial, bin) of each frame; parts share the time, and the last trial of a part may be cut."""
    step, out = 1 / (FPS * view["bin_width"]), list[tuple[int, int, int]]()
    for day, part in enumerate(view["days"]):
        left = round(seconds * FPS / len(view["days"]))
        for number, trial in enumerate(part["trials"]):
            bins = max(len(_way(run)) for run in trial["runs"])
            at = np.unique(np.minimum(np.round(np.arange(0, bins - 1 + step, step)), bins - 1)).astype(int)[
                :left
            ]
            out += [(day, number, int(b)) for b in at]
            left -= len(at)
            if left <= 0:
                break
    return out


class _Panel:
    """One decoder's cursor."""

    def __init__(self, axis: Axes, view: Json, m: int) -> None:
        _workspace(axis, view)
        self.view, self.name = view, view["methods"][m]["name"]
        self.title = axis.set_title(self.name, fontsize=10)
        self.target = axis.add_patch(
            _target(view, (0.0, 0.0), facecolor=WAITS, edgecolor="#7b8794", linewidth=1.2)
        )
        color = COLORS[m % len(COLORS)]
        self.line = axis.plot([], [], color=color, alpha=0.55, linewidth=1.8)[0]
        self.cursor = axis.plot([], [], "o", color=color, markersize=7)[0]

    def show(self, trials: Sequence[Json], number: int, bin_: int, m: int) -> None:
        run = trials[number]["runs"][m]
        way = _way(run)
        now = min(bin_, len(way) - 1)
        over = bin_ >= len(way) - 1
        _move(self.target, self.view, trials[number]["target"])
        self.target.set_facecolor(WAITS if not over or run["hit"] is None else HIT if run["hit"] else MISS)
        self.line.set_data(*way[: now + 1].T)
        self.cursor.set_data(*way[now : now + 1].T)
        ended = [t["runs"][m]["hit"] for t in trials[: number + over]]
        if run["hit"] is not None:
            self.title.set_text(f"{self.name}: {sum(ended)} of {len(ended)} hit")


def _stage(view: Json) -> tuple[Figure, list[_Panel], Any]:
    n = len(view["methods"])
    across, down = min(n, ACROSS), -(-n // ACROSS)
    figure = Figure(figsize=(2.6 * across, 0.4 + 2.8 * down), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for axis in axes[n:]:
        axis.set_axis_off()
    panels = [_Panel(axes[m], view, m) for m in range(n)]
    note = "simulated" if view["kind"] == "closed" else "open loop"
    title = figure.suptitle("", fontsize=11)
    figure.supxlabel(note, fontsize=8, color="#566070")
    return figure, panels, title


def _workspace(axis: Axes, view: Json) -> None:
    half = 1.04 * view["half_width"]
    axis.set_xlim(-half, half)
    axis.set_ylim(-half, half)
    axis.set_aspect("equal")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_color("#c8ced6")


def _target(view: Json, at: Sequence[float], **look: Any) -> Patch:
    r = view["radius"]
    patch = Rectangle((0, 0), 2 * r, 2 * r, **look) if view["shape"] == "box" else Circle((0, 0), r, **look)
    _move(patch, view, at)
    return patch


def _move(patch: Patch, view: Json, at: Sequence[float]) -> None:
    x, y = (float(v) for v in at)
    if isinstance(patch, Rectangle):
        patch.set_xy((x - view["radius"], y - view["radius"]))
    elif isinstance(patch, Circle):
        patch.set_center((x, y))


def _way(run: Json) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(run["path"], np.float64).reshape(-1, 2) / 100
