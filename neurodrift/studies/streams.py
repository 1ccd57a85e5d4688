"""Made signals that change: a sine of another frequency, the Lorenz attractor with another parameter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Stream", "lorenz_stream", "sine_stream", "stack"]

Floats = npt.NDArray[np.float64]


class Stream(NamedTuple):
    """Inputs x (T, C) and targets y (T, D); of several seeds (S, T, C) and (S, T, D)."""

    x: Floats
    y: Floats


def stack(streams: list[Stream]) -> Stream:
    """Streams of several seeds side by side."""
    return Stream(np.stack([s.x for s in streams]), np.stack([s.y for s in streams]))


def sine_stream(period: float, bins: int, ahead: int, noise: float, seed: int) -> Stream:
    """A sine of random phase with noise added; the target is the clean sine `ahead` bins later.

    Args:
        period: bins a cycle. noise: standard deviation; the sine's amplitude is 1.
    """
    rng = np.random.default_rng([1, seed])
    phase = 2 * np.pi * (np.arange(bins + ahead) / period + rng.uniform())
    clean = np.sin(phase)
    return Stream((clean[:bins] + noise * rng.normal(size=bins))[:, None], clean[ahead:][:, None])


def lorenz_stream(rho: float, bins: int, ahead: int, noise: float, seed: int, dt: float = 0.02) -> Stream:
    """The Lorenz attractor (sigma 10, beta 8/3), its coordinates scaled by fixed numbers; the target is `ahead` bins later.

    Args:
        rho: 28 is the usual one. dt: time units a bin (Runge-Kutta 4, four steps a bin). noise: added to the inputs.

    References:
        Lorenz 1963, doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.
    """
    rng = np.random.default_rng([2, seed])

    def slope(v: Floats) -> Floats:
        x, y, z = v
        return np.array([10 * (y - x), x * (rho - z) - y, x * y - 8 / 3 * z])

    v = np.array([1.0, 1.0, 20.0]) + rng.normal(size=3)
    settle, h = 500, dt / 4
    path = np.empty((settle + bins + ahead, 3))
    for t in range(len(path)):
        path[t] = v
        for _ in range(4):
            a = slope(v)
            b = slope(v + h / 2 * a)
            c = slope(v + h / 2 * b)
            v = v + h / 6 * (a + 2 * b + 2 * c + slope(v + h * c))
    # The usual attractor's means and deviations, so that another rho keeps its other size.
    path = (path[settle:] - [0.0, 0.0, 23.5]) / [7.9, 9.0, 8.6]
    return Stream(path[:bins] + noise * rng.normal(size=(bins, 3)), path[ahead:])
