"""Time of one predict and update, and the error of its gradient: our engines and idiomatic torch, in one run.

    python scripts/step_time.py --cells gru --rules immediate rtrl --units 64 256 --out step-time.json

Every row is one replica on one thread with 96 inputs, 2 outputs and RMSprop, bin by bin, labels in time. "torch" is what one
would write: a torch.nn module, autograd for one step, torch.optim.RMSprop. A network trained on a made signal adapts to the same
signal with 30 % of its channels changed, so exact rules meet the horizon of a trained network. "gradient_error" is the relative
error of the gradient of w, largest over 25 bins, against the error carried back over every bin there is, in float64.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from neurodrift.decoders import one_thread
from neurodrift.learn import CELLS, RULES, Learner, make_learner, pack, take_step
from neurodrift.learn.optim import RMSprop
from neurodrift.learn.params import new_module

LIMITS = (10, 20, 50)
INPUTS, AXES = 96, 2
Row = dict[str, Any]


def trained(
    cell: str, units: int, bins: int, seed: int = 0
) -> tuple[nn.Module, nn.Linear, torch.Tensor, torch.Tensor]:
    """A network trained for some windows to decode a slow 2-D signal from 96 noisy channels, and a drifted stream."""
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    length = 4000 + bins
    path = np.zeros((length, AXES), np.float32)
    for t in range(1, length):
        path[t] = 0.97 * path[t - 1] + 0.25 * draw.normal(size=AXES)
    tuning = draw.normal(size=(AXES, INPUTS)).astype(np.float32)
    drifted = np.where(draw.random(INPUTS) < 0.3, draw.normal(size=(AXES, INPUTS)), tuning)
    noise = 2 * draw.normal(size=(length, INPUTS))
    x = np.concatenate((path[:4000] @ tuning, path[4000:] @ drifted)) + noise
    x = torch.from_numpy((x / x.std()).astype(np.float32))
    y = torch.from_numpy(path)
    core, readout = new_module(CELLS[cell](), INPUTS, units), nn.Linear(units, AXES)
    optimizer = torch.optim.Adam([*core.parameters(), *readout.parameters()], lr=2e-3)
    windows = [torch.arange(s, s + 60) for s in range(0, 3960, 60)]
    for _ in range(6):
        for batch in torch.randperm(len(windows)).split(16):
            at = torch.stack([windows[int(i)] for i in batch])
            loss = (readout(core(x[at])[0]) - y[at]).square().sum(-1).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([*core.parameters(), *readout.parameters()], 1.0)
            optimizer.step()
    return core, readout, x[4000:], y[4000:]


def ours(cell: str, rule: str, engine: str, start: tuple[Any, ...]) -> Learner:
    core, readout = start[:2]
    w = pack(CELLS[cell](), [core]).clone()
    w_out = torch.cat((readout.weight, readout.bias[:, None]), dim=1).detach()[None].clone()
    return make_learner(CELLS[cell](), w, w_out, RULES[rule](), RMSprop(1e-4), seeds=[0], engine=engine)  # type: ignore[arg-type]


def timed(step: Callable[[int], None], bins: int, warm: int) -> dict[str, Any]:
    """Percentiles of the microseconds of `step`, and how many steps missed each deadline."""
    for t in range(warm):
        step(t)
    taken = np.empty(bins)
    for t in range(bins):
        begin = time.perf_counter()
        step(warm + t)
        taken[t] = 1e6 * (time.perf_counter() - begin)
    p50, p99, p999 = np.percentile(taken, [50, 99, 99.9])
    missed = {f"{limit} ms": int((taken > 1000 * limit).sum()) for limit in LIMITS}
    return {"p50_us": p50, "p99_us": p99, "p999_us": p999, "max_us": taken.max(), "missed": missed}


def our_row(
    cell: str, rule: str, units: int, engine: str, start: tuple[Any, ...], bins: int, warm: int
) -> Row:
    learn, (x, y) = ours(cell, rule, engine, start), start[2:]

    def step(t: int) -> None:
        learn.predict(x[t : t + 1])
        learn.update(y[t])

    times = timed(step, bins, warm)
    w = learn.w
    size = learn.rule.trace_size(learn.cell.states, *w.shape[1:]) * w.element_size()
    return {
        "implementation": "reference" if type(learn) is Learner else "compiled",
        "cell": cell,
        "rule": rule,
        "units": units,
        "dtype": "float32",
        **times,
        "trace_bytes": size,
        "gradient_error": gradient_error(cell, rule, start) if rule != "immediate" and units <= 64 else None,
    }


def gradient_error(cell: str, rule: str, start: tuple[Any, ...], bins: int = 150, last: int = 25) -> float:
    """Largest relative error of the rule's gradient of w over the last bins, weights held, in float64 against RTRL."""
    core, readout, x, y = start
    w = pack(CELLS[cell](), [core]).double()
    w_out, b_out = readout.weight.detach().double(), readout.bias.detach().double()
    made = CELLS[cell]()
    s = w.new_zeros(1, made.states, w.shape[2])
    mine = RULES[rule]()
    trace, steps, errors = mine.init(w, made.states, [0]), [], []
    for t in range(bins):
        s, step = take_step(made, w, s, x[t : t + 1].double())
        c = torch.zeros_like(s)
        c[:, 0] = (s[:, 0] @ w_out.T + b_out - y[t].double()) @ w_out
        steps.append(step)
        if t >= bins - last:
            past = mine.past(trace, step, c)
            got = step.immediate(c) + (0 if past is None else past)
            # The oracle carries the error back over every step there is: the same sum as P's, without P.
            v, exact = c, torch.zeros_like(got)
            for old in reversed(steps):
                exact, v = exact + old.immediate(v), old.back(v)
            errors.append(float((got - exact).norm() / exact.norm()))
        trace = mine.advance(trace, step)
    return max(errors)


def torch_row(cell: str, units: int, start: tuple[Any, ...], bins: int, warm: int) -> Row:
    """Idiomatic torch: one step of the module, detached state, backward, clip, torch.optim."""
    core, readout, (x, y) = copy.deepcopy(start[0]), copy.deepcopy(start[1]), start[2:]
    parameters = [*core.parameters(), *readout.parameters()]
    optimizer = torch.optim.RMSprop(parameters, lr=1e-4, alpha=0.999, eps=1e-6)
    state: list[Any] = [None]

    def step(t: int) -> None:
        h, new = core(x[None, t : t + 1], state[0])
        loss = 0.5 * (readout(h[0, 0]) - y[t]).square().sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        state[0] = tuple(v.detach() for v in new) if isinstance(new, tuple) else new.detach()

    return {
        "implementation": "torch",
        "cell": cell,
        "rule": "immediate",
        "units": units,
        "dtype": "float32",
        **timed(step, bins, warm),
        "trace_bytes": 0,
        "gradient_error": None,
    }


def show(rows: list[Row]) -> None:
    head = ("implementation", "cell", "rule", "units", "p50_us", "p99_us", "p999_us", "max_us", "trace_bytes")
    print(" ".join(f"{name:>14}" for name in (*head, "error", "missed")))
    for row in rows:
        cells = [row[k] if isinstance(row[k], (str, int)) else f"{row[k]:.1f}" for k in head]
        error = "-" if row["gradient_error"] is None else f"{row['gradient_error']:.1e}"
        print(" ".join(f"{v:>14}" for v in (*cells, error, "/".join(map(str, row["missed"].values())))))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", nargs="+", default=["rnn", "gru", "lstm"], choices=list(CELLS))
    parser.add_argument("--rules", nargs="+", default=["immediate", "rtrl"], choices=list(RULES))
    parser.add_argument("--units", nargs="+", type=int, default=[64, 128, 256])
    parser.add_argument(
        "--bins", type=int, default=2000, help="timed steps of a row; fewer where they are slow"
    )
    parser.add_argument("--reference", action="store_true", help="time the torch reference engine too")
    parser.add_argument("--out", type=Path, help="write the rows as JSON")
    given = parser.parse_args()
    one_thread()
    rows = []
    for cell in given.cells:
        for units in given.units:
            bins = given.bins if units <= 256 else max(200, given.bins // 8)
            start = trained(cell, units, bins + 300)
            if cell in ("rnn", "gru", "lstm") and "immediate" in given.rules:
                rows.append(torch_row(cell, units, start, bins, 50))
            for rule in given.rules:
                rows.append(our_row(cell, rule, units, "auto", start, bins, 50))
                if given.reference and rows[-1]["implementation"] == "compiled":
                    rows.append(our_row(cell, rule, units, "reference", start, min(bins, 200), 5))
    show(rows)
    if given.out:
        given.out.write_text(json.dumps(rows, indent=1, allow_nan=False))


if __name__ == "__main__":
    main()
