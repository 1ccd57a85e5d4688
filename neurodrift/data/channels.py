"""The channel contract between days: which electrodes match, which are lost, which are new; never silent."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

from neurodrift.data.session import Session
from neurodrift.errors import NeurodriftError, NeurodriftWarning

__all__ = ["ChannelMatch", "match_channels"]


@dataclass(frozen=True)
class ChannelMatch:
    """Channels of a comparison: `shared` by all sessions, `missing` on the test day, `new` there.

    A channel that only some training sessions have counts as missing or, if the test day has it, as new.
    """

    shared: tuple[str, ...]
    missing: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    def __str__(self) -> str:
        line = f"{len(self.shared)} channels shared"
        for word, names in (("missing on the test day", self.missing), ("new on the test day", self.new)):
            if names:
                line += f"; {len(names)} {word}: {', '.join(names[:12])}{' ...' * (len(names) > 12)}"
        return line

    def apply(self, session: Session) -> Session:
        """The session with the shared channels only, in their order; provenance says what changed."""
        if session.channels == self.shared:
            return session
        place = {name: i for i, name in enumerate(session.channels)}
        lost = [name for name in self.shared if name not in place]
        if lost:
            raise NeurodriftError(
                f"{session}: channel {lost[0]!r} is not in it; match the channels again with it."
            )
        dropped = [name for name in session.channels if name not in set(self.shared)]
        what = (
            f"{len(dropped)} left out ({', '.join(dropped[:12])}{' ...' * (len(dropped) > 12)})"
            if dropped
            else "reordered"
        )
        return replace(
            session,
            counts=session.counts[:, [place[name] for name in self.shared]],
            channels=self.shared,
            provenance=(*session.provenance, f"channels matched by id: {len(self.shared)} kept, {what}"),
        )


def match_channels(train: Sequence[Session], test: Session) -> ChannelMatch:
    """Match electrodes by id over the training sessions and the test session; order as in the first.

    Warns where channels are missing or new.

    Raises:
        NeurodriftError: no training session, no channel that all sessions share, or sorted units of another day.
    """
    if not train:
        raise NeurodriftError("match_channels: there is no training session.")
    _refuse_units(train, test)
    everywhere = set(test.channels).intersection(*(session.channels for session in train))
    known = dict.fromkeys(name for session in train for name in session.channels)
    match = ChannelMatch(
        shared=tuple(name for name in train[0].channels if name in everywhere),
        missing=tuple(name for name in known if name not in set(test.channels)),
        new=tuple(name for name in test.channels if name not in everywhere),
    )
    if not match.shared:
        sides = "; ".join(f"{session}: {', '.join(session.channels[:4])} ..." for session in (*train, test))
        raise NeurodriftError(
            f"the sessions share no channel ({sides}). Electrodes are matched by id: compare days "
            f"of the same array, or give the electrodes of both files the same labels."
        )
    if match.missing or match.new:
        warnings.warn(f"{train[0]} against {test}: {match}", NeurodriftWarning, stacklevel=2)
    return match


def _refuse_units(train: Sequence[Session], test: Session) -> None:
    """Units are matched within a day; on another day the same id is another unit."""
    for session in train:
        for one, other in ((session, test), (test, session)):
            same_day = one.start is not None and other.start is not None
            same_day = same_day and one.start.date() == other.start.date()  # type: ignore[union-attr]
            if not one.persist and not same_day and one is not other and one.source != other.source:
                raise NeurodriftError(
                    f"{one}: its channels are units by id, which do not persist to another day ({other}). "
                    f'Pool them per electrode (pool="electrode") where units name electrodes, or say '
                    f"same_units=True if you know that every id is the same electrode on all days."
                )
