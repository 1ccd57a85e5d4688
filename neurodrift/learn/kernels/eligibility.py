"""Compiled eligibility traces: `DecayTrace`, `EProp` and `SnAp1`, which differ in the K x K block a unit keeps."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt

from neurodrift.learn.kernels.numeric import compiled, read_range

__all__ = ["DECAY", "EPROP", "SNAP1", "Eligibility", "advance"]

Array = npt.NDArray[Any]
DECAY, EPROP, SNAP1 = 0, 1, 2


class Eligibility(NamedTuple):
    """The rule's own trace, which block it keeps, and room for the blocks."""

    e: Array  # (R, K, G, N, M)
    kind: int
    decay: float
    blocks: Array  # (K, K, N)


@compiled
def keep(reads, n_inputs, trace, da, db, w):
    """trace.blocks <- what each unit keeps of its trace: new state, old state, unit."""
    blocks = trace.blocks
    states, _, n = blocks.shape
    if trace.kind == 0:
        blocks[:] = 0
        for k in range(states):
            blocks[k, k] = trace.decay
    else:
        blocks[:] = db
    if trace.kind == 2:
        for g in range(len(reads)):
            if reads[g] != 1:
                for k in range(states):
                    for i in range(n):
                        blocks[k, 0, i] += da[k, g, i] * w[g, i, n_inputs + i]


@compiled
def advance(reads, n_inputs, trace, da, db, z, w, r):
    """E <- block E + A z, of one replica, where gates read."""
    keep(reads, n_inputs, trace, da, db, w)
    e, blocks = trace.e[r], trace.blocks
    states, gates, n, m = e.shape
    for g in range(gates):
        lo, hi, apart = read_range(reads[g], n_inputs, m)
        read = z[lo:hi]
        for i in range(n):
            first, d, a = e[0, g, i, lo:hi], blocks[0, 0, i], da[0, g, i]
            if states == 1:
                for j in range(len(read)):
                    first[j] = d * first[j] + a * read[j]
                if apart:
                    e[0, g, i, m - 1] = d * e[0, g, i, m - 1] + a
            else:
                second, d01, d10, d11 = e[1, g, i, lo:hi], blocks[0, 1, i], blocks[1, 0, i], blocks[1, 1, i]
                a1 = da[1, g, i]
                for j in range(len(read)):
                    e0, e1 = first[j], second[j]
                    first[j] = (d * e0 + d01 * e1) + a * read[j]
                    second[j] = (d10 * e0 + d11 * e1) + a1 * read[j]
                if apart:
                    e0, e1 = e[0, g, i, m - 1], e[1, g, i, m - 1]
                    e[0, g, i, m - 1] = (d * e0 + d01 * e1) + a
                    e[1, g, i, m - 1] = (d10 * e0 + d11 * e1) + a1
