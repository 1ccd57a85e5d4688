"""The contract of a decoder: fitted offline, then one bin at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from neurodrift.data.session import Session

__all__ = ["Decoder", "Floats"]

Floats = npt.NDArray[np.floating[Any]]


class Decoder(Protocol):
    """`predict` before `update`: a decoder cannot see a label, or a count, before it has answered."""

    def fit(self, sessions: Sequence[Session]) -> Decoder:
        """Offline, on whole sessions; returns itself."""
        ...

    def reset(self) -> None:
        """Forget state, trace and waiting labels; weights and optimizer are kept."""
        ...

    def predict(self, x: Floats) -> Floats:
        """One bin of counts, (C,) -> (D,), or (R, C) -> (R, D)."""
        ...

    def update(self, target: Floats | None, lag: int = 0) -> None:
        """The label of the prediction made `lag` bins ago; NaN or None is no label."""
        ...
