"""What the studies of scope, streaming and heads stand on, against autograd, torch and closed forms."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from neurodrift.learn import CELLS, OPTIMIZERS, make_learner
from neurodrift.learn.optim import SGD
from neurodrift.learn.params import read_mask
from neurodrift.learn.rules import RTRL, TBPTT, Immediate
from neurodrift.learn.step import take_step
from neurodrift.studies import (
    adding,
    characters,
    delayed,
    head_runs,
    heads,
    precision,
    river_streams,
    scope_findings,
)
from neurodrift.studies.streams import Stream


def test_always_one_has_the_error_of_the_closed_form():
    """A sum of two uniforms has variance 1/6; idle bins change nothing."""
    y = adding.sequences(200_000, 10, 0, 1).y
    assert np.square(y[:, -1] - 1).mean() == pytest.approx(adding.TRIVIAL, abs=2e-3)
    late = adding.sequences(50, 10, 7, 2)
    assert late.x.shape == (50, 17, 2) and (late.x[..., 1].sum(axis=1) == 2).all()
    assert (late.y[:, 9:] == late.y[:, [9]]).all()
    assert late.y[:, -1] == pytest.approx((late.x[..., 0] * late.x[..., 1]).sum(axis=1))


def test_labels_are_where_the_feedback_says():
    y = adding.sequences(400, 10, 0, 3).y
    known = {f: ~np.isnan(adding.labels(y, f, 0)) for f in adding.FEEDBACK}
    assert known["every"].all() and (known["end"].sum(axis=1) == 1).all() and known["end"][:, -1].all()
    assert known["sparse"][:, -1].all() and known["sparse"][:, :-1].mean() == pytest.approx(0.1, abs=0.02)


def test_rtrl_in_double_is_back_propagation():
    cell, n, t = CELLS["gru"](), 6, 12
    torch.manual_seed(0)
    w = torch.randn(2, *cell.shape(2, n), dtype=torch.float64) * 0.5 * read_mask(cell, 2, n)[:, None]
    x, c = torch.randn(t, 2, 2, dtype=torch.float64), torch.randn(2, 1, n, dtype=torch.float64)
    rule, s = RTRL(), torch.zeros(2, 1, n, dtype=torch.float64)
    trace = rule.init(w, 1, [0, 1])
    for now in x:
        s, step = take_step(cell, w, s, now)
        carried = precision._whole(rule, trace, step, c)
        trace = rule.advance(trace, step)
    reference = precision.gradient_at(cell, w, torch.zeros(2, 1, n, dtype=torch.float64), x, c)
    assert carried == pytest.approx(reference.numpy(), abs=1e-12)


def test_nothing_is_stale_while_weights_stand_still():
    job = {
        "rates": [0.0, 1e-2],
        "seeds": 2,
        "length": 10,
        "units": 8,
        "sequences": 30,
        "look_back": 100,
        "look_every": 2,
        "clip": 1.0,
    }
    for feedback in ("every", "end"):
        rows = precision.stale_rows({**job, "feedback": feedback})
        still, moving = ([r["difference"] for r in rows if r["lr"] == lr] for lr in job["rates"])
        assert max(still) < 1e-9 and min(moving) > 1e-6


def test_with_one_error_at_the_end_rtrl_learns_what_back_propagation_learns():
    job = {
        "seeds": 1,
        "length": 8,
        "sequences": 20,
        "test_sequences": 50,
        "cell": "gru",
        "units": 6,
        "lr": 1e-3,
        "clip": 1.0,
    }
    (row,) = precision.carried_rows(job)
    assert 0 < row["moved"] < 1e-3 and row["mse_carried"] == pytest.approx(row["mse_recomputed"], rel=1e-3)


def test_compiled_sequences_learn_as_the_reference():
    data = adding.sequences(6, 8, 0, 4)
    after = []
    for engine in ("compiled", "reference"):
        nets = adding.fresh_nets("gru", 2, 5, 1, [3])
        learner = make_learner(
            nets.cell, nets.w, nets.w_out, TBPTT(8), OPTIMIZERS["rmsprop"](lr=1e-3), seeds=[3], engine=engine
        )
        adding.learn_sequences(learner, data.x, adding.labels(data.y, "sparse", 0))
        after.append(learner.w)
    assert after[0] == pytest.approx(after[1].numpy(), abs=1e-10)


def test_softmax_error_through_the_squared_loss_is_that_of_torch():
    """One step of SGD without clipping moves the weights by minus lr times torch's cross-entropy gradient."""
    n, v = 5, len(characters.ALPHABET)
    nets = adding.fresh_nets("rnn", v, n, v, [0])
    w, w_out = nets.w.clone(), nets.w_out.clone()
    learner = make_learner(nets.cell, nets.w, nets.w_out, Immediate(), SGD(lr=0.1), seeds=[0], clip=1e9)
    ids = np.array([[3], [7]])
    nats = characters.learn_characters(learner, ids)
    leaf, leaf_out = w.clone().requires_grad_(), w_out.clone().requires_grad_()
    z = torch.cat(
        (
            torch.eye(v, dtype=torch.float64)[3],
            torch.zeros(n, dtype=torch.float64),
            torch.ones(1, dtype=torch.float64),
        )
    )
    h = torch.tanh(leaf[0, 0] @ z)
    loss = nn.functional.cross_entropy(leaf_out[0, :, :-1] @ h + leaf_out[0, :, -1], torch.tensor(7))
    loss.backward()
    assert nats[0, 0] == pytest.approx(loss.item())
    assert learner.w == pytest.approx((w - 0.1 * leaf.grad).numpy(), abs=1e-12)
    assert learner.w_out == pytest.approx((w_out - 0.1 * leaf_out.grad).numpy(), abs=1e-12)


def test_counting_models_are_probabilities_that_learn():
    """Of a stream drawn from known frequencies the nats approach their entropy; a cycle is learned by pairs."""
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(len(characters.ALPHABET)))
    drawn = rng.choice(len(p), size=20_000, p=p)
    assert characters.counted(drawn, 0)[5000:].mean() == pytest.approx(-(p * np.log(p)).sum(), abs=0.03)
    cycle = np.tile(np.arange(5), 400)
    assert characters.counted(cycle, 1)[-50:].mean() < 0.05
    assert characters.counted(np.array([1, 2]), 2)[0] == pytest.approx(np.log(len(p)))


def test_text_keeps_to_its_alphabet():
    assert characters.to_symbols("A\n\n 12 `x`_é!") == "a 00 x"
    assert set(characters.text()) <= set(characters.ALPHABET)


def test_late_labels_and_recalled_inputs():
    y = np.arange(12.0).reshape(1, 6, 2)
    moved = delayed.late(Stream(y, y), 2).y
    assert np.isnan(moved[0, :2]).all() and (moved[0, 2:] == y[0, :4]).all()
    x, targets = delayed.recall_stream([1, 3], 200, 0)
    assert (targets[3:, 0] == x[2:-1, 0]).all() and (targets[3:, 1] == x[:-3, 0]).all()


def test_running_z_scores_know_no_future():
    values = np.random.default_rng(1).normal(3, 2, size=(50, 2))
    for with_present in (True, False):
        z, mean, deviation = river_streams.running_z(values, with_present)
        upto = values[: 30 + with_present]
        assert mean[30] == pytest.approx(upto.mean(axis=0)) and deviation[30] == pytest.approx(
            upto.std(axis=0)
        )
        changed = values.copy()
        changed[31:] = 0
        assert river_streams.running_z(changed, with_present)[0][:31] == pytest.approx(z[:31])


def test_river_is_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(river_streams, "has_river", lambda: False)
    (row,) = river_streams.river_rows({"seeds": 1})
    assert "pip install" in row["why"]


SHAPE = heads.Shape(width=8, heads=4, layers=2, context=3)


@pytest.fixture
def net():
    made = heads.new_weights(SHAPE, [0, 1, 2], torch.float64)
    for i, value in enumerate(made.values()):
        value += 0.3 * torch.randn(
            value.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(i)
        )
    return made


def _plain(net, r, x, detach):
    """One replica of the transformer token by token with a cache of keys and values, as torch's own functions write it."""
    d = SHAPE.width // SHAPE.heads
    caches = [[] for _ in range(SHAPE.layers)]
    out = []
    for token in x:
        hidden = token @ net["in"][r] + net["b_in"][r, 0]
        for i, cache in enumerate(caches):
            q, k, v = (nn.functional.layer_norm(hidden, hidden.shape) @ net[f"qkv{i}"][r]).chunk(3)
            past = [(a.detach(), b.detach()) if detach else (a, b) for a, b in cache[-(SHAPE.context - 1) :]]
            keys, values = (torch.stack([p[j] for p in past] + [(k, v)[j]]) for j in (0, 1))
            cache.append((k, v))
            read = []
            for h in range(SHAPE.heads):
                at = slice(h * d, (h + 1) * d)
                bias = net[f"lag{i}"][r, h, : len(keys)].flip(0)
                read.append((keys[:, at] @ q[at] / d**0.5 + bias).softmax(0) @ values[:, at])
            hidden = hidden + torch.cat(read) @ net[f"mix{i}"][r]
            up = torch.tanh(
                nn.functional.layer_norm(hidden, hidden.shape) @ net[f"up{i}"][r] + net[f"b_up{i}"][r, 0]
            )
            hidden = hidden + up @ net[f"down{i}"][r] + net[f"b_down{i}"][r, 0]
        out.append(hidden @ net["out"][r] + net["b_out"][r, 0])
    return torch.stack(out)


@pytest.mark.parametrize("opened", [4, 0])
def test_open_heads_give_the_gradient_through_the_cache_and_closed_ones_that_of_a_detached_cache(net, opened):
    x = torch.randn(3, 9, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    y = torch.ones(3, 2, 1, dtype=torch.float64)
    gate = heads.gate_of(SHAPE, [opened] * 3, [0, 1, 2])
    found = head_runs.gradients(net, SHAPE, x, y, gate)
    leaves = {k: v.clone().requires_grad_() for k, v in net.items()}
    losses = []
    for r in range(3):
        out = _plain(leaves, r, x[r], detach=opened == 0)
        assert heads.forward(net, SHAPE, x.unsqueeze(1), gate)[r, 0] == pytest.approx(
            out.detach().numpy(), abs=1e-12
        )
        losses.append(0.5 * (out[-2:] - 1).square().mean())
    for mine, theirs in zip(found, torch.autograd.grad(sum(losses), list(leaves.values())), strict=True):
        assert mine == pytest.approx(theirs.numpy(), abs=1e-12)


def test_heads_in_between_lie_in_between_and_are_nested(net):
    x, y = torch.randn(3, 9, 1, dtype=torch.float64), torch.ones(3, 1, 1, dtype=torch.float64)
    flats = [
        head_runs._flat(head_runs.gradients(net, SHAPE, x, y, heads.gate_of(SHAPE, [k] * 3, [0, 1, 2])))
        for k in range(5)
    ]
    assert all((a - b).norm() > 1e-6 for a, b in pairwise(flats))
    for k in range(4):
        few, more = (heads.gate_of(SHAPE, [n] * 3, [0, 1, 2]) for n in (k, k + 1))
        assert (few.sum(-1) == k).all() and (few <= more).all()


def test_a_token_depends_on_its_window_only(net):
    length = heads.window_length(SHAPE)
    x = torch.randn(3, 1, length + 3, 1, dtype=torch.float64)
    whole = heads.forward(net, SHAPE, x)[:, 0, -1]
    assert heads.forward(net, SHAPE, x[:, :, -length:])[:, 0, -1] == pytest.approx(whole.numpy(), abs=1e-12)
    assert heads.forward(net, SHAPE, x[:, :, -length + 1 :])[:, 0, -1] != pytest.approx(
        whole.numpy(), abs=1e-6
    )


def test_a_replica_alone_learns_what_it_learns_in_a_batch(net):
    x, y = torch.randn(3, 14, 1, dtype=torch.float64), torch.randn(3, 14, 1, dtype=torch.float64)
    gate = heads.gate_of(SHAPE, [1, 2, 3], [0, 1, 2])
    both = head_runs.adapt_heads(net, SHAPE, x, y, gate, [1e-3, 1e-2, 1e-3], 2, 1.0)
    alone = head_runs.adapt_heads(
        {k: v[1:2] for k, v in net.items()}, SHAPE, x[1:2], y[1:2], gate[1:2], [1e-2], 2, 1.0
    )
    for name, value in alone.items():
        assert both[name][1:2] == pytest.approx(value.numpy(), abs=1e-10)
    assert max(float((both[k] - net[k]).abs().max()) for k in net) > 1e-3


def test_numbers_that_were_not_finite_are_left_out_and_not_counted():
    """Stored rows hold None where a gradient overflowed, as in a chaotic network after 3000 bins."""
    found = scope_findings.spread([1e-2, None, 1e-4, float("nan")])
    assert found.mean == pytest.approx(1e-3) and found.seeds == 2
