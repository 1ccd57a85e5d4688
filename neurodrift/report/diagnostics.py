"""Figures of `neurodrift.learn.diagnostics`: one line each in a notebook, which shows what they return."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from neurodrift.errors import NeurodriftError
from neurodrift.learn.diagnostics import Diagnosis
from neurodrift.report.drawing import Look, Picture, draw, elide, looks, new_figure, tidy, wide_enough

__all__ = ["cosine_figure", "decay_figure", "scale_figure", "spectrum_figure"]

Floats = npt.NDArray[np.floating[Any]]
_QUANTILES = (0.1, 0.5, 0.9)


def cosine_figure(found: Diagnosis, name: str = "cosine") -> Picture:
    """Cosine of each rule's gradient with exact RTRL's: over the stream, and its spread over bins and replicas."""
    if not found.cosine:
        raise NeurodriftError("cosine_figure: this diagnosis holds no cosines; diagnose with cosine=True.")
    titles = {n: found.rule if n == "learner" else n for n in found.cosine}
    styles = dict(zip(found.cosine, looks(f"adapted:{n}" for n in found.cosine).values(), strict=True))
    spread = {n: np.nanquantile(v, _QUANTILES) for n, v in found.cosine.items()}

    def make(width: float) -> Figure:
        wide = wide_enough(width)
        figure = new_figure(width, 3.0 if wide else 5.0)
        over, beside = figure.subplots(1, 2, width_ratios=[3, 2]) if wide else figure.subplots(2, 1)
        for rule, values in found.cosine.items():
            line = np.nanmedian(values, axis=1)
            over.plot(_running(line, 25), styles[rule].dash, color=styles[rule].color, linewidth=1.5)
        over.set_ylim(min(0.0, *(q[0] for q in spread.values())) - 0.03, 1.03)
        over.set_xlabel("labelled bin; running median of 25")
        over.set_title("Cosine with the exact gradient")
        _ranges(beside, {titles[n]: v for n, v in spread.items()}, list(styles.values()))
        beside.set_title("Over all bins")
        tidy(over)
        return figure

    words = "; ".join(f"{titles[n]}: median {q[1]:.2f}" for n, q in spread.items())
    return draw(
        name,
        f"Cosine of the gradient with exact RTRL's. {words}.",
        make,
        "Bars: 10 to 90 % of bins and replicas.",
    )


def spectrum_figure(found: Diagnosis, name: str = "spectrum") -> Picture:
    """Singular values of the state Jacobian, and how its condition number is spread over steps."""
    flat = found.singular.reshape(-1, found.singular.shape[-1])
    low, mid, high = np.quantile(flat, _QUANTILES, axis=0)
    condition = found.condition[np.isfinite(found.condition)]
    singular = f"{np.mean(~np.isfinite(found.condition)):.0%} of the Jacobians are singular. "
    look = Look("#0072B2")

    def make(width: float) -> Figure:
        wide = wide_enough(width)
        figure = new_figure(width, 3.0 if wide else 5.0)
        left, right = figure.subplots(1, 2) if wide else figure.subplots(2, 1)
        place, floor = np.arange(1, len(mid) + 1), max(float(mid[0]) * 1e-8, 1e-12)
        left.fill_between(place, low.clip(floor), high.clip(floor), color=look.color, alpha=0.2, linewidth=0)
        left.plot(place, mid.clip(floor), color=look.color, linewidth=1.6)
        left.set_yscale("log")
        left.yaxis.set_major_formatter(_plain)
        left.set_xlabel("singular value, the largest first")
        left.set_title("Singular values of ds'/ds")
        if len(condition):
            right.hist(np.log10(condition), bins=30, color=look.color, alpha=0.8)
        right.xaxis.set_major_formatter(lambda x, _: f"{10**x:.3g}")
        right.xaxis.set_major_locator(MaxNLocator(4))
        right.set_xlabel("condition number")
        right.set_title("Steps by condition number")
        tidy(left)
        tidy(right, grid="y")
        return figure

    rank = np.median(found.effective_rank)
    told = f"median condition number {np.median(condition):.3g}. " if len(condition) else ""
    caption = (
        f"Line: median over steps and replicas; band: 10 to 90 %. Effective rank {rank:.1f} of {len(mid)} (median); "
        f"{told}{singular if not np.isfinite(found.condition).all() else ''}"
    )
    return draw(name, f"Spectrum of the state Jacobian. {caption}", make, caption.strip())


def decay_figure(found: Diagnosis, name: str = "decay", tolerance: float = 1e-3) -> Picture:
    """The error carried back, and what each lag adds to the gradient, against the lag; and the horizon."""
    horizon = float(np.median(found.horizon(tolerance)))
    curves = {
        "error on the state": (found.error, "#0072B2", "-"),
        "part of the gradient": (found.gradient, "#D55E00", "--"),
    }

    def make(width: float) -> Figure:
        figure = new_figure(width, 3.2)
        axes = figure.subplots()
        for label, (values, color, dash) in curves.items():
            low, mid, high = (
                v.clip(1e-12) for v in np.quantile(values.reshape(-1, values.shape[-1]), _QUANTILES, axis=0)
            )
            lags = np.arange(len(mid))
            axes.fill_between(lags, low, high, color=color, alpha=0.15, linewidth=0)
            axes.plot(lags, mid, dash, color=color, linewidth=1.6, label=label)
        axes.axhline(tolerance, color="#444a55", linewidth=1.1, linestyle=":")
        if np.isfinite(horizon):
            axes.axvline(horizon, color="#444a55", linewidth=1.1, linestyle=":")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(_plain)
        axes.set_ylim(bottom=max(axes.get_ylim()[0], tolerance / 100))
        axes.set_xlabel("lag, bins")
        axes.set_title("Relative to lag 0")
        axes.legend(frameon=False, fontsize=8.5)
        tidy(axes)
        return figure

    said = (
        f"Half of the looks stay under {tolerance:g} from lag {horizon:.0f} on."
        if np.isfinite(horizon)
        else f"The median error never stays under {tolerance:g} within {found.error.shape[-1] - 1} bins."
    )
    return draw(
        name, f"Decay of the error carried back. {said}", make, f"Lines: median; bands: 10 to 90 %. {said}"
    )


def scale_figure(found: Diagnosis, name: str = "scale") -> Picture:
    """Size of the gradient's entries in each group of weights."""
    spread = {n: np.quantile(v, _QUANTILES) for n, v in found.scale.items()}
    colors = [Look("#D55E00" if n.startswith("readout") else "#0072B2") for n in spread]
    recurrent = [q[1] for n, q in spread.items() if not n.startswith("readout")]
    # Absent connections, such as those of a network that has just started, have no scale to compare.
    factor = spread["readout"][1] / float(np.median([v for v in recurrent if v > 0] or [np.nan]))

    def make(width: float) -> Figure:
        figure = new_figure(width, 0.8 + 0.27 * len(spread))
        axes = figure.subplots()
        _ranges(axes, {n: q.clip(1e-12) for n, q in spread.items()}, colors)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(_plain)
        axes.xaxis.set_major_locator(LogLocator(numticks=9 if wide_enough(width) else 4))
        axes.set_title("Gradient, root mean square")
        return figure

    words = "; ".join(f"{n}: {q[1]:.2g}" for n, q in spread.items())
    caption = (
        "Marks: median over bins and replicas; bars: 10 to 90 %. The readout's gradient is "
        f"{factor:.3g} times that of the recurrent groups (medians)."
    )
    return draw(name, f"Gradient scale by group of weights. {words}.", make, caption)


def _plain(value: float, _: float) -> str:
    """A tick of a log axis without mathematical markup, which figures here do not parse."""
    return f"{value:g}"


def _running(values: Floats, width: int) -> Floats:
    """Median of the last `width` values at each place."""
    return np.array([np.nanmedian(values[max(0, t - width + 1) : t + 1]) for t in range(len(values))])


def _ranges(axes: Axes, spread: dict[str, Floats], styles: list[Look]) -> None:
    """A dot and a bar for each name, from its quantiles."""
    for place, ((low, mid, high), look) in enumerate(zip(spread.values(), styles, strict=True)):
        axes.plot([low, high], [place, place], color=look.color, linewidth=2.2)
        axes.plot([mid], [place], marker=look.marker, color=look.color, markersize=6)
    axes.set_yticks(range(len(spread)), [elide(name, 34) for name in spread])
    axes.set_ylim(len(spread) - 0.5, -0.5)
    tidy(axes, grid="x")
