"""Carrying an error back through a stored step, and what it leaves in the gradient; twins of `Step`."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from neurodrift.learn.kernels.numeric import compiled, read_range

__all__ = ["backward", "fold", "through"]


@compiled
def backward(reads, q, b, w_h, v, new):
    """new <- v'D (K, N): the direct part of v (K, N), and q = v'A (G, N) through the recurrent weights."""
    states, n = v.shape
    for to in range(states):
        for i in range(n):
            total = v[0, i] * b[0, to, i]
            for k in range(1, states):
                total += v[k, i] * b[k, to, i]
            new[to, i] = total
    row = new[0]
    fours = n // 4 * 4
    for g in range(len(reads)):
        if reads[g] != 1:
            for i in range(0, fours, 4):
                q0, q1, q2, q3 = q[g, i], q[g, i + 1], q[g, i + 2], q[g, i + 3]
                r0, r1, r2, r3 = w_h[g, i], w_h[g, i + 1], w_h[g, i + 2], w_h[g, i + 3]
                for j in range(n):
                    row[j] += (q0 * r0[j] + q1 * r1[j]) + (q2 * r2[j] + q3 * r3[j])
            for i in range(fours, n):
                only, q0 = w_h[g, i], q[g, i]
                for j in range(n):
                    row[j] += q0 * only[j]


@compiled
def through(v, a, q):
    """q <- v'A: (K, N), (K, G, N) -> (G, N)."""
    states, gates, n = a.shape
    for g in range(gates):
        for i in range(n):
            total = v[0, i] * a[0, g, i]
            for k in range(1, states):
                total += v[k, i] * a[k, g, i]
            q[g, i] = total


@compiled
def fold(reads, n_inputs, gradient, q, rows, count, begin):
    """gradient += sum over the first `count` lags of q z', of units from `begin` of all gates; four lags at a time,
    for that many rows fit the registers."""
    gates, n, m = gradient.shape
    for first in range(0, count, 4):
        for lag in range(count, first + 4):
            q[lag] = 0
            rows[lag] = 0
        for g in range(gates):
            lo, hi, apart = read_range(reads[g], n_inputs, m)
            z0, z1 = rows[first, lo:hi], rows[first + 1, lo:hi]
            z2, z3 = rows[first + 2, lo:hi], rows[first + 3, lo:hi]
            for i in range(max(0, begin - g * n), n):
                q0, q1, q2, q3 = q[first, g, i], q[first + 1, g, i], q[first + 2, g, i], q[first + 3, g, i]
                row = gradient[g, i, lo:hi]
                for j in range(len(row)):
                    row[j] += (q0 * z0[j] + q1 * z1[j]) + (q2 * z2[j] + q3 * z3[j])
                if apart:
                    gradient[g, i, m - 1] += q0 + q1 + q2 + q3
