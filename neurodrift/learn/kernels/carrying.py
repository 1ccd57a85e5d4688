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
        row, u, direct = new[to], v[0], b[0, to]
        for i in range(n):
            row[i] = u[i] * direct[i]
        for k in range(1, states):
            u, direct = v[k], b[k, to]
            for i in range(n):
                row[i] += u[i] * direct[i]
    row = new[0]
    eights = n // 8 * 8
    for g in range(len(reads)):
        if reads[g] != 1:
            for i in range(0, eights, 8):
                q0, q1, q2, q3 = q[g, i], q[g, i + 1], q[g, i + 2], q[g, i + 3]
                q4, q5, q6, q7 = q[g, i + 4], q[g, i + 5], q[g, i + 6], q[g, i + 7]
                r0, r1, r2, r3 = w_h[g, i], w_h[g, i + 1], w_h[g, i + 2], w_h[g, i + 3]
                r4, r5, r6, r7 = w_h[g, i + 4], w_h[g, i + 5], w_h[g, i + 6], w_h[g, i + 7]
                for j in range(n):
                    first = (q0 * r0[j] + q1 * r1[j]) + (q2 * r2[j] + q3 * r3[j])
                    row[j] += first + ((q4 * r4[j] + q5 * r5[j]) + (q6 * r6[j] + q7 * r7[j]))
            for i in range(eights, n):
                only, q0 = w_h[g, i], q[g, i]
                for j in range(n):
                    row[j] += q0 * only[j]


@compiled
def through(v, a, q):
    """q <- v'A: (K, N), (K, G, N) -> (G, N)."""
    states, gates, n = a.shape
    for g in range(gates):
        row, u, slope = q[g], v[0], a[0, g]
        for i in range(n):
            row[i] = u[i] * slope[i]
        for k in range(1, states):
            u, slope = v[k], a[k, g]
            for i in range(n):
                row[i] += u[i] * slope[i]


@compiled
def fold(reads, n_inputs, gradient, q, rows, count, begin):
    """gradient += sum over the first `count` lags, at most 8, of q z', of units from `begin` of all gates."""
    if count == 0:
        return
    gates, n, m = gradient.shape
    width = 4 if count <= 4 else 8
    for lag in range(count, width):
        q[lag] = 0
        rows[lag] = 0
    for g in range(gates):
        lo, hi, apart = read_range(reads[g], n_inputs, m)
        z0, z1, z2, z3 = rows[0, lo:hi], rows[1, lo:hi], rows[2, lo:hi], rows[3, lo:hi]
        z4, z5, z6, z7 = rows[4, lo:hi], rows[5, lo:hi], rows[6, lo:hi], rows[7, lo:hi]
        for i in range(max(0, begin - g * n), n):
            q0, q1, q2, q3 = q[0, g, i], q[1, g, i], q[2, g, i], q[3, g, i]
            row = gradient[g, i, lo:hi]
            if width == 4:
                for j in range(len(row)):
                    row[j] += (q0 * z0[j] + q1 * z1[j]) + (q2 * z2[j] + q3 * z3[j])
                if apart:
                    gradient[g, i, m - 1] += q0 + q1 + q2 + q3
            else:
                q4, q5, q6, q7 = q[4, g, i], q[5, g, i], q[6, g, i], q[7, g, i]
                for j in range(len(row)):
                    first = (q0 * z0[j] + q1 * z1[j]) + (q2 * z2[j] + q3 * z3[j])
                    row[j] += first + ((q4 * z4[j] + q5 * z5[j]) + (q6 * z6[j] + q7 * z7[j]))
                if apart:
                    gradient[g, i, m - 1] += ((q0 + q1) + (q2 + q3)) + ((q4 + q5) + (q6 + q7))
