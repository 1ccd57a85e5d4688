"""Others' ways of the same step, for `step_time.py --peers`: JAX, braintrace and NumPy; only what is installed is run.

"jax": immediate derivatives by autodiff through one step, or exact RTRL with the Jacobian's structure used, in one jitted step;
"jax (whole stream)" is the same step in a lax.scan over all bins. "jax_rtrl style": Jacobians of the whole step by jacrev.
"numpy": dense float64 matrices, a product a step, as vanilla-rtrl does. "braintrace": its diagonal RTRL, gradients of a whole
stream, no optimizer. All but the last with the loss, clipping and RMSprop of `neurodrift.learn`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
from step_time_nets import Start

__all__ = ["Peer", "peers"]

BETA, EPS, CLIP, RATE = 0.999, 1e-6, 1.0, 1e-4
CELL_STATES = {"rnn": 1, "gru": 1, "lstm": 2}

Peer = tuple[str, Callable[[int], None] | None, Callable[[int], float] | None, int, np.ndarray | None]
"""Name; a step of bin t, or None; seconds a bin of a whole stream of so many bins, or None; bytes of the trace; a gradient."""


def peers(start: Start, rule: str, check: int) -> Iterator[Peer]:
    """Every peer of this cell and rule; the gradient (G, N, M) is of bin `check`, weights held up to it."""
    if find_spec("jax") and start.cell in CELL_STATES and rule in ("immediate", "rtrl"):
        yield from _jax(start, rule, check)
    if rule == "rtrl" and start.cell == "rnn":
        yield _numpy(start, check)
    if find_spec("braintrace") and rule == "immediate" and start.cell in CELL_STATES:
        yield _braintrace(start)


def _columns(start: Start) -> list[np.ndarray]:
    """What each gate reads of [x, h, 1]."""
    m, c = start.w.shape[3], start.x.shape[1]
    everything, x, h = np.arange(m), np.r_[0:c, m - 1], np.arange(c, m)
    return {"rnn": [everything], "lstm": [everything] * 4, "gru": [everything, everything, x, h]}[start.cell]


def _jax(start: Start, rule: str, check: int) -> Iterator[Peer]:
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    import jax
    import jax.numpy as jnp

    columns, w = _columns(start), start.w[0].numpy()
    gates, n, m = w.shape
    states, c = CELL_STATES[start.cell], start.x.shape[1]
    xs, ys = start.x.numpy(), start.y.numpy()
    ends = np.cumsum([len(v) for v in columns])
    parts = [slice(e - len(v), e) for v, e in zip(columns, ends, strict=True)]
    gate_of = np.repeat(np.arange(gates), [len(v) for v in columns])
    u0 = np.concatenate([w[g][:, columns[g]] for g in range(gates)], axis=1)
    out0 = start.w_out[0].numpy()
    # The gates that read the same share a matrix, as one writes it for immediate derivatives.
    shared = {"rnn": [[0]], "lstm": [[0, 1, 2, 3]], "gru": [[0, 1], [2], [3]]}[start.cell]
    mats0 = tuple(np.concatenate([w[g][:, columns[g]] for g in group]) for group in shared)

    def pointwise(a: Any, s: Any) -> Any:
        if start.cell == "rnn":
            return jnp.tanh(a)
        if start.cell == "gru":
            r, u = jax.nn.sigmoid(a[0]), jax.nn.sigmoid(a[1])
            new = jnp.tanh(a[2] + r * a[3])
            return (new + u * (s[0] - new))[None]
        memory = jax.nn.sigmoid(a[1]) * s[1] + jax.nn.sigmoid(a[0]) * jnp.tanh(a[2])
        return jnp.stack((jax.nn.sigmoid(a[3]) * jnp.tanh(memory), memory))

    def reading(x: Any, s: Any) -> list[Any]:
        z = jnp.concatenate((x, s[0], jnp.ones(1, x.dtype)))
        return [z[v] if len(v) < m else z for v in columns]

    def answer(w_out: Any, s: Any) -> Any:
        return w_out[:, :-1] @ s[0] + w_out[:, -1]

    def error_of(y_hat: Any, y: Any) -> Any:
        return jnp.where(jnp.isnan(y), 0.0, y_hat - y)

    def moved(weights: Any, squares: Any, grads: Any, t: Any, rate: Any) -> Any:
        leaves = jax.tree.leaves(grads)
        scale = jnp.minimum(1.0, CLIP / (jnp.sqrt(sum(jnp.vdot(g, g) for g in leaves)) + EPS))
        correct = 1 / jnp.sqrt(1 - BETA**t)
        squares = jax.tree.map(lambda v, g: BETA * v + (1 - BETA) * (scale * g) ** 2, squares, grads)
        weights = jax.tree.map(
            lambda p, v, g: p - rate * scale * g / (jnp.sqrt(v) * correct + EPS), weights, squares, grads
        )
        return weights, squares

    def immediate(weights: Any, s: Any, trace: Any, x: Any, y: Any) -> Any:
        def loss(weights: Any) -> Any:
            mats, w_out = weights
            z = reading(x, s)
            a = jnp.concatenate([(mat @ z[group[0]]).reshape(-1, n) for mat, group in zip(mats, shared, strict=True)])  # fmt: skip
            new = pointwise(a, s)
            y_hat = answer(w_out, new)
            return 0.5 * jnp.square(error_of(y_hat, y)).sum(), (new, y_hat)

        (_, (new, y_hat)), grads = jax.value_and_grad(loss, has_aux=True)(weights)
        return grads, new, trace, y_hat

    def state(u: Any, s: Any, x: Any) -> Any:
        z = reading(x, s)
        return pointwise(jnp.stack([u[:, part] @ z[g] for g, part in enumerate(parts)]), s)

    def learned(weights: Any, new: Any, trace: Any, y: Any) -> Any:
        w_out = weights[1]
        y_hat = answer(w_out, new)
        error = error_of(y_hat, y)
        grad = jnp.tensordot(error @ w_out[:, :-1], trace[0], 1)
        return (grad, jnp.outer(error, jnp.append(new[0], 1.0))), new, trace, y_hat

    def structured(weights: Any, s: Any, trace: Any, x: Any, y: Any) -> Any:
        u = weights[0]
        z = reading(x, s)
        a = jnp.stack([u[:, part] @ z[g] for g, part in enumerate(parts)])
        new, back = jax.vjp(pointwise, a, s)
        rows = jnp.repeat(jnp.eye(states)[:, :, None], n, axis=2)
        by_a, by_s = jax.vmap(back)(rows)  # (K, G, N), (K, K, N)
        jacobian = jnp.einsum("kln,nm->knlm", by_s, jnp.eye(n))
        for g, part in enumerate(parts):
            if c in columns[g]:
                w_h = u[:, part][:, -n - 1 : -1]
                jacobian = jacobian.at[:, :, 0].add(by_a[:, g, :, None] * w_h)
        size = states * n
        trace = (jacobian.reshape(size, size) @ trace.reshape(size, -1)).reshape(trace.shape)
        own = by_a[:, gate_of].swapaxes(1, 2) * jnp.concatenate(z)
        trace = trace.at[:, jnp.arange(n), jnp.arange(n)].add(own)
        return learned(weights, new, trace, y)

    def by_jacrev(weights: Any, s: Any, trace: Any, x: Any, y: Any) -> Any:
        by_u, by_s = jax.jacrev(state, argnums=(0, 1))(weights[0], s, x)
        trace = jnp.tensordot(by_s, trace, 2) + by_u
        return learned(weights, state(weights[0], s, x), trace, y)

    def packed(grads: Any) -> np.ndarray:
        full = np.zeros((gates, n, m), np.float32)
        if rule == "immediate":
            for mat, group in zip(grads[0], shared, strict=True):
                for g, rows in zip(group, np.asarray(mat).reshape(len(group), n, -1), strict=True):
                    full[g][:, columns[g]] = rows
        else:
            for g, part in enumerate(parts):
                full[g][:, columns[g]] = np.asarray(grads[0])[:, part]
        return full

    kinds = {"jax": immediate} if rule == "immediate" else {"jax": structured, "jax_rtrl style": by_jacrev}
    for name, gradient in kinds.items():

        def step(carry: Any, xy: Any, rate: Any, gradient: Any = gradient) -> Any:
            weights, squares, s, trace, t = carry
            grads, s, trace, y_hat = gradient(weights, s, trace, *xy)
            weights, squares = moved(weights, squares, grads, t, rate)
            return (weights, squares, s, trace, t + 1), y_hat

        def begin() -> Any:
            weights = (mats0 if rule == "immediate" else u0, out0)
            weights = jax.tree.map(jnp.array, weights)
            trace = jnp.zeros((0,) if rule == "immediate" else (states, n, *u0.shape), jnp.float32)
            squares = jax.tree.map(jnp.zeros_like, weights)
            return weights, squares, jnp.zeros((states, n), jnp.float32), trace, jnp.float32(1)

        one = jax.jit(step, donate_argnums=0)
        scan = jax.jit(lambda carry, x, y, rate, step=step: jax.lax.scan(lambda k, v: step(k, v, rate), carry, (x, y)))  # fmt: skip
        held = scan(begin(), xs[:check], ys[:check], 0.0)[0]
        grads = jax.jit(gradient)(held[0], held[2], held[3], xs[check], ys[check])[0]
        size = 4 * int(np.prod(held[3].shape))
        del held
        running = [begin()]

        def each(t: int, one: Any = one, running: Any = running) -> None:
            running[0], y_hat = one(running[0], (xs[t], ys[t]), RATE)
            np.asarray(y_hat)

        def whole(bins: int, scan: Any = scan, begin: Any = begin) -> float:
            carry, x, y = begin(), jnp.array(xs[:bins]), jnp.array(ys[:bins])
            jax.block_until_ready(scan(carry, x, y, RATE))
            began = time.perf_counter()
            jax.block_until_ready(scan(carry, x, y, RATE))
            return (time.perf_counter() - began) / bins

        yield name, each, whole, size, packed(grads)


def _numpy(start: Start, check: int) -> Peer:
    """Exact RTRL of the tanh RNN: P (N, N M), one dense product a step, float64."""
    w, w_out = start.w[0, 0].double().numpy().copy(), start.w_out[0].double().numpy().copy()
    n, m = w.shape
    c = start.x.shape[1]
    xs, ys = start.x.double().numpy(), start.y.double().numpy()
    held = {"p": np.zeros((n, n * m)), "h": np.zeros(n), "t": 0}
    squares = [np.zeros_like(w), np.zeros_like(w_out)]

    def advance(t: int) -> list[np.ndarray]:
        z = np.concatenate((xs[t], held["h"], [1.0]))
        h = np.tanh(w @ z)
        slope = 1 - h * h
        # The immediate part is dense too: kron(diag(slope), z).
        held["p"] = (slope[:, None] * w[:, c : c + n]) @ held["p"] + np.kron(np.diag(slope), z)
        held["h"] = h
        error = np.where(np.isnan(ys[t]), 0.0, w_out[:, :-1] @ h + w_out[:, -1] - ys[t])
        grad = ((error @ w_out[:, :-1]) @ held["p"]).reshape(n, m)
        return [grad, np.outer(error, np.append(h, 1.0))]

    def step(t: int) -> None:
        grads = advance(t)
        held["t"] += 1
        scale = min(1.0, CLIP / (np.sqrt(sum((g * g).sum() for g in grads)) + EPS))
        correct = 1 / np.sqrt(1 - BETA ** held["t"])
        for p, v, g in zip((w, w_out), squares, grads, strict=True):
            g *= scale
            v *= BETA
            v += (1 - BETA) * g * g
            p -= RATE * g / (np.sqrt(v) * correct + EPS)

    gradient = None
    if n <= 128:
        for t in range(check + 1):
            gradient = advance(t)[0]
        held |= {"p": np.zeros((n, n * m)), "h": np.zeros(n)}
    return "numpy", step, None, 8 * n * n * m, None if gradient is None else gradient[None]


def _braintrace(start: Start) -> Peer:
    """Diagonal RTRL of braintrace's own cell, same sizes: gradients of a whole stream in one jitted call."""
    import brainstate
    import braintrace
    import jax
    import jax.numpy as jnp

    n, c, d = start.w.shape[2], start.x.shape[1], start.w_out.shape[1]
    name = {"rnn": "ValinaRNNCell", "gru": "GRUCell", "lstm": "LSTMCell"}[start.cell]

    class Net(brainstate.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = getattr(braintrace.nn, name)(c, n)
            self.readout = braintrace.nn.Linear(n, d)

        def update(self, x: Any) -> Any:
            return self.readout(self.cell(x))

    x, y = jnp.array(start.x.numpy()), jnp.nan_to_num(jnp.array(start.y.numpy()))
    net = Net()
    brainstate.nn.init_all_states(net)
    learner = braintrace.compile(net, braintrace.D_RTRL, x[0])

    def loss(x: Any, y: Any) -> Any:
        return 0.5 * jnp.square(learner.update(x) - y).sum()

    @brainstate.transform.jit
    def gradients(x: Any, y: Any) -> Any:
        return learner.etrace_grad(x, y, step_fn=loss)

    def whole(bins: int) -> float:
        jax.block_until_ready(gradients(x[:bins], y[:bins]))
        began = time.perf_counter()
        jax.block_until_ready(gradients(x[:bins], y[:bins]))
        return (time.perf_counter() - began) / bins

    return "braintrace", None, whole, 0, None
