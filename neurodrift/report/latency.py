"""What `neurodrift latency` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["latency_lines"]


def latency_lines(found: Mapping[str, Any]) -> list[str]:
    """A result of `evaluation.latency.latency` in lines of text."""
    made = found["decoder"]
    lines = [
        f"{made['cell']}, {made['units']} units, {made['inputs']} channels, {made['axes']} axes; {made['rule']} with "
        f"{made['optimizer']}, {made['engine']} engine; {'trained weights' if made['trained'] else 'untrained'}",
        f"{found['bins']} bins, each with a label, one thread. Microseconds:",
        f"  {'':<20}{'median':>10}{'99 %':>10}{'99.9 %':>10}{'slowest':>10}",
    ]
    for name, key in (("predict", "predict"), ("update", "update"), ("predict and update", "both")):
        lines.append(f"  {name:<20}" + "".join(f"{v:>10.0f}" for v in found[key].values()))
    missed = ", ".join(f"{n} over {limit}" for limit, n in found["missed"].items())
    lines.append(f"Bins that took too long: {missed}.")
    best = found["largest"]
    if best is None:
        return lines
    said = f"in a bin of {best['bin_ms']:g} ms (its 99.9 % times {best['safety']:g} fits; untrained networks"
    said += ", the rule at its longest horizon)" if best["longest_horizon"] else ")"
    if best["units"] is None:
        lines.append(f"Not even {best['tried'][0]['units']} units fit {said}.")
    elif best["beyond_the_ladder"]:
        lines.append(f"{best['units']} units, the most that were tried, fit {said}.")
    else:
        limit = "memory" if any(t["why"] == "memory" for t in best["tried"]) else "time"
        lines.append(f"At most {best['units']} units fit {said}. The limit is {limit}.")
    return lines
