"""Studies: the claims of arXiv:2603.15195 and arXiv:2603.28750, each put to the test."""

from collections.abc import Callable

from neurodrift.studies.base import Answer, Claim, Curve, Estimate, Line, Study, Table
from neurodrift.studies.sine_shift import SineShift

__all__ = ["STUDIES", "Answer", "Claim", "Curve", "Estimate", "Line", "SineShift", "Study", "Table"]

STUDIES: dict[str, Callable[[], Study]] = {
    "sine_shift": SineShift,
}
