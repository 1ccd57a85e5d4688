"""Many arrays in one argument: passing forty of them from Python costs more than learning from a bin with 64 units.

A box is an int64 array with one row an array: its address and its shape. Kernels look at the same memory through `view1` to
`view5`. Whoever makes a box keeps the arrays alive, and makes it anew when one of them is replaced.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import carray  # type: ignore[attr-defined]
from numba.core import cgutils, types
from numba.extending import intrinsic

from neurodrift.learn.kernels.numeric import compiled

__all__ = ["box_of", "counts1", "counts2", "reals1", "view1", "view2", "view3", "view4", "view5"]

Array = npt.NDArray[Any]
_DIMENSIONS = 5


def box_of(arrays: Iterable[Array]) -> Array:
    """(number of arrays, 1 + 5): address and shape of each, which must be whole and in C order."""
    rows = []
    for a in arrays:
        if not a.flags.c_contiguous:
            raise ValueError(f"an array of shape {a.shape} is not in C order")
        rows.append([a.ctypes.data, *a.shape, *[0] * (_DIMENSIONS - a.ndim)])
    return np.array(rows, np.int64)


def _to_pointer(typing: Any, address: Any) -> Any:
    def made(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], cgutils.voidptr_t)

    return types.voidptr(address), made


_pointer: Any = intrinsic(_to_pointer)


@compiled
def view1(row, like):
    return carray(_pointer(row[0]), (row[1],), like.dtype)


@compiled
def view2(row, like):
    return carray(_pointer(row[0]), (row[1], row[2]), like.dtype)


@compiled
def view3(row, like):
    return carray(_pointer(row[0]), (row[1], row[2], row[3]), like.dtype)


@compiled
def view4(row, like):
    return carray(_pointer(row[0]), (row[1], row[2], row[3], row[4]), like.dtype)


@compiled
def view5(row, like):
    return carray(_pointer(row[0]), (row[1], row[2], row[3], row[4], row[5]), like.dtype)


@compiled
def counts1(row):
    return carray(_pointer(row[0]), (row[1],), np.int64)


@compiled
def counts2(row):
    return carray(_pointer(row[0]), (row[1], row[2]), np.int64)


@compiled
def reals1(row):
    return carray(_pointer(row[0]), (row[1],), np.float64)
