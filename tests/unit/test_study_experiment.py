"""Figures over seeds, verdicts, streams and the shared experiment of studies, against independent ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from neurodrift.errors import NeurodriftError
from neurodrift.learn import CELLS, Learner
from neurodrift.learn.optim import SGD
from neurodrift.learn.rules import AdaptiveRTRL, DecayTrace, Immediate
from neurodrift.studies.adapting import Nets, adapt, frozen_r2
from neurodrift.studies.base import FAILS, HOLDS, IN_PART, UNDEFINED, Estimate
from neurodrift.studies.lorenz import variation
from neurodrift.studies.recorded import missing, user_pairs
from neurodrift.studies.seeds import by_seed, estimate, floored, recovered
from neurodrift.studies.shift import streams_of
from neurodrift.studies.streams import Stream, lorenz_stream, sine_stream, stack
from neurodrift.studies.verdicts import recovery_answer, within


def test_recovery_is_a_ratio_of_means_paired_over_seeds() -> None:
    frozen, full = np.linspace(0.1, 0.3, 10), np.linspace(0.8, 0.9, 10)
    for share in (0.0, 0.5, 1.0, 1.2):
        found, why = recovered(frozen + share * (full - frozen), frozen, full)
        assert not why and found.seeds == 10
        # The same share in every seed: whichever seeds are drawn, the ratio is the share.
        assert (found.mean, found.low, found.high) == pytest.approx((share, share, share))


def test_no_ratio_where_the_reference_does_not_recover() -> None:
    frozen = np.linspace(0.1, 0.3, 10)
    found, why = recovered(frozen + 1, frozen, frozen + np.linspace(-0.2, 0.2, 10))
    assert math.isnan(found.mean) and "nothing to recover" in why
    assert recovery_answer("x", found, why, 0.8).verdict.startswith(UNDEFINED)


def test_a_diverged_seed_costs_but_does_not_decide() -> None:
    frozen = np.array([0.2, 0.2, -0.5])
    assert floored(np.array([np.nan, -1e30, -np.inf]), frozen) == pytest.approx(frozen - 1)
    assert floored(np.array([0.9, 0.1, -1.0]), frozen) == pytest.approx([0.9, 0.1, -1.0])


def test_intervals_have_the_bootstraps_width() -> None:
    values = np.random.default_rng(0).normal(size=200)
    found = estimate([*values, np.nan])
    error = values.std() / np.sqrt(200)
    assert found.seeds == 200 and found.mean == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.1)


def test_rows_are_ordered_by_seed() -> None:
    rows = [{"seed": s, "r2": None if s == 1 else s / 10, "k": 4} for s in (2, 0, 1)]
    assert by_seed(rows, "r2", k=4) == pytest.approx([0, np.nan, 0.2], nan_ok=True)


@pytest.mark.parametrize(
    ("mean", "low", "verdict"),
    [(0.9, 0.6, HOLDS), (0.75, 0.2, HOLDS), (0.6, 0.2, IN_PART), (0.9, -0.1, FAILS), (0.1, -0.2, FAILS)],
)
def test_verdicts_of_a_recovery(mean: float, low: float, verdict: str) -> None:
    assert recovery_answer("x", Estimate(mean, low, 1.0, 10), "", 0.84, 0.06).verdict == verdict


@pytest.mark.parametrize(("mean", "verdict"), [(3.0, HOLDS), (9.0, IN_PART), (30.0, FAILS), (1.0, FAILS)])
def test_verdicts_of_a_number(mean: float, verdict: str) -> None:
    assert within("x", Estimate(mean, mean, mean, 3), 2, 8, "2 to 8", 20).verdict == verdict


def test_variation_is_deviation_over_mean() -> None:
    values = np.array([1.0, 2.0, 3.0])
    assert variation(values).mean == pytest.approx(0.5)


def test_a_sine_has_its_period_and_its_target_lies_ahead() -> None:
    stream = sine_stream(16.0, 320, 4, 0.0, seed=3)
    assert stream.x[4:] == pytest.approx(stream.y[:-4])
    assert np.abs(np.fft.rfft(stream.x[:, 0])).argmax() == 20


def test_the_lorenz_attractor_is_the_equations() -> None:
    stream = lorenz_stream(28.0, 40, 1, 0.0, seed=0)
    path = stream.x * [7.9, 9.0, 8.6] + [0.0, 0.0, 23.5]

    def slope(_: float, v: np.ndarray) -> list[float]:
        x, y, z = v
        return [10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]

    exact = solve_ivp(slope, (0, 20 * 0.02), path[0], rtol=1e-10, atol=1e-10).y[:, -1]
    assert path[20] == pytest.approx(exact, abs=1e-3)
    assert stream.x[1:] == pytest.approx(stream.y[:-1])


def nets(seeds: int = 3, units: int = 5) -> tuple[Nets, Stream]:
    draw = torch.Generator().manual_seed(0)
    w = torch.randn(seeds, 1, units, units + 2, generator=draw, dtype=torch.float64) * 0.4
    w_out = torch.randn(seeds, 1, units + 1, generator=draw, dtype=torch.float64)
    streams = stack([sine_stream(9.0, 150, 1, 0.1, seed) for seed in range(seeds)])
    return Nets(CELLS["rnn"](), w, w_out, tuple(range(seeds))), streams


@pytest.mark.parametrize("rule", [Immediate(), AdaptiveRTRL(max_horizon=16), DecayTrace(0.8)], ids=repr)
def test_every_seed_learns_its_own_stream_with_every_step_size(rule: Immediate) -> None:
    """Compiled or not, side by side or alone: the same as one reference learner bin by bin."""
    start, stream = nets()
    before = start.w.clone()
    rates = (0.01, 0.1)
    found = adapt(start, stream, rule, "sgd", rates, clip=1.0)
    assert torch.equal(start.w, before)
    for lr, (after, seen) in zip(rates, found, strict=True):
        for s in range(3):
            alone = start.pick([s])
            learner = Learner(alone.cell, alone.w, alone.w_out, rule, SGD(lr), seeds=[s], clip=1.0)
            out = []
            with torch.no_grad():
                for x, y in zip(stream.x[s], stream.y[s], strict=True):
                    out.append(learner.predict(torch.from_numpy(x)[None]))
                    learner.update(torch.from_numpy(y))
            torch.testing.assert_close(after.w[s], learner.w[0], rtol=1e-8, atol=1e-10)
            torch.testing.assert_close(after.w_out[s], learner.w_out[0], rtol=1e-8, atol=1e-10)
            assert seen[s] == pytest.approx(torch.stack(out)[:, 0].numpy(), abs=1e-8)


def test_frozen_scores_leave_the_networks_alone() -> None:
    start, stream = nets()
    before = start.w.clone()
    first = frozen_r2(start, stream)
    assert frozen_r2(start, stream) == pytest.approx(first) and torch.equal(start.w, before)
    broken = start.pick([0, 1, 2])
    broken.w_out[1] = np.nan
    assert np.isnan(frozen_r2(broken, stream)).tolist() == [False, True, False]


def test_parts_of_a_study_share_no_noise() -> None:
    job = {
        "task": "sine", "before": 20.0, "after": 30.0, "ahead": 5, "noise": 0.1,
        "train_bins": 200, "adapt_bins": 200, "test_bins": 200,
    }  # fmt: skip
    parts = {p: streams_of(job, [0, 1], p) for p in ("train", "adapt", "test", "unchanged")}
    assert not np.array_equal(parts["adapt"].x[0], parts["adapt"].x[1])
    assert not np.array_equal(parts["adapt"].x, parts["test"].x)
    spectra = {p: np.abs(np.fft.rfft(s.y[0, :180, 0])).argmax() for p, s in parts.items()}
    assert spectra == {"train": 9, "adapt": 6, "test": 6, "unchanged": 9}


def test_pairs_of_the_users(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "pairs.toml"
    monkeypatch.setenv("NEURODRIFT_PAIRS", str(file))
    with pytest.raises(NeurodriftError, match=r"pairs\.toml"):
        user_pairs()
    file.write_text('[[pairs]]\nname = "mine"\ntrain = "a.nwb"\n')
    with pytest.raises(NeurodriftError, match="no test"):
        user_pairs()
    file.write_text(f'[[pairs]]\nname = "mine"\ntrain = "{file.as_posix()}"\ntest = "gone.nwb"\n')
    (pair,) = user_pairs()
    assert "gone.nwb" in missing(pair)
    monkeypatch.delenv("NEURODRIFT_DATA", raising=False)
    assert "NEURODRIFT_DATA" in missing({"name": "x", "train": "${NEURODRIFT_DATA}/a.nwb", "test": "b"})
