"""Studies: the claims of arXiv:2603.15195 and arXiv:2603.28750, each put to the test."""

from collections.abc import Callable

from neurodrift.studies.base import Answer, Claim, Curve, Estimate, Line, Study, Table
from neurodrift.studies.lorenz import Lorenz
from neurodrift.studies.lstm_gru import LSTMGRU
from neurodrift.studies.optimizers import Optimizers
from neurodrift.studies.primate import Primate
from neurodrift.studies.scale import Scale
from neurodrift.studies.scope import Scope
from neurodrift.studies.selection import Selection
from neurodrift.studies.sine_shift import SineShift
from neurodrift.studies.spectrum import Spectrum
from neurodrift.studies.streaming import Streaming
from neurodrift.studies.trace_decay import TraceDecay
from neurodrift.studies.transformer import Transformer

__all__ = [
    "LSTMGRU",
    "STUDIES",
    "Answer",
    "Claim",
    "Curve",
    "Estimate",
    "Line",
    "Lorenz",
    "Optimizers",
    "Primate",
    "Scale",
    "Scope",
    "Selection",
    "SineShift",
    "Spectrum",
    "Streaming",
    "Study",
    "Table",
    "TraceDecay",
    "Transformer",
]

STUDIES: dict[str, Callable[[], Study]] = {
    "sine_shift": SineShift,
    "trace_decay": TraceDecay,
    "primate": Primate,
    "lstm_gru": LSTMGRU,
    "optimizers": Optimizers,
    "selection": Selection,
    "spectrum": Spectrum,
    "lorenz": Lorenz,
    "scope": Scope,
    "scale": Scale,
    "streaming": Streaming,
    "transformer": Transformer,
}
