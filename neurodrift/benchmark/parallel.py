"""Units of work done in processes of this machine, or by a Dask cluster; both through joblib."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import joblib

from neurodrift.benchmark.store import Store
from neurodrift.errors import NeurodriftError

__all__ = ["Progress", "Work", "finish"]

T = TypeVar("T")
Progress = Callable[[str, int, int], None]


class _Unit(Protocol):
    @property
    def key(self) -> str: ...


U = TypeVar("U", bound=_Unit)


@dataclass
class Work:
    """Stages of units, of which those that are stored already are not done again.

    Args:
        run: does a unit, `run(unit, *more)`, and stores it.
        total: units of all stages; `progress` is called with the stage, the units done and this.
        jobs, scheduler: as in `finish`.
    """

    run: Callable[..., Any]
    store: Store
    more: tuple[Any, ...]
    total: int
    progress: Progress
    jobs: int = 1
    scheduler: str = ""
    done: int = field(default=0, init=False)
    reused: int = field(default=0, init=False)

    def __call__(self, stage: str, units: Sequence[U], each: Callable[[U], None] = lambda unit: None) -> None:
        """One stage; `each` is called with every unit that was not stored, once it is."""
        left = [u for u in units if not self.store.has(u.key)]
        self.reused += len(units) - len(left)
        self.done += len(units) - len(left)
        self.progress(stage, self.done, self.total)
        for unit in finish(self.run, left, *self.more, jobs=self.jobs, scheduler=self.scheduler):
            self.done += 1
            each(unit)
            self.progress(stage, self.done, self.total)


def finish(
    work: Callable[..., T], units: Sequence[Any], *more: Any, jobs: int = 1, scheduler: str = ""
) -> Iterator[T]:
    """`work(unit, *more)` of every unit, each as it is done, in any order.

    Args:
        jobs: processes on this machine.
        scheduler: address of a running Dask scheduler, such as "tcp://10.0.0.1:8786"; its workers do the work
            instead. They need this package and the same folders at the same paths. A unit whose worker dies is
            given to another.

    Raises:
        NeurodriftError: the scheduler does not answer, or Dask is not installed.
    """
    if not units:
        return
    with _backend(scheduler):
        wanted = -1 if scheduler else max(1, min(jobs, len(units)))
        parallel = joblib.Parallel(n_jobs=wanted, return_as="generator_unordered", batch_size=1)
        yield from parallel(joblib.delayed(work)(unit, *more) for unit in units)


def _backend(scheduler: str) -> AbstractContextManager[object]:
    if not scheduler:
        return nullcontext()
    try:
        from distributed import Client
    except ImportError as error:
        raise NeurodriftError(
            "--scheduler needs Dask: install the extra, pip install 'neurodrift[dask]'."
        ) from error
    host, _, port = scheduler.rpartition("://")[2].rpartition(":")
    try:
        # Dask itself would go on trying for a long time.
        socket.create_connection((host, int(port)), timeout=5).close()
        Client(scheduler, timeout="10s", set_as_default=True)  # type: ignore[no-untyped-call,unused-ignore]
    except (OSError, ValueError) as error:
        raise NeurodriftError(
            f"--scheduler {scheduler}: no Dask scheduler answers there ({error}); start one with `dask scheduler`, "
            "and workers with `dask worker ADDRESS`."
        ) from error
    config: AbstractContextManager[object] = joblib.parallel_config(
        backend="dask", wait_for_workers_timeout=60
    )
    return config
