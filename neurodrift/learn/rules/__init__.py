"""Learning rules: what each carries of the past."""

from collections.abc import Callable

from neurodrift.learn.rules.base import Rule, Trace
from neurodrift.learn.rules.decay_trace import DecayTrace
from neurodrift.learn.rules.eprop import EProp
from neurodrift.learn.rules.horizon import TBPTT, AdaptiveRTRL, AdaptiveSparseRTRL
from neurodrift.learn.rules.immediate import Immediate
from neurodrift.learn.rules.kf_rtrl import KFRTRL
from neurodrift.learn.rules.rtrl import RTRL
from neurodrift.learn.rules.snap1 import SnAp1
from neurodrift.learn.rules.sparse_rtrl import SparseRTRL
from neurodrift.learn.rules.uoro import UORO
from neurodrift.learn.rules.windowed import WindowedRTRL, WindowedSparseRTRL

__all__ = [
    "KFRTRL",
    "RTRL",
    "RULES",
    "TBPTT",
    "UORO",
    "AdaptiveRTRL",
    "AdaptiveSparseRTRL",
    "DecayTrace",
    "EProp",
    "Immediate",
    "Rule",
    "SnAp1",
    "SparseRTRL",
    "Trace",
    "WindowedRTRL",
    "WindowedSparseRTRL",
]

RULES: dict[str, Callable[..., Rule]] = {
    "immediate": Immediate,
    "decay_trace": DecayTrace,
    "eprop": EProp,
    "snap1": SnAp1,
    "tbptt": TBPTT,
    "sparse_rtrl": AdaptiveSparseRTRL,
    "rtrl": AdaptiveRTRL,
    "sparse_rtrl_windowed": WindowedSparseRTRL,
    "rtrl_windowed": WindowedRTRL,
    "sparse_rtrl_stepwise": SparseRTRL,
    "rtrl_stepwise": RTRL,
    "uoro": UORO,
    "kf_rtrl": KFRTRL,
}
