"""Figures of a replay page: measures over the days, with intervals, as SVG."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from neurodrift.benchmark.store import write_atomically

__all__ = ["COLORS", "days_figure", "figures", "save_figures"]

Json = Mapping[str, Any]
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7a5195", "#444444")
MARKERS = "osD^vP<X"
SHOWN = {
    "success_rate": "success rate",
    "throughput": "throughput, bits/s",
    "r2_probe": "R² of a held-out probe",
}


def figures(summary: Json) -> list[dict[str, Any]]:
    """One figure a loop, where there is more than one day."""
    out = []
    for loop in dict.fromkeys(c["loop"] for c in summary["comparisons"]):
        entries = [c for c in summary["comparisons"] if c["loop"] == loop and c.get("by_day")]
        if not entries or len(summary.get("days", ())) < 2:
            continue
        fault = (summary.get("fault") or {}).get("days")
        out.append(
            {
                "name": f"days_{loop}",
                "title": f"Day by day, {loop} loop",
                "svg": _svg(days_figure(summary["days"], entries, 10.4, 1, fault), f"{loop}-wide"),
                "narrow": _svg(days_figure(summary["days"], entries, 4.0, 0, fault), f"{loop}-narrow"),
                "caption": "Mean over worlds; bands are the 95 % interval of that mean, where there is more than one world."
                + (" Shaded: days with the fault." if fault else ""),
            }
        )
    return out


def save_figures(folder: Path, summary: Json, view: Json) -> list[Path]:
    """Figures for papers, as SVG files: days_LOOP.svg, and the cursors' ways as trajectories.svg."""
    from neurodrift.report.replay_movie import trajectories_figure

    made = {f["name"]: f["svg"] for f in figures(summary)}
    if view["days"]:
        made["trajectories"] = _svg(trajectories_figure(view), "ways")
    for name, svg in made.items():
        size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
        assert size is not None
        text = str(svg).replace('width="100%"', f'width="{size[1]}pt" height="{size[2]}pt"', 1)
        write_atomically(folder / f"{name}.svg", f'<?xml version="1.0" encoding="utf-8"?>\n{text}')
    return [folder / f"{name}.svg" for name in made]


def days_figure(
    days: Sequence[int],
    entries: Sequence[Json],
    width: float,
    across: int = 1,
    fault: Sequence[int] | None = None,
) -> Figure:
    """Measures over days, side by side (`across` 1) or one below the other (0); width in inches.

    `fault`: its first and last day, which are shaded.
    """
    names = [n for n in SHOWN if any(n in e["by_day"] for e in entries)]
    figure = Figure(figsize=(width, 3.2 if across else 2.6 * len(names)), layout="constrained")
    axes = (
        figure.subplots(1, len(names), squeeze=False)
        if across
        else figure.subplots(len(names), 1, squeeze=False)
    )
    for axis, name in zip(axes.ravel(), names, strict=True):
        for i, entry in enumerate(entries):
            values = entry["by_day"].get(name)
            if not values:
                continue
            color = COLORS[i % len(COLORS)]
            mean = [float("nan") if v is None else v for v in values["mean"]]
            axis.plot(
                days, mean, color=color, marker=MARKERS[i % len(MARKERS)], markersize=4, linewidth=1.6,
                markevery=max(1, len(days) // 10), label=entry["method"],
            )  # fmt: skip
            if all(v is not None for v in values["low"]):
                axis.fill_between(days, values["low"], values["high"], color=color, alpha=0.15, linewidth=0)
        if fault:
            axis.axvspan(fault[0] - 0.5, fault[1] + 0.5, color="#14202e", alpha=0.07, linewidth=0)
        axis.set_xlabel("day")
        axis.set_title(SHOWN[name], fontsize=10, loc="left")
        axis.spines[["top", "right"]].set_visible(False)
        # A decoder that is far off would squeeze all others into one line.
        low, high = axis.get_ylim()
        axis.set_ylim(
            max(low, -1.05 if name == "r2_probe" else 0), min(high, 1.05) if name != "throughput" else high
        )
        if len(days) < 12:
            axis.set_xticks(list(days))
    handles, labels = axes.ravel()[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=4 if across else 2, frameon=False, fontsize=9
    )
    return figure


def _svg(figure: Figure, prefix: str) -> Markup:
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix}):
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})  # type: ignore[no-untyped-call]
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Ids are unique within one figure only; the page holds several.
    text = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{prefix}-", text)
    return Markup(re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', r'<svg \1width="100%"', text, count=1))
