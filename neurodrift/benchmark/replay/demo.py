"""The demonstration: two decoders, three simulated days, in closed loop."""

from __future__ import annotations

from neurodrift.benchmark.replay.spec import DecoderPart, ReplaySpec, World

__all__ = ["demo_replay"]


def demo_replay() -> ReplaySpec:
    """A frozen recurrent decoder beside the same one learning online; 30 % of the units are new each day."""
    return ReplaySpec(
        name="closed loop, three simulated days",
        seeds=3,
        methods=["frozen", "immediate"],
        world=World(days=3, minutes=1.5, calibration=3.0, drift="turnover", severity=1.0),
        decoder=DecoderPart(epochs=20),
    )
