"""What the sets of FALCON share whose units are the same channels on every day."""

from __future__ import annotations

from neurodrift.data.facts import Facts

__all__ = ["UNITS"]

UNITS = Facts(pool="unit", same_units=True, bins=True, closed="left", mask=("eval_mask",))
