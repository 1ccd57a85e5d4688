"""Pairs of recorded sessions for studies: from a protocol, from a file of the user's, or simulated."""

from __future__ import annotations

import os
import tomllib
import warnings
from pathlib import Path
from typing import Any, NamedTuple

from neurodrift.data.cache import load_session
from neurodrift.data.channels import match_channels
from neurodrift.data.session import Session
from neurodrift.data.splits import Split, split_session
from neurodrift.errors import NeurodriftError, NeurodriftWarning
from neurodrift.simulation import simulate_days

__all__ = ["PAIRS", "RecordedPair", "load_recorded", "missing", "user_pairs"]

PAIRS = "NEURODRIFT_PAIRS"
TRAINED = 0.8  # of the training day; what follows chooses step sizes


class RecordedPair(NamedTuple):
    """What trains, what chooses step sizes, and the later day with its blocks, on the channels both days share."""

    fitted: Session
    tail: Session
    test: Session
    split: Split


def user_pairs() -> list[dict[str, Any]]:
    """The `[[pairs]]` of the TOML file that $NEURODRIFT_PAIRS names: name, train, test, and options of `read_session`.

    Raises:
        NeurodriftError: the file is not there, is not TOML, or a pair lacks its name or a file.
    """
    given = os.environ.get(PAIRS)
    if not given:
        return []
    try:
        pairs = tomllib.loads(Path(given).read_text(encoding="utf-8")).get("pairs", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise NeurodriftError(f"{PAIRS}: {given} cannot be read as TOML: {error}") from error
    for pair in pairs:
        lacking = [key for key in ("name", "train", "test") if not pair.get(key)]
        if lacking:
            raise NeurodriftError(f"{PAIRS}: a pair in {given} has no {' and no '.join(lacking)}.")
    return list(pairs)


def missing(pair: dict[str, Any]) -> str:
    """Why a pair cannot be read, or "" if its files are there."""
    for key in ("train", "test"):
        if key not in pair:
            continue
        path = os.path.expandvars(pair[key])
        if "${NEURODRIFT_DATA}" in path:
            return "NEURODRIFT_DATA is not set; set it to the folder of recordings"
        if not Path(path).is_file():
            return f"{Path(path).name} is not where NEURODRIFT_DATA or the pair's file says it is"
    return ""


def load_recorded(
    pair: dict[str, Any], adapt: float, gap: float, minutes: float = 0.0, seed: int = 0
) -> RecordedPair:
    """Reads a pair, or simulates one of `minutes` minutes a day where it names no files."""
    if "train" not in pair:
        train, test = simulate_days(2, minutes=minutes, seed=seed)
    else:
        how = {k: v for k, v in pair.items() if k not in ("name", "train", "test")}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NeurodriftWarning)
            train, test = (_read(os.path.expandvars(pair[key]), how) for key in ("train", "test"))
    match = match_channels([train], test)
    train, test = match.apply(train), match.apply(test)
    cut = round(TRAINED * len(train))
    return RecordedPair(
        train.select(slice(0, cut)), train.select(slice(cut, None)), test, split_session(test, adapt, gap)
    )


def _read(path: str, how: dict[str, Any]) -> Session:
    session = load_session(path, **how)
    return session if session.valid.all() else session.select(session.valid)
