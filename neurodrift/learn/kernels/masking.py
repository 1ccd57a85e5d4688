"""Compiled masks over unit pairs: twin of `rules.masks`, drawing what it draws and keeping its state."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurodrift.learn.kernels.numeric import compiled
from neurodrift.learn.kernels.philox import uniforms

__all__ = ["MaskTrace", "advance", "present", "restart"]

Array = npt.NDArray[Any]


class MaskTrace(NamedTuple):
    """The masks of a rule, and room to work in; `stored` and `key` view the rule's own trace. No masks: ones, k = N."""

    stored: Array  # (R or 1, N, N), or for units (R, 2, N)
    key: Array  # (R or 1, 2) seed and step
    k: int
    choose: int  # 0 random, 1 largest, 2 smallest, 3 adversarial
    own: bool
    units: bool
    redraw: bool
    chosen: Array  # (N, N), or for units (1, N)
    score: Array  # (N, N), or for units (1, N)
    open: Array  # (N, N)


@compiled
def lowest(score, k, own, chosen):
    """chosen <- 1 at the k lowest of each row, the first of equals first; the diagonal besides where units keep it."""
    chosen[:] = 0
    n = chosen.shape[1]
    for row in range(len(chosen)):
        for _ in range(k):
            best = -1
            for j in range(n):
                if chosen[row, j] == 0 and not (own and j == row):
                    if best < 0 or score[row, j] < score[row, best]:
                        best = j
            chosen[row, best] = 1
        if own:
            chosen[row, row] = 1


@compiled
def draw(masks, key, chosen):
    uniforms(key[0], key[1], masks.score.reshape(-1))
    lowest(masks.score, masks.k, masks.own, chosen)


@compiled
def by_entries(masks, da, db, w, n_inputs):
    """masks.chosen <- pairs (or units) by the entries of the state Jacobian, summed over its K x K blocks."""
    states, gates, n = da.shape
    score, units = masks.score, masks.units
    if units:
        score[:] = 0
    for i in range(n):
        pull = 0.0
        row = masks.open[i]
        for j in range(n):
            total = 0.0
            for k in range(states):
                entry = 0.0
                for g in range(gates):
                    entry += da[k, g, i] * w[g, i, n_inputs + j]
                if i == j:
                    entry += db[k, 0, i]
                    for to in range(1, states):
                        direct = db[k, to, i]
                        total += direct if masks.choose == 3 else direct * direct
                total += entry if masks.choose == 3 else entry * entry
            row[j] = total
            pull += total
        for j in range(n):
            if masks.choose == 3:
                row[j] = row[j] * np.sign(pull)
            else:
                row[j] = math.sqrt(row[j])
        for j in range(n):
            if units:
                score[0, j] += row[j]
            else:
                score[i, j] = row[j]
    if masks.choose == 1:
        for i in range(len(score)):
            for j in range(n):
                score[i, j] = -score[i, j]
    lowest(score, masks.k, masks.own, masks.chosen)


@compiled
def present(masks, da, db, w, n_inputs, r):
    """The mask of this step (N, N)."""
    at = min(r, len(masks.stored) - 1)
    stored, entries = masks.stored[at], masks.choose > 0 and (masks.redraw or masks.key[at, 1] == 0)
    if entries:
        by_entries(masks, da, db, w, n_inputs)
    if not masks.units:
        if entries:
            stored[:] = masks.chosen
        return stored
    if entries:
        stored[1] = masks.chosen[0]
    for i in range(len(masks.open)):
        for j in range(len(masks.open)):
            masks.open[i, j] = stored[0, j] * stored[1, j]
    return masks.open


@compiled
def advance(masks, r):
    """The state for the next step."""
    at = min(r, len(masks.stored) - 1)
    stored, key = masks.stored[at], masks.key[at]
    key[1] += 1
    drawn = masks.redraw and masks.choose == 0
    if masks.units:
        stored[0] = stored[1]
        if drawn:
            draw(masks, key, masks.chosen)
            stored[1] = masks.chosen[0]
    elif drawn:
        draw(masks, key, masks.chosen)
        stored[:] = masks.chosen


@compiled
def restart(masks, r):
    """The state after a reset."""
    at = min(r, len(masks.stored) - 1)
    stored, key = masks.stored[at], masks.key[at]
    key[1] = 0
    if masks.choose > 0:
        stored[:] = 0
    elif masks.redraw:
        draw(masks, key, masks.chosen)
        for row in range(len(stored)):
            stored[row] = masks.chosen[0 if masks.units else row]
