"""A spec over a folder of recordings: trained on its first sessions, tested on each later one."""

from __future__ import annotations

from pathlib import Path

from neurodrift.benchmark.spec import Spec, resolve
from neurodrift.data.remote import is_url
from neurodrift.data.session_series import SessionSeries
from neurodrift.errors import NeurodriftError

__all__ = ["with_sessions"]


def with_sessions(spec: Spec, folder: Path) -> Spec:
    """The spec with `sessions` written out as `train` and `test`, in order of their dates; others as they are.

    Raises:
        NeurodriftError: no later session is left to test on.
    """
    data = spec.data
    if data.sessions is None:
        return spec
    where = resolve(data.sessions, folder)
    if is_url(where):
        raise NeurodriftError(f'sessions = "{where}" is an address; list addresses in train and test.')
    series = SessionSeries(where)
    if len(series) <= data.train_sessions:
        raise NeurodriftError(
            f"{where} holds {len(series)} recordings and {data.train_sessions} are to be trained on: none is left "
            f"to test on. Lower train_sessions, or widen sessions."
        )
    cut = data.train_sessions
    paths = {"train": list(series.paths[:cut]), "test": list(series.paths[cut:]), "sessions": None}
    return spec.model_copy(update={"data": data.model_copy(update=paths)})
