"""Compiled learning with rules that carry a trace: a bin, or a whole session, of many replicas.

Arrays as in `immediate`. Of a rule's own parts one is there and the others are None, which numba leaves out of what it
compiles: `trace` of eligibility traces, `past` of a horizon, `window` of a carried P. One entry, `run`, serves bin by bin
and whole sessions, so that their results are the same and the machine compiles it once.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy.typing as npt

from neurodrift.learn.kernels import eligibility, horizon, masking, windowed
from neurodrift.learn.kernels.box import counts1, counts2, reals1, view1, view2, view3, view4, view5
from neurodrift.learn.kernels.eligibility import Eligibility
from neurodrift.learn.kernels.horizon import Past
from neurodrift.learn.kernels.immediate import RING, answer, open_net, open_settings, take_in
from neurodrift.learn.kernels.jacobian import jacobians
from neurodrift.learn.kernels.masking import MaskTrace
from neurodrift.learn.kernels.numeric import advance, compiled, dot, move, read_range
from neurodrift.learn.kernels.windowed import Window

__all__ = ["TracedRing", "run"]

Array = npt.NDArray[Any]
PARTS = RING + 14  # first row of a box with the rule's own parts
REST = PARTS + 6  # and what comes after masks


class TracedRing(NamedTuple):
    """What the last Q bins need to be learned from: that of `Ring`, their derivatives and their weights."""

    slope: Array  # (1, R, G, N) room to work in
    z: Array  # (Q, R, M) inputs, units, constant
    h: Array  # (Q, R, N) what the readout saw
    y: Array  # (Q, R, D)
    target: Array  # (Q, R, D) NaN: not known
    w_out: Array  # (Q, R, D, N + 1), or no place where labels are never late
    a: Array  # (G, N) room to work in, as the next two
    back: Array  # (N,)
    error: Array  # (D,)
    da: Array  # (Q, R, K, G, N) ds'/da
    db: Array  # (Q, R, K, K, N) ds'/ds, the direct part
    w: Array  # (Q, R, G, N, M), or no place where labels are never late
    gradient: Array  # (G, N, M) room to work in, zero where a gate does not read
    ones: Array  # (N,)


@compiled
def open_ring(box, like):
    slope, z, h = view4(box[RING], like), view3(box[RING + 1], like), view3(box[RING + 2], like)
    y, target, w_out = view3(box[RING + 3], like), view3(box[RING + 4], like), view4(box[RING + 5], like)
    a, back, error = view2(box[RING + 6], like), view1(box[RING + 7], like), view1(box[RING + 8], like)
    da, db, w = view5(box[RING + 9], like), view5(box[RING + 10], like), view5(box[RING + 11], like)
    gradient, ones = view3(box[RING + 12], like), view1(box[RING + 13], like)
    return TracedRing(slope, z, h, y, target, w_out, a, back, error, da, db, w, gradient, ones)


@compiled
def open_trace(has, box, like):
    if has is None:
        return None
    v = reals1(box[PARTS])
    return Eligibility(view5(box[PARTS + 1], like), int(v[0]), v[1], view3(box[PARTS + 2], like))


@compiled
def open_masks(has, box, like):
    if has is None:
        return None
    v = reals1(box[PARTS])
    stored, key = view3(box[PARTS + 1], like), counts2(box[PARTS + 2])
    chosen, score, whole = (
        view2(box[PARTS + 3], like),
        view2(box[PARTS + 4], like),
        view2(box[PARTS + 5], like),
    )
    return MaskTrace(stored, key, int(v[0]), int(v[1]), v[2] != 0, v[3] != 0, v[4] != 0, chosen, score, whole)


@compiled
def open_past(has, box, like):
    if has is None:
        return None
    a, b, z = view5(box[REST], like), view5(box[REST + 1], like), view4(box[REST + 2], like)
    w_h, tangents = view5(box[REST + 3], like), view5(box[REST + 4], like)
    left, right = view4(box[REST + 5], like), view5(box[REST + 6], like)
    seen, limits = counts1(box[REST + 7]), reals1(box[REST + 8])
    q, rows, v = view3(box[REST + 9], like), view2(box[REST + 10], like), view3(box[REST + 11], like)
    return Past(a, b, z, w_h, tangents, left, right, seen, limits, q, rows, v)


@compiled
def open_window(has, box, like):
    if has is None:
        return None
    a, b, z = view5(box[REST], like), view5(box[REST + 1], like), view4(box[REST + 2], like)
    w_h, products, p = view5(box[REST + 3], like), view4(box[REST + 4], like), view4(box[REST + 5], like)
    seen, q, rows = counts1(box[REST + 6]), view3(box[REST + 7], like), view2(box[REST + 8], like)
    v, d = view3(box[REST + 9], like), view2(box[REST + 10], like)
    left, right = view2(box[REST + 11], like), view2(box[REST + 12], like)
    return Window(a, b, z, w_h, products, p, seen, q, rows, v, d, left, right)


@compiled
def predict(settings, net, ring, r, q, x):
    """Replica r reads x (C,) and answers into ring.y[q, r]; its step's derivatives wait there too."""
    take_in(settings, net, ring, r, q, x)
    jacobians(settings.cell, ring.a, net.s[r], ring.da[q, r], ring.db[q, r])
    advance(settings.cell, ring.a, net.s[r], ring.slope[0, r])
    answer(net, ring, r, q)
    if ring.w.shape[0] > 0:
        ring.w[q, r] = net.w[r]


@compiled
def find_error(net, ring, r, q):
    """ring.error on the axes and ring.back on the units of the bin in place q; False where it has no label."""
    error, back, target = ring.error, ring.back, ring.target[q, r]
    w_out = ring.w_out[q, r] if ring.w_out.shape[0] > 0 else net.w_out[r]
    labelled = False
    back[:] = 0
    for d in range(len(error)):
        error[d] = 0
        if not math.isnan(target[d]):
            error[d] = ring.y[q, r, d] - target[d]
            labelled = True
            for i in range(len(back)):
                back[i] += error[d] * w_out[d, i]
    return labelled


@compiled
def apply(settings, net, ring, rows, sizes, r, q, updates, averaged):
    """Weights move: w along rows (G, N, M), each times the size of its unit (N,), w_out along the error."""
    gates, n, m = rows.shape
    error, h, one = ring.error, ring.h[q, r], net.w.dtype.type(1)
    norm = dot(error, error) * (dot(h, h) + one)
    for g in range(gates):
        for i in range(n):
            norm += sizes[i] * sizes[i] * dot(rows[g, i], rows[g, i])
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
        move(kind, w, 0, m, sizes, scale, rows[g], 0, square, mean, average, keep, rate, hyper)
    w, square, mean, average = net.w_out[r], net.square_out[r], net.mean_out[r], net.average_out[r]
    move(kind, w, 0, n, error, scale, ring.h[q, r : r + 1], 0, square, mean, average, keep, rate, hyper)
    move(
        kind, w, n, n + 1, error, scale, ring.z[q, r : r + 1], m - 1, square, mean, average, keep, rate, hyper
    )


@compiled
def store(reads, n_inputs, past, masks, da, db, z, w, r):
    """The present step takes its place in the rule's ring of steps (a, b, z, w_h), its Jacobian with the mask on it."""
    gates, n, m = w.shape
    at = past.seen[r] % len(past.a)
    mask = masking.present(masks, da, db, w, n_inputs, r)
    past.a[at, r] = da
    w_h, b = past.w_h[at, r], past.b[at, r]
    for g in range(gates):
        lo, hi, _ = read_range(reads[g], n_inputs, m)
        past.z[at, r, g, lo:hi] = z[lo:hi]
        past.z[at, r, g, m - 1] = 1
        if reads[g] != 1:
            for i in range(n):
                row, open_, weights = w_h[g, i], mask[i], w[g, i, n_inputs : n_inputs + n]
                for j in range(n):
                    row[j] = weights[j] * open_[j]
    for k in range(b.shape[0]):
        for to in range(b.shape[1]):
            for i in range(n):
                b[k, to, i] = db[k, to, i] * mask[i, i]


@compiled
def learn(settings, net, ring, trace, past, window, masks, r, q, updates, averaged, report):
    """Replica r learns from the bin in place q if it has a label, and its trace advances; whether it had one."""
    labelled = find_error(net, ring, r, q)
    w = ring.w[q, r] if ring.w.shape[0] > 0 else net.w[r]
    z, da, db, n_inputs = ring.z[q, r], ring.da[q, r], ring.db[q, r], net.w.shape[3] - net.w.shape[2] - 1
    if trace is not None:
        # The gradient is c'E with the new E: its immediate and its past part at once.
        eligibility.advance(settings.reads, n_inputs, trace, da, db, z, w, r)
        if labelled:
            apply(settings, net, ring, trace.e[r, 0], ring.back, r, q, updates, averaged)
    if past is not None:
        store(settings.reads, n_inputs, past, masks, da, db, z, w, r)
        if labelled:
            horizon.gather(settings.reads, n_inputs, past, ring.gradient, ring.back, r, report)
        horizon.advance(settings.reads, n_inputs, past, z, r)
        masking.advance(masks, r)
        if labelled:
            apply(settings, net, ring, ring.gradient, ring.ones, r, q, updates, averaged)
    if window is not None:
        store(settings.reads, n_inputs, window, masks, da, db, z, w, r)
        if labelled:
            windowed.gather(settings.reads, n_inputs, window, ring.gradient, ring.back, r)
        windowed.advance(settings.reads, window, r)
        masking.advance(masks, r)
        if labelled:
            apply(settings, net, ring, ring.gradient, ring.ones, r, q, updates, averaged)
    return labelled


@compiled
def restart(net, trace, past, window, masks, r):
    """State and trace of replica r as after a reset."""
    net.s[r] = 0
    if trace is not None:
        trace.e[r] = 0
    if past is not None:
        past.seen[r] = 0
        masking.restart(masks, r)
    if window is not None:
        window.seen[r] = 0
        window.p[r] = 0
        masking.restart(masks, r)


@compiled
def run(box, like, has_trace, has_past, has_window, has_masks, does, x, targets, fresh, waiting, place, updates, seen, out, reports):  # fmt: skip
    """A stretch of bins, as `immediate.run`; `does` 1 predicts alone, 2 learns from the oldest bin alone, 3 both.

    What the rule has is 0, what it lacks None.
    """
    settings, net, ring = open_settings(box, like), open_net(box, like), open_ring(box, like)
    trace, masks = open_trace(has_trace, box, like), open_masks(has_masks, box, like)
    past, window = open_past(has_past, box, like), open_window(has_window, box, like)
    places, shared = ring.y.shape[0], x.shape[1] == 1
    end_waiting, end_place, learned = waiting, place, 0
    for r in range(out.shape[1]):
        end_waiting, end_place, learned = waiting, place, 0
        for t in range(len(x)):
            if does != 2:
                if fresh[t]:
                    restart(net, trace, past, window, masks, r)
                    end_waiting = 0
                q = end_place
                predict(settings, net, ring, r, q, x[t, 0 if shared else r])
                out[t, r] = ring.y[q, r]
                end_waiting += 1
                end_place = (q + 1) % places
            if does != 1 and end_waiting == places:
                # The oldest bin lies where the next one will go.
                for d in range(targets.shape[1]):
                    if not math.isnan(targets[t, d]):
                        ring.target[end_place, r, d] = targets[t, d]
                if learn(settings, net, ring, trace, past, window, masks, r, end_place, updates + learned + 1, seen + learned + 1, reports[t, r]):  # fmt: skip
                    learned += 1
                end_waiting -= 1
    return end_waiting, end_place, learned
