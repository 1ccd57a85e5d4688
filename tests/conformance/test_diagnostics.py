"""Diagnostics against autograd through whole runs, dense Jacobians and hand-made cases; figures that say what they show."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn import CELLS, Learner, Rule
from neurodrift.learn.diagnostics import (
    Diagnosis,
    ErrorDecay,
    GradientCosine,
    GradientScale,
    JacobianSpectrum,
    diagnose,
)
from neurodrift.learn.optim import SGD, RMSprop
from neurodrift.learn.rules import RTRL, Immediate, SparseRTRL
from neurodrift.report import diagnostics as figures
from tests import oracle
from tests.kinds import T, close, seeds_of
from tests.oracle import Problem
from tests.sessions import days, trained

FIGURES = (figures.cosine_figure, figures.spectrum_figure, figures.decay_figure, figures.scale_figure)
a_few = pytest.mark.parametrize("cell", ["gru", "lstm", "rtu"])


def started(problem: Problem, rule: Rule | None = None) -> Learner:
    return Learner(
        problem.cell,
        problem.weights[0].clone(),
        problem.readout.clone(),
        rule or Immediate(),
        SGD(0.1),
        seeds=seeds_of(problem),
    )


def watch(problem: Problem, learn: Learner, observer: object) -> list[tuple[Tensor, Tensor]]:
    """Runs the learner under an observer; the weights each bin was predicted with."""
    learn.observer = observer  # type: ignore[assignment]
    weights = []
    for t in range(problem.n_steps):
        weights.append((learn.w.clone(), learn.w_out.clone()))
        learn.predict(problem.inputs[t])
        learn.update(problem.targets[t])
    assert float((learn.w - problem.weights[0]).abs().max()) > 0.01
    return weights


@a_few
@pytest.mark.usefixtures("float64")
def test_the_cosine_is_the_angle_to_the_gradient_of_autograd(cell: str) -> None:
    problem = Problem(CELLS[cell]())
    learn = started(problem)
    seen = GradientCosine(learn, {"exact": RTRL(), "two paths": SparseRTRL(2)})
    weights = watch(problem, learn, seen)
    w, w_out = zip(*weights, strict=True)
    exact = oracle.loss_gradients(problem.cell, problem.inputs, w, w_out, problem.targets)
    s = problem.start
    for t in range(T):
        held = w[t].clone().requires_grad_()
        s = oracle.forward(problem.cell, held, s.detach(), problem.inputs[t])
        y = (w_out[t][..., :-1] * problem.cell.features(s, problem.inputs[t])[:, None]).sum(-1) + w_out[t][
            ..., -1
        ]
        (own,) = torch.autograd.grad(0.5 * (y - problem.targets[t]).square().sum(), held)
        for r in range(problem.n_replicas):
            a, b = own[r].flatten(), exact[t][0][r].flatten()
            close(seen.cosine["learner"][t][r], torch.nn.functional.cosine_similarity(a, b, dim=0), 1e-9)
            close(seen.ratio["learner"][t][r], a.norm() / b.norm(), 1e-9)
    close(torch.stack(seen.cosine["exact"]), torch.ones(T, 3), 1e-9)
    assert float(torch.stack(seen.cosine["two paths"])[3:].max()) < 0.9999


@a_few
@pytest.mark.usefixtures("float64")
def test_the_error_carried_back_is_that_of_autograd_though_the_weights_move(cell: str) -> None:
    problem, lag = Problem(CELLS[cell]()), 6
    learn, seen = started(problem), ErrorDecay(max_lag=lag, every=1)
    notes: list[Tensor] = []

    def both(o: object) -> None:
        seen(o)  # type: ignore[arg-type]
        notes.append(o.c)  # type: ignore[attr-defined]

    weights = watch(problem, learn, both)
    assert len(seen.error) == T - lag
    s, states = problem.start, []
    for t in range(T):
        s = oracle.forward(problem.cell, weights[t][0], s, problem.inputs[t]).requires_grad_()
        states.append(s)
    last = (notes[-1] * states[-1]).sum()
    for j in range(lag + 1):
        (v,) = torch.autograd.grad(last, states[T - 1 - j], retain_graph=True)
        want = v.flatten(1).norm(dim=1) / notes[-1].flatten(1).norm(dim=1)
        close(seen.error[-1][:, j], want, 1e-12)
    assert bool((seen.gradient[-1][:, 0] == 1).all())


@a_few
@pytest.mark.usefixtures("float64")
def test_singular_values_are_those_of_the_dense_jacobian(cell: str) -> None:
    problem = Problem(CELLS[cell](), n_steps=5)
    learn, seen = started(problem), JacobianSpectrum(every=2)
    weights = watch(problem, learn, seen)
    assert len(seen.singular) == 3
    for r in range(problem.n_replicas):
        s = problem.start[r]
        for t in range(5):
            s, d, _ = oracle.dense(problem.cell, weights[t][0][r], s, problem.inputs[t, r])
            if t % 2 == 0:
                size = d.shape[0] * d.shape[1]
                close(seen.singular[t // 2][r], torch.linalg.svd(d.reshape(size, size))[1], 1e-10)


@pytest.mark.usefixtures("float64")
def test_scales_are_root_mean_squares_of_each_group() -> None:
    problem = Problem(CELLS["gru"](), n_steps=4)
    learn = started(problem, RTRL())
    seen = GradientScale(learn)
    w, w_out = zip(*watch(problem, learn, seen), strict=True)
    exact = oracle.loss_gradients(problem.cell, problem.inputs, w, w_out, problem.targets)
    assert len(seen.scale) == 3 + 3 + 2 + 2 + 2
    c = problem.n_inputs
    for t, (by_w, by_out) in enumerate(exact):
        wanted = {
            "gate 1: inputs": by_w[:, 0, :, :c],
            "gate 2: units": by_w[:, 1, :, c:-1],
            "gate 4: constant": by_w[:, 3, :, -1:],
            "readout": by_out[..., :-1],
        }
        for name, part in wanted.items():
            close(seen.scale[name][t], part.flatten(1).square().mean(1).sqrt(), 1e-10)


def test_condition_and_effective_rank_of_known_spectra() -> None:
    spectra = np.array([[1.0, 1, 1, 1], [1, 0, 0, 0], [4, 2, 2, 1]])
    assert JacobianSpectrum.effective_rank(spectra)[:2] == pytest.approx([4, 1])
    assert 1 < JacobianSpectrum.effective_rank(spectra)[2] < 4
    assert JacobianSpectrum.condition(spectra).tolist() == [1, np.inf, 4]


def test_the_horizon_is_the_lag_after_which_the_error_stays_small() -> None:
    error = np.array([[[1, 0.5, 0.05, 0.2, 0.01], [1, 0.01, 0.01, 0.01, 0.01], [1, 0.5, 0.4, 0.3, 0.2]]])
    found = replace(example(), error=error)
    assert found.horizon(0.1).tolist() == [[4, 1, np.inf]]


@cache
def example() -> Diagnosis:
    decoder = trained().replicate([0, 1], optimizer=RMSprop(1e-3), rule=SparseRTRL(2))
    return diagnose(decoder, days()[1], rules={"immediate": Immediate()}, bins=120, max_lag=20, every=5)


def test_one_call_finds_all_and_leaves_the_decoder_as_it_is() -> None:
    decoder = trained().replicate([0, 1], optimizer=RMSprop(1e-3))
    w = decoder.learner.w.clone()
    found = diagnose(decoder, days()[1], bins=120, max_lag=20, every=5)
    assert torch.equal(decoder.learner.w, w) and decoder.learner.observer is None
    labelled = int(days()[1].labelled[:120].sum())
    assert {v.shape for v in (*found.cosine.values(), *found.scale.values())} == {(labelled, 2)}
    assert found.singular.shape == (24, 2, 12) and found.error.shape[1:] == (2, 21)
    assert (0 < found.cosine["learner"]).all() and (found.cosine["learner"] < 1 + 1e-6).all()
    assert not diagnose(decoder, days()[1], bins=60, max_lag=20, cosine=False).cosine


def test_what_cannot_be_diagnosed_is_refused() -> None:
    decoder = trained().replicate([0])
    with pytest.raises(NeurodriftError, match="max_lag"):
        diagnose(decoder, days()[1], bins=10, max_lag=20)
    with pytest.raises(NeurodriftError, match="learns"):
        diagnose(decoder.replicate([0], learns="readout"), days()[1])
    with pytest.raises(NeurodriftError, match="cosine=True"):
        figures.cosine_figure(replace(example(), cosine={}))


def test_each_figure_is_one_line_in_a_notebook_and_says_what_it_shows() -> None:
    found = example()
    pictures = [figure(found) for figure in FIGURES]
    for picture in pictures:
        html = picture._repr_html_()
        assert html.startswith("<figure><svg") and "mathdefault" not in picture.wide + picture.narrow
        assert picture.caption in html and len(picture.alt) > 40
    assert "SparseRTRL(k=2)" in pictures[0].alt and "immediate" in pictures[0].wide
    assert f"{np.median(found.effective_rank):.1f} of 12" in pictures[1].caption
    assert "from lag" in pictures[2].caption or "never" in pictures[2].caption
    assert all(name in pictures[3].wide for name in found.scale)
