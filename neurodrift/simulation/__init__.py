"""A simulated electrode array: reaches, the units that encode them, and sessions over days."""

from __future__ import annotations

from neurodrift.simulation.checks import PosteriorCheck, channel_measures, linear_r2, posterior_check
from neurodrift.simulation.encoder import Encoder
from neurodrift.simulation.fitting import fit_encoder
from neurodrift.simulation.population import Population
from neurodrift.simulation.reaches import Reaches
from neurodrift.simulation.session import day_to_day, simulate_days, simulate_like, simulate_session
from neurodrift.simulation.spikes import Spikes

__all__ = [
    "Encoder",
    "Population",
    "PosteriorCheck",
    "Reaches",
    "Spikes",
    "channel_measures",
    "day_to_day",
    "fit_encoder",
    "linear_r2",
    "posterior_check",
    "simulate_days",
    "simulate_like",
    "simulate_session",
]
