"""Packed weights: one tensor for every gate, and the way to and from torch.nn modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from neurodrift.errors import NeurodriftError
from neurodrift.learn.cells import Cell

__all__ = ["MODULES", "pack", "read_mask", "unpack"]

MODULES: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def read_mask(cell: Cell, n_inputs: int, n_units: int) -> Tensor:
    """(G, M) of True where a gate reads; packed weights are zero elsewhere."""
    rows = [
        torch.tensor(["x" in reads] * n_inputs + ["h" in reads] * n_units + [True]) for reads in cell.gates
    ]
    return torch.stack(rows)


def pack(cell: Cell, modules: Sequence[nn.RNNBase]) -> Tensor:
    """Weights (R, G, N, M) of R one-layer torch.nn modules of this cell's kind; biases that meet are added."""
    return torch.stack([_pack_one(cell, module) for module in modules])


def _pack_one(cell: Cell, module: nn.RNNBase) -> Tensor:
    if module.mode.partition("_")[0].lower() != cell.name or module.num_layers != 1 or module.bidirectional:
        raise NeurodriftError(f"pack: {module} is not a one-layer torch.nn module for the cell {cell}.")
    n, c = module.hidden_size, module.input_size
    parts = cast(
        "list[Tensor]", [module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0, module.bias_hh_l0]
    )
    w_ih, w_hh, b_ih, b_hh = (p.detach().reshape(-1, n, *p.shape[1:]) for p in parts)
    w = w_ih.new_zeros(len(cell.gates), n, c + n + 1)
    for gate, reads in enumerate(cell.gates):
        # The GRU's candidate is one gate in torch and two here: its x half is gate 2, its h half gate 3.
        row = min(gate, len(w_ih) - 1)
        if "x" in reads:
            w[gate, :, :c] = w_ih[row]
            w[gate, :, -1] += b_ih[row]
        if "h" in reads:
            w[gate, :, c:-1] = w_hh[row]
            w[gate, :, -1] += b_hh[row]
    return w


def unpack(cell: Cell, w: Tensor) -> nn.RNNBase:
    """A torch.nn module that computes what the packed weights (G, N, M) of one replica compute."""
    _, n, m = w.shape
    c = m - n - 1
    module = MODULES[cell.name](c, n, batch_first=True, dtype=w.dtype)
    zero = w.new_zeros(n)
    w_ih, w_hh, b_ih, b_hh = [], [], [], []
    for gate, reads in enumerate(cell.gates):
        if "x" in reads:
            w_ih.append(w[gate, :, :c])
            b_ih.append(w[gate, :, -1])
        if "h" in reads:
            w_hh.append(w[gate, :, c:-1])
            b_hh.append(zero if "x" in reads else w[gate, :, -1])
    values = {"weight_ih_l0": w_ih, "weight_hh_l0": w_hh, "bias_ih_l0": b_ih, "bias_hh_l0": b_hh}
    module.load_state_dict({key: torch.cat(value) for key, value in values.items()})
    return module
