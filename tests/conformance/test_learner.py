"""The learner: every rule and cell with real optimizers, labels in time, late, in parts and missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn import CELLS, OPTIMIZERS, Cell, Learner, Rule
from neurodrift.learn.cells import LeakyRNN
from neurodrift.learn.learner import Observed
from neurodrift.learn.optim import SGD, Adam
from neurodrift.learn.rules import RTRL, EProp, Immediate
from tests import oracle
from tests.kinds import T, cells, close, exact_pairs, few_pairs, seeds_of
from tests.oracle import Problem

pytestmark = pytest.mark.usefixtures("float64")


class Recording(Learner):
    """A learner that notes the weights of each prediction, and every gradient before it is clipped."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.weights: list[Tensor] = []
        self.readouts: list[Tensor] = []
        self.log: list[list[Tensor]] = []
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def predict(self, x: Tensor) -> Tensor:
        y = super().predict(x)
        self.weights.append(self.w.clone())
        self.readouts.append(self.w_out.clone())
        return y

    def gradients(self, entry: object) -> list[Tensor]:
        grads = super().gradients(entry)  # type: ignore[arg-type]
        self.log.append([g.clone() for g in grads])
        return grads


def learner(problem: Problem, rule: Rule, optimizer: object, max_lag: int = 0, **kwargs: object) -> Recording:
    return Recording(
        problem.cell,
        problem.weights[0].clone(),
        problem.readout.clone(),
        rule,
        optimizer,
        seeds=seeds_of(problem),
        max_lag=max_lag,
        **kwargs,
    )


def feed(learn: Recording, problem: Problem, labels: Callable[[int], int | None] = lambda t: 0) -> None:
    """Bin by bin; labels(t) is how late the label of bin t comes, None for never. All are learned."""
    due: dict[int, list[int]] = {}
    for t in range(problem.n_steps + (learn.max_lag and learn.max_lag + 1)):
        learn.predict(problem.inputs[min(t, problem.n_steps - 1)])
        lag = labels(t) if t < problem.n_steps else None
        if lag is not None:
            due.setdefault(t + lag, []).append(t)
        for bin_ in due.pop(t, []):
            learn.update(problem.targets[bin_], lag=t - bin_)


def wanted(learn: Recording, problem: Problem) -> list[tuple[Tensor, Tensor]]:
    n = problem.n_steps
    return oracle.loss_gradients(
        problem.cell, problem.inputs[:n], learn.weights[:n], learn.readouts[:n], problem.targets[:n]
    )


STRONG = {"sgd": 0.1, "rmsprop": 0.03, "adam": 0.03}


@exact_pairs
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_a_learner_follows_autograd_while_its_optimizer_moves_the_weights(
    cell: Cell, rule: Rule, optimizer: str
) -> None:
    problem = Problem(cell)
    learn = learner(problem, rule, OPTIMIZERS[optimizer](lr=STRONG.get(optimizer, 0.03)))
    feed(learn, problem)
    assert float((learn.w - problem.weights[0]).abs().max()) > 0.02
    for got, want in zip(learn.log, wanted(learn, problem), strict=True):
        close(got[0], want[0], 1e-10)
        close(got[1], want[1], 1e-10)


@few_pairs
def test_a_bin_without_a_label_advances_the_trace_the_same(cell: Cell, rule: Rule) -> None:
    problem = Problem(cell)
    every, some, silent = (learner(problem, rule, SGD(0.0)) for _ in range(3))
    feed(every, problem)
    feed(some, problem, lambda t: 0 if t in (5, 11) else None)
    for t in range(T):
        silent.predict(problem.inputs[t])
        silent.update(None)
    for got, want in zip(some.log, (every.log[5], every.log[11]), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(got, want, strict=True))
    some.predict(problem.inputs[0])  # passes over a bin that waits
    silent.predict(problem.inputs[0])
    every.predict(problem.inputs[0])
    for other in (some, silent):
        assert all(torch.equal(a, b) for a, b in zip(other.trace, every.trace, strict=True))


@few_pairs
@pytest.mark.parametrize("max_lag", [1, 3])
def test_a_late_label_gives_the_gradient_it_would_have_given_in_time(
    cell: Cell, rule: Rule, max_lag: int
) -> None:
    problem = Problem(cell)
    in_time, late = learner(problem, rule, SGD(0.0)), learner(problem, rule, SGD(0.0), max_lag)
    feed(in_time, problem)
    feed(late, problem, lambda t: (0, max_lag, 1)[t % 3])
    assert len(late.log) == T
    for got, want in zip(late.log, in_time.log, strict=True):
        for a, b in zip(got, want, strict=True):
            close(a, b, 1e-14)


@exact_pairs
@pytest.mark.parametrize("max_lag", [1, 4])
def test_a_late_label_meets_the_weights_of_its_own_step(cell: Cell, rule: Rule, max_lag: int) -> None:
    problem = Problem(cell)
    learn = learner(problem, rule, Adam(0.03), max_lag)
    feed(learn, problem, lambda t: (max_lag, 0, 1)[t % 3])
    assert float((learn.w - problem.weights[0]).abs().max()) > 0.02
    assert len(learn.log) == T
    for got, want in zip(learn.log, wanted(learn, problem), strict=True):
        close(got[0], want[0], 1e-10)
        close(got[1], want[1], 1e-10)


@few_pairs
def test_a_label_on_some_axes_leaves_the_others_out_of_the_loss(cell: Cell, rule: Rule) -> None:
    problem = Problem(cell)
    problem.targets[::2, :, 0] = torch.nan
    problem.targets[1::4, 1, 1] = torch.nan
    learn = learner(problem, rule, SGD(0.05))
    feed(learn, problem)
    assert len(learn.log) == T
    bins = wanted(learn, problem)
    for t, got in enumerate(learn.log):
        close(got[1], bins[t][1], 1e-12)
        if rule.error == 0:
            close(got[0], bins[t][0], 1e-10)
    assert bool((learn.log[0][1][:, 0] == 0).all())
    assert learn.w.isfinite().all()


@cells
def test_axes_of_one_label_may_come_apart(cell: Cell) -> None:
    problem = Problem(cell)
    whole, parts = (learner(problem, RTRL(), SGD(0.05), max_lag=2) for _ in range(2))
    feed(whole, problem, lambda t: 2)
    for t in range(T + 2):
        parts.predict(problem.inputs[min(t, T - 1)])
        for lag, axis in ((0, 0), (2, 1)):
            if 0 <= t - lag < T:
                label = torch.full_like(problem.targets[0], torch.nan)
                label[:, axis] = problem.targets[t - lag, :, axis]
                parts.update(label, lag)
    assert torch.equal(whole.w, parts.w)


def test_a_label_that_comes_too_late_or_twice_is_an_error() -> None:
    problem = Problem(CELLS["rnn"]())
    learn = learner(problem, Immediate(), SGD(0.1), max_lag=2)
    with pytest.raises(NeurodriftError, match="none was made"):
        learn.update(problem.targets[0])
    for t in range(5):
        learn.predict(problem.inputs[t])
    for lag in (3, -1):
        with pytest.raises(NeurodriftError, match="max_lag"):
            learn.update(problem.targets[0], lag=lag)
    learn.update(problem.targets[2], lag=2)
    with pytest.raises(NeurodriftError, match="learned from"):
        learn.update(problem.targets[2], lag=2)
    learn.reset()
    with pytest.raises(NeurodriftError, match="none was made"):
        learn.update(problem.targets[0])


def test_labels_for_some_replicas_alone_and_seeds_that_do_not_fit_are_errors() -> None:
    problem = Problem(CELLS["rnn"]())
    learn = learner(problem, Immediate(), SGD(0.1))
    learn.predict(problem.inputs[0])
    target = problem.targets[0].clone()
    target[1] = torch.nan
    with pytest.raises(NeurodriftError, match="some replicas"):
        learn.update(target)
    with pytest.raises(NeurodriftError, match="2 seeds for 3"):
        Learner(problem.cell, problem.weights[0], problem.readout, Immediate(), SGD(), seeds=[0, 1])


@few_pairs
def test_replicas_learn_side_by_side_as_they_would_alone(cell: Cell, rule: Rule) -> None:
    problem = Problem(cell)
    together = learner(problem, rule, Adam([0.01, 0.02, 0.03]))
    feed(together, problem)
    for r, lr in enumerate((0.01, 0.02, 0.03)):
        part = problem.replica([r])
        alone = Recording(
            cell, part.weights[0].clone(), part.readout.clone(), rule, Adam(lr), seeds=[seeds_of(problem)[r]]
        )
        feed(alone, part)
        # Eighth-order cancellation: Adam divides rounding by rounding where a gradient is near zero.
        close(alone.w, together.w[[r]], 1e-8)
        close(alone.w_out, together.w_out[[r]], 1e-8)


@cells
@pytest.mark.parametrize("learns", ["readout", "bias", "nothing"])
def test_weights_that_do_not_learn_do_not_move(cell: Cell, learns: str) -> None:
    problem = Problem(cell)
    learn = learner(problem, RTRL(), SGD(0.1), learns=learns)
    feed(learn, problem)
    assert torch.equal(learn.w, problem.weights[0])
    assert torch.equal(learn.w_out[..., :-1], problem.readout[..., :-1]) == (learns != "readout")
    assert torch.equal(learn.w_out[..., -1], problem.readout[..., -1]) == (learns == "nothing")
    if learns != "nothing":
        bins = wanted(learn, problem)
        for got, want in zip(learn.log, bins, strict=True):
            close(got[0], want[1] if learns == "readout" else want[1][..., -1:], 1e-12)


@cells
def test_reset_forgets_the_past_and_keeps_the_weights(cell: Cell) -> None:
    problem = Problem(cell)
    learn = learner(problem, RTRL(), SGD(0.05))
    feed(learn, problem)
    w = learn.w.clone()
    learn.reset()
    assert torch.equal(learn.w, w)
    fresh = Recording(cell, w.clone(), learn.w_out.clone(), RTRL(), SGD(0.05), seeds=seeds_of(problem))
    for one in (learn, fresh):
        one.log.clear()
        feed(one, problem)
    assert torch.equal(learn.w, fresh.w)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(learn.log, fresh.log, strict=True))


@cells
def test_random_feedback_is_fixed_and_drawn_from_each_replicas_seed(cell: Cell) -> None:
    problem = Problem(cell)
    learn, plain = (learner(problem, Immediate(), SGD(0.05), feedback=f) for f in ("random", "weights"))
    drawn = learn.b_out.clone()
    feed(learn, problem)
    assert torch.equal(learn.b_out, drawn)
    assert drawn.shape == problem.readout[..., :-1].shape
    close(drawn.square().mean((1, 2)), problem.readout[..., :-1].square().mean((1, 2)), 1e-12)
    assert not torch.allclose(drawn[0], drawn[1])
    alone = Learner(
        cell, learn.w[[1]], problem.readout[[1]], Immediate(), SGD(), seeds=[11], feedback="random"
    )
    close(alone.b_out[0], drawn[1], 1e-15)
    feed(plain, problem)
    close(learn.log[0][1], plain.log[0][1], 0)
    assert not torch.allclose(learn.log[0][0], plain.log[0][0])


def test_eprop_on_the_leaky_network_with_random_feedback_is_rflo() -> None:
    """Murray 2019, equations 3 to 5, in plain loops."""
    alpha = 0.3
    problem = Problem(LeakyRNN(alpha))
    learn = learner(problem, EProp(), SGD(0.0), feedback="random")
    feed(learn, problem)
    for r in range(problem.n_replicas):
        w, w_out, b = problem.weights[0][r, 0], problem.readout[r], learn.b_out[r]
        h, p = torch.zeros(problem.n_units), torch.zeros_like(w)
        for t in range(T):
            z = torch.cat((problem.inputs[t, r], h, torch.ones(1)))
            u = torch.tanh(w @ z)
            p = (1 - alpha) * p + alpha * torch.outer(1 - u**2, z)
            h = (1 - alpha) * h + alpha * u
            error = w_out[:, :-1] @ h + w_out[:, -1] - problem.targets[t, r]
            close(learn.log[t][0][r, 0], (b.T @ error)[:, None] * p, 1e-12)


def test_an_unknown_feedback_is_refused() -> None:
    with pytest.raises(NeurodriftError, match="feedback"):
        learner(Problem(CELLS["rnn"]()), Immediate(), SGD(), feedback="none")


@few_pairs
def test_an_observer_sees_every_step_and_the_gradient_in_two_parts(cell: Cell, rule: Rule) -> None:
    problem = Problem(cell)
    watched, plain = (learner(problem, rule, SGD(0.05), max_lag=1) for _ in range(2))
    seen: list[Observed] = []
    watched.observer = seen.append
    for learn in (watched, plain):
        feed(learn, problem, lambda t: (0, 1, None)[t % 3])
    assert torch.equal(watched.w, plain.w), "looking changes nothing"
    seen = seen[:T]
    labelled = [o for o in seen if o.c is not None]
    assert [o.c is None for o in seen] == [t % 3 == 2 for t in range(T)]
    for note, got in zip(labelled, watched.log, strict=True):
        close(note.immediate + note.past, got[0], 1e-12, rtol=1e-12)
        close(note.immediate, note.step.immediate(note.c), 1e-12)
        close(note.readout, got[1], 0)
