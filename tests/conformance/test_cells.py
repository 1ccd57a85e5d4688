"""Every cell in CELLS keeps the contract of its kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from neurodrift.errors import NeurodriftError
from neurodrift.learn import CELLS, Cell, pack, take_step, unpack
from neurodrift.learn.cells import LeakyRNN
from neurodrift.learn.params import MODULES, new_module, read_mask
from neurodrift.learn.unrolled import Unrolled
from tests import oracle

R, N, C, T = 3, 6, 4, 12
every = pytest.mark.parametrize("cell", [make() for make in CELLS.values()], ids=list(CELLS))
like_torch = pytest.mark.parametrize(
    "cell",
    [make() for name, make in CELLS.items() if name in MODULES],
    ids=[n for n in CELLS if n in MODULES],
)
pytestmark = pytest.mark.usefixtures("float64")


def modules(cell: Cell, n: int = R) -> list[torch.nn.RNNBase]:
    torch.manual_seed(0)
    return [MODULES[cell.name](C, N, batch_first=True) for _ in range(n)]


def pre_activations(cell: Cell, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return (
        2 * torch.randn(R, len(cell.gates), N, generator=draw),
        torch.randn(R, cell.states, N, generator=draw),
    )


@every
def test_the_dict_names_cells_by_their_name(cell: Cell) -> None:
    assert CELLS[cell.name]().name == cell.name


@like_torch
def test_packed_weights_compute_what_torch_computes(cell: Cell) -> None:
    nets = modules(cell)
    x = torch.randn(R, T, C)
    w, s = pack(cell, nets), torch.zeros(R, cell.states, N)
    with torch.no_grad():
        wanted, last = zip(*(net(x[r : r + 1]) for r, net in enumerate(nets)), strict=True)
        got = []
        for t in range(T):
            s, _ = take_step(cell, w, s, x[:, t])
            got.append(s[:, 0])
    torch.testing.assert_close(torch.stack(got, 1), torch.cat(wanted), rtol=0, atol=1e-12)
    if cell.name == "lstm":
        torch.testing.assert_close(s[:, 1], torch.stack([c[0, 0] for _, c in last]), rtol=0, atol=1e-12)


@like_torch
def test_unpacked_weights_compute_the_same_and_pack_again(cell: Cell) -> None:
    nets, x = modules(cell), torch.randn(1, T, C)
    w = pack(cell, nets)
    again = [unpack(cell, w[r]) for r in range(R)]
    with torch.no_grad():
        for net, twin in zip(nets, again, strict=True):
            torch.testing.assert_close(twin(x)[0], net(x)[0], rtol=0, atol=1e-12)
    torch.testing.assert_close(pack(cell, again), w, rtol=0, atol=0)


@like_torch
def test_packed_weights_are_zero_where_a_gate_does_not_read(cell: Cell) -> None:
    mask = oracle.reads(cell, C, N).expand(-1, N, -1).bool()
    assert bool((pack(cell, modules(cell))[:, ~mask] == 0).all())
    assert bool((pack(cell, modules(cell))[:, mask] != 0).all())
    assert torch.equal(read_mask(cell, C, N), mask[:, 0])


@like_torch
def test_a_module_of_another_kind_or_depth_is_refused(cell: Cell) -> None:
    others = [kind(C, N) for name, kind in MODULES.items() if name != cell.name]
    for wrong in (
        *others,
        Unrolled(CELLS["rtu"](), C, N),
        torch.nn.Linear(C, N),
        MODULES[cell.name](C, N, num_layers=2),
        MODULES[cell.name](C, N, bidirectional=True),
    ):
        with pytest.raises(NeurodriftError, match="pack"):
            pack(cell, [wrong])


@every
def test_a_unit_moves_by_its_own_numbers_alone(cell: Cell) -> None:
    a, s = pre_activations(cell)
    before = cell.pointwise(a, s)
    for i in range(N):
        for moved in ("a", "s"):
            a2, s2 = a.clone(), s.clone()
            (a2 if moved == "a" else s2)[..., i] += 0.3
            changed = (cell.pointwise(a2, s2) != before).any(dim=0).any(dim=0)
            assert not changed[torch.arange(N) != i].any()
            assert moved == "s" or changed[i]


@every
def test_cells_declare_whether_the_new_state_is_a_nonlinear_function_of_the_old(cell: Cell) -> None:
    problem = oracle.Problem(cell)
    w, x = problem.weights[0], problem.inputs[0]
    one, two = (
        5 * torch.randn(R, cell.states, N, generator=torch.Generator().manual_seed(i)) for i in (1, 2)
    )
    middle = oracle.forward(cell, w, (one + two) / 2, x)
    between = (oracle.forward(cell, w, one, x) + oracle.forward(cell, w, two, x)) / 2
    assert bool((middle - between).abs().max() > 1e-3) == cell.nonlinear_update


@every
def test_cells_declare_whether_the_readout_sees_more_than_the_state(cell: Cell) -> None:
    s, x = torch.randn(R, cell.states, N), torch.randn(R, C)
    seen = cell.features(s, x)
    assert seen.shape == (R, cell.n_features(N, C))
    assert bool((cell.features(s, x + 1) != seen).any()) == cell.output_bypass
    assert bool((cell.features(s + 1, x) != seen).any())


@every
def test_a_module_to_train_computes_what_its_packed_weights_compute(cell: Cell) -> None:
    torch.manual_seed(0)
    nets = [new_module(cell, C, N) for _ in range(R)]
    x, w, s = torch.randn(R, T, C), pack(cell, nets), torch.zeros(R, cell.states, N)
    got = []
    for t in range(T):
        s = oracle.forward(cell, w, s, x[:, t])
        got.append(cell.features(s, x[:, t]))
    for r, net in enumerate(nets):
        for twin in (net, unpack(cell, w[r])):
            torch.testing.assert_close(twin(x)[0][r], torch.stack(got, 1)[r], rtol=0, atol=1e-12)
        assert torch.equal(pack(cell, [unpack(cell, w[r])])[0], w[r])


@every
def test_training_moves_no_weight_that_a_gate_does_not_read(cell: Cell) -> None:
    torch.manual_seed(0)
    net, unread = new_module(cell, C, N), ~read_mask(cell, C, N)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, weight_decay=1e-4)
    before = pack(cell, [net])[0]
    for _ in range(3):
        optimizer.zero_grad()
        net(torch.randn(2, T, C))[0].square().sum().backward()
        optimizer.step()
    after = pack(cell, [net])[0]
    assert bool((after.transpose(0, 1)[:, unread] == 0).all())
    assert bool((after != before).transpose(0, 1)[:, ~unread].float().mean() > 0.9)


def test_irnn_starts_near_the_identity_and_linear_units_start_stable() -> None:
    torch.manual_seed(0)
    w = pack(CELLS["irnn"](), [new_module(CELLS["irnn"](), C, N)])[0]
    assert torch.equal(w[0, :, C:-1], 0.5 * torch.eye(N))
    for name in ("lru", "rtu"):
        w = pack(CELLS[name](), [new_module(CELLS[name](), C, 200)])[0]
        radius, angle = torch.exp(-torch.exp(w[2, :, -1])), torch.exp(w[3, :, -1])
        assert 0 < float(radius.min()) and 0.9 < float(radius.max()) < 0.95 + 1e-9
        assert float(angle.max()) < torch.pi / 10
    gamma = torch.exp(pack(CELLS["lru"](), [new_module(CELLS["lru"](), C, 200)])[0, 4, :, -1])
    assert bool((gamma <= 1).all()) and float(gamma.min()) < 0.5


def test_a_leak_out_of_range_is_refused() -> None:
    for alpha in (0.0, -1.0, 1.5):
        with pytest.raises(NeurodriftError, match="alpha"):
            LeakyRNN(alpha)


@every
def test_jacobians_equal_autograd(cell: Cell) -> None:
    """The closed form, where a cell has one, against the base class's, and that against dense Jacobians."""
    a, s = pre_activations(cell, seed=1)
    got, base = cell.jacobians(a, s), Cell.jacobians(cell, a, s)
    for mine, theirs in zip(got, base, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)
    torch.testing.assert_close(got[0], cell.pointwise(a, s), rtol=0, atol=1e-14)
    for r in range(R):
        da, ds = torch.func.jacrev(lambda a, s: cell.pointwise(a[None], s[None])[0], argnums=(0, 1))(
            a[r], s[r]
        )
        torch.testing.assert_close(torch.einsum("kigi->kgi", da), got[1][r], rtol=0, atol=1e-12)
        torch.testing.assert_close(torch.einsum("kili->kli", ds), got[2][r], rtol=0, atol=1e-12)


@every
def test_a_step_gives_the_dense_jacobians(cell: Cell) -> None:
    problem = oracle.Problem(cell)
    w, s, x, c = problem.weights[1], torch.randn_like(problem.start), problem.inputs[0], problem.errors[0]
    new, step = take_step(cell, w, s, x)
    for r in range(R):
        state, d, own = oracle.dense(cell, w[r], s[r], x[r])
        for mine, theirs in (
            (new[r], state),
            (step.jacobian()[r], d),
            (step.immediate(c)[r], torch.tensordot(c[r], own, dims=2)),
            (step.back(c)[r], torch.tensordot(c[r], d, dims=2)),
        ):
            torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)


@every
def test_a_step_outlives_changes_of_the_weights(cell: Cell) -> None:
    problem = oracle.Problem(cell)
    w = problem.weights[0].clone()
    _, step = take_step(cell, w, problem.start, problem.inputs[0])
    before = step.jacobian().clone()
    w.add_(1)
    assert torch.equal(step.jacobian(), before)


def test_the_documentation_sorts_every_cell_by_what_it_declares() -> None:
    lines = (Path(__file__).parents[2] / "docs" / "concepts.md").read_text(encoding="utf-8").splitlines()
    for start, nonlinear in (("| **nonlinear", True), ("| **linear", False)):
        (line,) = (one for one in lines if one.startswith(start))
        for column, bypass in ((2, True), (3, False)):
            wanted = {
                n
                for n, c in CELLS.items()
                if (c().nonlinear_update, c().output_bypass) == (nonlinear, bypass)
            }
            assert set(re.findall(r"`(\w+)`", line.split("|")[column])) == wanted
