"""Drifts as published recordings show them."""

from __future__ import annotations

from neurodrift.drift.baseline import Baseline
from neurodrift.drift.common import Common
from neurodrift.drift.compose import Compose
from neurodrift.drift.days import Daily
from neurodrift.drift.noise import Noise
from neurodrift.drift.tuning import Rotation
from neurodrift.drift.units import PoissonTurnover

__all__ = ["link", "sorted_units"]


def sorted_units() -> PoissonTurnover:
    """Sorted units of arrays in motor cortex from day to day; severity counts days.

    Two studies found 57, 43 and 39 % of units after 7, 10 and 15 days, and 67, 31, 21 and 8 % after 15, 47,
    106 and some 270 days. Rate and spread of the hazards are the least-squares fit of
    (1 + r d / alike)^-alike to these seven shares, which it meets within .21 (the two disagree by .28 at 15
    days). The studies do not say how soon a lost unit is replaced: four appear for each that leaves silence.

    References:
        Dickey et al. 2009, doi:10.1152/jn.90920.2008; Vaidya et al. 2014, doi:10.1109/EMBC.2014.6944715.
    """
    return PoissonTurnover(loss=0.028, appearance=0.113, alike=0.444)


def link() -> Daily:
    """Decay over months as in the LINK recordings (one monkey, 96 electrodes, 1242 days); severity counts days.

    Each day has gains, rates and preferred directions of its own; over days units turn over, on some channels
    much sooner than on others, so that the loss slows down, and signals fade with a time constant of 622 days,
    the mean life of such arrays. The other strengths are chosen so that a frozen ridge decoder of a simulated array loses the share of its R2 that the
    recordings' own frozen ridge loses (mean over all pairs of days: 1, .60, .43, .31, .10, -.02 of the same
    day's after 0, 1, 7, 14, 30 and 60 days); docs/drift.md shows how near that comes.

    References:
        Temmar et al. 2025, LINK, doi:10.48324/dandi.001201 (data; the decay is in the code's rr_avg.csv);
        Sponheim et al. 2021, doi:10.1088/1741-2552/ac3eaf (life of arrays).
    """
    adds_up = Compose((PoissonTurnover(0.00875, 0.035, alike=0.8), Noise(1 / 622)))
    return Daily(adds_up, each=Compose((Common(0.35, 0.3), Baseline(0.5), Rotation(52.0))))
