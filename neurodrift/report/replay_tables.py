"""Tables of a replay page: each method's measures with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["LABELS", "tables"]

Json = Mapping[str, Any]

AROUND = ("throughput", "success_rate", "r2_probe")

LABELS: dict[str, tuple[str, str]] = {
    "success_rate": ("Success", "share of trials"),
    "throughput": ("Throughput", "bits/s"),
    "throughput_effective": ("Throughput", "effective width, bits/s"),
    "time_to_target": ("Time to target", "s, hits only"),
    "dial_in_time": ("Dial-in", "s, hits only"),
    "path_efficiency": ("Path efficiency", "hits only"),
    "orbiting": ("Orbiting", "exits a trial"),
    "hits_per_minute": ("Hits", "a minute"),
    "r2_intention": ("R² of intention", "as it happened"),
    "r2_probe": ("R² of a probe", "held out, end of day"),
    "r2_before": ("R² before the drift", ""),
    "r2_after": ("R² after the drift", ""),
    "instability": ("Instability", "of variance"),
    "over_correction": ("Over-correction", ""),
    "forgetting": ("Forgetting", "R² lost on day 0"),
    "bin_us": ("A bin takes", "µs, loop and all"),
}


def tables(summary: Json) -> list[dict[str, Any]]:
    """One table a loop."""
    titles = {
        "closed": "In closed loop",
        "open": "In open loop, same drift",
        "recording": "The whole session",
    }
    out = []
    for loop in dict.fromkeys(c["loop"] for c in summary["comparisons"]):
        entries = [c for c in summary["comparisons"] if c["loop"] == loop]
        names = [n for n in LABELS if any(_known(c, n) for c in entries)]
        rows = [
            {
                "name": c["method"],
                "what": c.get("what", ""),
                "cells": [_cell(c["measures"].get(n), n) for n in names],
            }
            for c in entries
        ]
        columns = [{"name": "Method", "small": ""}]
        columns += [{"name": LABELS[n][0], "small": LABELS[n][1]} for n in names]
        note = summary.get("note") or "Mean over days and worlds; in small, the 95 % interval over worlds."
        out.append({"title": titles.get(loop, loop), "note": note, "columns": columns, "rows": rows})
        if summary.get("fault"):
            out.append(_around_fault(entries, summary, titles.get(loop, loop)))
    return out


def _around_fault(entries: Sequence[Json], summary: Json, title: str) -> dict[str, Any]:
    """Three measures before, during and after the fault."""
    names = [n for n in AROUND if any(_known(span, n) for c in entries for span in c["spans"].values())]
    spans = list(entries[0]["spans"])
    rows = [
        {
            "name": c["method"],
            "what": c.get("what", ""),
            "cells": [_cell(c["spans"][s]["measures"].get(n), n) for n in names for s in spans],
        }
        for c in entries
    ]
    columns = [{"name": "Method", "small": ""}]
    columns += [{"name": LABELS[n][0], "small": f"{s} the fault"} for n in names for s in spans]
    first, last = summary["fault"]["days"]
    note = f"The fault ({summary['fault']['kind']}) is there on days {first} to {last}. In small, the 95 % interval over worlds."
    return {"title": f"{title}: around the fault", "note": note, "columns": columns, "rows": rows}


def _known(comparison: Json, name: str) -> bool:
    return (comparison["measures"].get(name) or {}).get("mean") is not None


def _cell(value: Json | None, name: str) -> dict[str, str]:
    if not value or value.get("mean") is None:
        return {"text": "–", "small": ""}
    digits = 0 if name == "bin_us" else 1 if name == "hits_per_minute" else 2
    small = ""
    if value.get("low") is not None:
        small = f"{value['low']:.{digits}f} to {value['high']:.{digits}f}"
    return {"text": f"{value['mean']:.{digits}f}".replace("-", "−"), "small": small.replace("-", "−")}
