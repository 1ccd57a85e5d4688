"""A wall clock for the loop: bins begin when they are due, and what comes too late is counted."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from neurodrift.closed_loop.episode import Episode
from neurodrift.errors import NeurodriftError

__all__ = ["Clock", "timing"]


class Clock:
    """Bins of `bin_width` s on the wall clock.

    It sleeps until shortly before a bin is due and then looks at the clock without sleeping, since systems wake
    a sleeper up to some milliseconds late. A bin that is not done when the next is due is missed; the next
    begins at once, and due times are not moved, so the loop catches up.

    Args:
        spin: s before a bin is due that are spent awake.
        now, sleep: the clock.
    """

    def __init__(
        self,
        spin: float = 0.002,
        now: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.spin, self.now, self.sleep = spin, now, sleep

    def start(self, bin_width: float) -> None:
        if not bin_width > 0:
            raise NeurodriftError(f"Clock: bin_width is {bin_width}; it must be positive.")
        self.bin_width, self.began, self.bins = bin_width, self.now(), 0

    def wait(self) -> float:
        """Returns when the next bin is due, with that time."""
        due = self.began + self.bins * self.bin_width
        if due - self.now() > self.spin:
            self.sleep(due - self.now() - self.spin)
        while self.now() < due:
            pass
        return due

    def done(self) -> bool:
        """At the end of a bin's work; whether its deadline, the start of the next bin, was missed."""
        self.bins += 1
        return self.now() > self.began + self.bins * self.bin_width


def timing(episode: Episode) -> dict[str, float]:
    """Milliseconds from a bin's due time to the answer, and deadlines missed.

    Raises:
        NeurodriftError: the episode was run without a clock.
    """
    if episode.seconds is None or episode.missed is None:
        raise NeurodriftError("timing: this episode was run without a clock; give run one (clock=Clock()).")
    low, high, top = np.percentile(1e3 * episode.seconds, [50, 99, 99.9])
    return {
        "p50_ms": float(low),
        "p99_ms": float(high),
        "p999_ms": float(top),
        "worst_ms": float(1e3 * episode.seconds.max()),
        "deadline_ms": 1e3 * episode.bin_width,
        "missed": float(episode.missed.sum()),
        "bins": float(len(episode)),
    }
