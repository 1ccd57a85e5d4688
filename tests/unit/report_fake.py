"""A finished benchmark run for tests of the report: made-up numbers, the same every time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["SCORES", "fake_run"]

ADAPTED = ("immediate:rmsprop", "immediate:sgd", "sparse_rtrl:rmsprop", "rtrl:rmsprop")
SCORES = {
    "frozen": 0.57,
    "renormalized": 0.67,
    "retrained": 0.78,
    "finetuned": 0.84,
    "ridge": 0.55,
    "readout": 0.73,
    "bias": 0.58,
}
GRID = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3]


def _stats(mean: float, rng: np.random.Generator, seeds: int, width: float = 0.04) -> dict[str, Any]:
    values = (mean + rng.normal(0, width / 3, seeds)).tolist()
    centre = float(np.mean(values))
    return {"mean": centre, "low": centre - width, "high": centre + width, "seeds": values}


def _comparison(
    base: dict[str, Any], method: str, r2: float, rng: np.random.Generator, seeds: int
) -> dict[str, Any]:
    learns = "adapted" in method or method in ("readout", "bias")
    ratio = (r2 - 0.57) / (0.78 - 0.57)
    recovery = {"mean": ratio, "low": ratio - 0.15, "high": ratio + 0.17, "reference": "retrained"}
    normalization = {"retrained": "adaptation_block", "ridge": "adaptation_block"}.get(method, "training_day")
    return base | {
        "decoder": "ridge" if method == "ridge" else "gru-64",
        "method": method,
        "normalization": "test_day_start" if method.startswith("renormalized") else normalization,
        "lr": 1e-4 if learns else None,
        "r2": _stats(r2, rng, seeds),
        "recovery": recovery,
        "recovery_other": [recovery | {"reference": "finetuned", "mean": ratio * 0.8}] if learns else [],
        "prequential": _stats(r2 + 0.02, rng, seeds) | {"label_lag": 0} if learns else None,
        "r2_mean": _stats(r2 - 0.01, rng, seeds),
        "pearson": _stats(r2**0.5, rng, seeds),
        "r2_last_weights": _stats(r2 - 0.03, rng, seeds) if learns else None,
        "update_us": 136.4 if learns else None,
    }


def _info(path: str, start: str, rng: np.random.Generator) -> dict[str, Any]:
    return {
        "path": path,
        "subject": "E",
        "identifier": f"E-{start[:10]}",
        "start": start,
        "n_bins": 11520,
        "duration": 518.4,
        "n_channels": 96,
        "n_trials": 162,
        "sha256": rng.bytes(32).hex(),
        "provenance": [
            "read BinnedSpikeCounts from processing/ecephys",
            "dropped 212 bins outside the trials",
        ],
    }


def _details_pair(
    base: dict[str, Any], methods: list[str], rng: np.random.Generator, seeds: int
) -> dict[str, Any]:
    times = np.arange(1, 1600) * 0.045
    times[400:] += 3.0
    times[120:] += 1.1
    truth = np.stack([np.cos(times), np.sin(times * 0.7)], axis=1)
    kept = (times % 3.2) > 0.6
    soft = np.ones(9) / 9
    rates = rng.gamma(2.0, 9.0, 96)
    rates[:3] = 0.0
    tuning = rng.normal(0, 0.1, (96, 2))
    noise = {"frozen": 0.45, "retrained": 0.2}
    minutes = [0.0, 0.5, 1, 1.5, 2, 3, 4, 5.2]
    learning = [m for m in methods if "adapted" in m or m in ("readout", "bias")]
    return base | {
        "days": 288,
        "train_info": [_info(base["train"][0], "2018-10-04T10:00:00", rng)],
        "test_info": _info(base["test"], "2019-07-19T10:00:00", rng),
        "split": {
            "adapt_seconds": 311.0,
            "adapt_bins": 6912,
            "adapt_labelled": 1190,
            "gap_seconds": 1.0,
            "heldout_seconds": 206.4,
            "heldout_bins": 4586,
            "heldout_labelled": 749,
            "heldout_blocks": 65,
            "block_kind": "trials",
        },
        "channels": {
            "ids": [f"e{i}" for i in range(96)],
            "rate_train": rates.tolist(),
            "rate_test": (rates * np.exp(rng.normal(0, 0.5, 96))).tolist(),
            "tuning_train": tuning.tolist(),
            "tuning_test": (0.6 * tuning + rng.normal(0, 0.07, (96, 2))).tolist(),
            "missing": ["e96"],
            "new": ["e97", "e98"],
        },
        "curves": {
            m: {
                "minutes": minutes,
                "labelled": [int(x * 230) for x in minutes],
                "r2": [
                    (0.57 + (0.25 - 0.03 * i) * (1 - np.exp(-x)) + rng.normal(0, 0.01, seeds)).tolist()
                    for x in minutes
                ],
            }
            for i, m in enumerate(learning)
        },
        "traces": {
            "times": times.tolist(),
            "axes": ["x", "y"],
            "unit": "",
            "true": [row.tolist() if k else None for row, k in zip(truth, kept, strict=True)],
            "methods": {
                m: np.stack(
                    [
                        np.convolve(
                            truth[:, d] * 0.9 + noise.get(m, 0.25) * rng.normal(0, 2, 1599), soft, "same"
                        )
                        for d in range(2)
                    ],
                    axis=1,
                ).tolist()
                for m in ("frozen", "adapted:immediate:rmsprop", "retrained")
            },
            "seed": 0,
        },
    }


def fake_run(
    folder: Path, *, seeds: int = 3, pairs: int = 1, simulated: bool = False, many: bool = True
) -> Path:
    """A finished run as the benchmark leaves it; data only, the same every time."""
    rng = np.random.default_rng(7)
    labels = ADAPTED if many else ADAPTED[:1]
    methods = [*SCORES, *(f"adapted:{a}" for a in labels), *(f"renormalized+adapted:{a}" for a in labels)]
    values = SCORES | {m: 0.82 - 0.015 * i for i, m in enumerate(m for m in methods if "adapted" in m)}
    comparisons, detailed, rows = [], [], []
    for i in range(pairs):
        base = {
            "train": ["../shared/data/monkey-e/sub-E/sub-E_ses-20181004_behavior+ecephys.nwb"],
            "test": f"../shared/data/monkey-e/sub-E/sub-E_ses-2019071{9 - i}_behavior+ecephys.nwb",
        }
        comparisons += [_comparison(base, m, values[m], rng, seeds) for m in methods]
        detailed.append(_details_pair(base, methods, rng, seeds))
        rows += [
            base
            | {
                "decoder": "gru-64",
                "method": m,
                "seed": 0,
                "block": "heldout",
                "metric": f"r2:{axis}",
                "value": values[m],
            }
            for m in methods
            for axis in "xy"
        ]
        rows += [
            base
            | {
                "decoder": "gru-64",
                "method": c["method"],
                "seed": seed,
                "block": "heldout",
                "metric": metric,
                "value": value,
            }
            for c in comparisons
            if c["test"] == base["test"]
            for metric in ("r2_mean", "pearson")
            for seed, value in enumerate(c[metric]["seeds"])
        ]
    optimizer = {"sgd": "sgd", "rmsprop": "rmsprop"}
    peaks = -((np.log10(GRID) + 4) ** 2) * 0.08 + 0.8
    sizes = [
        {
            "method": m,
            "normalization": "test_day_start" if m.startswith("renormalized") else "training_day",
            "test": comparisons[0]["test"],
            "optimizer": optimizer.get(m.split(":")[-1], "rmsprop"),
            "grid": GRID,
            "r2": (peaks - 0.02 * i).tolist(),
            "chosen": 1e-4,
            "draws": [(peaks - 0.02 * i + rng.normal(0, 0.03, len(GRID))).tolist() for _ in range(9)],
        }
        for i, m in enumerate(m for m in methods if "adapted" in m or m in ("readout", "bias"))
    ]
    sizes[0]["r2"][-1] = -40.0
    details = {
        "name": "monkey E, 288 days apart",
        "simulated": simulated,
        "created": "2026-11-24T10:12:00+00:00",
        "command": "neurodrift benchmark examples/monkey_e.toml --seeds 3 --out neurodrift-results/monkey-e",
        "spec": 'name = "monkey E, 288 days apart"\n[decoder]\ncell = "gru"\nn_units = 64\n',
        "versions": {"neurodrift": "0.1.0", "torch": "2.13.0"},
        "machine": {"cpu": "Zen 5", "cores": 2},
        "protocol": [
            "Train on the first day.",
            "Adapt on the first 60 % of the test day, one bin at a time.",
        ],
        "not_shown": ["Arm reaches: the recordings are brain-computer cursor control."],
        "wall_seconds": 212.0,
        "pairs": detailed,
        "step_sizes": sizes,
    }
    summary = {
        "name": details["name"],
        "simulated": simulated,
        "seeds": list(range(seeds)),
        "comparisons": comparisons,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "details.json").write_text(json.dumps(details))
    (folder / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return folder
