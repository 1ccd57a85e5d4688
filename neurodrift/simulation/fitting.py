"""An encoder fitted to a recorded session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import FactorAnalysis

from neurodrift.data.session import Session
from neurodrift.errors import NeurodriftError
from neurodrift.simulation.encoder import Encoder, ahead
from neurodrift.simulation.population import Population

__all__ = ["fit_encoder"]

Floats = npt.NDArray[np.float64]
LAGS = tuple(range(-6, 5))
LEAST_BINS = 50
LEAST_MEAN = 0.01
"""Counts a bin under which a channel's noise is taken as Poisson: too few spikes to tell."""
LEAST_DISPERSION = -0.25
"""Of a fit. Binomial counts end at -1 / dispersion, which is also kept at twice a channel's highest mean."""


def fit_encoder(session: Session, *, lags: Sequence[int] = LAGS, factors: int = 3) -> Encoder:
    """The array of a session whose label has two axes: velocity, or the direction that is intended.

    Per channel, in this order: the lag whose least-squares fit of the counts on 1, x, y and speed explains
    most; the tuning from that fit, rates not below .1 Hz; then, from what the fit leaves, `factors` shared
    factors of the log-rate (factor analysis of residuals over the square root of the mean), their memory (from
    covariances one and two bins apart), and dispersion from the variance that is missing, or too much.

    A bin without a label counts as no movement: the rate at rest is told from movement by those bins. v0 of
    the encoder is the root mean square of the speed where there is a label. New units of the encoder come
    from a population with the moments of the fitted one.

    Args:
        lags: bins by which a channel may lead the label (negative: follow it), all tried.
        factors: shared factors; 0 leaves channels independent.

    Raises:
        NeurodriftError: the label has not two axes, or fewer than 50 bins have one, or it never moves.

    References:
        Georgopoulos et al. 1982, doi:10.1523/JNEUROSCI.02-11-01527.1982; Goris et al. 2014, doi:10.1038/nn.3711.
    """
    if session.behavior.shape[1] != 2:
        raise NeurodriftError(
            f"{session}: the label has {session.behavior.shape[1]} axes ({', '.join(session.behavior_names)}); "
            "an encoder is fitted to two, such as a velocity or a direction."
        )
    if session.labelled.sum() < LEAST_BINS:
        raise NeurodriftError(
            f"{session}: {int(session.labelled.sum())} labelled bins; {LEAST_BINS} are the least."
        )
    v = np.nan_to_num(session.behavior.astype(np.float64))
    scale = float(np.sqrt((v[session.labelled] ** 2).sum(axis=1).mean()))
    if not scale > 0:
        raise NeurodriftError(f"{session}: the label is 0 in every bin; nothing is tuned to it.")
    (lag, rest, bx, by, bs), mean = _tuning(session, v / scale, lags)
    rest = np.maximum(rest / session.bin_width, 0.1)
    depth = np.hypot(bx, by) / session.bin_width / rest
    speed = bs / session.bin_width / rest
    loadings, memory, dispersion = _noise(session, mean, factors)
    lag = lag * session.bin_width
    encoder = Encoder(
        rest=rest,
        depth=depth,
        preferred=np.arctan2(by, bx),
        speed=speed,
        scale=np.ones_like(rest),
        added=np.zeros_like(rest),
        lag=float(lag.mean()),
        unit_speed=scale,
        lags=lag - lag.mean(),
        dispersion=dispersion,
        loadings=loadings,
        memory=memory,
    )
    return replace(encoder, population=_population(encoder))


def _tuning(session: Session, v: Floats, lags: Sequence[int]) -> tuple[Floats, Floats]:
    """Lag (bins), constant, x, y and speed coefficients of each channel (5, C), and fitted means (T, C)."""
    y, use = session.counts.astype(np.float64), session.valid
    designs = []
    for lag in lags:
        moved = ahead(v, lag)
        designs.append(np.column_stack([np.ones(len(v)), moved, np.hypot(*moved.T)]))
    fits = np.array([np.linalg.lstsq(x[use], y[use], rcond=None)[0] for x in designs])
    losses = [((y - x @ fit)[use] ** 2).sum(axis=0) for x, fit in zip(designs, fits, strict=True)]
    chosen, mean = np.argmin(losses, axis=0), np.empty_like(y)
    for c, k in enumerate(chosen):
        mean[:, c] = np.maximum(designs[k] @ fits[k, :, c], 0)
    best = fits[chosen, :, np.arange(y.shape[1])].T
    return np.vstack([np.asarray(lags, np.float64)[chosen], best]), mean


def _noise(session: Session, mean: Floats, factors: int) -> tuple[Floats, float, Floats]:
    """Loadings (K, C), memory (s) and dispersion (C,) of what the tuning leaves."""
    use = session.valid
    left, level = session.counts - mean, mean[use].mean(axis=0)
    seen = level > LEAST_MEAN
    loadings, memory = np.zeros((factors, len(level))), session.bin_width
    if factors and seen.sum() > factors:
        pearson = left[:, seen] / np.sqrt(level[seen])
        analysis = FactorAnalysis(factors, random_state=0).fit(pearson[use])
        loadings[:, seen] = analysis.components_ / np.sqrt(level[seen])
        memory = _memory(session, analysis.transform(pearson))
    shared = np.exp((loadings**2).sum(axis=0))
    excess = (left[use] ** 2).mean(axis=0) - level
    squared = np.maximum((mean[use] ** 2).mean(axis=0), LEAST_MEAN**2)
    least = np.maximum(LEAST_DISPERSION, -0.5 / np.maximum(mean.max(axis=0), LEAST_MEAN))
    return loadings, memory, np.maximum((excess / squared - shared + 1) / shared, least) * seen


def _memory(session: Session, scores: Floats) -> float:
    """Seconds: for a factor that forgets, the covariance two bins apart over that one apart is exp(-bin / memory)."""
    follows = ~session.after_gap & session.valid & np.roll(session.valid, 1)
    one = (scores[1:] * scores[:-1])[follows[1:]].sum()
    two = (scores[2:] * scores[:-2])[follows[2:] & follows[1:-1]].sum()
    keep = float(np.clip(two / one if one > 0 else 0.0, 0.05, 0.99))
    return -session.bin_width / float(np.log(keep))


def _population(encoder: Encoder) -> Population:
    """A population with the moments of the encoder's units."""
    rest, weight = encoder.rest[0], encoder.rest[0] / encoder.rest.sum()
    speed = float(weight @ encoder.speed[0])
    return Population(
        rate=float(rest.mean()),
        rate_shape=float(np.clip(rest.mean() ** 2 / max(rest.var(), 1e-9), 0.1, 100)),
        depth=float(weight @ encoder.depth[0]),
        speed=speed,
        speed_spread=float(np.sqrt(weight @ (encoder.speed[0] - speed) ** 2)),
        lag_spread=float(encoder.lags.std()),
        dispersion=float(weight @ encoder.dispersion[0]),
        noise=float(np.sqrt(weight @ (encoder.loadings[:, 0] ** 2).sum(axis=0))),
        factors=len(encoder.loadings),
    )
