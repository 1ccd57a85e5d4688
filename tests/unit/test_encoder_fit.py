"""Noise of the simulated array, and an encoder fitted to a session, against what was put in."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from neurodrift.data import read_session
from neurodrift.data.session import Session
from neurodrift.drift import DriftPath
from neurodrift.errors import NeurodriftError
from neurodrift.simulation import (
    Encoder,
    Population,
    Spikes,
    channel_measures,
    fit_encoder,
    linear_r2,
    posterior_check,
    simulate_like,
    simulate_session,
)

NOISY = Population(rate=30.0, depth=0.4, dispersion=0.2, noise=0.3, lag_spread=0.06, factors=2)
WIDTH = 0.05


def flat(n: int, **parts: object) -> Encoder:
    """Units of 40 Hz that no movement changes."""
    one, none = np.ones(n), np.zeros(n)
    encoder = Encoder(40 * one, none, none, none, one, none)
    return replace(encoder, **parts)  # type: ignore[arg-type]


@cache
def noisy(minutes: float = 10.0) -> tuple[Encoder, Session]:
    encoder = Encoder.random(24, np.random.default_rng(0), population=NOISY)
    return encoder, simulate_session(encoder, minutes=minutes, seed=1)


def test_counts_have_the_stated_mean_variance_and_covariance():
    loadings = np.array([[0.3, 0.3, -0.3, 0.0]])
    encoder = flat(4, dispersion=[0.0, 0.5, 0.0, 0.5], loadings=loadings, memory=1e-3)
    x = Spikes(encoder, WIDTH, np.random.default_rng(0)).draw(np.full((20000, 4), 40.0)).astype(float)
    m, shared = 2.0, np.exp(0.09)
    np.testing.assert_allclose(x.mean(axis=0), m, atol=5 * 0.03)
    for c, spread in enumerate((0.0, 0.5, 0.0, 0.5)):
        common = shared if c < 3 else 1.0
        variance = m + m**2 * ((1 + spread) * common - 1)
        assert x[:, c].var() == pytest.approx(variance, rel=0.05)
    covariance = np.cov(x.T)
    for i, j, product in ((0, 1, 0.09), (0, 2, -0.09), (0, 3, 0.0), (1, 3, 0.0)):
        assert covariance[i, j] == pytest.approx(m**2 * (np.exp(product) - 1), abs=0.07)


@pytest.mark.parametrize("dispersion", [-0.25, -0.1])
def test_counts_may_vary_less_than_poisson(dispersion):
    encoder = flat(2, dispersion=[dispersion, 0.0])
    x = Spikes(encoder, WIDTH, np.random.default_rng(0)).draw(np.full((20000, 2), 40.0)).astype(float)
    np.testing.assert_allclose(x.mean(axis=0), 2.0, atol=0.05)
    assert x[:, 0].var() == pytest.approx(2 + dispersion * 4, rel=0.05)
    assert x[:, 1].var() == pytest.approx(2, rel=0.05) and x[:, 0].max() <= -1 / dispersion


def test_shared_factors_forget_as_stated():
    encoder = flat(2, loadings=np.full((1, 2), 0.5), memory=0.2)
    x = Spikes(encoder, WIDTH, np.random.default_rng(0)).draw(np.full((20000, 2), 400.0)).astype(float)
    off = x - x.mean(axis=0)
    for lag in (1, 4):
        got = (off[lag:, 0] * off[:-lag, 1]).mean()
        wanted = 20**2 * (np.exp(0.25 * np.exp(-lag * WIDTH / 0.2)) - 1)
        assert got == pytest.approx(wanted, rel=0.2)  # some 2500 independent bins, skewed


@pytest.mark.parametrize("population", [Population(), NOISY], ids=["poisson", "noisy"])
def test_a_block_of_spikes_is_its_bins_one_by_one(population):
    encoder = Encoder.random(6, np.random.default_rng(0), population=population)
    rates = encoder.rates(np.random.default_rng(1).normal(0, 20, (50, 2)))
    whole = Spikes(encoder, WIDTH, np.random.default_rng(2)).draw(rates)
    spikes = Spikes(encoder, WIDTH, np.random.default_rng(2))
    np.testing.assert_array_equal(np.concatenate([spikes.draw(row[None]) for row in rates]), whole)


def test_noise_moves_with_its_unit_and_new_units_bring_their_own():
    encoder = Encoder.random(5, np.random.default_rng(0), population=NOISY)
    source = [1, 1, 0, 3, 4]
    moved = encoder.drifted(DriftPath.identity(5, source=source), WIDTH)
    for name in ("lags", "dispersion", "rest"):
        np.testing.assert_array_equal(getattr(moved, name)[0], getattr(encoder, name)[0, source])
    np.testing.assert_array_equal(moved.loadings[:, 0], encoder.loadings[:, 0, source])
    paths = [DriftPath.identity(5, unit=[0, 0, 7, 0, 0]).expand(n) for n in (1, 3)]
    once, rows = (encoder.drifted(path, WIDTH) for path in paths)
    np.testing.assert_array_equal(np.repeat(once.loadings, 3, axis=1), rows.loadings)
    assert (once.loadings[:, 0] != encoder.loadings[:, 0]).any(axis=0).tolist() == [False] * 2 + [True] + [
        False
    ] * 2
    assert once.lags[0, 2] != encoder.lags[0, 2] and once.dispersion[0, 2] == 0.2
    silent = encoder.drifted(DriftPath.identity(5, silent=[True] + [False] * 4), WIDTH)
    assert simulate_session(silent, minutes=0.2).counts[:, 0].sum() == 0


def test_each_channel_sees_the_velocity_of_its_own_time():
    v = np.random.default_rng(0).normal(size=(30, 2))
    v[4] = np.nan
    encoder = flat(3, lag=0.1, lags=[0.0, -0.2, 0.05])
    led = encoder.led(v, WIDTH)
    for c, bins in enumerate((2, -2, 3)):
        for t in range(30):
            known = 0 <= t + bins < 30 and t + bins != 4
            np.testing.assert_array_equal(led[t, c], v[t + bins] if known else [0, 0])


def test_a_fit_finds_what_was_put_in():
    encoder, session = noisy()
    fitted = fit_encoder(session)
    lag = (encoder.lag + encoder.lags[0], fitted.lag + fitted.lags[0])
    tuned = encoder.depth[0] * encoder.rest[0] > 5
    assert np.abs(lag[0] - lag[1])[tuned].max() < 1.1 * WIDTH
    turned = np.angle(np.exp(1j * (encoder.preferred - fitted.preferred)))[0, tuned]
    assert np.abs(turned).max() < 0.25
    assert np.corrcoef(encoder.rest[0], fitted.rest[0])[0, 1] > 0.95
    stated = encoder.rest[0] * encoder.depth[0] / encoder.unit_speed
    found = fitted.rest[0] * fitted.depth[0] / fitted.unit_speed
    assert np.corrcoef(stated, found)[0, 1] > 0.95
    assert np.polyfit(stated, found, 1)[0] == pytest.approx(1, abs=0.2)
    assert np.median(fitted.dispersion) == pytest.approx(0.2, abs=0.05)
    true, got = (e.loadings[:, 0].T @ e.loadings[:, 0] for e in (encoder, fitted))
    off = np.triu_indices(24, 1)
    assert np.corrcoef(true[off], got[off])[0, 1] > 0.9
    assert np.polyfit(true[off], got[off], 1)[0] == pytest.approx(1, abs=0.25)
    assert fitted.memory == pytest.approx(encoder.memory, rel=0.3)


def test_a_poisson_array_is_fitted_as_one():
    session = simulate_session(Encoder.random(16, np.random.default_rng(3)), minutes=15, seed=2)
    fitted = fit_encoder(session, factors=1)
    assert np.median(fitted.dispersion) < 0.03 and np.abs(fitted.loadings).max() < 0.25
    assert (fit_encoder(session, factors=0).loadings).shape[0] == 0


def test_a_simulated_twin_has_the_labels_and_says_what_it_is():
    encoder, session = noisy()
    twin = simulate_like(encoder, session, seed=5)
    np.testing.assert_array_equal(twin.behavior, session.behavior)
    assert twin.provenance[0].startswith("simulated, not recorded") and twin.identifier != session.identifier
    assert np.corrcoef(twin.counts.mean(axis=0), session.counts.mean(axis=0))[0, 1] > 0.99
    np.testing.assert_array_equal(twin.counts, simulate_like(encoder, session, seed=5).counts)
    with pytest.raises(NeurodriftError, match="24 channels"):
        simulate_like(flat(3), session)


def test_the_check_compares_and_sees_a_wrong_encoder():
    encoder, session = noisy()
    right = posterior_check(session, seeds=[0])
    table = right.table()
    for name in ("rate (Hz)", "Fano factor", "tuning depth (Hz)", "linear decoder R2"):
        assert table.loc[name, "simulated"] == pytest.approx(table.loc[name, "recorded"], rel=0.15)
    poisson = replace(encoder, dispersion=0 * encoder.dispersion, depth=0.3 * encoder.depth)
    wrong = posterior_check(session, poisson, seeds=[0]).table()
    assert wrong.loc["Fano factor", "simulated"] < 0.8 * table.loc["Fano factor", "recorded"]
    assert wrong.loc["linear decoder R2", "simulated"] < table.loc["linear decoder R2", "recorded"] - 0.2


def test_a_frozen_linear_decoder_is_scored_on_another_session():
    encoder, session = noisy()
    twin = simulate_like(encoder, session, seed=9)
    assert linear_r2(session, twin) == pytest.approx(linear_r2(session), abs=0.05)
    lost = encoder.drifted(DriftPath.identity(24, rotation=np.full(24, np.pi / 2)), WIDTH)
    assert linear_r2(session, simulate_like(lost, session)) < 0


def test_measures_are_the_definitions():
    x = np.random.default_rng(0).poisson(3.0, (400, 3)).astype(np.float32)
    x[:, 2] = 0
    y = np.random.default_rng(1).normal(size=(400, 2)).astype(np.float32)
    y[:50] = np.nan
    session = Session(x, y, WIDTH, np.arange(400) * WIDTH, ("a", "b", "c"), ("x", "y"))
    got = channel_measures(session)
    assert got.loc["a", "rate (Hz)"] == pytest.approx(x[:, 0].mean() / WIDTH)
    assert got.loc["b", "Fano factor"] == pytest.approx(x[:, 1].var() / x[:, 1].mean(), rel=1e-6)
    assert got.loc["a", "noise correlation"] == pytest.approx(got.loc["b", "noise correlation"])
    assert np.isnan(got.loc["c", "Fano factor"]) and np.isnan(got.loc["c", "noise correlation"])
    design = np.column_stack([np.ones(350), y[50:]])
    left = x[50:, :2] - design @ np.linalg.lstsq(design, x[50:, :2], rcond=None)[0]
    assert got.loc["a", "noise correlation"] == pytest.approx(np.corrcoef(left.T)[0, 1], abs=1e-6)


@pytest.mark.filterwarnings("ignore::neurodrift.errors.NeurodriftWarning")
def test_a_simulated_day_of_monkey_e_decodes_like_the_real_one(monkey_e):
    for file in monkey_e:
        session = read_session(file, behavior="intended_direction", trials="intuitive_mapping == True")
        table = posterior_check(session, seeds=[0]).table()
        r2 = table.loc["linear decoder R2"]
        assert abs(r2["recorded"] - r2["simulated"]) < 0.08
        assert table.loc["rate (Hz)", "correlation over channels"] > 0.99
        assert table.loc["tuning depth (Hz)", "correlation over channels"] > 0.9


def test_what_cannot_be_fitted_is_refused():
    session = noisy()[1]
    one = replace(session, behavior=session.behavior[:, :1], behavior_names=("vx",))
    with pytest.raises(NeurodriftError, match="1 axes"):
        fit_encoder(one)
    with pytest.raises(NeurodriftError, match="least"):
        fit_encoder(session.select(slice(0, 20)))
    with pytest.raises(NeurodriftError, match="nothing is tuned"):
        fit_encoder(replace(session, behavior=0 * session.behavior))
    with pytest.raises(NeurodriftError, match="too few"):
        linear_r2(session.select(slice(0, 9)))
    with pytest.raises(NeurodriftError, match="loadings"):
        flat(3, loadings=np.zeros((2, 5)))
    with pytest.raises(NeurodriftError, match="dispersion"):
        flat(3, dispersion=-1.5)
