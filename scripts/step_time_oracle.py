"""The error of the gradient that a learner really uses, against an oracle in float64.

The learner runs under SGD with step size 1 and no clipping: what its weights lose is its gradient, in its own dtype and from
its own kernels. They are then put a thousandth of the way, so that they move from bin to bin as in use.
"""

from __future__ import annotations

import numpy as np
import torch
from step_time_nets import Start
from torch import Tensor

from neurodrift.learn import CELLS, RULES, make_learner, take_step
from neurodrift.learn.engines import Engine
from neurodrift.learn.optim import SGD
from neurodrift.learn.rules import Rule
from neurodrift.learn.step import Step

__all__ = ["gradient_error", "held_error"]

# What computes the same gradient by carrying P.
STEPWISE = {"sparse_rtrl": "sparse_rtrl_stepwise"}


def carried_back(steps: list[Step], c: Tensor) -> Tensor:
    """c'ds/dW over every step there is (1, G, N, M): the same sum as P's, without P."""
    v, q = c, []
    for step in reversed(steps):
        q.append(torch.einsum("rkn,rkgn->rgn", v, step.a))
        v = step.back(v)
    z = torch.stack([step.z for step in reversed(steps)])
    return torch.einsum("lrgn,lrgm->rgnm", torch.stack(q), z)


def gradient_error(rule: str, engine: Engine, start: Start, bins: int = 300, last: int = 12) -> float:
    """Largest relative error of the gradient of w over the last labelled bins.

    A rule that declares an error is held to exact RTRL, another to its own reference form.
    """
    made, cell = RULES[rule](), CELLS[start.cell]()
    learner = make_learner(
        cell, start.w.clone(), start.w_out.clone(), made, SGD(1.0), seeds=[0], clip=1e30, engine=engine
    )
    exact = made.error is not None
    oracle: Rule = RULES[STEPWISE.get(rule, rule)]()
    labelled = [t for t in range(len(start.x)) if bool(start.y[t].isfinite().all())]
    last_bins = set([t for t in labelled if t < bins][-last:])
    s = torch.zeros(1, cell.states, start.w.shape[2], dtype=torch.float64)
    trace = () if exact else oracle.init(start.w.double(), cell.states, [0])
    steps: list[Step] = []
    errors = []
    for t in range(max(last_bins) + 1):
        w, w_out = learner.w.clone(), learner.w_out.clone()
        y = learner.predict(start.x[t : t + 1])
        learner.update(start.y[t])
        got = (w - learner.w).double()
        # Weights in use move by some thousandths: so do these.
        learner.w.copy_(w + 1e-3 * (learner.w - w))
        learner.w_out.copy_(w_out + 1e-3 * (learner.w_out - w_out))
        s, step = take_step(cell, w.double(), s, start.x[t : t + 1].double())
        if exact:
            steps.append(step)
        if t in last_bins:
            c = torch.zeros_like(s)
            out = w_out[0].double()
            c[:, 0] = (s[:, 0] @ out[:, :-1].T + out[:, -1] - start.y[t].double()) @ out[:, :-1]
            if exact:
                want = carried_back(steps, c)
            else:
                past = oracle.past(trace, step, c)
                want = step.immediate(c) + (0 if past is None else past)
            errors.append(float((got - want).norm() / want.norm()))
        if not exact:
            trace = oracle.advance(trace, step)
    assert np.isfinite(errors).all() and y.isfinite().all()
    return max(errors)


def held_error(start: Start, rule: str, found: np.ndarray, bin_: int) -> float:
    """Relative error of a gradient (G, N, M) of one bin, weights held up to it: against "rtrl" or immediate derivatives."""
    cell, w, out = CELLS[start.cell](), start.w.double(), start.w_out[0].double()
    s = torch.zeros(1, cell.states, w.shape[2], dtype=torch.float64)
    steps = []
    for t in range(bin_ + 1):
        s, step = take_step(cell, w, s, start.x[t : t + 1].double())
        steps.append(step)
    c = torch.zeros_like(s)
    missed = s[:, 0] @ out[:, :-1].T + out[:, -1] - start.y[bin_].double()
    c[:, 0] = missed.nan_to_num() @ out[:, :-1]
    want = (carried_back(steps, c) if rule == "rtrl" else steps[-1].immediate(c))[0].numpy()
    return float(np.linalg.norm(found - want) / np.linalg.norm(want))
