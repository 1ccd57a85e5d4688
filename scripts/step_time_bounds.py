"""How far the hottest kernels are from what this machine can do: bytes and operations, and their measured rates.

    python scripts/step_time_bounds.py --out bounds.json

Immediate GRU step (whole stream: no Python between bins), and the gathering of an exact gradient (RNN, GRU). The bound is the
largest of: bytes that must move through the level of memory that holds them, over the measured rate of a loop that updates
arrays of that size; multiply-adds over the measured rate of such; square roots and divisions of the optimizer over theirs.
The parts of a step are differences of runs: nothing learns, SGD learns, RMSprop learns, bin by bin.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from step_time_nets import Start, monkey_e, simulated

from neurodrift.decoders import one_thread
from neurodrift.learn import CELLS, RULES, make_learner
from neurodrift.learn.kernels import horizon, traced
from neurodrift.learn.kernels.carrying import backward, fold, through
from neurodrift.learn.kernels.numeric import dot, move
from neurodrift.learn.optim import SGD, Optimizer, RMSprop

Row = dict[str, Any]
FAST = {"reassoc", "contract", "nsz", "arcp"}


@numba.njit(fastmath=FAST, error_model="numpy")
def _update(a: Any, b: Any, times: int) -> None:
    """Reads two arrays and writes both, as RMSprop does with weights and squares."""
    one = a.dtype.type(0.999)
    for _ in range(times):
        for j in range(len(a)):
            v = one * b[j]
            b[j] = v
            a[j] += v


@numba.njit(fastmath=FAST, error_model="numpy")
def _multiply_add(a: Any, rows: Any, times: int) -> None:
    """Sixteen multiply-adds an element that is read and written, in the first level of cache."""
    for _ in range(times):
        for j in range(len(a)):
            v = a[j]
            for _k in range(16):
                v = v * rows[0] + rows[1]
            a[j] = v


@numba.njit(fastmath=FAST, error_model="numpy")
def _root_divide(a: Any, b: Any, times: int) -> None:
    """One square root and one division an element, in the first level of cache."""
    eps = a.dtype.type(1e-6)
    for _ in range(times):
        for j in range(len(a)):
            a[j] = b[j] / (np.sqrt(a[j]) + eps)


@numba.njit
def _moves(w: Any, z: Any, square: Any, sizes: Any, width: int, rate: Any, hyper: Any, times: int) -> None:
    """The optimizer on every row, as the kernel does; with width 0 only the walk over rows is left."""
    for _ in range(times):
        move(1, w, 0, width, sizes, rate, z, 0, square, square, square, rate * 0, rate, hyper)


@numba.njit
def _gathers(box: Any, like: Any, report: Any, times: int) -> None:
    """The same gather several times, of the last step: it reads the past and leaves it; the call costs once."""
    settings, ring, past = (
        traced.open_settings(box, like),
        traced.open_ring(box, like),
        traced.open_past(0, box, like),
    )
    m, n = ring.z.shape[2], ring.h.shape[2]
    past.seen[0] -= 1
    for _ in range(times):
        horizon.gather(settings.reads, m - n - 1, past, ring.gradient, ring.back, 0, report)
    past.seen[0] += 1


@numba.njit
def _carries(reads: Any, v: Any, a: Any, b: Any, w_h: Any, q: Any, new: Any, times: int) -> None:
    for _ in range(times):
        through(v, a, q[0])
        backward(reads, q[0], b, w_h, v, new)


@numba.njit
def _folds(reads: Any, n_inputs: int, gradient: Any, q: Any, rows: Any, times: int) -> None:
    for _ in range(times):
        fold(reads, n_inputs, gradient, q, rows, 8, 0)


@numba.njit
def _norms(gradient: Any, times: int) -> float:
    total = 0.0
    for _ in range(times):
        total += dot(gradient.reshape(-1), gradient.reshape(-1))
    return total


def parts_of_gather(learn: Any, lags: float) -> Row:
    """What a gather of so many lags spends on its pieces, each timed alone in a loop on arrays of the learner's sizes."""
    (_, g, n, m), k, reads = learn.w.shape, learn.cell.states, learn._settings.reads
    v, new, a, b, w_h, q, rows, gradient = (
        np.zeros(shape, np.float32)
        for shape in ((k, n), (k, n), (k, g, n), (k, k, n), (g, n, n), (8, g, n), (8, m), (g, n, m))
    )
    carried = best(lambda: _carries(reads, v, a, b, w_h, q, new, 100)) / 100
    folded = best(lambda: _folds(reads, m - n - 1, gradient, q, rows, 50)) / 50
    norm = best(lambda: _norms(gradient, 50)) / 50
    clear = best(lambda: gradient.fill(0))
    pieces = {
        "carried_back_us": lags * carried,
        "added_us": lags / 8 * folded,
        "norm_once_us": norm,
        "cleared_us": clear,
    }
    return {name: 1e6 * value for name, value in pieces.items()}


def best(call: Callable[[], object], repeats: int = 9) -> float:
    """Seconds of a call, the median over repeats, compiled before."""
    call()
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


def bytes_a_second(size: int) -> float:
    """Of a loop over arrays that take `size` bytes together: two are read, two written."""
    n = max(1024, size // 8)
    a, b, times = np.zeros(n, np.float32), np.ones(n, np.float32), max(1, 20_000_000 // n)
    return 16 * n * times / best(lambda: _update(a, b, times))


def operations_a_second() -> tuple[float, float]:
    """Multiply-adds, two operations each, and pairs of a square root and a division."""
    a, b, rows = np.ones(1024, np.float32), np.ones(1024, np.float32), np.array([0.5, 0.5], np.float32)
    return 2 * 16 * 1024 * 2000 / best(lambda: _multiply_add(a, rows, 2000)), 1024 * 10000 / best(
        lambda: _root_divide(a, b, 10000)
    )


def bound(measured: float, moved: int, held: int, operations: float, roots: float, rates: Row) -> Row:
    """A row: seconds measured, and the bound."""
    rate = bytes_a_second(held)
    parts = {
        "memory_us": 1e6 * moved / rate,
        "arithmetic_us": 1e6 * operations / rates["flops"],
        "roots_us": 1e6 * roots / rates["roots"],
    }
    lower = max(parts.values())
    return {"measured_us": 1e6 * measured, "bound_us": lower, "factor": 1e6 * measured / lower, "gb_s": rate / 1e9, **parts}  # fmt: skip


def _read(cell: str, n: int, m: int) -> int:
    """Weights that gates read."""
    c = m - n - 1
    return {"rnn": n * m, "gru": n * (2 * m + c + 1 + n + 1), "lstm": 4 * n * m}[cell]


def immediate(cell: str, units: int, rates: Row) -> Row:
    """A whole-stream step of immediate derivatives with RMSprop, its bound, and its parts."""
    start = simulated(cell, units, 1300)
    bins = 1000

    def seconds(optimizer: Optimizer, learns: str = "all") -> float:
        learn: Any = make_learner(
            CELLS[cell](), start.w.clone(), start.w_out.clone(), RULES["immediate"](), optimizer, seeds=[0], learns=learns
        )  # fmt: skip
        x, y, fresh = start.x[:bins, None].numpy(), start.y[:bins].numpy(), np.zeros(bins, bool)
        return best(lambda: learn.run(x, y, fresh), 5) / bins

    def by_bin() -> float:
        learn = make_learner(
            CELLS[cell](), start.w.clone(), start.w_out.clone(), RULES["immediate"](), RMSprop(1e-4), seeds=[0]
        )  # fmt: skip
        taken = []
        for t in range(bins):
            began = time.perf_counter()
            learn.predict(start.x[t : t + 1])
            learn.update(start.y[t])
            taken.append(time.perf_counter() - began)
        return float(np.median(taken[50:]))

    whole, sgd, frozen = seconds(RMSprop(1e-4)), seconds(SGD(1e-4)), seconds(RMSprop(1e-4), "nothing")
    count = _read(cell, units, start.w.shape[3])
    # Weights are read to predict; weights and squares are read and written to learn.
    row = bound(whole, 5 * 4 * count, 8 * count, 10 * count, count, rates)
    n, m = start.w.shape[2:]
    rows = len(CELLS[cell]().gates) * n
    w, square, z = np.ones((rows, m), np.float32), np.ones((rows, m), np.float32), np.ones((1, m), np.float32)
    hyper, rate = np.array([0, 0.999, 1e-6, 1, 1, 1, 1e-3], np.float32), np.float32(1e-9)
    calls, moves = (
        best(lambda k=k: _moves(w, z, square, np.ones(rows, np.float32), k, rate, hyper, 100)) / 100
        for k in (0, m)
    )  # type: ignore[misc]
    pieces = {"row_calls_us": calls, "moves_us": moves, "predict_us": frozen, "gradient_us": sgd - frozen, "rmsprop_us": whole - sgd, "python_us": by_bin() - whole}  # fmt: skip
    return {"kernel": "immediate step", "cell": cell, "units": units, **row, **{k: 1e6 * v for k, v in pieces.items()}}  # fmt: skip


def gathering(cell: str, units: int, rates: Row, keep: Path | None) -> Row:
    """The kernel that carries an error back and sums the gradient: median over bins of time over bound."""
    start: Start = monkey_e(cell, units, keep) or simulated(cell, units, 1300)
    learn: Any = make_learner(
        CELLS[cell](), start.w.clone(), start.w_out.clone(), RULES["rtrl"](), RMSprop(1e-4), seeds=[0]
    )  # fmt: skip
    taken, passed, lags = [], [], []
    for t in range(min(1200, len(start.x))):
        learn.predict(start.x[t : t + 1])
        learn.update(start.y[t])
        if t < 300 or not bool(start.y[t].isfinite().all()):
            continue
        report, arrays = np.zeros(4), (learn._box, learn._like)
        passing, once, many = (_seconds_of(arrays, report, times) for times in (0, 1, 11))
        taken.append((many - once) / 10)
        passed.append(passing)
        lags.append(report[0])
    n, m = start.w.shape[2:]
    count, recurrent = _read(cell, n, m), {"rnn": 1, "gru": 3, "lstm": 4}[cell] * n * n
    h = float(np.median(lags))
    # A lag reads its recurrent weights once; eight lags share a pass over the gradient.
    moved = 4 * h * (recurrent + 2 * count / 8)
    row = bound(float(np.median(taken)), int(moved), int(4 * (h * recurrent + count)), h * 2 * (recurrent + count), 0, rates)  # fmt: skip
    return {"kernel": "exact RTRL, gather", "cell": cell, "units": units, **row, "horizon": h, "passing_us": 1e6 * float(np.median(passed)), **parts_of_gather(learn, h), "network": start.source}  # fmt: skip


def _seconds_of(arrays: tuple[Any, ...], report: Any, times: int) -> float:
    began = time.perf_counter()
    _gathers(*arrays, report, times)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", nargs="+", type=int, default=[64, 256])
    parser.add_argument("--keep", type=Path, help="folder that keeps decoders trained on monkey E")
    parser.add_argument("--out", type=Path, help="write the rows as JSON")
    given = parser.parse_args()
    one_thread()
    flops, roots = operations_a_second()
    rates = {"flops": flops, "roots": roots}
    print(
        f"{flops / 1e9:.1f} GFLOP/s in multiply-adds, {roots / 1e9:.2f} G square roots and divisions a second"
    )
    rows = []
    for units in given.units:
        rows.append(immediate("gru", units, rates))
        rows += [gathering(cell, units, rates, given.keep) for cell in ("rnn", "gru")]
    for row in rows:
        print(", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()))
    if given.out:
        given.out.write_text(json.dumps({"rates": rates, "rows": rows}, indent=1, allow_nan=False))


if __name__ == "__main__":
    main()
