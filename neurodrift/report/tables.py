"""Tables of the report as plain data: cells of text with the number behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from neurodrift.report.answer import number, percent, rate
from neurodrift.report.run import Json, Pair, finite

__all__ = ["Cell", "Row", "Table", "axes_table", "methods_table", "overview_table", "prequential_lag"]


@dataclass(frozen=True)
class Cell:
    """Text, a second line in small print, and the number the text stands for."""

    text: str
    small: str = ""
    value: float | None = None


@dataclass(frozen=True)
class Row:
    """One line: its heading, its cells, and the group it starts (None inside a group)."""

    head: Cell
    cells: list[Cell]
    group: str | None = None
    method: str = ""


@dataclass(frozen=True)
class Table:
    """A caption, column heads (text, explanation) and rows."""

    caption: str
    columns: list[tuple[str, str]]
    rows: list[Row]


_EMPTY = Cell("–")
_GROUPS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("Learns online, one bin at a time", lambda m: "adapted:" in m),
    ("Does not learn", lambda m: m in ("frozen", "renormalized")),
    ("Trained offline on the adaptation block", lambda m: m in ("retrained", "finetuned", "ridge")),
    ("Controls: only these weights learn online", lambda m: m in ("readout", "bias")),
    ("Other", lambda m: True),
)
_WHOLE = {"r2_mean": "R², mean over axes", "pearson": "Pearson r"}
_NORMALIZATION = {
    "training_day": "training day",
    "test_day_start": "start of test day",
    "adaptation_block": "adaptation block",
}


def _score(
    stats: Json | None, form: Callable[[object], str] = number, unit: str = "", note: str = ""
) -> Cell:
    if not stats or finite(stats.get("mean")) is None:
        return _EMPTY
    low, high = finite(stats.get("low")), finite(stats.get("high"))
    small = f"{form(low)} to {form(high)}{unit}" if low is not None and high is not None else ""
    return Cell(f"{form(stats['mean'])}{unit}", "; ".join(filter(None, (small, note))), finite(stats["mean"]))


def _recovery(comparison: Json) -> Cell:
    if comparison.get("recovery"):
        if comparison["method"] in ("frozen", "retrained"):
            return replace(_score(comparison["recovery"], percent, " %"), small="by definition")
        return _score(comparison["recovery"], percent, " %")
    return Cell(
        "–", "nothing to recover" if "nothing to recover" in str(comparison.get("why")) else "not given"
    )


def _other(reference: Callable[[str], bool]) -> Callable[[Json], Cell]:
    def cell(comparison: Json) -> Cell:
        found = [r for r in comparison.get("recovery_other") or [] if reference(str(r.get("reference")))]
        return _score(found[0], percent, " %") if found else _EMPTY

    return cell


def _duration(comparison: Json) -> Cell:
    value = finite(comparison.get("update_us"))
    return _EMPTY if value is None else Cell(f"{value:,.0f}" if value >= 10 else f"{value:.1f}", "", value)


def _late(lag: object) -> str:
    return "label at once" if lag == 0 else f"label {lag} bins late" if finite(lag) is not None else ""


def prequential_lag(pair: Pair) -> str:
    """The label delay of the prequential scores in words; "" where it differs or none were made."""
    lags = {(c.get("prequential") or {}).get("label_lag") for c in pair.comparisons if c.get("prequential")}
    return _late(lags.pop()) if len(lags) == 1 else ""


def methods_table(pair: Pair) -> Table:
    """Every method of a pair in groups; columns that hold nothing for any method are left out."""
    lag = prequential_lag(pair)
    columns: list[tuple[str, str, Callable[[Json], Cell]]] = [
        ("Held-out R²", "variance-weighted over axes, 95 % interval", lambda c: _score(c.get("r2"))),
        ("Recovery", "0 % frozen, 100 % retrained, 95 % interval", _recovery),
        ("Recovery against finetuned", "100 % = finetuned", _other(lambda r: r == "finetuned")),
        ("Recovery against full RTRL", "100 % = full RTRL", _other(lambda r: r.startswith("adapted:rtrl"))),
        ("R² with the last weights", "held-out, not averaged", lambda c: _score(c.get("r2_last_weights"))),
        (
            "Prequential R²",
            f"while learning, {lag}" if lag else "while learning",
            lambda c: _score(
                c.get("prequential"), note="" if lag else _late((c.get("prequential") or {}).get("label_lag"))
            ),
        ),
        (
            "z-scores from",
            "normalization",
            lambda c: Cell(
                _NORMALIZATION.get(str(c.get("normalization")), str(c.get("normalization") or "–"))
            ),
        ),
        ("Step size", "learning rate", lambda c: Cell(rate(c.get("lr")), "", finite(c.get("lr")))),
        ("µs an update", "one thread, as run", _duration),
    ]
    several = len({c.get("decoder") for c in pair.comparisons if c["method"] != "ridge"}) > 1
    left, rows = list(pair.comparisons), []
    for title, belongs in _GROUPS:
        members = [c for c in left if belongs(c["method"])]
        left = [c for c in left if not belongs(c["method"])]
        for place, c in enumerate(members):
            head = Cell(c["method"], str(c.get("decoder", "")) if several and c["method"] != "ridge" else "")
            rows.append(Row(head, [f(c) for _, _, f in columns], title if place == 0 else None, c["method"]))
    used = [i for i in range(len(columns)) if i < 2 or any(r.cells[i].text != "–" for r in rows)]
    return Table(
        caption=f"Methods, {pair.decoder}",
        columns=[columns[i][:2] for i in used],
        rows=[Row(r.head, [r.cells[i] for i in used], r.group, r.method) for r in rows],
    )


def overview_table(pairs: Sequence[Pair]) -> Table:
    """One line a pair: frozen, the first adapted method, retrained, and its recovery."""
    rows = []
    for place, pair in enumerate(pairs, 1):
        shown = pair.headline or {}
        days = finite(pair.detail.get("days"))
        scores = [
            _score((pair.find(m) or {}).get("r2")) for m in ("frozen", str(shown.get("method")), "retrained")
        ]
        recovery = _recovery(shown) if shown else _EMPTY
        rows.append(
            Row(
                Cell(f"Pair {place}", pair.test.rsplit("/", 1)[-1]),
                [Cell("–" if days is None else f"{days:g}", "", days), *scores, recovery],
            )
        )
    return Table(
        caption="All session pairs",
        columns=[
            ("Days apart", ""),
            ("Frozen", "held-out R²"),
            ("Adapted", "held-out R²"),
            ("Retrained", "held-out R²"),
            ("Recovery", "95 % interval"),
        ],
        rows=rows,
    )


def axes_table(pair: Pair) -> Table | None:
    """Held-out R² and Pearson, over axes and per axis, means over seeds of the rows; None where there are no such rows."""
    found: dict[str, dict[str, list[float]]] = {}
    for row in pair.rows:
        metric, value = str(row.get("metric", "")), finite(row.get("value"))
        more = ":" in metric or metric in _WHOLE
        if row.get("block") == "heldout" and more and value is not None:
            found.setdefault(metric, {}).setdefault(str(row.get("method")), []).append(value)
    if not found:
        return None
    titles = {"r2": "R²", "pearson": "Pearson r"}
    found = {m: found[m] for m in sorted(found, key=lambda m: m not in _WHOLE)}
    columns = [
        (_WHOLE.get(m) or f"{titles.get(kind, kind)} {axis}", "")
        for m, (kind, _, axis) in ((m, m.partition(":")) for m in found)
    ]
    rows = []
    for comparison in pair.comparisons:
        means = [fmean(v) if (v := by.get(comparison["method"])) else None for by in found.values()]
        rows.append(
            Row(
                Cell(comparison["method"]),
                [Cell(number(m), "", m) for m in means],
                method=comparison["method"],
            )
        )
    return Table(caption="More held-out scores, means over seeds", columns=columns, rows=rows)
