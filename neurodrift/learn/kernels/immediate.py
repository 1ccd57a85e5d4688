"""Compiled learning with immediate derivatives: a bin, or a whole session, of many replicas.

Arrays: R replicas, K states, G gates, N units, M = C + N + 1, D outputs, Q = max_lag + 1 places for waiting bins.
A `Net` holds the weights, a `Ring` what waiting bins need; place `t % Q` belongs to bin t.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy.typing as npt

from neurodrift.learn.kernels.box import counts1, reals1, view1, view2, view3, view4
from neurodrift.learn.kernels.numeric import advance, affine, compiled, dot, move, read_range

__all__ = [
    "NET",
    "RING",
    "SETTINGS",
    "Net",
    "Ring",
    "Settings",
    "answer",
    "encode",
    "learn_all",
    "open_net",
    "open_settings",
    "predict_all",
    "run",
    "take_in",
]

Array = npt.NDArray[Any]
SETTINGS, NET, RING = 0, 4, 13  # first rows of a box


class Settings(NamedTuple):
    """What a kernel needs to know; integers stand for names so that one compilation serves all."""

    cell: int
    optimizer: int
    learns: int  # 0 nothing, 1 the bias, 2 the readout, 3 all
    clip: float
    average: float
    beta1: float
    beta2: float
    reads: Array  # (G,) 0 "xh", 1 "x", 2 "h"
    rates: Array  # (R,) step sizes
    hyper: Array  # (7,) of `move`


class Net(NamedTuple):
    """Weights, their second and first moments, their averages, and the state; an unused array is the weights."""

    w: Array  # (R, G, N, M)
    w_out: Array  # (R, D, N + 1)
    square: Array
    square_out: Array
    mean: Array
    mean_out: Array
    average: Array
    average_out: Array
    s: Array  # (R, K, N)


class Ring(NamedTuple):
    """What the last Q bins need to be learned from."""

    slope: Array  # (Q, R, G, N) dh'/da
    z: Array  # (Q, R, M) inputs, units, constant
    h: Array  # (Q, R, N) what the readout saw
    y: Array  # (Q, R, D)
    target: Array  # (Q, R, D) NaN: not known
    w_out: Array  # (Q, R, D, N + 1), or no place where labels are never late
    a: Array  # (G, N) room to work in, as the next two
    back: Array  # (N,)
    error: Array  # (D,)


@compiled
def open_settings(box, like):
    """From four arrays: cell, optimizer, learns, clip, average, beta1 and beta2 in one, then reads, rates and hyper."""
    v = reals1(box[SETTINGS])
    reads, rates, hyper = (
        counts1(box[SETTINGS + 1]),
        view1(box[SETTINGS + 2], like),
        view1(box[SETTINGS + 3], like),
    )
    return Settings(int(v[0]), int(v[1]), int(v[2]), v[3], v[4], v[5], v[6], reads, rates, hyper)


@compiled
def open_net(box, like):
    w, w_out = view4(box[NET], like), view3(box[NET + 1], like)
    square, square_out = view4(box[NET + 2], like), view3(box[NET + 3], like)
    mean, mean_out = view4(box[NET + 4], like), view3(box[NET + 5], like)
    average, average_out = view4(box[NET + 6], like), view3(box[NET + 7], like)
    return Net(w, w_out, square, square_out, mean, mean_out, average, average_out, view3(box[NET + 8], like))


@compiled
def open_ring(box, like):
    slope, z, h = view4(box[RING], like), view3(box[RING + 1], like), view3(box[RING + 2], like)
    y, target, w_out = view3(box[RING + 3], like), view3(box[RING + 4], like), view4(box[RING + 5], like)
    a, back, error = view2(box[RING + 6], like), view1(box[RING + 7], like), view1(box[RING + 8], like)
    return Ring(slope, z, h, y, target, w_out, a, back, error)


@compiled
def take_in(settings, net, ring, r, q, x):
    """Replica r reads x (C,): what its gates read goes to ring.z[q, r], their pre-activations to ring.a."""
    c, n, m = len(x), net.s.shape[2], net.w.shape[3]
    z = ring.z[q, r]
    z[:c] = x
    z[c : c + n] = net.s[r, 0]
    z[m - 1] = 1
    affine(net.w[r], z, settings.reads, c, ring.a)


@compiled
def answer(net, ring, r, q):
    """The readout of the new state into ring.y[q, r], where a label is waited for."""
    n, h = net.s.shape[2], ring.h[q, r]
    h[:] = net.s[r, 0]
    for d in range(ring.y.shape[2]):
        ring.y[q, r, d] = dot(net.w_out[r, d, :n], h) + net.w_out[r, d, n]
        ring.target[q, r, d] = math.nan
    if ring.w_out.shape[0] > 0:
        ring.w_out[q, r] = net.w_out[r]


@compiled
def predict_bin(settings, net, ring, r, q, x):
    """Replica r reads x (C,) and answers into ring.y[q, r]."""
    take_in(settings, net, ring, r, q, x)
    advance(settings.cell, ring.a, net.s[r], ring.slope[q, r])
    answer(net, ring, r, q)


@compiled
def learn_bin(settings, net, ring, r, q, updates, seen):
    """Replica r learns from the bin in place q, its update number `updates`; False where the bin has no label."""
    error, back, z, h, target = ring.error, ring.back, ring.z[q, r], ring.h[q, r], ring.target[q, r]
    n, m = len(h), len(z)
    n_inputs, n_out, gates = m - n - 1, len(error), net.w.shape[1]
    one = z.dtype.type(1)
    labelled = False
    for d in range(n_out):
        if math.isnan(target[d]):
            error[d] = 0
        else:
            error[d] = ring.y[q, r, d] - target[d]
            labelled = True
    if not labelled:
        return False
    slope = ring.slope[q, r]
    norm = dot(error, error)
    if settings.learns > 1:
        norm *= dot(h, h) + one
    if settings.learns == 3:
        w_out = ring.w_out[q, r] if ring.w_out.shape[0] > 0 else net.w_out[r]
        back[:] = 0
        for d in range(n_out):
            for i in range(n):
                back[i] += error[d] * w_out[d, i]
        for g in range(gates):
            lo, hi, apart = read_range(settings.reads[g], n_inputs, m)
            length = dot(z[lo:hi], z[lo:hi])
            if apart:
                length += one
            for i in range(n):
                slope[g, i] *= back[i]
            norm += dot(slope[g], slope[g]) * length
    scale = min(one, z.dtype.type(settings.clip) / (math.sqrt(norm) + z.dtype.type(1e-6)))
    keep = z.dtype.type(0)
    if settings.average > 0:
        keep = z.dtype.type(max(1.0 / settings.average, 1.0 / (seen + 1.0)))
    hyper, rate, kind = settings.hyper, settings.rates[r], settings.optimizer
    if kind > 0:
        hyper[3] = 1.0 / math.sqrt(1.0 - settings.beta2**updates)
        hyper[4] = 1.0 / (1.0 - settings.beta1**updates)
    rows, e = ring.z[q, r : r + 1], m - 1
    if settings.learns == 3:
        for g in range(gates):
            lo, hi, apart = read_range(settings.reads[g], n_inputs, m)
            w, square, mean, average = net.w[r, g], net.square[r, g], net.mean[r, g], net.average[r, g]
            move(kind, w, lo, hi, slope[g], scale, rows, lo, square, mean, average, keep, rate, hyper)
            if apart:
                move(kind, w, e, m, slope[g], scale, rows, e, square, mean, average, keep, rate, hyper)
    w, square, mean, average = net.w_out[r], net.square_out[r], net.mean_out[r], net.average_out[r]
    if settings.learns > 1:
        move(kind, w, 0, n, error, scale, ring.h[q, r : r + 1], 0, square, mean, average, keep, rate, hyper)
    move(kind, w, n, n + 1, error, scale, rows, e, square, mean, average, keep, rate, hyper)
    return True


@compiled
def predict_all(box, like, q, x, out):
    """Every replica reads its row of x (1 or R, C) and answers into out (R, D)."""
    settings, net, ring = open_settings(box, like), open_net(box, like), open_ring(box, like)
    for r in range(len(out)):
        predict_bin(settings, net, ring, r, q, x[min(r, len(x) - 1)])
        out[r] = ring.y[q, r]


@compiled
def learn_all(box, like, q, target, updates, seen):
    """Every replica learns from the bin in place q and, where they are numbers, from the labels target (D,) that have
    just become known; whether there was a label."""
    settings, net, ring = open_settings(box, like), open_net(box, like), open_ring(box, like)
    learned = False
    for r in range(ring.y.shape[1]):
        for d in range(len(target)):
            if not math.isnan(target[d]):
                ring.target[q, r, d] = target[d]
        learned = learn_bin(settings, net, ring, r, q, updates, seen)
    return learned


@compiled
def run(box, like, x, targets, fresh, waiting, place, updates, seen, out):
    """A stretch of bins whose labels are known: predictions into out (T, R, D).

    Args: x (T, Rx, C) with Rx 1 or R; targets (T, D), the label that becomes known at each bin, of the bin Q - 1
    earlier; fresh (T,), the state is reset there; `waiting` bins lie in the ring before the first, which goes to
    `place`. Returns both as they are at the end, and how many bins were learned from.
    """
    settings, net, ring = open_settings(box, like), open_net(box, like), open_ring(box, like)
    places, shared = ring.y.shape[0], x.shape[1] == 1
    end_waiting, end_place, learned = waiting, place, 0
    for r in range(out.shape[1]):
        end_waiting, end_place, learned = waiting, place, 0
        for t in range(len(x)):
            if fresh[t]:
                net.s[r] = 0
                end_waiting = 0
            q = end_place
            predict_bin(settings, net, ring, r, q, x[t, 0 if shared else r])
            out[t, r] = ring.y[q, r]
            end_waiting += 1
            end_place = (q + 1) % places
            if end_waiting == places:
                # The oldest bin lies where the next one will go.
                for d in range(targets.shape[1]):
                    if not math.isnan(targets[t, d]):
                        ring.target[end_place, r, d] = targets[t, d]
                if settings.learns > 0 and learn_bin(settings, net, ring, r, end_place, updates + learned + 1, seen + learned + 1):  # fmt: skip
                    learned += 1
                end_waiting -= 1
    return end_waiting, end_place, learned


@compiled
def encode(counts, smoothed, keep, mean, scale, fresh, out):
    """Causal smoothing and z-scores: counts (T, Rc, C), smoothed (Rc, C) in place, mean and scale (Rm, C) -> out (T, Rx, C)."""
    rest = smoothed.dtype.type(1) - keep
    for t in range(len(counts)):
        if fresh[t]:
            smoothed[:] = 0
        for r in range(smoothed.shape[0]):
            row, new = smoothed[r], counts[t, r]
            for j in range(len(row)):
                row[j] = keep * row[j] + rest * new[j]
        for r in range(out.shape[1]):
            row = smoothed[min(r, smoothed.shape[0] - 1)]
            m, s, z = mean[min(r, len(mean) - 1)], scale[min(r, len(scale) - 1)], out[t, r]
            for j in range(len(z)):
                z[j] = (row[j] - m[j]) / s[j]
