"""Which engine runs a learner: the torch reference, or its compiled twin where there is one."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn.cells import Cell
from neurodrift.learn.guard import UpdateGuard
from neurodrift.learn.guarded import AveragePredictor, GuardedLearner
from neurodrift.learn.learner import Learner
from neurodrift.learn.optim import Optimizer
from neurodrift.learn.rules import Immediate, Rule

__all__ = ["ENGINES", "AnyLearner", "Engine", "PredictWith", "is_compiled", "make_learner", "make_overseen"]

AnyLearner = Learner | AveragePredictor | GuardedLearner
PredictWith = Literal["last", "average"]
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

        plain = {"feedback": "weights", "pull": 0.0, "every": 1}
        usual = all(settings.get(name, value) == value for name, value in plain.items())
        if usual and has_twin(cell, rule, optimizer, w, settings.get("learns", "all")):
            return CompiledLearner(cell, w, w_out, rule, optimizer, **settings)
        if usual and has_traced_twin(cell, rule, optimizer, w, settings.get("learns", "all")):
            return TracedLearner(cell, w, w_out, rule, optimizer, **settings)
        if engine == "compiled":
            raise NeurodriftError(
                f"{cell} with {rule} and {optimizer} in {w.dtype} is not compiled; use engine='auto' or 'reference'."
            )
    return Learner(cell, w, w_out, rule, optimizer, **settings)


def make_overseen(
    *network: Any,
    guard: UpdateGuard | None = None,
    predict_with: PredictWith = "last",
    **settings: Any,
) -> AnyLearner:
    """A learner of `make_learner` whose answers may come from other weights than the ones that learn.

    Args:
        network: cell, w, w_out, rule and optimizer.
        guard: watches over inputs, labels and updates.
        predict_with: "average" answers with the averaged weights while the last ones go on learning.
        settings: of `make_learner`.

    Raises:
        NeurodriftError: as `make_learner`, and for averages that are not kept.
    """
    if predict_with not in ("last", "average"):
        raise NeurodriftError(f'predict_with is {predict_with!r}; it is "last" or "average".')
    bare = make_learner(*network, **settings)
    if settings.get("learns") == "nothing":
        return bare

    def shadow() -> Learner:
        w, w_out = bare.w.clone(), bare.w_out.clone()
        return make_learner(
            bare.cell, w, w_out, Immediate(), bare.optimizer, seeds=bare.seeds, learns="nothing"
        )

    learner: Learner | AveragePredictor = (
        AveragePredictor(bare, shadow()) if predict_with == "average" else bare
    )
    return GuardedLearner(learner, guard, shadow(), shadow()) if guard else learner


def is_compiled(learner: AnyLearner) -> bool:
    """Whether kernels run it, under whatever is around it."""
    while not isinstance(learner, Learner):
        learner = learner.inner
    return hasattr(learner, "predict_array")
