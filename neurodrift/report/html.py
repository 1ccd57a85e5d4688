"""One self-contained HTML file from a run's rows: inline SVG and CSS, no script, no network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, PackageLoader
from markupsafe import Markup

from neurodrift.report.answer import (
    answer,
    below_mean,
    exceeding,
    limits,
    number,
    percent,
    rate,
    recovery_words,
)
from neurodrift.report.drawing import Look, Picture, looks
from neurodrift.report.figures import curves_figure, recovery_figure
from neurodrift.report.run import Json, Pair, Run, finite, read_run
from neurodrift.report.signals import channels_figure, traces_figure
from neurodrift.report.step_sizes import step_size_figure
from neurodrift.report.tables import axes_table, methods_table, overview_table

__all__ = ["write_report"]

_DASH = {"-": "", "--": "6 3", ":": "2 3", "-.": "7 3 2 3"}
_SHAPES = {
    "o": '<circle cx="15" cy="6" r="4"/>',
    "s": '<rect x="11" y="2" width="8" height="8"/>',
    "D": '<path d="M15 1l5 5-5 5-5-5z"/>',
    "v": '<path d="M10 2h10l-5 9z"/>',
    "^": '<path d="M10 10h10l-5-9z"/>',
    "<": '<path d="M19 1v10l-9-5z"/>',
    ">": '<path d="M11 1v10l9-5z"/>',
    "p": '<path d="M15 1l5 4-2 6h-6l-2-6z"/>',
    "h": '<path d="M15 1l5 2.5v5l-5 2.5-5-2.5v-5z"/>',
    "P": '<path d="M13 1h4v3h3v4h-3v3h-4v-3h-3v-4h3z"/>',
    "X": '<path d="M12 1l3 3 3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3-3-3z"/>',
}


def _swatch(look: Look) -> Markup:
    """A line with its marker, as in the figures."""
    return Markup(
        '<svg class="swatch" viewBox="0 0 30 12" aria-hidden="true" focusable="false">'
        f'<path d="M0 6H30" stroke="{look.color}" stroke-width="2" fill="none" '
        f'stroke-dasharray="{_DASH[look.dash]}"/>'
        f'<g fill="{look.face}" stroke="{look.color}" stroke-width="1.5">{_SHAPES[look.marker]}</g></svg>'
    )


def _whole(text: str) -> str:
    """Numbers stay on the line of their per cent sign."""
    return text.replace(" %", "\u00a0%")


def _breakable(text: object) -> Markup:
    """Escaped text that may break after : + / and _, so long method names and paths fit a phone."""
    safe = str(Markup.escape(_whole(str(text))))
    for mark in (":", "+", "/", "_"):
        safe = safe.replace(mark, f"{mark}<wbr>")
    return Markup(safe)


def _minutes(seconds: object) -> str:
    value = finite(seconds)
    if value is None:
        return "–"
    if value < 10:
        return f"{value:.2g} s"
    return f"{value:.0f} s" if value < 100 else f"{value / 60:.1f} min"


def _count(value: object) -> str:
    known = finite(value)
    return "–" if known is None else f"{known:,.0f}".replace(",", "\u202f")


def _tiles(pair: Pair) -> list[dict[str, str]]:
    shown = pair.headline
    order = [
        ("frozen", "Frozen"),
        (shown["method"] if shown else "", "Adapted online"),
        ("retrained", "Retrained"),
    ]
    tiles = []
    for method, title in order:
        stats = (pair.find(method) or {}).get("r2")
        if stats:
            small = f"R², {number(stats.get('low'))} to {number(stats.get('high'))}"
            tiles.append({"title": title, "text": number(stats.get("mean")), "small": small})
    recovery = (shown or {}).get("recovery")
    if recovery:
        low, high = percent(recovery.get("low")), percent(recovery.get("high"))
        tiles.append(
            {"title": "Recovery", "text": f"{percent(recovery.get('mean'))} %", "small": f"{low} to {high} %"}
        )
    elif shown:
        tiles.append({"title": "Recovery", "text": "–", "small": "not given"})
    return tiles


def _beside(pair: Pair) -> list[str]:
    """The comparisons without which the headline flatters: no labels at all, and one set of weights only."""
    told = {
        "renormalized": "Re-estimating the z-scores alone, without a label,",
        "bias": "Learning the output bias alone",
        "readout": "Learning the readout alone",
        "finetuned": "Fine-tuning offline",
    }
    return [
        f"{words} recovered {recovery_words(found['recovery'])}."
        for method, words in told.items()
        if (found := pair.find(method)) and found.get("recovery")
    ]


def _edges(entries: list[Json]) -> list[str]:
    """Methods whose best step size lies at an end of the grid: a better one may lie outside."""
    return [
        f"{e['method']} ({rate(e['chosen'])})"
        for e in entries
        if e.get("grid") and e.get("chosen") is not None and e["chosen"] in (min(e["grid"]), max(e["grid"]))
    ]


def _section(run: Run, pair: Pair, place: int, shared: dict[str, Look]) -> dict[str, Any]:
    prefix = f"p{place}"
    detail = pair.detail
    axes = [str(a) for a in (detail.get("traces") or {}).get("axes") or []]
    traces = traces_figure(f"{prefix}-traces", pair, shared)
    return {
        "id": prefix,
        "pair": pair,
        "detail": detail,
        "answer": answer(pair, run.simulated),
        "exceeding": exceeding(pair),
        "below_mean": below_mean(pair),
        "beside": _beside(pair),
        "tiles": _tiles(pair),
        "methods": methods_table(pair),
        "axes": axes_table(pair),
        "files": [
            *(("Training day", i) for i in detail.get("train_info") or []),
            *(("Test day", i) for i in [detail.get("test_info")] if i),
        ],
        "split": detail.get("split") or {},
        "channels": detail.get("channels") or {},
        "recovery_figure": recovery_figure(f"{prefix}-recovery", pair, shared),
        "curves_figure": curves_figure(f"{prefix}-curves", pair, shared),
        "curve_methods": [m for m in detail.get("curves") or {} if m in shared],
        "traces_figure": traces[0] if traces else None,
        "trace_methods": [m for m in traces[1] if m in shared] if traces else [],
        "trace_seed": (detail.get("traces") or {}).get("seed"),
        "channels_figure": channels_figure(f"{prefix}-channels", detail.get("channels") or {}, axes),
        "step_figure": step_size_figure(f"{prefix}-steps", pair.step_sizes, shared),
        "step_methods": list(dict.fromkeys(e["method"] for e in pair.step_sizes if e["method"] in shared)),
        "edges": _edges(pair.step_sizes),
    }


def _figure(picture: Picture) -> dict[str, Any]:
    return {
        "alt": picture.alt,
        "caption": picture.caption,
        "wide": Markup(picture.wide),
        "narrow": Markup(picture.narrow),
    }


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("neurodrift", "report"),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": _breakable, "minutes": _minutes, "count": _count, "number": number, "rate": rate,
        "whole": _whole,
        "swatch": _swatch, "figure": _figure,
    }  # fmt: skip
    return environment


def write_report(run_dir: Path) -> Path:
    """Write report.html from summary.json, rows.jsonl and details.json of a run, and nothing else.

    Args:
        run_dir: a run's output directory.

    Returns:
        The report's path, `run_dir/report.html`; it replaces an older one in one step.

    Raises:
        NeurodriftError: a file is missing or holds no comparison.
    """
    run_dir = Path(run_dir)
    run = read_run(run_dir)
    shared = looks(run.methods)
    sections = [_section(run, pair, place, shared) for place, pair in enumerate(run.pairs, 1)]
    text = _environment().get_template("report.html.j2").render(
        run=run,
        details=run.details,
        sections=sections,
        looks=shared,
        limits=limits(run.pairs, run.simulated),
        overview=overview_table(run.pairs) if len(run.pairs) > 1 else None,
    )  # fmt: skip
    path = run_dir / "report.html"
    unfinished = run_dir / ".report.html.part"
    unfinished.write_text(text, encoding="utf-8", errors="replace")
    os.replace(unfinished, path)
    return path
