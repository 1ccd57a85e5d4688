"""A simulated electrode array: reaches, the units that encode them, and sessions over days."""

from __future__ import annotations

from neurodrift.simulation.encoder import Encoder, Population
from neurodrift.simulation.reaches import Reaches
from neurodrift.simulation.session import day_to_day, simulate_days, simulate_session

__all__ = ["Encoder", "Population", "Reaches", "day_to_day", "simulate_days", "simulate_session"]
