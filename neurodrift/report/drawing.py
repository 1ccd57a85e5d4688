"""What figures share: a colour and marker for each method, two widths, inline SVG with ids of its own."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

__all__ = [
    "NARROW",
    "WIDE",
    "Look",
    "Picture",
    "clip",
    "draw",
    "elide",
    "looks",
    "new_figure",
    "tidy",
    "wide_enough",
]

WIDE, NARROW = 10.6, 3.55
"""Inches: the report's column on a 1280 pixel screen and on a 400 pixel one."""

# Okabe and Ito's colours (jfly.uni-koeln.de/color) and two darker ones for what learns online; greys for the
# rest: a figure shows at a glance which is which.
_LEARNING = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#117733")
_MARKERS = "ovD^<>ph"


@dataclass(frozen=True)
class Look:
    """How a method is drawn, the same in every figure."""

    color: str
    marker: str = "o"
    dash: str = "-"
    filled: bool = True

    @property
    def face(self) -> str:
        """Marker face: white where the method also re-estimates z-scores."""
        return self.color if self.filled else "#ffffff"


_FIXED = {
    "frozen": Look("#6b6b6b", "s", ":"),
    "renormalized": Look("#6b6b6b", "s", "--", filled=False),
    "retrained": Look("#111111", "D", "-."),
    "finetuned": Look("#111111", "D", "--", filled=False),
    "ridge": Look("#8a7a55", "P", ":"),
    "readout": Look("#7d6b9e", "X", "--"),
    "bias": Look("#7d6b9e", "X", ":", filled=False),
}


def looks(methods: Iterable[str]) -> dict[str, Look]:
    """A look per method; `adapted:x` and `renormalized+adapted:x` share a colour, one of them hollow."""
    chosen: dict[str, Look] = {}
    labels: dict[str, int] = {}
    for method in methods:
        if method in _FIXED:
            chosen[method] = _FIXED[method]
            continue
        renormalized, label = method.startswith("renormalized+"), method.removeprefix("renormalized+")
        place = labels.setdefault(label, len(labels))
        color, marker = (
            _LEARNING[place % len(_LEARNING)],
            _MARKERS[(place + place // len(_LEARNING)) % len(_MARKERS)],
        )
        chosen[method] = Look(color, marker, "--" if renormalized else "-", filled=not renormalized)
    return chosen


@dataclass(frozen=True)
class Picture:
    """A figure in two widths, with what it says in words."""

    name: str
    alt: str
    wide: str
    narrow: str
    caption: str = ""

    def _repr_html_(self) -> str:
        """A notebook shows the picture where it is the last line of a cell."""
        return f"<figure>{self.wide}<figcaption>{self.caption}</figcaption></figure>"


_RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.edgecolor": "#8a8f98",
    "axes.labelcolor": "#333a45",
    "axes.titlecolor": "#1c2430",
    "xtick.color": "#8a8f98",
    "ytick.color": "#8a8f98",
    "xtick.labelcolor": "#333a45",
    "ytick.labelcolor": "#333a45",
    "axes.unicode_minus": True,
    "path.simplify": True,
}


def new_figure(width: float, height: float) -> Figure:
    """A figure of its own, known to no global state; its layout keeps labels inside."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="none")


def wide_enough(width: float) -> bool:
    """Whether panels go side by side."""
    return width > 6.0


def tidy(axes: Axes, grid: str = "both") -> None:
    """Open frame and a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_facecolor("none")
    axes.set_axisbelow(True)
    axes.grid(True, axis=grid, color="#e6e8ec", linewidth=0.8)  # type: ignore[arg-type]


def elide(text: str, longest: int) -> str:
    """One line, shortened in its middle where it is long."""
    text = " ".join(str(text).split())
    if len(text) <= longest:
        return text
    head = (longest - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (longest - 1 - head) :]}"


def clip(axes: Axes, values: list[float], floor: float) -> bool:
    """Limits that keep diverged methods from flattening the rest; True where something is cut off."""
    low, high = min(values), max(values)
    bottom = max(low, floor)
    pad = 0.06 * max(high - bottom, 0.05)
    axes.set_ylim(bottom - pad, high + pad)
    return low < bottom


def _svg(figure: Figure, prefix: str) -> str:
    FigureCanvasSVG(figure)
    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", metadata={"Date": None, "Creator": None, "Type": None, "Format": None}
    )
    text = buffer.getvalue()
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    opening, rest = text.split(">", 1)
    points = re.search(r'width="([\d.]+)pt"', opening)
    box = re.search(r'viewBox="[^"]*"', opening)
    assert points is not None and box is not None
    # 1 pt is 4/3 CSS pixels: the drawing never grows far beyond the size its text was set for
    opening = (
        f'<svg {box.group()} style="width:100%;max-width:{float(points.group(1)) * 4 / 3 * 1.25:.0f}px" '
        'aria-hidden="true" focusable="false"'
    )
    rest = rest.replace("xlink:href", "href")
    rest = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', rest)
    rest = re.sub(r'\bhref="#([^"]+)"', rf'href="#{prefix}-\1"', rest)
    rest = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", rest)
    return f"{opening}>{rest}"


def draw(name: str, alt: str, make: Callable[[float], Figure], caption: str = "") -> Picture:
    """Draw a figure at both widths; `name` must be unique within the report."""
    drawn = {}
    for size, width in (("w", WIDE), ("n", NARROW)):
        prefix = f"{name}-{size}"
        with matplotlib.rc_context({**_RC, "svg.hashsalt": prefix}):
            drawn[size] = _svg(make(width), prefix)
    return Picture(name=name, alt=" ".join(alt.split()), wide=drawn["w"], narrow=drawn["n"], caption=caption)
