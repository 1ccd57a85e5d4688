"""Recurrent cells, each one pure pointwise function."""

from collections.abc import Callable

from neurodrift.learn.cells.base import Cell
from neurodrift.learn.cells.gru import GRU
from neurodrift.learn.cells.indrnn import IndRNN
from neurodrift.learn.cells.irnn import IRNN
from neurodrift.learn.cells.leaky_rnn import LeakyRNN
from neurodrift.learn.cells.lru import LRU
from neurodrift.learn.cells.lstm import LSTM
from neurodrift.learn.cells.mgu import MGU
from neurodrift.learn.cells.mingru import MinGRU
from neurodrift.learn.cells.module import ModuleCell
from neurodrift.learn.cells.peephole_lstm import PeepholeLSTM
from neurodrift.learn.cells.residual_rnn import ResidualRNN
from neurodrift.learn.cells.rnn import RNN
from neurodrift.learn.cells.rtu import RTU

__all__ = [
    "CELLS",
    "GRU",
    "IRNN",
    "LRU",
    "LSTM",
    "MGU",
    "RNN",
    "RTU",
    "Cell",
    "IndRNN",
    "LeakyRNN",
    "MinGRU",
    "ModuleCell",
    "PeepholeLSTM",
    "ResidualRNN",
]

CELLS: dict[str, Callable[..., Cell]] = {
    "rnn": RNN,
    "leaky_rnn": LeakyRNN,
    "residual_rnn": ResidualRNN,
    "irnn": IRNN,
    "indrnn": IndRNN,
    "gru": GRU,
    "mgu": MGU,
    "mingru": MinGRU,
    "lstm": LSTM,
    "peephole_lstm": PeepholeLSTM,
    "lru": LRU,
    "rtu": RTU,
}
