"""Time of one predict and update, and the error of its gradient: our engines, idiomatic torch and others, in one run.

    python scripts/step_time.py --cells gru --rules immediate rtrl --units 64 256 --peers --out step-time.json

Every row is one replica on one thread of one core, 96 inputs, 2 outputs, RMSprop, float32, fed bin by bin with labels in time.
"torch" is what one would write: a torch.nn module, autograd for one step, torch.optim.RMSprop. "(whole stream)" is one call over
all bins, which only replays of recordings can do. Exact rules run on decoders trained on monkey E and adapting 288 days later
where NEURODRIFT_DATA is set, others, and those of cells without a spec, on a simulated stream ("network" says which).

"gradient_error": relative error of the gradient of w that the measured implementation used, see `step_time_oracle.py`; of torch
and others, of one bin in float64. "trace_bytes": what a rule carries from bin to bin; "memory_bytes": all arrays of the learner.
"horizon": median steps that a rule with a horizon went back.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from step_time_nets import Start, monkey_e, simulated
from step_time_oracle import gradient_error, held_error
from step_time_peers import peers
from step_time_torch import idiomatic_gradient, idiomatic_step

from neurodrift.decoders import one_thread
from neurodrift.learn import CELLS, RULES, Learner, make_learner
from neurodrift.learn.engines import Engine
from neurodrift.learn.optim import RMSprop

LIMITS = (10, 20, 50)
INPUTS = 96
GIB = 2**30
# Bins before the one whose gradient of torch and others is checked.
CHECK = 60
Row = dict[str, Any]


def timed(step: Callable[[int], None], count: list[bool], bins: int, warm: int, seconds: float) -> Row:
    """Percentiles of the microseconds of `step` over bins that count, the stream repeated; missed deadlines.

    At most `seconds` in all, and never fewer than 20 bins.
    """
    for t in range(warm):
        step(t % len(count))
    taken: list[float] = []
    t, end = warm, time.perf_counter() + seconds
    while len(taken) < bins and (len(taken) < 20 or time.perf_counter() < end):
        begin = time.perf_counter()
        step(t % len(count))
        took = time.perf_counter() - begin
        if count[t % len(count)]:
            taken.append(1e6 * took)
        t += 1
    found = np.array(taken)
    p50, p99, p999 = np.percentile(found, [50, 99, 99.9])
    missed = {f"{limit} ms": int((found > 1000 * limit).sum()) for limit in LIMITS}
    return {"bins": len(found), "p50_us": p50, "p99_us": p99, "p999_us": p999, "max_us": found.max(), "missed": missed}  # fmt: skip


def row(implementation: str, start: Start, rule: str, times: Row, **more: Any) -> Row:
    facts = {"implementation": implementation, "cell": start.cell, "rule": rule, "units": start.w.shape[2], "dtype": "float32"}  # fmt: skip
    rest = {"trace_bytes": None, "memory_bytes": None, "gradient_error": None, "horizon": None, "network": start.source}  # fmt: skip
    return facts | times | rest | more


def over_whole(bin_seconds: Callable[[], float], repeats: int = 7) -> Row:
    """The median over repeats of the mean time of a bin; one call has no percentiles over bins."""
    taken = 1e6 * np.median([bin_seconds() for _ in range(repeats)])
    return {"bins": None, "p50_us": taken, "p99_us": None, "p999_us": None, "max_us": None, "missed": None}


def our_rows(rule: str, engine: Engine, start: Start, given: argparse.Namespace) -> Iterator[Row]:
    def new() -> Learner:
        return make_learner(
            CELLS[start.cell](), start.w.clone(), start.w_out.clone(), RULES[rule](), RMSprop(1e-4), seeds=[0], engine=engine
        )  # fmt: skip

    learn, horizons = new(), []
    compiled = type(learn) is not Learner

    def step(t: int) -> None:
        learn.predict(start.x[t : t + 1])
        learn.update(start.y[t])

    def looked(t: int) -> None:
        step(t)
        reports = getattr(learn, "reports", None)
        if reports is not None and len(reports):
            horizons.append(float(reports[-1, 0, 0]))

    count = start.y.isfinite().all(dim=1).tolist()
    for t in range(300):
        looked(t % len(count))
    learn.reset()
    times = timed(step, count, given.bins, 50, given.seconds)
    g, n, m = learn.w.shape[1:]
    checked = None
    if not (compiled and engine == "reference") and n <= given.checked:
        checked = gradient_error(rule, engine, start, 300 if n <= 128 else 200, 12 if n <= 128 else 5)
    yield row(
        "compiled" if compiled else "reference",
        start,
        rule,
        times,
        trace_bytes=learn.rule.trace_size(learn.cell.states, g, n, m) * learn.w.element_size(),
        memory_bytes=_bytes_of(learn),
        gradient_error=checked,
        horizon=float(np.median([h for h in horizons if h])) if any(horizons) else None,
    )
    if compiled and given.peers:
        bins = int(np.clip(1e6 * given.seconds / 10 / times["p50_us"], 20, len(start.x)))
        x, y = start.x[:bins, None].numpy(), start.y[:bins].numpy()
        learn = new()

        def whole() -> float:
            began = time.perf_counter()
            learn.run(x, y, np.zeros(bins, bool))  # type: ignore[attr-defined]
            return (time.perf_counter() - began) / bins

        yield row("compiled (whole stream)", start, rule, over_whole(whole), gradient_error=checked)


def _bytes_of(learn: Learner) -> int:
    """All arrays a learner holds: weights, moments, state, trace and room to work in."""
    seen: dict[int, int] = {}

    def look(value: Any) -> None:
        if isinstance(value, torch.Tensor):
            value = value.numpy()
        if isinstance(value, np.ndarray):
            seen[value.__array_interface__["data"][0]] = value.nbytes
        elif isinstance(value, (list, tuple)):
            for part in value:
                look(part)

    for value in vars(learn).values():
        look(value)
    return sum(seen.values())


def torch_row(start: Start, given: argparse.Namespace) -> Row:
    found = idiomatic_gradient(start, CHECK)
    times = timed(idiomatic_step(start), [True] * len(start.x), given.bins, 50, given.seconds)
    error = held_error(start, "immediate", found, CHECK)
    return row("torch", start, "immediate", times, trace_bytes=0, gradient_error=error)


def peer_rows(start: Start, rule: str, given: argparse.Namespace) -> Iterator[Row]:
    try:
        for name, step, whole, size, gradient in peers(start, rule, CHECK):
            error = None if gradient is None else held_error(start, rule, gradient, CHECK)
            also = {"trace_bytes": size, "gradient_error": error}
            took = 1e-5
            if step is not None:
                times = timed(step, [True] * len(start.x), given.bins, 3, given.seconds)
                took = times["p50_us"] / 1e6
                yield row(name, start, rule, times, **also)
            if whole is not None:
                took = took if step is not None else whole(20)
                bins = int(np.clip(given.seconds / 10 / took, 20, len(start.x)))
                kind = "diagonal rtrl" if name == "braintrace" else rule
                yield row(f"{name} (whole stream)", start, kind, over_whole(lambda b=bins, w=whole: w(b), 5), **also)  # fmt: skip
    except Exception as error:  # a peer's failure is told, and is not ours
        traceback.print_exc()
        print(f"others, {start.cell} {rule} {start.w.shape[2]}: left out, {type(error).__name__}: {str(error)[:200]}")  # fmt: skip


def too_large(cell: str, rule: str, units: int, p_of_others: bool = False) -> str:
    """Why a combination is not run, or an empty line: more than 6 GiB of trace, or 20 GFLOP a step."""
    made = CELLS[cell]()
    k, g, m = made.states, len(made.gates), INPUTS + units + 1
    carries_p = p_of_others or rule.endswith("stepwise")
    size = 4 * (k * units * g * units * m if carries_p else RULES[rule]().trace_size(k, g, units, m))
    flops = 2 * (k * units) ** 2 * g * units * m if carries_p else 0
    if size > 6 * GIB:
        return f"its trace would take {size / GIB:.0f} GiB"
    return f"a step would take {flops / 1e9:.0f} GFLOP" if flops > 2e10 else ""


def show(rows: list[Row]) -> None:
    head = "implementation cell rule units p50_us p99_us p999_us max_us trace_bytes memory_bytes gradient_error horizon missed network".split()  # fmt: skip

    def told(name: str, value: Any) -> str:
        if value is None:
            return "-"
        if name == "missed":
            return "/".join(map(str, value.values()))
        if isinstance(value, float):
            return f"{value:.1e}" if name == "gradient_error" else f"{value:.1f}"
        return str(value)

    table = [head, *([told(name, r[name]) for name in head] for r in rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(head))]
    for line in table:
        print("  ".join(v.rjust(w) for v, w in zip(line, widths, strict=True)))


def all_rows(given: argparse.Namespace) -> Iterator[Row]:
    for cell in given.cells:
        for units in given.units:
            begun: dict[str, Start] = {}
            for rule in given.rules:
                why = too_large(cell, rule, units)
                if why:
                    print(f"compiled, {cell} {rule} {units}: left out, {why}")
                    continue
                exact = rule in ("rtrl", "rtrl_stepwise", "sparse_rtrl", "sparse_rtrl_stepwise")
                start = begun.get("exact" if exact else "made")
                if start is None:
                    start = (monkey_e(cell, units, given.keep) if exact else None) or simulated(cell, units, given.bins + 300)  # fmt: skip
                    begun["exact" if exact else "made"] = start
                if rule == "immediate" and cell in ("rnn", "gru", "lstm"):
                    yield torch_row(start, given)
                yield from our_rows(rule, "auto", start, given)
                if given.reference:
                    yield from our_rows(rule, "reference", start, given)
                if given.peers:
                    why = too_large(cell, rule, units, True) if rule == "rtrl" else ""
                    if why:
                        print(f"others, {cell} {rule} {units}: left out, {why}")
                    else:
                        yield from peer_rows(start, rule, given)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", nargs="+", default=["rnn", "gru", "lstm"], choices=list(CELLS))
    parser.add_argument("--rules", nargs="+", default=["immediate", "rtrl"], choices=list(RULES))
    parser.add_argument("--units", nargs="+", type=int, default=[64, 128, 256])
    parser.add_argument("--bins", type=int, default=2000, help="timed steps of a row at most [2000]")
    parser.add_argument("--seconds", type=float, default=10.0, help="time of a row at most [10]")
    parser.add_argument(
        "--checked", type=int, default=256, help="largest network whose gradient is checked [256]"
    )
    parser.add_argument("--reference", action="store_true", help="time the torch reference engine too")
    parser.add_argument("--peers", action="store_true", help="time JAX, braintrace and NumPy where installed")
    parser.add_argument("--keep", type=Path, help="folder that keeps decoders trained on monkey E")
    parser.add_argument("--out", type=Path, help="write the rows as JSON")
    given = parser.parse_args()
    one_thread()
    if given.peers and hasattr(os, "sched_setaffinity"):
        # XLA and BLAS count cores, not requests: one core for everybody.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{platform.machine()}, torch {torch.__version__}, numpy {np.__version__}", flush=True)
    rows = []
    for made in all_rows(given):
        rows.append(made)
        if given.out:
            given.out.write_text(json.dumps(rows, indent=1, allow_nan=False))
    show(rows)


if __name__ == "__main__":
    main()
