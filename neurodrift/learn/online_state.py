"""All that a learner is in the middle of a stream, as plain tensors, and back: it goes on bit for bit."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from neurodrift.errors import NeurodriftError
from neurodrift.learn.guard import GuardReport
from neurodrift.learn.guarded import AveragePredictor, GuardedLearner
from neurodrift.learn.kernels.engine import CompiledLearner
from neurodrift.learn.learner import Learner, _Bin
from neurodrift.learn.step import Step

__all__ = ["online_state", "set_online_state"]

State = dict[str, Any]


def online_state(learner: Any) -> State:
    """Weights, state, trace, waiting labels, optimizer, averages and guard: nested dicts of copied tensors and numbers."""
    if isinstance(learner, GuardedLearner):
        return {
            "setup": repr(learner.guard),
            "inner": online_state(learner.inner),
            "snapshot": online_state(learner.snapshot),
            "good": online_state(learner.good),
            "tensors": _copies(_guard_tensors(learner)),
            "sound": _copies(learner.sound),
            "answers": [_copies(pair) for pair in learner.answers],
            "present": _copies(learner._present or ()),
            "counts": [learner.since, int(learner._emptied)],
        }
    if isinstance(learner, AveragePredictor):
        return {"setup": "", "inner": online_state(learner.inner), "shadow": online_state(learner.shadow)}
    state: State = {
        "setup": _setup(learner),
        "tensors": _copies(_tensors(learner)),
        "counts": [learner.average.seen if learner.average else 0, learner.gathered_bins],
        "trace": _copies(learner.trace),
    }
    if isinstance(learner, CompiledLearner):
        state["room"] = [torch.from_numpy(a.copy()) for a in _room(learner)]
        state["places"] = [learner._waiting, learner._place]
    else:
        state["queue"] = [
            {
                "step": None if b.step is None else _copies(b.step),
                "rest": _copies((b.x, b.s, b.features, b.y, b.w_out)),
                "target": None if b.target is None else b.target.clone(),
            }
            for b in learner.queue
        ]
    return state


def set_online_state(learner: Any, state: State) -> None:
    """Puts a learner into a state that `online_state` gave, in place.

    Raises:
        NeurodriftError: where the state is of another cell, rule, optimizer, engine or setting.
    """
    if isinstance(learner, GuardedLearner | AveragePredictor) != ("inner" in state):
        raise NeurodriftError(
            "online state: it was saved with a guard or with averaged predictions and this learner has none, "
            "or the other way round; build the decoder as it was."
        )
    if isinstance(learner, AveragePredictor):
        set_online_state(learner.inner, state["inner"])
        set_online_state(learner.shadow, state["shadow"])
        return
    wanted = repr(learner.guard) if isinstance(learner, GuardedLearner) else _setup(learner)
    if state["setup"] != wanted:
        raise NeurodriftError(
            f"online state: it was saved from a learner with {state['setup']}, and this one has {wanted}; "
            f"build the decoder as it was, or load its weights alone."
        )
    if isinstance(learner, GuardedLearner):
        for name in ("inner", "snapshot", "good"):
            set_online_state(getattr(learner, name), state[name])
        _fill(_guard_tensors(learner), state["tensors"])
        learner.sound = _copies(state["sound"])
        learner.answers.clear()
        learner.answers.extend((a.clone(), b.clone()) for a, b in state["answers"])
        present = _copies(state["present"])
        learner._present = (present[0], present[1], present[2]) if present else None
        learner.since, learner._emptied = state["counts"][0], bool(state["counts"][1])
        return
    _fill(_tensors(learner), state["tensors"])
    if learner.average:
        learner.average.seen = state["counts"][0]
    learner.gathered_bins = state["counts"][1]
    if isinstance(learner, CompiledLearner):
        _fill(learner.trace, state["trace"])
        for mine, saved in zip(_room(learner), state["room"], strict=True):
            mine[...] = saved.numpy()
        learner._waiting, learner._place = state["places"]
        return
    learner.trace = tuple(_copies(state["trace"]))
    learner.queue.clear()
    for entry in state["queue"]:
        x, s, features, y, w_out = _copies(entry["rest"])
        step = None if entry["step"] is None else Step(*_copies(entry["step"]))
        target = None if entry["target"] is None else entry["target"].clone()
        learner.queue.append(
            _Bin(step, x, s, features, y, w_out if learner.max_lag else learner.w_out, target)
        )


def _setup(learner: Learner) -> str:
    names = ("cell", "rule", "optimizer", "seeds", "learns", "clip", "max_lag", "pull", "every", "feedback")
    parts = [f"{name}={getattr(learner, name)!r}" for name in names]
    average = learner.average.bins if learner.average else 0
    return ", ".join([*parts, f"average={average}", f"shape={tuple(learner.w.shape)}", f"dtype={learner.w.dtype}", type(learner).__name__])  # fmt: skip


def _tensors(learner: Learner) -> list[Tensor]:
    """What keeps its shape, in a fixed order."""
    averages = learner.average.means if learner.average else []
    feedback = [] if learner.b_out is None else [learner.b_out]
    every = [*learner.moments, *averages, *learner.origin, *learner.gathered, *feedback]
    return [learner.w, learner.w_out, learner.s, *every]


def _guard_tensors(learner: GuardedLearner) -> list[Tensor]:
    report, evidence = learner.report, learner.evidence
    counts = [getattr(report, name) for name in GuardReport.__dataclass_fields__]
    return [*evidence.tensors(), learner.trusted, learner.frozen, learner.in_a_row, *counts]


def _room(learner: CompiledLearner) -> list[Any]:
    """A compiled learner's arrays that are no views of its tensors."""
    return list(learner._ring)


def _copies(tensors: Any) -> list[Tensor]:
    return [t.clone() for t in tensors]


def _fill(mine: Any, saved: Any) -> None:
    for target, value in zip(mine, saved, strict=True):
        target.copy_(value)
