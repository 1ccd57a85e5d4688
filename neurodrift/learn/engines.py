"""Which engine runs a learner: the torch reference, or its compiled twin where there is one."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn.cells import Cell
from neurodrift.learn.learner import Learner
from neurodrift.learn.optim import Optimizer
from neurodrift.learn.rules import Rule

__all__ = ["ENGINES", "Engine", "make_learner"]

Engine = Literal["auto", "reference", "compiled"]
ENGINES: tuple[Engine, ...] = ("auto", "reference", "compiled")


def make_learner(
    cell: Cell,
    w: Tensor,
    w_out: Tensor,
    rule: Rule,
    optimizer: Optimizer,
    *,
    engine: Engine = "auto",
    **settings: Any,
) -> Learner:
    """A `Learner`; "auto" takes the compiled engine wherever cell, rule and optimizer have a compiled twin.

    Raises:
        NeurodriftError: for an unknown engine, or "compiled" where there is no twin.
    """
    if engine not in ENGINES:
        raise NeurodriftError(f"engine is {engine!r}; it is one of {', '.join(ENGINES)}.")
    if engine != "reference":
        from neurodrift.learn.kernels.engine import CompiledLearner, has_twin
        from neurodrift.learn.kernels.traced_engine import TracedLearner, has_traced_twin

        usual = settings.get("feedback", "weights") == "weights"
        if usual and has_twin(cell, rule, optimizer, w, settings.get("learns", "all")):
            return CompiledLearner(cell, w, w_out, rule, optimizer, **settings)
        if usual and has_traced_twin(cell, rule, optimizer, w, settings.get("learns", "all")):
            return TracedLearner(cell, w, w_out, rule, optimizer, **settings)
        if engine == "compiled":
            raise NeurodriftError(
                f"{cell} with {rule} and {optimizer} in {w.dtype} is not compiled; use engine='auto' or 'reference'."
            )
    return Learner(cell, w, w_out, rule, optimizer, **settings)
