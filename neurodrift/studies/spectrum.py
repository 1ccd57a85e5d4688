"""Spectrum: whether the state Jacobian is full rank and near-isotropic, and stays so over steps and training."""

from __future__ import annotations

import numpy as np
import torch

from neurodrift.learn import CELLS, Learner
from neurodrift.learn.diagnostics import JacobianSpectrum
from neurodrift.learn.learner import Observed
from neurodrift.learn.optim import SGD
from neurodrift.learn.rules import Immediate
from neurodrift.studies.adapting import WARM_UP, learn
from neurodrift.studies.base import (
    FAILS,
    HOLDS,
    IN_PART,
    Answer,
    Claim,
    Curve,
    Estimate,
    Job,
    Row,
    Study,
    Table,
    matching,
    protocol,
)
from neurodrift.studies.seeds import by_seed, estimate, line
from neurodrift.studies.shift import started, streams_of

__all__ = ["Spectrum"]

TINY = 1e-6  # of the largest singular value: under it a direction counts as lost


class Spectrum(Study):
    """Singular values of D = ds'/ds and of products of D over steps, before, during and after training.

    References:
        Shalev Merin 2026, arXiv:2603.15195; effective rank: Roy & Vetterli 2007, EUSIPCO.
    """

    name = "spectrum"
    title = "Spectrum of the Jacobian"
    claims = (
        Claim("full_rank", "the Jacobian is full rank", "full rank", "2603.15195"),
        Claim("condition", "and near-isotropic: condition numbers 2.6 to 6.5", "2.6 to 6.5", "2603.15195"),
        Claim(
            "effective_rank", "so that no few directions carry the gradient", "near-isotropic", "2603.15195"
        ),
    )
    settings = (
        "RNN of 64 units on the sine and on the Lorenz attractor, on later bins of the signal it was trained on, weights held; "
        "after 0, 3, 10 and 30 epochs at most (the best up to then by its stopping loss), one bin in ten. Full rank: no singular value under "
        "1e-6 of the largest. Effective rank: the exponential of the entropy of the singular values as shares, over n. "
        "The paper does not say of which network, task or moment its numbers are, nor whether of one step or of products; "
        "verdicts are of one step of trained networks, products stand beside them. Float64."
    )

    def jobs(self, quick: bool, seeds: int | None = None) -> list[Job]:
        p = protocol(self.name, quick, seeds)
        keys = ("cell", "units", "seeds", "train_bins", "test_bins", "steps", "every")
        shared = {key: p[key] for key in keys}
        return [
            {**shared, **p["task"][task], "task": task, "epochs": epochs, "adapt_bins": 1}
            for task in p["tasks"]
            for epochs in p["epochs"]
        ]

    @torch.no_grad()
    def run(self, job: Job) -> list[Row]:
        seeds = list(range(job["seeds"]))
        nets, stream = started(job, seeds), streams_of(job, seeds, "unchanged")
        learner = Learner(CELLS[job["cell"]](), nets.w, nets.w_out, Immediate(), SGD(lr=0.0), seeds=seeds)
        kept: list[torch.Tensor] = []

        def look(seen: Observed) -> None:
            kept.append(seen.step.jacobian()[:, 0, :, 0])

        learner.observer = look
        learn(learner, stream.x.swapaxes(0, 1), stream.y.swapaxes(0, 1))
        rows = []
        for steps in job["steps"]:
            found = []
            for t in range(max(WARM_UP, steps), len(kept), job["every"]):
                product = kept[t]
                for back in range(1, steps):
                    product = product @ kept[t - back]
                found.append(torch.linalg.svdvals(product).numpy())
            singular = np.stack(found)  # (T, S, N)
            condition = JacobianSpectrum.condition(singular)
            share = JacobianSpectrum.effective_rank(singular) / singular.shape[-1]
            full = (singular[..., -1] > TINY * singular[..., 0]).mean(axis=0)
            rows += [
                {
                    "task": job["task"], "epochs": job["epochs"], "steps": steps, "seed": seed,
                    "condition": float(np.median(condition[:, seed])), "effective_rank": float(share[:, seed].mean()),
                    "full_rank": float(full[seed]), "largest": float(singular[:, seed, 0].mean()),
                    "smallest": float(singular[:, seed, -1].mean()),
                }
                for seed in seeds
            ]  # fmt: skip
        return rows

    def answer(self, rows: list[Row]) -> list[Answer]:
        last = max(r["epochs"] for r in rows)
        trained = matching(rows, epochs=last, steps=1)
        tasks = list(dict.fromkeys(r["task"] for r in trained))

        def over(key: str, task: str = "", epochs: int = last, steps: int = 1) -> Estimate:
            """Mean over seeds of the mean over tasks; of condition numbers the geometric means, for they have long tails."""
            mine = [r for r in matching(rows, epochs=epochs, steps=steps) if task in ("", r["task"])]
            change, back = (np.log, np.exp) if key == "condition" else (np.asarray, np.asarray)
            seeds = sorted({r["seed"] for r in mine})
            found = estimate([np.mean([change(r[key]) for r in matching(mine, seed=s)]) for s in seeds])
            mean, low, high = (float(back(v)) for v in (found.mean, found.low, found.high))
            return Estimate(mean, low, high, found.seeds)

        full, condition, share = over("full_rank"), over("condition"), over("effective_rank")
        each = {task: over("condition", task) for task in tasks}
        start = over("condition", epochs=min(r["epochs"] for r in rows))
        ten = over("effective_rank", steps=max(r["steps"] for r in rows))
        within = 2 <= condition.mean <= 8
        words = ", ".join(f"{task} {e.mean:.3g}" for task, e in each.items())
        return [
            Answer(
                "full_rank", full, HOLDS if full.mean > 0.99 else IN_PART if full.mean > 0.5 else FAILS,
                f"{100 * full.mean:.1f} % of the Jacobians have no singular value under 1e-6 of the largest.",
            ),
            Answer(
                "condition", condition, HOLDS if within else IN_PART if condition.mean <= 20 else FAILS,
                f"Condition number of a step (median over bins, geometric mean over seeds) of trained networks: {words}; before training {start.mean:.3g}.",
            ),
            Answer(
                "effective_rank", share, HOLDS if share.mean >= 0.8 else IN_PART if share.mean >= 0.5 else FAILS,
                f"Effective rank over n {share.mean:.2f} for one step, {ten.mean:.2f} for {max(r['steps'] for r in rows)}.",
            ),
        ]  # fmt: skip

    def curves(self, rows: list[Row]) -> list[Curve]:
        epochs = sorted({r["epochs"] for r in rows})
        out = []
        for key, label, log in (
            ("condition", "median condition number", True),
            ("effective_rank", "effective rank / n", False),
        ):
            lines = [
                line(
                    f"{task}, {steps} step{'s' * (steps > 1)}", epochs,
                    [estimate(by_seed(rows, key, task=task, steps=steps, epochs=e)) for e in epochs],
                )
                for task in dict.fromkeys(r["task"] for r in rows)
                for steps in sorted({r["steps"] for r in rows})
            ]  # fmt: skip
            out.append(Curve(f"{label.capitalize()} along training", "epochs", label, lines, log_y=log))
        return out

    def tables(self, rows: list[Row]) -> list[Table]:
        body = []
        for task, epochs, steps in dict.fromkeys((r["task"], r["epochs"], r["steps"]) for r in rows):
            mine = matching(rows, task=task, epochs=epochs, steps=steps)
            found = [
                estimate([r[k] for r in mine])
                for k in ("condition", "effective_rank", "full_rank", "largest", "smallest")
            ]
            body.append([task, str(epochs), str(steps), *(f"{e.mean:.3g}" for e in found)])
        columns = (
            "task",
            "epochs",
            "steps",
            "condition",
            "effective rank / n",
            "full rank",
            "largest",
            "smallest",
        )
        return [Table("Means over seeds", columns, body)]
