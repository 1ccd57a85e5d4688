"""Blocks of time: disjoint, in order, with gaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neurodrift.data.session import Session
from neurodrift.errors import NeurodriftError

__all__ = ["Split", "blocks", "split_session"]


@dataclass(frozen=True, eq=False)
class Split:
    """Masks (T,) over the bins of a test session: each bin in exactly one of the three, in this order."""

    adapt: npt.NDArray[np.bool_]
    gap: npt.NDArray[np.bool_]
    heldout: npt.NDArray[np.bool_]


def split_session(session: Session, adapt: float = 0.6, gap: float = 1.0) -> Split:
    """The first `adapt` of the bins adapt, less those in their last `gap` seconds; the rest is held out.

    Raises:
        NeurodriftError: a fraction outside (0, 1), a negative gap, or a block without bins.
    """
    if not 0 < adapt < 1:
        raise NeurodriftError(f"{session}: split adapt is {adapt}; it must lie between 0 and 1, such as 0.6.")
    if not 0 <= gap < np.inf:
        raise NeurodriftError(
            f"{session}: split gap is {gap} s; it must be zero or more seconds, such as 1.0."
        )
    bins = np.arange(len(session))
    n = int(adapt * len(session) + 1e-9)
    first = bins < n
    dropped = first & (session.times > session.times[n - 1] - gap) if n else first
    split = Split(adapt=first & ~dropped, gap=dropped, heldout=bins >= n)
    for name, mask in (("adaptation", split.adapt), ("held-out", split.heldout)):
        if not mask.any():
            raise NeurodriftError(
                f"{session}: {len(session)} bins leave no {name} block (adapt {adapt}, gap {gap} s). "
                f"Use a longer recording, a looser trial filter, or another split."
            )
    return split


def blocks(n: int, fractions: Sequence[float]) -> list[slice]:
    """Consecutive slices of `n` bins with the shares `fractions`; shares that sum to 1 leave nothing over.

    >>> blocks(10, (0.6, 0.2, 0.2))
    [slice(0, 6, None), slice(6, 8, None), slice(8, 10, None)]
    """
    ends = np.cumsum(fractions)
    if not len(ends) or min(fractions) <= 0 or ends[-1] > 1 + 1e-9:
        raise NeurodriftError(f"blocks: the shares {tuple(fractions)} must be positive and sum to at most 1.")
    stops = [int(end * n + 1e-9) for end in ends]
    return [slice(begin, end) for begin, end in zip([0, *stops[:-1]], stops, strict=True)]
