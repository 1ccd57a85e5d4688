"""Pull, update every m bins, and answers from averaged weights, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodrift.errors import NeurodriftError
from neurodrift.learn import CELLS, OPTIMIZERS, Cell, Learner
from neurodrift.learn.engines import make_learner
from neurodrift.learn.optim import SGD
from neurodrift.learn.rules import Immediate
from tests.kinds import cells, close, seeds_of
from tests.oracle import Problem
from tests.sessions import days, trained

pytestmark = pytest.mark.usefixtures("float64")


def learner(problem: Problem, optimizer: object, **more: object) -> Learner:
    return Learner(
        problem.cell, problem.weights[0].clone(), problem.readout.clone(), Immediate(), optimizer,
        seeds=seeds_of(problem), **more,
    )  # fmt: skip


@cells
def test_pull_is_a_step_back_after_each_update(cell: Cell) -> None:
    problem = Problem(cell)
    pulled, plain = learner(problem, SGD(0.05), pull=0.2), learner(problem, SGD(0.05))
    origin = [problem.weights[0].clone(), problem.readout.clone()]
    for t in range(problem.n_steps):
        for one in (pulled, plain):
            one.predict(problem.inputs[t])
            one.update(problem.targets[t] if t % 3 else None)
        if t % 3:
            # Plain learning from the same weights and state, then a fifth of the way back.
            for mine, moved, start in zip(
                (pulled.w, pulled.w_out), (plain.w, plain.w_out), origin, strict=True
            ):
                close(mine, moved + 0.2 * (start - moved), 1e-12)
        plain.w.copy_(pulled.w)
        plain.w_out.copy_(pulled.w_out)


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
@pytest.mark.parametrize("m", [2, 5])
def test_every_m_bins_the_mean_gradient_is_one_update(optimizer: str, m: int) -> None:
    problem = Problem(CELLS["gru"]())
    late, still = learner(problem, OPTIMIZERS[optimizer](0.03), every=m), learner(problem, SGD(0.0))
    by_hand, state, gathered = [late.w.clone(), late.w_out.clone()], None, []
    rule = OPTIMIZERS[optimizer](0.03)
    state = rule.init(by_hand)
    for t in range(problem.n_steps):
        # Weights stand still between updates: a learner that never moves, given them, has the same gradients.
        still.w.copy_(late.w)
        still.w_out.copy_(late.w_out)
        still.predict(problem.inputs[t])
        still.queue[-1].target = problem.targets[t]
        gathered.append(still.gradients(still.queue[-1]))
        still.queue.clear()
        late.predict(problem.inputs[t])
        late.update(problem.targets[t])
        if len(gathered) == m:
            grads = [torch.stack([g[i] for g in gathered]).mean(0) for i in (0, 1)]
            norm = torch.stack([g.flatten(1).norm(dim=1) for g in grads]).square().sum(0).sqrt()
            scale = (1 / (norm + 1e-6)).clamp(max=1)
            rule.update_(by_hand, [g * scale.reshape(-1, *[1] * (g.ndim - 1)) for g in grads], state)
            gathered = []
        close(late.w, by_hand[0], 1e-12)
        close(late.w_out, by_hand[1], 1e-12)
    assert problem.n_steps > m


@pytest.mark.parametrize("wrong", [{"pull": 1.0}, {"pull": -0.1}, {"every": 0}, {"every": 1.5}], ids=str)
def test_values_out_of_range_are_named(wrong: dict[str, float]) -> None:
    with pytest.raises(NeurodriftError, match=next(iter(wrong))):
        learner(Problem(CELLS["rnn"]()), SGD(0.1), **wrong)


def test_compiled_learners_do_neither_and_say_so() -> None:
    problem = Problem(CELLS["rnn"]())
    w, w_out = problem.weights[0], problem.readout
    for more in ({"pull": 0.1}, {"every": 2}):
        kind = make_learner(problem.cell, w, w_out, Immediate(), SGD(0.1), seeds=seeds_of(problem), **more)
        assert type(kind) is Learner
        with pytest.raises(NeurodriftError, match="not compiled"):
            make_learner(
                problem.cell,
                w,
                w_out,
                Immediate(),
                SGD(0.1),
                seeds=seeds_of(problem),
                engine="compiled",
                **more,
            )


@pytest.mark.parametrize("cell", list(CELLS))
@pytest.mark.parametrize("lag", [0, 2])
def test_averaged_weights_answer_as_a_decoder_given_them_would(cell: str, lag: int) -> None:
    torch.set_default_dtype(torch.float32)
    session = days()[1].select(slice(0, 40))
    answering, plain = (
        trained(cell).replicate([0, 1], optimizer=SGD(0.05), average=10, max_lag=lag, predict_with=p)
        for p in ("average", "last")
    )
    rival = trained(cell).replicate([0, 1], learns="nothing")
    for t in range(len(session)):
        for mine, mean in zip((rival.learner.w, rival.learner.w_out), plain.learner.averaged(), strict=True):
            mine.copy_(mean)
        plain.predict(session.counts[t])
        np.testing.assert_allclose(
            answering.predict(session.counts[t]), rival.predict(session.counts[t]), rtol=1e-4, atol=1e-4
        )
        for one in (answering, plain):
            if t >= lag:
                one.update(session.behavior[t - lag], lag)
    close(answering.learner.w, plain.learner.w, 1e-5)  # what is learned is the same


def test_averages_that_are_not_kept_cannot_answer() -> None:
    torch.set_default_dtype(torch.float32)
    with pytest.raises(NeurodriftError, match="average"):
        trained("rnn").replicate([0], predict_with="average")
