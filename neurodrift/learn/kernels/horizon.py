"""Compiled rules with a horizon: RTRL to a tolerance, masked RTRL and TBPTT; twins of `rules.horizon`."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurodrift.learn.kernels.carrying import backward, fold, through
from neurodrift.learn.kernels.numeric import compiled, dot, read_range

__all__ = ["Past", "advance", "gather"]

Array = npt.NDArray[Any]


class Past(NamedTuple):
    """The trace of a rule with a horizon of L steps and P probes, and room to work in; it views the rule's own trace."""

    a: Array  # (L, R, K, G, N)
    b: Array  # (L, R, K, K, N)
    z: Array  # (L, R, G, M)
    w_h: Array  # (L, R, G, N, N)
    tangents: Array  # (L, R, P, K, N)
    left: Array  # (R, P, G, N)
    right: Array  # (R, P, G, 8, M)
    seen: Array  # (R,) steps since the reset
    limits: Array  # tol, safety, growth
    q: Array  # (8, G, N) error on the pre-activations, of the lags of a block
    rows: Array  # (8, M) and what was read there
    v: Array  # (2, K, N)


@compiled
def gather(reads, n_inputs, past, gradient, back, r, report):
    """gradient <- that of w for the error back (N,) on the units; the present step is stored, and not counted as seen.

    report: horizon, truncated, grew, rest.
    """
    places, seen = len(past.a), past.seen[r]
    tol, safety, growth = past.limits[0], past.limits[1], past.limits[2]
    v, new = past.v[0], past.v[1]
    v[:] = 0
    v[0] = back
    size = dot(back, back)
    gradient[:] = 0
    probes, flat = past.left.shape[1], gradient.reshape(-1)
    steps, pending, lag = min(seen, places - 1), 0, -1
    rest, grew, stopped = 0.0, False, False
    # The norm of the gradient is at most `norm`, that of its last count, and what lags `added`.
    norm, added = 0.0, 0.0
    while lag < steps:
        at = (seen - 1 - lag) % places
        if lag % 8 == 0:
            fold(reads, n_inputs, gradient, past.q, past.rows, pending, 0)
            pending = 0
            if probes:
                left = 0.0
                for p in range(probes):
                    told = 0.0
                    for k in range(len(v)):
                        told += dot(v[k], past.tangents[at, r, p, k])
                    left += told * told
                rest = safety * math.sqrt(left / probes)
                if rest <= 1.001 * tol * (norm + added):
                    norm, added = math.sqrt(dot(flat, flat)), 0.0
                    stopped = rest <= tol * norm
            large = 0.0
            for k in range(len(v)):
                large += dot(v[k], v[k])
            if not stopped and math.sqrt(large) > growth * math.sqrt(size):
                stopped = grew = True
            if stopped:
                break
        through(v, past.a[at, r], past.q[pending])
        # Gate 0 of each of these cells reads all of [x, h, 1].
        past.rows[pending] = past.z[at, r, 0]
        q, read = past.q[pending].reshape(-1), past.rows[pending]
        added += math.sqrt(dot(q, q) * dot(read, read))
        backward(reads, past.q[pending], past.b[at, r], past.w_h[at, r], v, new)
        v, new = new, v
        pending += 1
        lag += 1
    fold(reads, n_inputs, gradient, past.q, past.rows, pending, 0)
    truncated = not stopped and seen > places - 1
    report[0], report[1], report[2] = lag + 1, truncated, grew
    report[3] = rest if stopped or truncated else 0.0


@compiled
def advance(reads, n_inputs, past, z, r):
    """The probes' tangents move on over the present step, which is stored; z (M,) is what it read."""
    places, seen = len(past.a), past.seen[r]
    at, before = seen % places, (seen - 1) % places
    a, b, w_h = past.a[at, r], past.b[at, r], past.w_h[at, r]
    states, gates, n = a.shape
    m, classes = len(z), past.right.shape[3]
    drawn, h = np.empty(classes, z.dtype), np.empty(n, z.dtype)
    for p in range(past.left.shape[1]):
        y, new = past.tangents[before, r, p], past.tangents[at, r, p]
        if seen == 0:
            y[:] = 0
        # With a single place the tangent is overwritten by the next: keep what is read.
        h[:] = y[0]
        moved = np.zeros((states, n), z.dtype)
        for k in range(states):
            for to in range(states):
                for i in range(n):
                    moved[k, i] += b[k, to, i] * y[to, i]
        for g in range(gates):
            lo, hi, apart = read_range(reads[g], n_inputs, m)
            for q in range(classes):
                drawn[q] = dot(past.right[r, p, g, q, lo:hi], z[lo:hi])
                if apart:
                    drawn[q] += past.right[r, p, g, q, m - 1]
            for i in range(n):
                total = past.left[r, p, g, i] * drawn[i % classes]
                if reads[g] != 1:
                    total += dot(w_h[g, i], h)
                for k in range(states):
                    moved[k, i] += a[k, g, i] * total
        new[:] = moved
    past.seen[r] = seen + 1
