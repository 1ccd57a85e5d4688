"""Plants: what the decoder's answer does to the cursor."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from neurodrift.closed_loop.tasks import Floats

__all__ = ["Plant", "PositionVelocityPlant", "VelocityPlant"]


@dataclass
class VelocityPlant:
    """v <- a v + (1 - a) g decoded, p <- p + v dt, held within the workspace.

    Args:
        gain: g. smoothing: a, what is kept a bin, in [0, 1).

    References:
        Willett et al. 2017, doi:10.1088/1741-2552/aa6d9e (smoothing and gain of a cursor).
    """

    gain: float = 1.0
    smoothing: float = 0.5
    axes: int = 2
    position: Floats = field(default_factory=lambda: np.zeros(2), init=False)
    velocity: Floats = field(default_factory=lambda: np.zeros(2), init=False)

    def reset(self) -> None:
        self.position, self.velocity = np.zeros(2), np.zeros(2)

    def step(self, decoded: Floats, dt: float, half_width: float) -> Floats:
        """The cursor's position (2,) at the end of a bin of dt s in which `decoded` was answered, cm/s."""
        self.velocity = self.smoothing * self.velocity + (1 - self.smoothing) * self.gain * decoded[-2:]
        self._move(self.position + dt * self.velocity, half_width)
        return self.position

    def _move(self, to: Floats, half_width: float) -> None:
        self.position = np.minimum(np.maximum(to, -half_width), half_width)
        # Against a wall the speed into it is lost.
        self.velocity = np.where(self.position == to, self.velocity, 0.0)


@dataclass
class PositionVelocityPlant(VelocityPlant):
    """The decoder answers position and velocity: p <- (1 - m) (p + v dt) + m decoded position.

    Args:
        gain, smoothing: as for the velocity. mix: m.

    References:
        Gilja et al. 2012, doi:10.1038/nn.3265 (a cursor driven by both).
    """

    mix: float = 0.05
    axes: int = 4

    def step(self, decoded: Floats, dt: float, half_width: float) -> Floats:
        """As for the velocity; `decoded` (4,) is position, cm, then velocity, cm/s."""
        self.velocity = self.smoothing * self.velocity + (1 - self.smoothing) * self.gain * decoded[-2:]
        self._move((1 - self.mix) * (self.position + dt * self.velocity) + self.mix * decoded[:2], half_width)
        return self.position


Plant = VelocityPlant
