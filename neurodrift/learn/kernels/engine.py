"""The learner with compiled steps: the same weights, order and results as `Learner`, many times faster."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn import cells, optim
from neurodrift.learn.cells import Cell
from neurodrift.learn.kernels import immediate
from neurodrift.learn.kernels.box import box_of
from neurodrift.learn.kernels.immediate import Net, Ring, Settings
from neurodrift.learn.kernels.numeric import ADAM, GRU, LSTM, RMSPROP, RNN, SGD
from neurodrift.learn.learner import Learner
from neurodrift.learn.optim.base import rate
from neurodrift.learn.rules import Immediate

__all__ = ["CompiledLearner", "has_twin"]

Array = npt.NDArray[Any]

_CELLS: dict[type, int] = {cells.RNN: RNN, cells.GRU: GRU, cells.LSTM: LSTM}
_OPTIMIZERS: dict[type, int] = {optim.SGD: SGD, optim.RMSprop: RMSPROP, optim.Adam: ADAM}
_LEARNS = {"nothing": 0, "bias": 1, "readout": 2, "all": 3}
_READS = {"xh": 0, "x": 1, "h": 2}
_VIEWS = ("_settings", "_net", "_counter", "_like", "_kinds", "_parts", "_boxed", "_box")
_said: set[object] = set()
SAID_FOR = 600.0  # s in which other processes of the same first use keep quiet


def has_twin(cell: object, rule: object, optimizer: object, w: Tensor, learns: str) -> bool:
    """Whether this combination is compiled."""
    return (
        type(cell) in _CELLS
        and type(optimizer) in _OPTIMIZERS
        and (type(rule) is Immediate or learns != "all")
        and w.dtype in (torch.float32, torch.float64)
        and w.device.type == "cpu"
    )


class CompiledLearner(Learner):
    """See `Learner`. Weights, moments and averages stay torch tensors; the kernels work on views of them."""

    entry: Any = immediate.run
    _parts: Sequence[Array] = ()

    def __init__(self, cell: Cell, w: Tensor, w_out: Tensor, *args: Any, **kwargs: Any) -> None:
        super().__init__(cell, w.contiguous(), w_out.contiguous(), *args, **kwargs)
        self._connect()

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "observer" and value is not None:
            raise NeurodriftError("observer: compiled kernels do not show gradients; use engine='reference'.")
        super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in _VIEWS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Copies of tensors share no memory with copies of their views: look at them anew.
        self.__dict__.update(state)
        self._connect()

    def _connect(self) -> None:
        _say_once(self.entry)
        optimizer: Any = self.optimizer
        beta1, beta2, eps = (float(getattr(optimizer, k, 0.0)) for k in ("beta1", "beta2", "eps"))
        dtype = self.s.numpy().dtype
        rates = np.broadcast_to(np.asarray(self.optimizer.lr, dtype), (len(self.w),)).copy()
        self._settings = Settings(
            _CELLS[type(self.cell)],
            _OPTIMIZERS[type(optimizer)],
            _LEARNS[self.learns],
            float(self.clip),
            self.average.bins if self.average else 0.0,
            beta1,
            beta2,
            np.array([_READS[reads] for reads in self.cell.gates]),
            rates,
            np.array([beta1, beta2, eps, 1, 1, 1 - beta1, 1 - beta2], dtype),
        )
        squares = [self._whole(self.moments, i) for i in range(1, len(self.moments), 2 if beta1 else 1)]
        means = [self._whole(self.moments, i) for i in range(2, len(self.moments), 2)] if beta1 else []
        averages = self.average.means if self.average else []
        averages = [self._whole(averages, i) for i in range(len(averages))]
        arrays = [self.w, self.w_out, *self._pair(squares), *self._pair(means), *self._pair(averages), self.s]
        self._net = Net._make(t.numpy() for t in arrays)
        self._counter: Array = self.moments[0].numpy() if self.moments else np.zeros(())
        self._like: Array = self.s.numpy()
        self._close_box()

    def _close_box(self) -> None:
        """Once all arrays are there: kernels see their addresses, so none may be replaced after it."""
        numbers: Array = np.array(self._settings[:7], np.float64)
        self._boxed = [numbers, *self._settings[7:], *self._net, *self._ring, *self._parts]
        self._box = box_of(self._boxed)

    def _whole(self, tensors: list[Tensor], i: int) -> Tensor:
        """Tensor i of a list, at full size where only the bias learns: the list keeps a view of its last column."""
        if self.learns != "bias":
            return tensors[i]
        whole = torch.zeros_like(self.w_out)
        whole[..., -1:] = tensors[i]
        tensors[i] = whole[..., -1:]
        return whole

    def _pair(self, tensors: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """(for w, for w_out) of a list over the weights that move; the weights stand in for what is not there."""
        if len(tensors) == 2:
            return tensors[0], tensors[1]
        return self.w, tensors[0] if tensors else self.w_out

    def reset(self) -> None:
        if not hasattr(self, "_net"):
            super().reset()
            rate(self.optimizer.lr, self.w)
            self._ring = self._make_ring()
            self._unknown = np.full(self.w_out.shape[1], np.nan, self.s.numpy().dtype)
        self.s.zero_()
        self._waiting = self._place = 0

    def _make_ring(self) -> Any:
        (r, g, n, m), d, q = self.w.shape, self.w_out.shape[1], self.max_lag + 1
        dtype = self.s.numpy().dtype

        def room(*shape: int) -> Array:
            return np.zeros(shape, dtype)

        late = q if self.max_lag else 0
        return Ring(
            room(q, r, g, n), room(q, r, m), room(q, r, n), room(q, r, d), np.full((q, r, d), np.nan, dtype),
            room(late, r, d, n + 1), room(g, n), room(n), room(d),
        )  # fmt: skip

    def predict(self, x: Tensor) -> Tensor:
        return torch.from_numpy(self.predict_array(np.ascontiguousarray(x.numpy())))

    def predict_array(self, x: Array) -> Array:
        """`predict` of arrays: (1 or R, C) -> (R, D)."""
        self._pass_over()
        out: Array = np.empty((len(self.w), self.w_out.shape[1]), x.dtype)
        before = self._place
        immediate.predict_all(self._box, self._like, before, x, out)
        self._waiting += 1
        self._place = (before + 1) % (self.max_lag + 1)
        return out

    def run(self, x: Array, targets: Array, fresh: Array) -> Array:
        """A stretch of bins (T, 1 or R, C) whose labels (T, D) become known `max_lag` bins late: predictions (T, R, D)."""
        self._pass_over()
        out: Array = np.empty((len(x), len(self.w), self.w_out.shape[1]), x.dtype)
        updates, seen = self._counts()
        # One layout of arrays, one compilation.
        x, targets = np.ascontiguousarray(x), np.ascontiguousarray(targets)
        self._waiting, self._place, learned = immediate.run(
            self._box, self._like, x, targets, fresh, self._waiting, self._place, updates, seen, out
        )
        self._count(learned)
        return out

    @property
    def n_waiting(self) -> int:
        return self._waiting if self.learns != "nothing" else 0

    def _pass_over(self) -> None:
        if self._waiting > self.max_lag:
            self._learn_oldest()

    def update(self, target: Tensor | None, lag: int = 0) -> None:
        # The usual call, without the reference's conversions: they would take longer than the kernel.
        if target is None or not 0 <= lag <= self.max_lag or lag >= self.n_waiting:
            super().update(target, lag)
            return
        given = target.numpy() if isinstance(target, Tensor) else np.asarray(target)
        if lag == self.max_lag and given.shape == self._unknown.shape and given.dtype == self._like.dtype:
            self._learn_oldest(given)
            return
        self._give(target, lag)
        if lag == self.max_lag:
            self._learn_oldest()

    def _give(self, target: Tensor, lag: int) -> None:
        row = self._ring.target[(self._place - 1 - lag) % (self.max_lag + 1)]
        given = target.numpy() if isinstance(target, Tensor) else np.asarray(target)
        np.copyto(row, given, where=~np.isnan(given))

    def _learn_oldest(self, given: Array | None = None) -> None:
        """Learns from the bin that waits longest, also from labels `given` (D,) for it; NaN: not known."""
        place = (self._place - self._waiting) % (self.max_lag + 1)
        self._waiting -= 1
        if self.learns == "nothing":
            return
        given = self._unknown if given is None else given
        if len(self.w) > 1:
            missing = np.isnan(self._ring.target[place]).all(axis=1)
            if missing.any() and not missing.all() and np.isnan(given).all():
                raise NeurodriftError(
                    "update: some replicas have a label and others none; give all of them one, or none."
                )
        self._learn(place, given)

    def _learn(self, place: int, given: Array) -> None:
        updates, seen = self._counts()
        if immediate.learn_all(self._box, self._like, place, given, updates + 1, seen + 1):
            self._count(1)

    def _counts(self) -> tuple[int, int]:
        return int(self._counter), self.average.seen if self.average else 0

    def _count(self, learned: int) -> None:
        self._counter[()] = int(self._counter) + learned
        if self.average:
            self.average.seen += learned


def _say_once(entry: Any) -> None:
    """The first use on a machine compiles for some seconds; one of its processes says so instead of seeming to hang."""
    if entry in _said:
        return
    _said.add(entry)
    folder, module = Path(entry._cache.cache_path), entry.__module__.rpartition(".")[2]
    if any(folder.glob(f"{module}.{entry.__name__}-*.nbi")):
        return
    said = folder / "neurodrift-compiling"
    if said.exists() and time.time() - said.stat().st_mtime < SAID_FOR:
        return
    folder.mkdir(parents=True, exist_ok=True)
    said.touch()
    print(
        "neurodrift: compiling the learning kernels, once on this machine; it takes a while",
        file=sys.stderr,
    )
