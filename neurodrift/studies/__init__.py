"""Studies: the claims of arXiv:2603.15195 and arXiv:2603.28750, each put to the test."""

from collections.abc import Callable

from neurodrift.studies.base import Answer, Claim, Curve, Estimate, Line, Study, Table
from neurodrift.studies.scope import Scope
from neurodrift.studies.sine_shift import SineShift
from neurodrift.studies.streaming import Streaming
from neurodrift.studies.transformer import Transformer

__all__ = [
    "STUDIES",
    "Answer",
    "Claim",
    "Curve",
    "Estimate",
    "Line",
    "Scope",
    "SineShift",
    "Streaming",
    "Study",
    "Table",
    "Transformer",
]

STUDIES: dict[str, Callable[[], Study]] = {
    "sine_shift": SineShift,
    "scope": Scope,
    "streaming": Streaming,
    "transformer": Transformer,
}
