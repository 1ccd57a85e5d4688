"""One online step as one would write it in torch: a module, autograd over one step, torch.optim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from step_time_nets import Start
from torch import nn

from neurodrift.learn import CELLS, pack

__all__ = ["idiomatic_gradient", "idiomatic_step"]


def _backward(start: Start, core: nn.Module, readout: nn.Linear) -> Callable[[int], None]:
    """Predicts bin t and leaves its gradient; the state is detached."""
    state: list[Any] = [None]

    def backward(t: int) -> None:
        h, new = core(start.x[None, t : t + 1], state[0])
        loss = 0.5 * (readout(h[0, 0]) - start.y[t]).square().sum()
        loss.backward()
        state[0] = tuple(v.detach() for v in new) if isinstance(new, tuple) else new.detach()

    return backward


def idiomatic_step(start: Start) -> Callable[[int], None]:
    """A step of bin t: backward, clip, torch.optim.RMSprop."""
    core, readout = start.module()
    parameters = [*core.parameters(), *readout.parameters()]
    optimizer = torch.optim.RMSprop(parameters, lr=1e-4, alpha=0.999, eps=1e-6)
    backward = _backward(start, core, readout)

    def step(t: int) -> None:
        optimizer.zero_grad()
        backward(t)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()

    return step


def idiomatic_gradient(start: Start, last: int) -> np.ndarray:
    """Its gradient of w (G, N, M) at bin `last`, weights held."""
    core, readout = start.module()
    backward = _backward(start, core, readout)
    for t in range(last + 1):
        core.zero_grad()
        backward(t)
    with torch.no_grad():
        for name, p in core.named_parameters():
            assert p.grad is not None
            p.copy_(p.grad)
            # Packing adds the two biases, and each has the gradient of their sum: one of them counts, but for the
            # GRU's candidate, which keeps them apart.
            if name == "bias_ih_l0":
                p[: 2 * start.w.shape[2] if start.cell == "gru" else len(p)] = 0
    return pack(CELLS[start.cell](), [core])[0].numpy()
