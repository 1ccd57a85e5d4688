"""Learning rules: what each carries of the past."""

from collections.abc import Callable

from neurodrift.learn.rules.base import Rule, Trace
from neurodrift.learn.rules.immediate import Immediate
from neurodrift.learn.rules.rtrl import RTRL
from neurodrift.learn.rules.sparse_rtrl import SparseRTRL

__all__ = ["RTRL", "RULES", "Immediate", "Rule", "SparseRTRL", "Trace"]

RULES: dict[str, Callable[..., Rule]] = {"immediate": Immediate, "rtrl": RTRL, "sparse_rtrl": SparseRTRL}
