"""Counter-based random numbers, as `rules.drawing.generators` gives them: numpy's Philox, compiled.

Reference: Salmon et al. 2011, doi:10.1145/2063384.2063405 (Philox 4 x 64, 10 rounds).
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np

from neurodrift.learn.kernels.numeric import compiled

__all__ = ["uniforms"]

_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_DROPPED = np.uint64(11)


@compiled
def high(a, b):
    """The upper 64 bits of the product of two 64-bit numbers."""
    a0, a1, b0, b1 = a & _LOW, a >> _HALF, b & _LOW, b >> _HALF
    middle = a1 * b0 + ((a0 * b0) >> _HALF)
    other = a0 * b1 + (middle & _LOW)
    return a1 * b1 + (middle >> _HALF) + (other >> _HALF)


@compiled
def uniforms(seed, step, out):
    """out <- uniform numbers in [0, 1), as Generator(Philox(key=seed, counter=[0, 0, step, 0])).random fills it."""
    block = np.uint64(0)
    for begin in range(0, len(out), 4):
        # numpy counts before it draws.
        block += np.uint64(1)
        c0, c1, c2, c3 = block, np.uint64(0), np.uint64(step), np.uint64(0)
        k0, k1 = np.uint64(seed), np.uint64(0)
        for _ in range(10):
            c0, c1, c2, c3 = high(_M1, c2) ^ c1 ^ k0, _M1 * c2, high(_M0, c0) ^ c3 ^ k1, _M0 * c0
            k0, k1 = k0 + _W0, k1 + _W1
        for j in range(begin, min(begin + 4, len(out))):
            word = c0
            if j == begin + 1:
                word = c1
            elif j == begin + 2:
                word = c2
            elif j == begin + 3:
                word = c3
            out[j] = (word >> _DROPPED) * (1.0 / 9007199254740992.0)
