"""A small causal transformer, many replicas side by side, whose gradient reaches past tokens through chosen heads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

__all__ = ["Net", "Shape", "forward", "gate_of", "new_weights", "window_length"]


class Shape(NamedTuple):
    """Sizes of a transformer: width E, heads H of E / H numbers, layers, tokens a head looks at (the present one too)."""

    width: int
    heads: int
    layers: int
    context: int
    inputs: int = 1
    outputs: int = 1
    hidden: int = 2  # width of the two-layer network, in widths


Net = dict[str, Tensor]
"""Weights by name, every tensor with the replicas R first."""


def window_length(shape: Shape) -> int:
    """Tokens that the last token's prediction depends on: each layer looks `context` - 1 tokens further back."""
    return shape.layers * (shape.context - 1) + 1


def new_weights(shape: Shape, seeds: Sequence[int], dtype: torch.dtype = torch.float32) -> Net:
    """Fresh weights, each replica from its own seed: normal, variance 1 / fan-in; attention biases and readout 0."""
    e, wide = shape.width, shape.width * shape.hidden
    sizes = {"in": (shape.inputs, e)}
    for i in range(shape.layers):
        sizes |= {f"qkv{i}": (e, 3 * e), f"mix{i}": (e, e), f"up{i}": (e, wide), f"down{i}": (wide, e)}
    drawn: dict[str, list[Tensor]] = {name: [] for name in sizes}
    for seed in seeds:
        rng = np.random.default_rng([seed, e, shape.heads])
        for name, size in sizes.items():
            drawn[name].append(torch.as_tensor(rng.normal(size=size) * size[0] ** -0.5, dtype=dtype))
    net = {name: torch.stack(values) for name, values in drawn.items()}
    r = len(seeds)
    net["b_in"] = torch.zeros(r, 1, e, dtype=dtype)
    net["out"] = torch.zeros(r, e, shape.outputs, dtype=dtype)
    net["b_out"] = torch.zeros(r, 1, shape.outputs, dtype=dtype)
    for i in range(shape.layers):
        net[f"lag{i}"] = torch.zeros(r, shape.heads, shape.context, dtype=dtype)
        net[f"b_up{i}"] = torch.zeros(r, 1, wide, dtype=dtype)
        net[f"b_down{i}"] = torch.zeros(r, 1, e, dtype=dtype)
    return net


def gate_of(shape: Shape, open_heads: Sequence[int], seeds: Sequence[int]) -> Tensor:
    """(R, layers, H) of 1 for the heads that carry gradient to the past: `open_heads` of them in each layer, at random.

    A replica's choices are nested: with the same seed, the three open heads are among the six.
    """
    gate = torch.zeros(len(seeds), shape.layers, shape.heads)
    for r, (count, seed) in enumerate(zip(open_heads, seeds, strict=True)):
        rng = np.random.default_rng([seed, 7])
        for i in range(shape.layers):
            gate[r, i, torch.as_tensor(rng.permutation(shape.heads)[:count].copy())] = 1
    return gate


def forward(
    net: Net,
    shape: Shape,
    x: Tensor,
    gate: Tensor | None = None,
    ablate: Tensor | None = None,
    seen: list[Tensor] | None = None,
) -> Tensor:
    """Predictions (R, B, T, D) of tokens x (R, B, T, C), each from itself and `context` - 1 tokens before it a layer.

    The gradient reaches past tokens through the keys and values of the heads where gate (R, layers, H) is 1; keys
    and values of other heads are detached wherever a later token reads them, and kept where their own token does. A
    gate of ones, or none, is autograd's full gradient; of zeros, the gradient with a detached cache. Values are the same
    under every gate.

    Args:
        ablate: (R, layers, H), 1 for heads whose output is left out. seen: takes each layer's attention
            (R, B, H, T, T), reading token and read token.
    """
    r, b, t, _ = x.shape
    h, d = shape.heads, shape.width // shape.heads
    lag = torch.arange(t)[:, None] - torch.arange(t)[None]
    out_of_sight = (lag < 0) | (lag >= shape.context)
    now = torch.eye(t, dtype=torch.bool)
    hidden = _affine(x, net["in"], net["b_in"])
    for i in range(shape.layers):
        qkv = _affine(_norm(hidden), net[f"qkv{i}"]).reshape(r, b, t, 3, h, d)
        q, k, v = (part.transpose(2, 3) for part in qkv.unbind(3))  # (R, B, H, T, d)
        q = q * d**-0.5
        k_past, v_past = (_gated(part, gate, i) for part in (k, v))
        scores = torch.where(now, (q * k).sum(-1, keepdim=True), q @ k_past.transpose(-1, -2))
        scores = scores + net[f"lag{i}"][:, None, :, lag.clamp(0, shape.context - 1)]
        weights = scores.masked_fill(out_of_sight, float("-inf")).softmax(-1)
        if seen is not None:
            seen.append(weights.detach())
        own = weights.diagonal(dim1=-2, dim2=-1).unsqueeze(-1)
        read = weights.masked_fill(now, 0.0) @ v_past + own * v
        if ablate is not None:
            read = read * (1 - ablate[:, i].to(read))[:, None, :, None, None]
        hidden = hidden + _affine(read.transpose(2, 3).reshape(r, b, t, shape.width), net[f"mix{i}"])
        up = torch.tanh(_affine(_norm(hidden), net[f"up{i}"], net[f"b_up{i}"]))
        hidden = hidden + _affine(up, net[f"down{i}"], net[f"b_down{i}"])
    return _affine(hidden, net["out"], net["b_out"])


def _affine(x: Tensor, w: Tensor, bias: Tensor | None = None) -> Tensor:
    """x (R, B, T, C) through w (R, C, E), one product a replica."""
    r, b, t, c = x.shape
    out = torch.bmm(x.reshape(r, b * t, c), w)
    return (out if bias is None else out + bias).reshape(r, b, t, -1)


def _norm(x: Tensor) -> Tensor:
    return torch.nn.functional.layer_norm(x, x.shape[-1:])


def _gated(values: Tensor, gate: Tensor | None, layer: int) -> Tensor:
    """The same values (R, B, H, T, d), their gradient only where the gate is 1."""
    if gate is None:
        return values
    is_open = gate[:, layer].bool()[:, None, :, None, None]
    return torch.where(is_open, values, values.detach())
