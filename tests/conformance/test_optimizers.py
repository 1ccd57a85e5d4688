"""Every optimizer in OPTIMIZERS against its torch.optim counterpart, replica by replica."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn import OPTIMIZERS, Optimizer
from neurodrift.learn.optim import clip_

R, STEPS = 3, 50
SHAPES = [(R, 2, 4, 7), (R, 2, 5)]
TORCH: dict[str, Callable[[list[Tensor], float], torch.optim.Optimizer]] = {
    "sgd": lambda p, lr: torch.optim.SGD(p, lr=lr),
    "rmsprop": lambda p, lr: torch.optim.Adam(p, lr=lr, betas=(0.0, 0.999), eps=1e-6),
    "momentum": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9),
    "adam": lambda p, lr: torch.optim.Adam(p, lr=lr),
    "adamw": lambda p, lr: torch.optim.AdamW(p, lr=lr, weight_decay=0.01),
}
every = pytest.mark.parametrize("name", list(OPTIMIZERS))
pytestmark = pytest.mark.usefixtures("float64")


def start(seed: int = 0) -> list[Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=draw) for shape in SHAPES]


def gradients(t: int) -> list[Tensor]:
    """Of scales from 1e-4 to 10, from step to step and from replica to replica."""
    draw = torch.Generator().manual_seed(1000 + t)
    scale = 10.0 ** torch.tensor([-4.0, -1.0, 1.0])
    return [torch.randn(*s, generator=draw) * scale.reshape(-1, *[1] * (len(s) - 1)) for s in SHAPES]


def move(optimizer: Optimizer, steps: int = STEPS, clip: float | None = None) -> list[Tensor]:
    params = start()
    state = optimizer.init(params)
    for t in range(steps):
        grads = gradients(t)
        if clip is not None:
            clip_(grads, clip)
        optimizer.update_(params, grads, state)
    return params


def by_torch(name: str, rates: Sequence[float], clip: float | None = None) -> list[Tensor]:
    """Each replica with an optimizer, and a norm, of its own."""
    done = []
    for r, lr in enumerate(rates):
        params = [p[r].clone().requires_grad_() for p in start()]
        optimizer = TORCH[name](params, lr)
        for t in range(STEPS):
            for p, g in zip(params, gradients(t), strict=True):
                p.grad = g[r].clone()
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(params, clip)
            optimizer.step()
        done.append([p.detach() for p in params])
    return [torch.stack(ps) for ps in zip(*done, strict=True)]


def same(got: Sequence[Tensor], want: Sequence[Tensor], tol: float = 1e-12) -> None:
    for a, b in zip(got, want, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=tol)


@every
def test_names_and_repr(name: str) -> None:
    optimizer = OPTIMIZERS[name](lr=0.25)
    assert optimizer.name == name
    assert optimizer.lr == 0.25
    assert "lr=0.25" in repr(optimizer)


@every
@pytest.mark.parametrize("clip", [None, 0.5])
def test_fifty_steps_equal_torch(name: str, clip: float | None) -> None:
    same(move(OPTIMIZERS[name](lr=0.01), clip=clip), by_torch(name, [0.01] * R, clip))


@every
@pytest.mark.parametrize("clip", [None, 0.5])
def test_every_replica_has_a_step_size_and_a_norm_of_its_own(name: str, clip: float | None) -> None:
    rates = [0.001, 0.01, 0.1]
    same(move(OPTIMIZERS[name](lr=rates), clip=clip), by_torch(name, rates, clip))


@every
def test_a_step_size_of_zero_leaves_its_replica_alone(name: str) -> None:
    params = move(OPTIMIZERS[name](lr=[0.0, 0.01, 0.01]))
    for p, before in zip(params, start(), strict=True):
        assert torch.equal(p[0], before[0])
        assert bool((p[1:] != before[1:]).all())


def test_adamw_shrinks_weights_by_step_size_times_decay() -> None:
    params = start()
    optimizer = OPTIMIZERS["adamw"](lr=[0.0, 0.1, 0.2], decay=0.5)
    optimizer.update_(params, [torch.zeros_like(p) for p in params], optimizer.init(params))
    for p, before in zip(params, start(), strict=True):
        for r, kept in enumerate((1.0, 0.95, 0.9)):
            torch.testing.assert_close(p[r], kept * before[r], rtol=0, atol=1e-15)


@every
def test_a_zero_gradient_leaves_the_weights(name: str) -> None:
    params = start()
    optimizer = OPTIMIZERS[name](lr=0.1, **({"decay": 0.0} if name == "adamw" else {}))
    state = optimizer.init(params)
    for _ in range(5):
        optimizer.update_(params, [torch.zeros_like(p) for p in params], state)
    assert all(torch.equal(p, before) for p, before in zip(params, start(), strict=True))


@every
def test_gradients_are_not_changed(name: str) -> None:
    params, grads = start(), gradients(0)
    optimizer = OPTIMIZERS[name](lr=0.1)
    optimizer.update_(params, grads, optimizer.init(params))
    assert all(torch.equal(a, b) for a, b in zip(grads, gradients(0), strict=True))


@every
def test_it_finds_the_bottom_of_a_bowl(name: str) -> None:
    params = [torch.tensor([[1.0, -2.0], [0.5, 3.0]])]
    optimizer, stiff = OPTIMIZERS[name](lr=0.02), torch.tensor([1.0, 4.0])
    state = optimizer.init(params)
    for _ in range(1500):
        optimizer.update_(params, [stiff * params[0]], state)
    assert float(params[0].abs().max()) < 0.03


@every
def test_step_sizes_that_do_not_fit_the_replicas_are_an_error(name: str) -> None:
    params = start()
    optimizer = OPTIMIZERS[name](lr=[0.1, 0.2])
    state = optimizer.init(params)
    with pytest.raises(NeurodriftError, match="replicas"):
        optimizer.update_(params, gradients(0), state)


def test_clipping_tells_the_norms_and_leaves_small_gradients_alone() -> None:
    grads, before = gradients(0), gradients(0)
    norms = clip_(grads, 5.0)
    for r in range(R):
        norm = torch.cat([g[r].flatten() for g in before]).norm()
        torch.testing.assert_close(norms[r], norm)
        clipped = torch.cat([g[r].flatten() for g in grads]).norm()
        torch.testing.assert_close(clipped, torch.clamp(norm, max=5.0), rtol=1e-5, atol=0)
    assert torch.equal(grads[0][0], before[0][0])
