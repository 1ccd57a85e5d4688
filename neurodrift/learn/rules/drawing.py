"""Random draws of replicas: each from its own seed and step, so that alone it draws what it draws in a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

__all__ = ["generators", "keys", "next_keys", "signs"]


def keys(seeds: Sequence[int]) -> Tensor:
    """(R, 2) whole numbers: seed and step. A trace holds them, so a copied trace draws the same again."""
    return torch.tensor([[int(seed), 0] for seed in seeds], dtype=torch.int64)


def next_keys(key: Tensor) -> Tensor:
    """The keys of the next step."""
    return key + key.new_tensor([0, 1])


def generators(key: Tensor) -> Iterator[np.random.Generator]:
    """A generator for each replica at this step, counter-based: nothing but the key decides what it draws.

    References:
        Philox: Salmon et al. 2011, doi:10.1145/2063384.2063405.
    """
    for seed, step in key.tolist():
        # The counter's low words count within a step.
        yield np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, step, 0]))


def signs(key: Tensor, shape: Sequence[int], like: Tensor) -> Tensor:
    """Independent signs -1 and 1, each with probability a half: (R, *shape)."""
    drawn = [rng.integers(0, 2, size=tuple(shape), dtype=np.int8) for rng in generators(key)]
    return like.new_tensor(np.stack(drawn)) * 2 - 1
