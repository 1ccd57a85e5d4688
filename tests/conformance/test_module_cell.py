"""Networks that are not pointwise, as cells under every rule, held to autograd through the module itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from neurodrift.decoders import Recipe, RecurrentDecoder
from neurodrift.errors import NeurodriftError
from neurodrift.learn import RULES, Learner, Rule, pack, take_step, unpack
from neurodrift.learn.cells import ModuleCell
from neurodrift.learn.optim import SGD, AdamW
from neurodrift.learn.params import new_module
from neurodrift.learn.rules import RTRL, SparseRTRL
from tests.kinds import close
from tests.sessions import days

R, C, T = 2, 3, 7


class Normalized(nn.Module):
    def __init__(self, n_inputs: int = C) -> None:
        super().__init__()
        self.x, self.h, self.norm = nn.Linear(n_inputs, 4), nn.Linear(4, 4, bias=False), nn.LayerNorm(4)

    def forward(self, x: Tensor, s: Tensor) -> Tensor:
        return torch.tanh(self.norm(self.x(x) + self.h(s)))


class ResetBefore(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gates, self.new = nn.Linear(C + 4, 8), nn.Linear(C + 4, 4)

    def forward(self, x: Tensor, s: Tensor) -> Tensor:
        r, u = torch.sigmoid(self.gates(torch.cat((x, s)))).chunk(2)
        return (1 - u) * torch.tanh(self.new(torch.cat((x, r * s)))) + u * s


class TwoLayers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.low, self.high = nn.RNNCell(C, 3), nn.GRUCell(3, 3)

    def forward(self, x: Tensor, s: Tensor) -> Tensor:
        low = self.low(x, s[0])
        return torch.stack((low, self.high(low, s[1])))


class FastWeights(nn.Module):
    """A matrix for a state, written by outer products."""

    def __init__(self) -> None:
        super().__init__()
        self.key, self.value = nn.Linear(C, 2), nn.Linear(C, 3)
        self.keep = nn.Parameter(torch.tensor(0.5))

    def forward(self, x: Tensor, s: Tensor) -> Tensor:
        key = self.key(x)
        return torch.tanh(self.keep * s + torch.outer(self.value(x) - s @ key, key))


MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "layer norm": (Normalized, (4,)),
    "reset before": (ResetBefore, (4,)),
    "two layers": (TwoLayers, (2, 3)),
    "matrix state": (FastWeights, (3, 2)),
}
every = pytest.mark.parametrize("name", list(MODULES))
# One unit holds the whole state: what each rule leaves out of RTRL elsewhere, it has none of here.
SAME_AS_RTRL: list[Rule] = [
    RTRL(),
    SparseRTRL(1),
    *(RULES[n]() for n in ("eprop", "snap1") if n in RULES),
]


def made(name: str) -> tuple[ModuleCell, list[nn.Module], Tensor]:
    torch.manual_seed(0)
    make, shape = MODULES[name]
    nets = [make().double() for _ in range(R)]
    cell = ModuleCell(nets[0], C, shape)
    return cell, nets, cell.packed(nets)


@every
@pytest.mark.parametrize("rule", SAME_AS_RTRL, ids=repr)
@pytest.mark.usefixtures("float64")
def test_rules_follow_autograd_through_the_module_while_it_moves(name: str, rule: Rule) -> None:
    cell, nets, w = made(name)
    inputs, targets = torch.randn(T, R, C), torch.randn(T, R, 2)
    learn = Learner(cell, w, torch.randn(R, 2, cell.states + 1), rule, SGD(0.1), seeds=range(R))
    seen: list[Tensor] = []
    learn.observer = lambda o: seen.append(o.immediate + o.past)
    steps = []
    for t in range(T):
        steps.append((learn.w.clone(), learn.w_out.clone()))
        learn.predict(inputs[t])
        learn.update(targets[t])
    assert float((learn.w - w.new_tensor(0)).abs().max()) > 0
    for r, net in enumerate(nets):
        shapes = {k: p for k, p in net.named_parameters()}
        nudge = {k: torch.zeros_like(p, requires_grad=True) for k, p in shapes.items()}
        s = torch.zeros(MODULES[name][1])
        for t, (w, w_out) in enumerate(steps):
            now = dict(cell.module_of(w[r]).named_parameters())
            s = functional_call(net, {k: now[k].detach() + nudge[k] for k in now}, (inputs[t, r], s))
            error = w_out[r, :, :-1] @ s.flatten() + w_out[r, :, -1] - targets[t, r]
            grads = torch.autograd.grad(0.5 * error.square().sum(), list(nudge.values()), retain_graph=True)
            want = torch.cat([g.flatten() for g in grads])
            close(seen[t][r, : len(want), 0, 0], want, 1e-10)
            assert bool((seen[t][r, len(want) :] == 0).all())


@every
@pytest.mark.parametrize("rule", list(RULES))
@pytest.mark.usefixtures("float64")
def test_every_rule_runs_with_any_module_and_carries_what_it_declares(name: str, rule: str) -> None:
    cell, _, w = made(name)
    made_rule = RULES[rule](k=1) if rule.startswith("sparse_rtrl") else RULES[rule]()
    start = w.clone()
    learn = Learner(cell, w, torch.randn(R, 2, cell.states + 1), made_rule, AdamW(0.01), seeds=range(R))
    for _ in range(T):
        learn.predict(torch.randn(R, C))
        learn.update(torch.randn(2))
    assert learn.w.isfinite().all() and bool(
        (learn.w[:, : cell.n_parameters] != start[:, : cell.n_parameters]).all()
    )
    assert bool((learn.w[:, cell.n_parameters :] == 0).all()), "the gates that hand inputs through stay"


@every
@pytest.mark.usefixtures("float64")
def test_a_step_is_the_modules_own_and_weights_go_there_and_back(name: str) -> None:
    cell, nets, w = made(name)
    x, s = torch.randn(R, C), torch.randn(R, cell.states, 1)
    new, _ = take_step(cell, w, s, x)
    for r, net in enumerate(nets):
        with torch.no_grad():
            want = net(x[r], s[r, :, 0].reshape(cell.state_shape))
        close(new[r, :, 0], want.flatten(), 1e-14)
        assert torch.equal(cell.packed([cell.module_of(w[r])])[0], w[r])
        again = unpack(cell, w[r])
        assert torch.equal(pack(cell, [again])[0], w[r])
    sequence = torch.randn(1, T, C)
    with torch.no_grad():
        whole, h = unpack(cell, w[1])(sequence)[0], torch.zeros(cell.state_shape)
        for t in range(T):
            h = nets[1](sequence[0, t], h)
            close(whole[0, t], h.flatten(), 1e-14)


def test_training_starts_from_fresh_weights_of_each_seed() -> None:
    cell = ModuleCell(TwoLayers(), C, (2, 3))
    torch.manual_seed(1)
    first, second = (pack(cell, [new_module(cell, C, 99)]) for _ in range(2))
    assert bool((first[:, : cell.n_parameters] != second[:, : cell.n_parameters]).all())


def test_a_decoder_of_a_module_trains_saves_and_learns(tmp_path: Path) -> None:
    first, second = days()
    few = [day.select(slice(0, 600)) for day in (first, second)]
    module = Normalized(24)

    def make() -> ModuleCell:
        return ModuleCell(module, 24, (4,), readout=lambda s: s[:3])

    decoder = RecurrentDecoder(make(), rule=RTRL(), seeds=(0, 1), recipe=Recipe(epochs=1)).fit([few[0]])
    assert decoder.learner.w_out.shape == (2, 2, 4)
    decoder.save(tmp_path / "module.pt")
    twin = RecurrentDecoder(make(), rule=RTRL()).load(tmp_path / "module.pt")
    for t in range(20):
        a, b = decoder.predict(few[1].counts[t]), twin.predict(few[1].counts[t])
        assert (a == b).all()
        decoder.update(few[1].behavior[t])
        twin.update(few[1].behavior[t])


def test_a_module_that_returns_no_state_or_sees_other_inputs_is_refused() -> None:
    class Output(nn.Module):
        def __init__(self, what: str) -> None:
            super().__init__()
            self.what, self.p = what, nn.Parameter(torch.zeros(1))

        def forward(self, x: Tensor, s: Tensor) -> object:
            return (s, s) if self.what == "pair" else s[:-1]

    for what in ("pair", "short"):
        with pytest.raises(NeurodriftError, match="return the new state"):
            ModuleCell(Output(what), C, (4,))
    with pytest.raises(NeurodriftError, match="n_inputs=3"):
        new_module(ModuleCell(Normalized(), C, (4,)), 5, 1)


def test_the_documented_example_runs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "any-cell.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, object] = {"__name__": "example"}
    exec(compile(code, "any-cell.md", "exec"), names)
    assert len(names["prediction"]) == 2  # type: ignore[arg-type]
