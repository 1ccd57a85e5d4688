"""One NWB file to a Session, and back."""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from neurodrift.data.counting import UNSTABLE
from neurodrift.data.inspecting import inspect_file
from neurodrift.data.layouts import LAYOUTS, layout_of
from neurodrift.data.nwb_open import Source, file_digest, name_of, open_nwb, subject_of
from neurodrift.data.nwb_write import write_session
from neurodrift.data.options import Options
from neurodrift.data.session import Session
from neurodrift.data.trials import filter_trials
from neurodrift.errors import NeurodriftError, NeurodriftWarning

__all__ = ["file_digest", "inspect_file", "read_session", "write_session"]


def read_session(
    source: Source,
    *,
    neural: str | None = None,
    behavior: str | None = None,
    behavior_transform: str = "none",
    bin_width: float | None = None,
    trials: str | None = None,
    channels: Sequence[str] | None = None,
    bin_edge: str | None = None,
    pool: str | None = None,
    same_units: bool = False,
    units: str | None = None,
    part: str | None = None,
) -> Session:
    """Read one recording.

    Args:
        source: path or http(s) address of a file, a binary file object, or an open NWBFile.
        neural: name or path of the spikes ("units", or binned counts); may be left out with one choice, or where
            the layout is known.
        behavior: name or path of what is to be decoded, likewise; several joined by "+", a container of
            series for all of them, or "none" for counts alone.
        behavior_transform: "none", or "velocity" for the causal difference quotient of a position.
        bin_width: seconds; needed for spike times, refused where binned counts are more than 10 % off.
        trials: filter such as "is_success == True"; bins outside matching trials are left out.
        channels: ids to keep, in this order.
        bin_edge: what timestamps of bins are, "start" or "end", against what layout and file say.
        pool: "electrode" adds the units of an electrode up, "unit" keeps them; sessions of units are refused on
            another day unless the set guarantees that they are the same.
        same_units: you know that a unit id is the same electrode on every day.
        units: filter of the units table such as "heldout == False".
        part: one of several sessions in the file.

    Raises:
        NeurodriftError: whatever makes the file unusable as asked, with the remedy.
    """
    options = Options(
        neural, behavior, behavior_transform, bin_width, bin_edge, pool, same_units, units, part
    )
    path = name_of(source)
    with open_nwb(source) as (nwb, said):
        layout = layout_of(nwb)
        session: Session = LAYOUTS[layout].read(nwb, path, options)
        description = str(nwb.session_description or "")
        session = replace(
            session,
            subject=subject_of(nwb),
            identifier=nwb.session_id or nwb.identifier or "",
            start=nwb.session_start_time,
            digest=file_digest(source) if isinstance(source, (str, Path)) else "",
            provenance=(
                f"read {path} (layout {layout})",
                *([f"session description: {description}"] if description else []),
                *said,
                *session.provenance,
            ),
        )
    if trials is not None:
        session = filter_trials(session, trials)
    if channels is not None:
        session = _only(session, channels)
    return _checked(session, behavior)


LABELS = "behaviour: "
REPAIRED = re.compile(
    r"^session description: .*\b(warning|caution)\b|^the clock restarts|: left out$|rows? corrected|^only ",
    re.IGNORECASE | re.DOTALL,
)


def _only(session: Session, channels: Sequence[str]) -> Session:
    place = {name: i for i, name in enumerate(session.channels)}
    for name in channels:
        if name not in place:
            near = difflib.get_close_matches(name, session.channels, 1)
            raise NeurodriftError(
                f"{session}: there is no channel {name!r}{f'; did you mean {near[0]!r}?' if near else '.'} "
                f"Its {len(place)} channels are {', '.join(session.channels[:8])}{' ...' * (len(place) > 8)}."
            )
    return replace(
        session,
        counts=session.counts[:, [place[name] for name in channels]],
        channels=tuple(channels),
        provenance=(*session.provenance, f"{len(channels)} of {len(place)} channels kept, as asked"),
    )


def _checked(session: Session, behavior: str | None) -> Session:
    if session.behavior_names and not np.isfinite(session.behavior).any():
        paths = [line[len(LABELS) :] for line in session.provenance if line.startswith(LABELS)]
        raise NeurodriftError(
            f"{session}: the behaviour {behavior or ', '.join(paths)} is NaN in all "
            f"{len(session)} bins. Name another series to decode, or loosen the trial filter if there is one."
        )
    heard = [line for line in session.provenance if UNSTABLE in line or REPAIRED.search(line)]
    flat = np.flatnonzero((session.counts == session.counts[:1]).all(axis=0))
    if len(flat) and len(session) > 1:
        named = ", ".join(session.channels[i] for i in flat[:12]) + (" ..." if len(flat) > 12 else "")
        heard.append(f"{len(flat)} of {len(session.channels)} channels never change here: {named}; kept")
        session = session.noting(heard[-1])
    for line in heard:
        warnings.warn(f"{session}: {line}", NeurodriftWarning, stacklevel=3)
    return session
