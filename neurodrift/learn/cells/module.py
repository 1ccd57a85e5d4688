"""Any network of the user's as a cell: one unit whose state is all the network's."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from math import prod

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from neurodrift.errors import NeurodriftError
from neurodrift.learn.cells.base import Cell

__all__ = ["ModuleCell"]


class ModuleCell(Cell):
    """A module s' = f(x, s) as a cell, with layer norm, several layers, a matrix for a state: what torch can derive.

    It is one unit (N = 1) with K numbers of state, and each of its P parameters is a gate that reads the constant alone
    (M = 1), so that every rule works as it is: ds'/da is the derivative by all parameters, and the direct part of ds'/ds
    the whole Jacobian. C more gates hand the inputs through; their weights are zero and stay so. A step costs K
    backward passes, RTRL K (P + C) numbers. Rules that look at units (SnAp-1, e-prop) find one, and are exact.

    Args:
        module: called as module(x, s) with x (C,) and s of `state_shape`, no batch; returns the new state. Its
            parameters are where training starts if a submodule has no reset_parameters.
        n_inputs: C.
        state_shape: of s; the state starts at zero.
        readout: what the readout sees of a state of `state_shape`, flattened; all of it if None.

    References:
        Forward-mode learning of any recurrent network: Williams & Zipser 1989, doi:10.1162/neco.1989.1.2.270.
    """

    name = "module"
    # What a module does with its state is not known: the cautious answer.
    nonlinear_update = True

    def __init__(
        self,
        module: nn.Module,
        n_inputs: int,
        state_shape: Sequence[int],
        readout: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.module, self.n_channels, self.state_shape = module, n_inputs, tuple(state_shape)
        self.readout = readout or torch.flatten
        self.shapes = {name: p.shape for name, p in module.named_parameters()}
        self.n_parameters = sum(p.numel() for p in module.parameters())
        self.states = prod(self.state_shape)
        self.gates = ("1",) * (self.n_parameters + n_inputs)
        s = torch.zeros(self.state_shape, dtype=next(module.parameters()).dtype)
        with torch.no_grad():
            new = module(s.new_zeros(n_inputs), s)
        if not isinstance(new, Tensor) or new.shape != s.shape:
            got = tuple(new.shape) if isinstance(new, Tensor) else type(new).__name__
            raise NeurodriftError(
                f"ModuleCell: {type(module).__name__}(x, s) returns {got} for a state of {self.state_shape}; it must "
                f"return the new state as one tensor of that shape."
            )
        self._seen = self.readout(new).numel()

    def shape(self, n_inputs: int, n_units: int) -> tuple[int, int, int]:
        if n_inputs != self.n_channels:
            raise NeurodriftError(
                f"ModuleCell: {n_inputs} inputs, but it was built with n_inputs={self.n_channels}."
            )
        return len(self.gates), 1, 1

    def n_inputs(self, w: Tensor) -> int:
        return self.n_channels

    def n_features(self, n_units: int, n_inputs: int) -> int:
        return self._seen

    def read(self, w: Tensor, s: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        a = torch.cat((w[:, : self.n_parameters, :, 0], x.unsqueeze(-1)), dim=1)
        z = torch.ones_like(w[:, :, 0])
        z[:, self.n_parameters :] = 0
        return a, z, torch.zeros_like(w)

    def pointwise(self, a: Tensor, s: Tensor) -> Tensor:
        def step(a: Tensor, s: Tensor) -> Tensor:
            parts = torch.split(a[: self.n_parameters], [shape.numel() for shape in self.shapes.values()])
            weights = {name: p.reshape(self.shapes[name]) for name, p in zip(self.shapes, parts, strict=True)}
            new: Tensor = functional_call(
                self.module, weights, (a[self.n_parameters :], s.reshape(self.state_shape))
            )
            return new.flatten()

        with warnings.catch_warnings():
            # torch says that it runs nn.GRUCell replica by replica; this form of a step is for small networks anyway.
            warnings.filterwarnings("ignore", "There is a performance drop", UserWarning)
            return vmap(step)(a[..., 0], s[..., 0]).unsqueeze(-1)

    def features(self, s: Tensor, x: Tensor) -> Tensor:
        return vmap(lambda one: self.readout(one.reshape(self.state_shape)).flatten())(s[..., 0])

    def initial_(self, w: Tensor) -> None:
        twin = copy.deepcopy(self.module)
        for part in twin.modules():
            if callable(reset := getattr(part, "reset_parameters", None)):
                reset()
        w[: self.n_parameters, 0, 0] = torch.cat([p.detach().flatten() for p in twin.parameters()])

    def packed(self, modules: Sequence[nn.Module]) -> Tensor:
        """Packed weights (R, P + C, 1, 1) of R modules of the same architecture."""
        flat = [torch.cat([p.detach().flatten() for p in module.parameters()]) for module in modules]
        return nn.functional.pad(torch.stack(flat), (0, self.n_channels))[..., None, None]

    def module_of(self, w: Tensor) -> nn.Module:
        """A copy of the module with the packed weights (P + C, 1, 1) of one replica."""
        twin = copy.deepcopy(self.module)
        nn.utils.vector_to_parameters(w[: self.n_parameters, 0, 0].clone(), twin.parameters())
        return twin

    def __repr__(self) -> str:
        return f"ModuleCell({type(self.module).__name__})"
