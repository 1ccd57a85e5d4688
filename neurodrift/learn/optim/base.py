"""The contract of an optimizer over replicas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError

__all__ = ["Optimizer", "clip_", "rate"]

State = list[Tensor]


class Optimizer(Protocol):
    """Works in place on tensors whose first axis is replicas; `lr` is one number or one per replica (R,)."""

    name: str
    lr: float | Sequence[float]

    def init(self, params: Sequence[Tensor]) -> State:
        """Fresh state for these parameters."""
        ...

    def update_(self, params: Sequence[Tensor], grads: Sequence[Tensor], state: State) -> None:
        """Moves params and state in place."""
        ...


def rate(lr: float | Sequence[float], like: Tensor) -> Tensor:
    """lr shaped to scale `like` (R, ...) replica by replica."""
    sizes = torch.as_tensor(lr, dtype=like.dtype, device=like.device)
    if sizes.ndim > 1 or (sizes.ndim == 1 and len(sizes) not in (1, len(like))):
        raise NeurodriftError(
            f"lr has shape {tuple(sizes.shape)}; give one number, or one for each of {len(like)} replicas."
        )
    return sizes.reshape(-1, *[1] * (like.ndim - 1)) if sizes.ndim else sizes


def clip_(grads: Sequence[Tensor], norm: float) -> Tensor:
    """Scales grads in place so that each replica's norm over all of them is at most `norm`; the norms before (R,)."""
    total = torch.stack([torch.linalg.vector_norm(g.flatten(1), dim=1) for g in grads]).square().sum(0).sqrt()
    scale = (norm / (total + 1e-6)).clamp(max=1)
    for g in grads:
        g.mul_(scale.reshape(-1, *[1] * (g.ndim - 1)))
    return total
