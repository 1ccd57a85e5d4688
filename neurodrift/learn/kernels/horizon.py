"""Compiled rules with a horizon: RTRL to a tolerance, masked RTRL and TBPTT; twins of `rules.horizon`.

Arrays as in `immediate`, and L past steps, P probes; a `Past` views the rule's own trace. Labels are never late here.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurodrift.learn.kernels.carrying import backward, fold, through
from neurodrift.learn.kernels.immediate import predict_bin
from neurodrift.learn.kernels.jacobian import jacobians
from neurodrift.learn.kernels.numeric import affine, compiled, dot, move, read_range

__all__ = ["Past", "learn_all", "predict_all", "run"]

Array = npt.NDArray[Any]


class Past(NamedTuple):
    """The trace of a rule with a horizon, the present step's derivatives, and room to work in."""

    a: Array  # (L, R, K, G, N)
    b: Array  # (L, R, K, K, N)
    z: Array  # (L, R, G, M)
    w_h: Array  # (L, R, G, N, N)
    tangents: Array  # (L, R, P, K, N)
    left: Array  # (R, P, G, N)
    right: Array  # (R, P, G, 8, M)
    seen: Array  # (R,) steps since the reset
    mask: Array  # (R or 1, N, N)
    limits: Array  # tol, safety, growth
    now_a: Array  # (R, K, G, N)
    now_b: Array  # (R, K, K, N)
    gradient: Array  # (G, N, M), zero where a gate does not read
    q: Array  # (8, G, N) error on the pre-activations, of the lags of a block
    rows: Array  # (8, M) and what was read there
    v: Array  # (2, K, N)


@compiled
def predict(settings, net, ring, past, r, x):
    """One replica's prediction, and its step's derivatives."""
    c, n, m = len(x), net.s.shape[2], net.w.shape[3]
    z = ring.z[0, r]
    z[:c] = x
    z[c : c + n] = net.s[r, 0]
    z[m - 1] = 1
    affine(net.w[r], z, settings.reads, c, ring.a)
    jacobians(settings.cell, ring.a, net.s[r], past.now_a[r], past.now_b[r])
    predict_bin(settings, net, ring, r, 0, x)


@compiled
def gather(settings, net, ring, past, r, report):
    """past.gradient <- the gradient of w for the error ring.back on the units; report: horizon, truncated, grew, rest."""
    length, n = len(past.a), net.s.shape[2]
    m = net.w.shape[3]
    c = m - n - 1
    tol, safety, growth = past.limits[0], past.limits[1], past.limits[2]
    v, new, seen = past.v[0], past.v[1], past.seen[r]
    v[:] = 0
    v[0] = ring.back
    size = dot(ring.back, ring.back)
    past.gradient[:] = 0
    through(v, past.now_a[r], past.q[0])
    past.rows[0] = ring.z[0, r]
    mask = past.mask[min(r, len(past.mask) - 1)]
    for to in range(len(v)):
        for i in range(n):
            total = v[0, i] * past.now_b[r, 0, to, i]
            for k in range(1, len(v)):
                total += v[k, i] * past.now_b[r, k, to, i]
            new[to, i] = total * mask[i, i]
    row = new[0]
    for g in range(len(settings.reads)):
        if settings.reads[g] != 1:
            for i in range(n):
                q0, open_, weights = past.q[0, g, i], mask[i], net.w[r, g, i, c : c + n]
                for j in range(n):
                    row[j] += q0 * (weights[j] * open_[j])
    fold(settings.reads, c, past.gradient, past.q, past.rows, 1)
    v, new = new, v
    probes, flat = past.left.shape[1], past.gradient.reshape(-1)
    steps, pending, lag = min(seen, length), 0, 0
    rest, grew, stopped = 0.0, False, False
    while lag < steps:
        at = (seen - 1 - lag) % length
        if lag % 8 == 0:
            fold(settings.reads, c, past.gradient, past.q, past.rows, pending)
            pending = 0
            if probes:
                left = 0.0
                for p in range(probes):
                    told = 0.0
                    for k in range(len(v)):
                        told += dot(v[k], past.tangents[at, r, p, k])
                    left += told * told
                rest = safety * math.sqrt(left / probes)
                stopped = rest <= tol * math.sqrt(dot(flat, flat))
            large = 0.0
            for k in range(len(v)):
                large += dot(v[k], v[k])
            if not stopped and math.sqrt(large) > growth * math.sqrt(size):
                stopped = grew = True
            if stopped:
                break
        through(v, past.a[at, r], past.q[pending])
        # Gate 0 of each of these cells reads all of [x, h, 1].
        past.rows[pending] = past.z[at, r, 0]
        backward(settings.reads, past.q[pending], past.b[at, r], past.w_h[at, r], v, new)
        v, new = new, v
        pending += 1
        lag += 1
    fold(settings.reads, c, past.gradient, past.q, past.rows, pending)
    truncated = not stopped and seen > length
    report[0], report[1], report[2] = lag + 1, truncated, grew
    report[3] = rest if stopped or truncated else 0.0


@compiled
def advance(settings, net, ring, past, r):
    """The present step becomes the last of the past; its Jacobian with the mask on it."""
    length, n, m = len(past.a), net.s.shape[2], net.w.shape[3]
    c, seen = m - n - 1, past.seen[r]
    at, before = seen % length, (seen - 1) % length
    states, gates = past.now_a.shape[1:3]
    mask = past.mask[min(r, len(past.mask) - 1)]
    past.a[at, r] = past.now_a[r]
    w_h, b = past.w_h[at, r], past.b[at, r]
    for g in range(gates):
        lo, hi, _ = read_range(settings.reads[g], c, m)
        past.z[at, r, g, lo:hi] = ring.z[0, r, lo:hi]
        past.z[at, r, g, m - 1] = 1
        if settings.reads[g] != 1:
            for i in range(n):
                row, open_, weights = w_h[g, i], mask[i], net.w[r, g, i, c : c + n]
                for j in range(n):
                    row[j] = weights[j] * open_[j]
    for k in range(states):
        for to in range(states):
            for i in range(n):
                b[k, to, i] = past.now_b[r, k, to, i] * mask[i, i]
    classes = past.right.shape[3]
    drawn = np.empty(classes, net.w.dtype)
    for p in range(past.left.shape[1]):
        y, new = past.tangents[before, r, p], past.tangents[at, r, p]
        if seen == 0:
            y[:] = 0
        # With a single past step the tangent is overwritten by the next: keep what is read.
        h = y[0].copy()
        moved = np.zeros((states, n), net.w.dtype)
        for k in range(states):
            for to in range(states):
                for i in range(n):
                    moved[k, i] += b[k, to, i] * y[to, i]
        for g in range(gates):
            lo, hi, apart = read_range(settings.reads[g], c, m)
            for q in range(classes):
                drawn[q] = dot(past.right[r, p, g, q, lo:hi], ring.z[0, r, lo:hi])
                if apart:
                    drawn[q] += past.right[r, p, g, q, m - 1]
            for i in range(n):
                total = past.left[r, p, g, i] * drawn[i % classes]
                if settings.reads[g] != 1:
                    total += dot(w_h[g, i], h)
                for k in range(states):
                    moved[k, i] += past.now_a[r, k, g, i] * total
        new[:] = moved
    past.seen[r] = seen + 1


@compiled
def learn(settings, net, ring, past, r, updates, averaged, report):
    """One replica learns from the present bin if it has a label, and advances; whether it had one."""
    error, back, h, target = ring.error, ring.back, ring.h[0, r], ring.target[0, r]
    n, m, n_out, gates = len(h), net.w.shape[3], len(error), net.w.shape[1]
    one = net.w.dtype.type(1)
    labelled = False
    for d in range(n_out):
        error[d] = 0
        if not math.isnan(target[d]):
            error[d] = ring.y[0, r, d] - target[d]
            labelled = True
    if not labelled:
        advance(settings, net, ring, past, r)
        return False
    back[:] = 0
    for d in range(n_out):
        for i in range(n):
            back[i] += error[d] * net.w_out[r, d, i]
    gather(settings, net, ring, past, r, report)
    advance(settings, net, ring, past, r)
    flat = past.gradient.reshape(-1)
    norm = dot(error, error) * (dot(h, h) + one) + dot(flat, flat)
    scale = min(one, net.w.dtype.type(settings.clip) / (math.sqrt(norm) + net.w.dtype.type(1e-6)))
    keep = net.w.dtype.type(0)
    if settings.average > 0:
        keep = net.w.dtype.type(max(1.0 / settings.average, 1.0 / (averaged + 1.0)))
    hyper, rate, kind = settings.hyper, settings.rates[r], settings.optimizer
    if kind > 0:
        hyper[3] = 1.0 / math.sqrt(1.0 - settings.beta2**updates)
        hyper[4] = 1.0 / (1.0 - settings.beta1**updates)
    # Weights that a gate does not read have no gradient, and stay: whole rows are moved at once.
    for g in range(gates):
        w, square, mean, average = net.w[r, g], net.square[r, g], net.mean[r, g], net.average[r, g]
        for i in range(n):
            move(kind, w[i], scale, past.gradient[g, i], square[i], mean[i], average[i], keep, rate, hyper)
    ones = ring.z[0, r, m - 1 :]
    for d in range(n_out):
        grad = error[d] * scale
        w, square, mean, average = net.w_out[r, d], net.square_out[r, d], net.mean_out[r, d], net.average_out[r, d]  # fmt: skip
        move(kind, w[:n], grad, h, square[:n], mean[:n], average[:n], keep, rate, hyper)
        move(kind, w[n:], grad, ones, square[n:], mean[n:], average[n:], keep, rate, hyper)
    return True


@compiled
def run(settings, net, ring, past, x, targets, fresh, updates, seen, out, reports):
    """A stretch of bins, as `immediate.run` with labels in time: how many bins were learned from."""
    learned = 0
    for r in range(out.shape[1]):
        learned = 0
        for t in range(len(x)):
            if fresh[t]:
                net.s[r] = 0
                past.seen[r] = 0
            predict(settings, net, ring, past, r, x[t, min(r, x.shape[1] - 1)])
            out[t, r] = ring.y[0, r]
            ring.target[0, r] = targets[t]
            if learn(settings, net, ring, past, r, updates + learned + 1, seen + learned + 1, reports[t, r]):
                learned += 1
    return learned


@compiled
def predict_all(settings, net, ring, past, x, out):
    """Every replica reads its row of x (1 or R, C) and answers into out (R, D)."""
    for r in range(len(out)):
        predict(settings, net, ring, past, r, x[min(r, len(x) - 1)])
        out[r] = ring.y[0, r]


@compiled
def learn_all(settings, net, ring, past, updates, seen, report):
    """Every replica learns from the present bin, if it has a label, and advances."""
    for r in range(len(report)):
        learn(settings, net, ring, past, r, updates, seen, report[r])
