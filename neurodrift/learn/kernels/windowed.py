"""Compiled RTRL in windows, masked or not; twin of `rules.windowed`."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurodrift.learn.kernels.carrying import backward, fold, through
from neurodrift.learn.kernels.numeric import compiled, read_range

__all__ = ["Window", "advance", "gather"]

Array = npt.NDArray[Any]


class Window(NamedTuple):
    """The trace of a rule with windows of L steps, and room to work in; it views the rule's own trace."""

    a: Array  # (2 L, R, K, G, N)
    b: Array  # (2 L, R, K, K, N)
    z: Array  # (2 L, R, G, M)
    w_h: Array  # (2 L, R, G, N, N)
    products: Array  # (L + 1, R, KN, KN)
    p: Array  # (R, GN, KN, M)
    seen: Array  # (R,)
    q: Array  # (8, G, N)
    rows: Array  # (8, M)
    v: Array  # (2, K, N)
    d: Array  # (KN, KN)
    left: Array  # (KN, KN + L)
    right: Array  # (KN + L, M)


@compiled
def multiplied(length, share):
    return min(length, -(-length * share // -(-length // 4)))


@compiled
def folded(length, share, blocks):
    begin = -(-length // 4)
    return max(0, blocks * (share - begin) // (length - begin))


@compiled
def carry(reads, n_inputs, window, gradient, r, first, lags, begin, v, new):
    """Carries v back over `lags` steps from number `first`, adding to units from `begin` of all gates; returns v, new."""
    pending = 0
    for number in range(first, first - lags, -1):
        at = number % len(window.a)
        through(v, window.a[at, r], window.q[pending])
        # Gate 0 of each of these cells reads all of [x, h, 1].
        window.rows[pending] = window.z[at, r, 0]
        backward(reads, window.q[pending], window.b[at, r], window.w_h[at, r], v, new)
        v, new = new, v
        pending += 1
        if pending == 8:
            fold(reads, n_inputs, gradient, window.q, window.rows, pending, begin)
            pending = 0
    fold(reads, n_inputs, gradient, window.q, window.rows, pending, begin)
    return v, new


@compiled
def meet(reads, n_inputs, window, gradient, r, begin, end, v):
    """gradient += v'P, of units `begin` to `end` of all gates."""
    n, m = gradient.shape[1:]
    flat = v.reshape(-1)
    fours = len(flat) // 4 * 4
    for block in range(begin, end):
        g = block // n
        lo, hi, apart = read_range(reads[g], n_inputs, m)
        p, row = window.p[r, block], gradient[g, block % n, lo:hi]
        for k in range(0, fours, 4):
            v0, v1, v2, v3 = flat[k], flat[k + 1], flat[k + 2], flat[k + 3]
            p0, p1, p2, p3 = p[k, lo:hi], p[k + 1, lo:hi], p[k + 2, lo:hi], p[k + 3, lo:hi]
            for j in range(len(row)):
                row[j] += (v0 * p0[j] + v1 * p1[j]) + (v2 * p2[j] + v3 * p3[j])
        for k in range(fours, len(flat)):
            v0, p0 = flat[k], p[k, lo:hi]
            for j in range(len(row)):
                row[j] += v0 * p0[j]
        if apart:
            for k in range(len(flat)):
                gradient[g, block % n, m - 1] += flat[k] * p[k, m - 1]


@compiled
def gather(reads, n_inputs, window, gradient, back, r):
    """gradient <- that of w for the error back (N,) on the units; the present step is stored, and not counted as seen."""
    length, seen, blocks = len(window.a) // 2, window.seen[r], window.p.shape[1]
    fresh = seen % length
    v, new = window.v[0], window.v[1]
    v[:] = 0
    v[0] = back
    gradient[:] = 0
    v, new = carry(reads, n_inputs, window, gradient, r, seen, fresh + 1, 0, v, new)
    if seen >= length:
        done = folded(length, fresh, blocks)
        meet(reads, n_inputs, window, gradient, r, 0, done, v)
        if done < blocks:
            v, new = carry(reads, n_inputs, window, gradient, r, seen - fresh - 1, length, done, v, new)
            meet(reads, n_inputs, window, gradient, r, done, blocks, v)


@compiled
def advance(reads, window, r):
    """This step's share in moving P over the last whole window."""
    places, seen, blocks, size = len(window.a), window.seen[r], window.p.shape[1], len(window.d)
    states, gates, n = window.a.shape[2:]
    length = places // 2
    share = seen % length
    last, d, left, right = seen - share - 1, window.d, window.left, window.right
    window.seen[r] = seen + 1
    if seen < length:
        return
    for lag in range(multiplied(length, share), multiplied(length, share + 1)):
        at = (last - lag) % places
        d[:] = 0
        for k in range(states):
            for i in range(n):
                row = d[k * n + i, :n]
                for g in range(gates):
                    if reads[g] != 1:
                        a, weights = window.a[at, r, k, g, i], window.w_h[at, r, g, i]
                        for j in range(n):
                            row[j] += a * weights[j]
                for to in range(states):
                    d[k * n + i, to * n + i] += window.b[at, r, k, to, i]
        np.dot(window.products[lag, r], d, window.products[lag + 1, r])
    first, end = folded(length, share, blocks), folded(length, share + 1, blocks)
    if first < end:
        left[:, :size] = window.products[length, r]
    for block in range(first, end):
        g, i = block // n, block % n
        right[:size] = window.p[r, block]
        for lag in range(length):
            at = (last - lag) % places
            right[size + lag] = window.z[at, r, g]
            for row in range(size):
                total = window.products[lag, r, row, i] * window.a[at, r, 0, g, i]
                for k in range(1, states):
                    total += window.products[lag, r, row, k * n + i] * window.a[at, r, k, g, i]
                left[row, size + lag] = total
        np.dot(left, right, window.p[r, block])
