"""Derivatives of one step of rnn, gru and lstm, in closed form; twins of the cells' `jacobians`."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math

from neurodrift.learn.kernels.numeric import compiled

__all__ = ["jacobians"]


@compiled
def jacobians(cell, a, s, da, db):
    """ds'/da (K, G, N) and the direct ds'/ds (K, K, N), from pre-activations a (G, N) and the old state s (K, N)."""
    one = s.dtype.type(1)
    for i in range(s.shape[1]):
        if cell == 0:
            h = math.tanh(a[0, i])
            da[0, 0, i] = one - h * h
            db[0, 0, i] = 0
        elif cell == 1:
            r = one / (one + math.exp(-a[0, i]))
            u = one / (one + math.exp(-a[1, i]))
            c = math.tanh(a[2, i] + r * a[3, i])
            dc = (one - u) * (one - c * c)
            da[0, 0, i] = dc * a[3, i] * r * (one - r)
            da[0, 1, i] = (s[0, i] - c) * u * (one - u)
            da[0, 2, i] = dc
            da[0, 3, i] = dc * r
            db[0, 0, i] = u
        else:
            p = one / (one + math.exp(-a[0, i]))
            f = one / (one + math.exp(-a[1, i]))
            c = math.tanh(a[2, i])
            o = one / (one + math.exp(-a[3, i]))
            q = math.tanh(f * s[1, i] + p * c)
            slope = o * (one - q * q)
            da[1, 0, i] = c * p * (one - p)
            da[1, 1, i] = s[1, i] * f * (one - f)
            da[1, 2, i] = p * (one - c * c)
            da[1, 3, i] = 0
            da[0, 0, i] = slope * da[1, 0, i]
            da[0, 1, i] = slope * da[1, 1, i]
            da[0, 2, i] = slope * da[1, 2, i]
            da[0, 3, i] = q * o * (one - o)
            db[0, 0, i] = 0
            db[1, 0, i] = 0
            db[0, 1, i] = slope * f
            db[1, 1, i] = f
