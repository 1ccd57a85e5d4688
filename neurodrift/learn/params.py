"""Packed weights: one tensor for every gate, and the way to and from modules that can be trained offline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from neurodrift.errors import NeurodriftError
from neurodrift.learn.cells import Cell
from neurodrift.learn.unrolled import Unrolled

__all__ = ["MODULES", "new_module", "pack", "read_mask", "unpack"]

MODULES: dict[str, Callable[..., nn.RNNBase]] = {
    "rnn": nn.RNN,
    "irnn": partial(nn.RNN, nonlinearity="relu"),
    "gru": nn.GRU,
    "lstm": nn.LSTM,
}
"""The cells that torch.nn has; every other cell is `Unrolled`."""
_MODES = {"rnn": "RNN_TANH", "irnn": "RNN_RELU", "gru": "GRU", "lstm": "LSTM"}


def read_mask(cell: Cell, n_inputs: int, n_units: int) -> Tensor:
    """(G, M) of True where a gate reads; packed weights are zero elsewhere."""
    rows = [
        torch.tensor(["x" in reads] * n_inputs + ["h" in reads] * n_units + [True]) for reads in cell.gates
    ]
    return torch.stack(rows)


def new_module(cell: Cell, n_inputs: int, n_units: int) -> nn.Module:
    """A module to train, its weights drawn from torch's global generator: torch.nn's own start, or the cell's.

    Called as a torch.nn recurrent module with batch_first: (B, T, C) -> ((B, T, F), last state).
    """
    if cell.name not in MODULES:
        return Unrolled(cell, n_inputs, n_units)
    module = MODULES[cell.name](n_inputs, n_units, batch_first=True)
    if type(cell).initial_ is Cell.initial_:
        return module
    w = torch.zeros(cell.shape(n_inputs, n_units))
    cell.initial_(w)
    return unpack(cell, w)


def pack(cell: Cell, modules: Sequence[nn.Module]) -> Tensor:
    """Weights (R, G, N, M) of R modules of this cell: `Unrolled`, or one layer of torch.nn; biases that meet are added.

    Raises:
        NeurodriftError: for a module of another cell, of several layers or of two directions.
    """
    return torch.stack([_pack_one(cell, module) for module in modules])


def _pack_one(cell: Cell, module: nn.Module) -> Tensor:
    if isinstance(module, Unrolled) and type(module.cell) is type(cell):
        return module.w.detach().clone()
    if (
        not isinstance(module, nn.RNNBase)
        or module.mode != _MODES.get(cell.name)
        or module.num_layers != 1
        or module.bidirectional
    ):
        raise NeurodriftError(f"pack: {module} is not a one-layer module of the cell {cell}.")
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


def unpack(cell: Cell, w: Tensor) -> nn.Module:
    """A module that computes what the packed weights (G, N, M) of one replica compute: of torch.nn, or `Unrolled`."""
    n, c = w.shape[1], cell.n_inputs(w)
    if cell.name not in MODULES:
        unrolled = Unrolled(cell, c, n, dtype=w.dtype)
        unrolled.load_state_dict({"w": w})
        return unrolled
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
