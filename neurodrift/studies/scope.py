"""Where there is no continuous error: is it rounding, stale Jacobians, or the task?"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodrift.studies.adding import TRIVIAL, adding_rows
from neurodrift.studies.base import (
    Answer,
    Claim,
    Curve,
    Job,
    Line,
    Row,
    Study,
    Table,
    matching,
    protocol,
)
from neurodrift.studies.precision import carried_rows, rounding_rows, stale_rows
from neurodrift.studies.scope_findings import (
    bptt,
    capped,
    conditions,
    degraded,
    drift,
    number,
    said,
    sparse,
    spread,
    text,
)
from neurodrift.studies.seeds import chosen, estimate, line

__all__ = ["Scope"]

RULES_RUN: dict[str, dict[str, Any]] = {
    "exact": {"name": "tbptt"},
    "sparse k = 4": {"name": "sparse_rtrl", "k": 4},
    "immediate": {"name": "immediate"},
    "readout": {"name": "readout"},
}
_RUN = {"adding": adding_rows, "rounding": rounding_rows, "stale": stale_rows, "carried": carried_rows}


class Scope(Study):
    """The adding task with feedback at every bin, at a tenth of them, at the end, and later; and numerical error alone.

    References:
        Shalev Merin 2026, arXiv:2603.15195.
    """

    name = "scope"
    title = "Without a continuous error signal"
    claims = (
        Claim(
            "drift", "without a continuous error, propagation accumulates numerical drift", "", "2603.15195"
        ),
        Claim(
            "degraded",
            "full RTRL ends worse than the trivial predictor (.167) on the adding task",
            0.289,
            "2603.15195",
        ),
        Claim("bptt", "BPTT ends lower than full RTRL (.189 against .289)", 0.189, "2603.15195"),
        Claim("error", "sparse and late errors degrade all RTRL variants", "", "2603.15195"),
    )
    settings = (
        "Sequences of 10 bins, one number marked in each half; the label is the sum of the marked so far: at every bin, at a "
        "tenth of the bins and the last, at the last alone, or at the last of 20 idle bins more. State and influence start anew with each "
        "sequence. One network learns one sequence after the other; score: squared error at the last bin of new sequences, "
        "weights frozen. Within a sequence with one label at its end the weights do not move, so exact RTRL and BPTT are one "
        "gradient; `exact` is that one. Step sizes were chosen on other networks and sequences. The paper does not give the length, "
        "cell, size, optimizer or whether the influence is reset. GRU and length were chosen so that a network which is "
        "told at every bin can solve the task: the published comparison has no such control."
    )

    def jobs(self, quick: bool, seeds: int | None = None) -> list[Job]:
        p = protocol(self.name, quick, seeds)
        adding = (
            "length",
            "units",
            "sequences",
            "test_sequences",
            "optimizer",
            "rates",
            "clip",
            "seeds",
            "selection_seeds",
        )
        shared = {key: p[key] for key in adding}
        found: list[Job] = [
            {
                "kind": "adding",
                **shared,
                "cell": cell,
                "delay": delay,
                "feedback": feedback,
                "label": label,
                "rule": rule,
            }
            for cell, delay, feedback in p["conditions"]
            for label, rule in RULES_RUN.items()
            if label in p["rules"]
        ]
        found += [
            {"kind": "rounding", "seeds": p["seeds"], "gain": gain, **p["rounding"]} for gain in p["gains"]
        ]
        found += [
            {
                "kind": "stale",
                "seeds": p["seeds"],
                "feedback": f,
                "rates": p["rates"],
                "clip": p["clip"],
                **p["stale"],
            }
            for f in ("every", "end")
        ]
        found.append({"kind": "carried", "seeds": p["seeds"], "clip": p["clip"], **p["carried"]})
        return found

    def run(self, job: Job) -> list[Row]:
        keys = ("kind", "cell", "delay", "feedback", "label", "gain")
        said = {key: job[key] for key in keys if key in job}
        return [{**said, **row} for row in _RUN[job["kind"]](job)]

    def answer(self, rows: list[Row]) -> list[Answer]:
        return [drift(rows), degraded(rows), bptt(rows), sparse(rows)]

    def curves(self, rows: list[Row]) -> list[Curve]:
        rounding = matching(rows, kind="rounding")
        gains = sorted({r["gain"] for r in rounding})
        lengths = sorted({r["length"] for r in rounding})
        names = {"rtrl32": "RTRL", "influence32": "float32 influence, float64 states", "bptt32": "BPTT"}
        found = [
            Curve(
                f"Rounding: float32 against float64, recurrent gain {gain:g}", "bins before the error", "relative difference of the gradient",
                [line(said, lengths, [spread([r["difference"] for r in matching(rounding, gain=gain, length=n, form=form)]) for n in lengths])
                 for form, said in names.items()],
                log_x=True, log_y=True,
            )
            for gain in gains
        ]  # fmt: skip
        stale = matching(rows, kind="stale")
        rates = sorted({r["lr"] for r in stale})
        found.append(Curve(
            "Stale Jacobians: carried gradient against that of today's weights", "step size (RMSprop)", "relative difference of the gradient",
            [line(f"labels: {f}", rates, [spread([r["difference"] for r in matching(stale, feedback=f, lr=lr)]) for lr in rates]) for f in ("every", "end")],
            log_x=True, log_y=True,
        ))  # fmt: skip
        for cell, delay, feedback in conditions(rows):
            mine = matching(rows, kind="adding", cell=cell, delay=delay, feedback=feedback, part="selection")
            lines = [
                line(name, sorted({r["lr"] for r in mine}), [
                    estimate([capped(r) for r in matching(mine, label=name, lr=lr)]) for lr in sorted({r["lr"] for r in mine})
                ])
                for name in RULES_RUN if matching(mine, label=name)
            ]  # fmt: skip
            title = f"Step sizes: {cell}, {said(delay, feedback)}"
            trivial = Line("always 1", (), [TRIVIAL])
            found.append(
                Curve(
                    title,
                    "step size (RMSprop)",
                    "squared error (1 where diverged)",
                    [*lines, trivial],
                    log_x=True,
                    log_y=True,
                )
            )
        return found

    def tables(self, rows: list[Row]) -> list[Table]:
        body = []
        for cell, delay, feedback in conditions(rows):
            for name in RULES_RUN:
                mine = matching(
                    rows, kind="adding", cell=cell, delay=delay, feedback=feedback, label=name, part="test"
                )
                if not mine:
                    continue
                found = estimate([capped(r) for r in mine])
                quarters = np.array([[number(v) for v in r["quarters"]] for r in mine]).mean(axis=0)
                body.append([
                    cell, said(delay, feedback), name, text(found), " ".join(f"{v:.3f}" for v in quarters),
                    *chosen(mine),
                ])  # fmt: skip
        columns = (
            "cell",
            "feedback",
            "rule",
            "squared error at the end",
            "after each quarter",
            "step size",
            "diverged",
        )
        carried = matching(rows, kind="carried")
        numbers = [
            [
                "weights: difference of the two, of the distance learned",
                text(spread([r["moved"] for r in carried]), "{:.1e}"),
            ],
            [
                "squared error, influence carried in float32",
                text(estimate([r["mse_carried"] for r in carried])),
            ],
            [
                "squared error, back-propagation in float64",
                text(estimate([r["mse_recomputed"] for r in carried])),
            ],
        ]
        return [
            Table(f"Adding: squared error (always 1: {TRIVIAL:.3f})", columns, body),
            Table(
                "RTRL carried in float32 beside BPTT in float64, the same sequences",
                ("", "mean (95 %) over seeds"),
                numbers,
            ),
        ]
