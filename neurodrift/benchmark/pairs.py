"""The session pairs of a benchmark: read, matched and cut, once a process."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodrift.benchmark.spec import Spec, resolve
from neurodrift.data.cache import load_session
from neurodrift.data.channels import ChannelMatch, match_channels
from neurodrift.data.nwb import file_digest
from neurodrift.data.session import Session
from neurodrift.data.splits import Split, split_session
from neurodrift.errors import NeurodriftError

__all__ = ["Pair", "load", "load_pair"]

# The training day: 68 % training and 12 % early stopping make its first 80 %, the rest chooses step sizes.
TRAINED = 0.8


@dataclass(frozen=True)
class Pair:
    """The training sessions and one test session on the channels they share, and the test session's blocks."""

    train: tuple[Session, ...]
    test: Session
    split: Split
    match: ChannelMatch

    @property
    def fitted(self) -> list[Session]:
        """What trains and stops the decoder: the first 80 % of each training session."""
        return [s.select(slice(0, round(TRAINED * len(s)))) for s in self.train]

    @property
    def tail(self) -> Session:
        """What chooses step sizes: the last fifth of the last training session."""
        return self.train[-1].select(slice(round(TRAINED * len(self.train[-1])), None))


@functools.lru_cache(maxsize=16)
def load(path: Path | str, digest: str, how: tuple[tuple[str, Any], ...]) -> Session:
    """One session, bins that were not observed in full left out; `digest` is the file's, `how` its options."""
    session = load_session(path, digest=digest, **dict(how))
    lost = int((~session.valid).sum())
    if lost:
        session = session.select(session.valid, f"left out {lost} bins that were not observed in full")
    if not session.labelled.any():
        raise NeurodriftError(
            f"{path}: no bin has a label of {dict(how)['behavior'] or 'the behaviour'}; nothing can be decoded."
        )
    return session


def load_pair(spec: Spec, folder: Path, test: str) -> Pair:
    """The pair of all training sessions and the test session `test`, a path as the spec writes it."""
    data = spec.data

    def read(text: str) -> Session:
        path = resolve(text, folder)
        return load(path, file_digest(path), tuple(data.how().items()))

    train, session = [read(text) for text in data.train], read(test)
    for other in [*train[1:], session]:
        if other.behavior_names != train[0].behavior_names:
            raise NeurodriftError(
                f"{other} decodes {other.behavior_names}, but {train[0]} {train[0].behavior_names}; name one behaviour they share."
            )
        if abs(other.bin_width - train[0].bin_width) > 0.1 * train[0].bin_width:
            raise NeurodriftError(
                f"{other} has bins of {other.bin_width:g} s, but {train[0]} of {train[0].bin_width:g} s; "
                f"a decoder needs one bin width."
            )
    match = match_channels(train, session)
    session = match.apply(session)
    return Pair(
        tuple(match.apply(s) for s in train),
        session,
        split_session(session, spec.split.adapt, spec.split.gap),
        match,
    )
