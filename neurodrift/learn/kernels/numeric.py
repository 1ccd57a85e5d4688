"""Small compiled pieces: dot products, cells, optimizers. One replica at a time; arrays float32 or float64."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from typing import Any

import numba

__all__ = [
    "ADAM",
    "GRU",
    "LSTM",
    "RMSPROP",
    "RNN",
    "SGD",
    "advance",
    "affine",
    "compiled",
    "dot",
    "move",
    "read_range",
]

RNN, GRU, LSTM = 0, 1, 2
SGD, RMSPROP, ADAM = 0, 1, 2


def compiled(function: Any) -> Any:
    """Compiled on first use and kept on disk. Sums may be reordered, so that they vectorise; NaN stays NaN."""
    flags = {"reassoc", "contract", "nsz", "arcp"}
    return numba.njit(cache=True, fastmath=flags, error_model="numpy")(function)


@compiled
def dot(a, b):
    total = a.dtype.type(0)
    for j in range(len(a)):
        total += a[j] * b[j]
    return total


@compiled
def read_range(reads, n_inputs, m):
    """First column, last column and whether the constant stands apart, of a gate that reads 0 "xh", 1 "x", 2 "h"."""
    if reads == 1:
        return 0, n_inputs, True
    if reads == 2:
        return n_inputs, m, False
    return 0, m, False


@compiled
def affine(w, z, reads, n_inputs, a):
    """a[g, i] = W[g, i] z[g], of what each gate reads."""
    gates, n, m = w.shape
    for g in range(gates):
        lo, hi, apart = read_range(reads[g], n_inputs, m)
        read = z[lo:hi]
        fours = n // 4 * 4
        # Four rows share what they read.
        for i in range(0, fours, 4):
            w0, w1, w2, w3 = w[g, i, lo:hi], w[g, i + 1, lo:hi], w[g, i + 2, lo:hi], w[g, i + 3, lo:hi]
            t0 = t1 = t2 = t3 = z.dtype.type(0)
            for j in range(len(read)):
                t0 += w0[j] * read[j]
                t1 += w1[j] * read[j]
                t2 += w2[j] * read[j]
                t3 += w3[j] * read[j]
            a[g, i], a[g, i + 1], a[g, i + 2], a[g, i + 3] = t0, t1, t2, t3
        for i in range(fours, n):
            a[g, i] = dot(w[g, i, lo:hi], read)
        if apart:
            for i in range(n):
                a[g, i] += w[g, i, m - 1]


@compiled
def advance(cell, a, s, slope):
    """New state in the place of the old s (K, N), and slope (G, N): dh'/da."""
    one = s.dtype.type(1)
    n = s.shape[1]
    if cell == 0:
        for i in range(n):
            h = math.tanh(a[0, i])
            slope[0, i] = one - h * h
            s[0, i] = h
    elif cell == 1:
        for i in range(n):
            r = one / (one + math.exp(-a[0, i]))
            u = one / (one + math.exp(-a[1, i]))
            c = math.tanh(a[2, i] + r * a[3, i])
            h = s[0, i]
            dc = (one - u) * (one - c * c)
            slope[0, i] = dc * a[3, i] * r * (one - r)
            slope[1, i] = (h - c) * u * (one - u)
            slope[2, i] = dc
            slope[3, i] = dc * r
            s[0, i] = c + u * (h - c)
    else:
        for i in range(n):
            p = one / (one + math.exp(-a[0, i]))
            f = one / (one + math.exp(-a[1, i]))
            c = math.tanh(a[2, i])
            o = one / (one + math.exp(-a[3, i]))
            m = f * s[1, i] + p * c
            q = math.tanh(m)
            d = o * (one - q * q)
            slope[0, i] = d * c * p * (one - p)
            slope[1, i] = d * s[1, i] * f * (one - f)
            slope[2, i] = d * p * (one - c * c)
            slope[3, i] = q * o * (one - o)
            s[0, i] = o * q
            s[1, i] = m


@compiled
def move(optimizer, w, lo, hi, sizes, scale, z, first, square, mean, average, keep, rate, hyper):
    """Columns lo to hi of weights w (N, M) along the gradient scale * sizes[i] * z; all rows in one call.

    z (1 or N, .) from its column `first` on: one row for all, or one for each.
    hyper: beta1, beta2, eps, 1/sqrt(1 - beta2^t), 1/(1 - beta1^t), 1 - beta1, 1 - beta2.
    `average` moves by `keep` of what separates it from the new weights; keep = 0 leaves it.
    """
    n = hi - lo
    b2, eps, correct, rest = hyper[1], hyper[2], hyper[3], hyper[6]
    rest1, scaled = hyper[5], rate * hyper[4]
    for i in range(len(w)):
        grad, row, read = sizes[i] * scale, w[i, lo:hi], z[min(i, len(z) - 1), first : first + n]
        if optimizer == 0:
            step = rate * grad
            for j in range(n):
                row[j] -= step * read[j]
        elif optimizer == 1:
            squares = square[i, lo:hi]
            for j in range(n):
                g = grad * read[j]
                v = b2 * squares[j] + rest * g * g
                squares[j] = v
                row[j] -= rate * g / (math.sqrt(v) * correct + eps)
        else:
            squares, means = square[i, lo:hi], mean[i, lo:hi]
            for j in range(n):
                g = grad * read[j]
                v = b2 * squares[j] + rest * g * g
                squares[j] = v
                m = means[j] + rest1 * (g - means[j])
                means[j] = m
                row[j] -= scaled * m / (math.sqrt(v) * correct + eps)
        if keep > 0:
            kept = average[i, lo:hi]
            for j in range(n):
                kept[j] += keep * (row[j] - kept[j])
