"""One NWB file to a Session, and back."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from neurodrift.data.inspecting import inspect_file
from neurodrift.data.layouts import LAYOUTS
from neurodrift.data.layouts.generic import UNSTABLE
from neurodrift.data.nwb_open import file_digest, open_nwb, subject_of
from neurodrift.data.nwb_write import write_session
from neurodrift.data.session import Session
from neurodrift.data.trials import filter_trials
from neurodrift.errors import NeurodriftError, NeurodriftWarning

__all__ = ["file_digest", "inspect_file", "read_session", "write_session"]


def read_session(
    source: str | Path,
    *,
    neural: str | None = None,
    behavior: str | None = None,
    behavior_transform: str = "none",
    bin_width: float | None = None,
    trials: str | None = None,
    channels: Sequence[str] | None = None,
) -> Session:
    """Read one NWB file.

    Args:
        source: path of the file.
        neural: name or path of the spikes ("units", or binned counts); may be left out with one choice.
        behavior: name or path of what is to be decoded; likewise.
        behavior_transform: "none", or "velocity" for the causal difference quotient of a position.
        bin_width: seconds; needed for spike times, refused where binned counts are more than 10 % off.
        trials: filter such as "is_success == True"; bins outside matching trials are left out.
        channels: ids to keep, in this order.

    Raises:
        NeurodriftError: whatever makes the file unusable as asked, with the remedy.
    """
    path = str(source)
    with open_nwb(source) as (nwb, said):
        layout = next(name for name, module in LAYOUTS.items() if module.matches(nwb))
        session: Session = LAYOUTS[layout].read(
            nwb,
            path,
            neural=neural,
            behavior=behavior,
            behavior_transform=behavior_transform,
            bin_width=bin_width,
        )
        session = replace(
            session,
            subject=subject_of(nwb),
            identifier=nwb.session_id or nwb.identifier or "",
            start=nwb.session_start_time,
            digest=file_digest(source),
            provenance=(
                f"read {path} (layout {layout})",
                *([f"session description: {nwb.session_description}"] if nwb.session_description else []),
                *said,
                *session.provenance,
            ),
        )
    if trials is not None:
        session = filter_trials(session, trials)
    if channels is not None:
        session = _only(session, channels)
    return _checked(session, behavior)


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
    if not np.isfinite(session.behavior).any():
        raise NeurodriftError(
            f"{session}: the behaviour {behavior or ', '.join(session.behavior_names)} is NaN in all "
            f"{len(session)} bins. Decode another series, or loosen the trial filter until labels remain."
        )
    heard = [line for line in session.provenance if UNSTABLE in line]
    flat = np.flatnonzero((session.counts == session.counts[:1]).all(axis=0))
    if len(flat) and len(session) > 1:
        named = ", ".join(session.channels[i] for i in flat[:12]) + (" ..." if len(flat) > 12 else "")
        heard.append(f"{len(flat)} of {len(session.channels)} channels never change here: {named}; kept")
        session = session.noting(heard[-1])
    for line in heard:
        warnings.warn(f"{session}: {line}", NeurodriftWarning, stacklevel=3)
    return session
