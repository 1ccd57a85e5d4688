"""A recurrent decoder in one file, with or without all of its online state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from neurodrift.decoders.encoding import load_state, save_state
from neurodrift.errors import NeurodriftError
from neurodrift.learn.cells import CELLS, Cell
from neurodrift.learn.online_state import online_state, set_online_state

if TYPE_CHECKING:
    from neurodrift.decoders.recurrent import RecurrentDecoder

__all__ = ["cell_of", "load_decoder", "save_decoder"]


def save_decoder(decoder: RecurrentDecoder, path: Path, online: bool = False) -> None:
    """One torch file of plain tensors and numbers (`weights_only`)."""
    state = {
        "cell": _told(decoder.cell),
        "w": decoder.learner.w,
        "w_out": decoder.learner.w_out,
        "seeds": torch.tensor(decoder.seeds),
        "smoothing": torch.tensor(decoder.recipe.smoothing, dtype=torch.float64),
    }
    if online:
        state["online"] = {"learner": online_state(decoder.learner), "smoothed": decoder._smoothed}
    save_state(path, state, decoder.normalizer, decoder.labels)


def load_decoder(decoder: RecurrentDecoder, path: Path) -> RecurrentDecoder:
    """Fills a decoder of the same cell; its online state too, where the file holds one."""
    state, decoder.normalizer, decoder.labels = load_state(path)
    gates, decoder.n_units = state["w"].shape[1:3]
    saved = state.get("cell", _told(decoder.cell))  # files of older versions do not name it
    if saved != _told(decoder.cell):
        raise NeurodriftError(
            f"load: {path} was saved from {_words(saved)}, and this decoder's cell is {decoder.cell}; "
            f"load it into a decoder of the cell it was saved from."
        )
    if gates != len(decoder.cell.gates):
        raise NeurodriftError(
            f"load: {path} holds weights of {gates} gates, but {decoder.cell} has {len(decoder.cell.gates)}; "
            f"load it into a decoder of the cell it was saved from."
        )
    decoder.seeds = tuple(int(s) for s in state["seeds"])
    decoder.recipe = replace(decoder.recipe, smoothing=float(state["smoothing"]))
    decoder._start(state["w"], state["w_out"])
    if "online" in state:
        try:
            set_online_state(decoder.learner, state["online"]["learner"])
        except NeurodriftError as error:
            raise NeurodriftError(f"load: {path}: {error}") from error
        decoder._smoothed = state["online"]["smoothed"]
    return decoder


def cell_of(path: Path) -> Cell | None:
    """The cell that a file was saved from; None where it does not name one of `CELLS`."""
    saved = load_state(path)[0].get("cell", {"name": ""})
    name, options = saved["name"], {k: v for k, v in saved.items() if k != "name"}
    return CELLS[name](**options) if name in CELLS else None


def _told(cell: Cell) -> dict[str, Any]:
    """Name and options of one of `CELLS`, the class of any other."""
    for name, kind in CELLS.items():
        if type(cell) is kind:
            return {"name": name, **vars(cell)}
    return {"name": type(cell).__name__}


def _words(saved: dict[str, Any]) -> str:
    options = ", ".join(f"{k}={v}" for k, v in saved.items() if k != "name")
    return f"{saved['name']}({options})"
