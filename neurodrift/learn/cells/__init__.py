"""Recurrent cells, each one pure pointwise function."""

from collections.abc import Callable

from neurodrift.learn.cells.base import Cell
from neurodrift.learn.cells.gru import GRU
from neurodrift.learn.cells.lstm import LSTM
from neurodrift.learn.cells.rnn import RNN

__all__ = ["CELLS", "GRU", "LSTM", "RNN", "Cell"]

CELLS: dict[str, Callable[[], Cell]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
