"""What a reader is asked for, beside the file: one object from the public call down to the layout."""

from __future__ import annotations

from dataclasses import dataclass

from neurodrift.errors import NeurodriftError

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """The choices of `neurodrift.data.read_session`; None leaves a choice to the layout or the file."""

    neural: str | None = None
    behavior: str | None = None
    behavior_transform: str = "none"
    bin_width: float | None = None
    bin_edge: str | None = None
    pool: str | None = None
    same_units: bool = False
    units: str | None = None
    part: str | None = None

    def __post_init__(self) -> None:
        for name, value, known in (
            ("behavior_transform", self.behavior_transform, ("none", "velocity")),
            ("bin_edge", self.bin_edge, (None, "start", "end")),
            ("pool", self.pool, (None, "electrode", "unit")),
        ):
            if value not in known:
                words = " or ".join(f'"{item}"' for item in known if item is not None)
                raise NeurodriftError(f"{name} is {value!r}; choose {words}.")
        if self.bin_width is not None and not 0 < self.bin_width < float("inf"):
            raise NeurodriftError(
                f"bin_width is {self.bin_width}: it must be a positive number of seconds, such as 0.02."
            )
