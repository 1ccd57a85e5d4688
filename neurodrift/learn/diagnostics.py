"""What a learning decoder's gradients and Jacobians are like, seen from beside the stream it learns on.

Each class is an observer of a `Learner` and can be used alone: `learner.observer = ErrorDecay()`. `diagnose` runs all of
them over a session in one call; `neurodrift.report.diagnostics` draws what it returns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from neurodrift.data.session import Session
from neurodrift.errors import NeurodriftError
from neurodrift.learn.learner import Learner, Observed
from neurodrift.learn.rules import RTRL, Rule, Trace
from neurodrift.learn.step import Step

__all__ = [
    "Diagnosis",
    "ErrorDecay",
    "GradientCosine",
    "GradientScale",
    "JacobianSpectrum",
    "diagnose",
]

Floats = npt.NDArray[np.floating[Any]]


class GradientCosine:
    """Cosine between a rule's gradient of w and exact RTRL's, run as a shadow over the same steps.

    The rule in charge is compared as "learner"; `rules` run passively beside it. One value a labelled bin and
    replica. The exact shadow costs what `RTRL` costs.

    Attributes:
        cosine: by name, a list of (R,); `ratio`: the norm over the exact gradient's norm, likewise.
    """

    def __init__(self, learner: Learner, rules: Mapping[str, Rule] | None = None) -> None:
        self.exact, self.rules = RTRL(), dict(rules or {})
        start = learner.w, learner.cell.states, learner.seeds
        self.shadow = self.exact.init(*start)
        self.traces: dict[str, Trace] = {name: rule.init(*start) for name, rule in self.rules.items()}
        self.cosine: dict[str, list[Tensor]] = {name: [] for name in ("learner", *self.rules)}
        self.ratio: dict[str, list[Tensor]] = {name: [] for name in self.cosine}

    def __call__(self, seen: Observed) -> None:
        if seen.c is not None:
            assert seen.immediate is not None and seen.past is not None
            exact = _gradient(self.exact, self.shadow, seen.step, seen.c)
            found = {"learner": seen.immediate + seen.past}
            for name, rule in self.rules.items():
                found[name] = _gradient(rule, self.traces[name], seen.step, seen.c)
            for name, gradient in found.items():
                a, b = gradient.flatten(1), exact.flatten(1)
                norms = a.norm(dim=1), b.norm(dim=1)
                self.cosine[name].append((a * b).sum(dim=1) / (norms[0] * norms[1]))
                self.ratio[name].append(norms[0] / norms[1])
        self.shadow = self.exact.advance(self.shadow, seen.step)
        self.traces = {name: rule.advance(self.traces[name], seen.step) for name, rule in self.rules.items()}


class JacobianSpectrum:
    """Singular values of the state Jacobian D (K N of them, falling), at one step in `every`.

    A list of (R, K N); `condition` is the largest over the smallest, `effective_rank` the exponential of the entropy of
    the singular values as shares (Roy & Vetterli 2007, "The effective rank", EUSIPCO).
    """

    def __init__(self, every: int = 20) -> None:
        self.every, self.steps = every, 0
        self.singular: list[Tensor] = []

    def __call__(self, seen: Observed) -> None:
        if self.steps % self.every == 0:
            d = seen.step.jacobian()
            size = d.shape[1] * d.shape[2]
            self.singular.append(torch.linalg.svdvals(d.reshape(-1, size, size)))
        self.steps += 1

    @staticmethod
    def condition(singular: Floats) -> Floats:
        """(..., K N) -> (...); infinite for a singular Jacobian."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(singular[..., 0] / singular[..., -1])

    @staticmethod
    def effective_rank(singular: Floats) -> Floats:
        """(..., K N) -> (...), between 1 and K N."""
        share = singular / singular.sum(axis=-1, keepdims=True)
        logs = np.log(np.where(share > 0, share, 1.0))
        return np.asarray(np.exp(-(share * logs).sum(axis=-1)))


class ErrorDecay:
    """How the error on the state dies out when it is carried back: the horizon the decoder really has.

    At one labelled bin in `every`, v_0 = c and v_{j+1} = v_j D over the last `max_lag` steps. `error` is |v_j| / |v_0|,
    `gradient` what lag j adds to the gradient of w, |v_j' I| over that of lag 0: lists of (R, max_lag + 1).
    """

    def __init__(self, max_lag: int = 100, every: int = 20) -> None:
        self.max_lag, self.every, self.bins = max_lag, every, 0
        self.past: deque[Step] = deque(maxlen=max_lag + 1)
        self.error: list[Tensor] = []
        self.gradient: list[Tensor] = []

    def __call__(self, seen: Observed) -> None:
        self.past.append(seen.step)
        if seen.c is None or len(self.past) <= self.max_lag:
            return
        self.bins += 1
        if (self.bins - 1) % self.every:
            return
        v, errors, gradients = seen.c, [], []
        for step in reversed(self.past):
            errors.append(v.flatten(1).norm(dim=1))
            gradients.append(step.immediate(v).flatten(1).norm(dim=1))
            v = step.back(v)
        self.error.append(torch.stack(errors, dim=1) / errors[0][:, None])
        self.gradient.append(torch.stack(gradients, dim=1) / gradients[0][:, None])


class GradientScale:
    """Root mean square of the gradient's entries in each group of weights, at every labelled bin; lists of (R,).

    Groups are the readout, and of each gate what it reads: inputs, units, the constant.
    """

    def __init__(self, learner: Learner) -> None:
        cell, w = learner.cell, learner.w
        c, n = learner.n_inputs, w.shape[2]
        self.parts: dict[str, tuple[slice, slice]] = {}
        if w.shape[3] == 1:
            self.parts["parameters"] = slice(0, cell.gates.count("1") - c), slice(None)
        else:
            for gate, reads in enumerate(cell.gates):
                at, name = slice(gate, gate + 1), f"gate {gate + 1}"
                if "x" in reads:
                    self.parts[f"{name}: inputs"] = at, slice(0, c)
                if "h" in reads:
                    self.parts[f"{name}: units"] = at, slice(c, c + n)
                self.parts[f"{name}: constant"] = at, slice(c + n, None)
        self.scale: dict[str, list[Tensor]] = {
            name: [] for name in (*self.parts, "readout", "readout: constant")
        }

    def __call__(self, seen: Observed) -> None:
        if seen.c is None:
            return
        assert seen.immediate is not None and seen.past is not None and seen.readout is not None
        whole = seen.immediate + seen.past
        parts = {name: whole[:, gates, :, at] for name, (gates, at) in self.parts.items()}
        parts |= {"readout": seen.readout[..., :-1], "readout: constant": seen.readout[..., -1:]}
        for name, part in parts.items():
            self.scale[name].append(part.flatten(1).square().mean(dim=1).sqrt())


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found; every array has replicas R last but one, or last.

    Args:
        rule: the rule in charge.
        cosine, ratio: of each rule's gradient with the exact one, by name, (B, R) over labelled bins.
        singular: of the state Jacobian (S, R, K N), falling.
        error, gradient: by lag (E, R, L + 1), relative to lag 0.
        scale: root mean square of the gradient by group of weights, (B, R).
    """

    rule: str
    cosine: Mapping[str, Floats]
    ratio: Mapping[str, Floats]
    singular: Floats
    error: Floats
    gradient: Floats
    scale: Mapping[str, Floats]
    condition: Floats = field(init=False)
    effective_rank: Floats = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "condition", JacobianSpectrum.condition(self.singular))
        object.__setattr__(self, "effective_rank", JacobianSpectrum.effective_rank(self.singular))

    def horizon(self, tolerance: float = 1e-3) -> Floats:
        """Per bin and replica (E, R): the lags after which the error stays under `tolerance`; infinite where it does not."""
        over = self.error >= tolerance
        lags = over.shape[2] - np.argmax(over[..., ::-1], axis=2)
        return np.where(over[..., -1], np.inf, lags.astype(float))


class _Learns(Protocol):
    learner: Learner

    def predict(self, x: Floats, /) -> Floats: ...

    def update(self, target: Floats | None, /) -> None: ...

    def replicate(self, index: Any, /, *, engine: Any) -> _Learns: ...


def diagnose(
    decoder: _Learns,
    session: Session,
    *,
    rules: Mapping[str, Rule] | None = None,
    bins: int = 1000,
    every: int = 20,
    max_lag: int = 100,
    cosine: bool = True,
) -> Diagnosis:
    """Lets a copy of a fitted decoder learn on the first bins of a session and looks at every step.

    Args:
        decoder: a `RecurrentDecoder` that learns; it is left as it is.
        rules: more rules whose gradients are compared with the exact one on the same steps.
        bins: how many bins of the session.
        every: one step in so many is looked at where that is slow (spectrum, decay).
        max_lag: how far the error is carried back.
        cosine: False leaves out exact RTRL, which large networks cannot afford.

    Raises:
        NeurodriftError: where the decoder does not learn all weights, or too few bins have a label.
    """
    twin = decoder.replicate(range(len(decoder.learner.w)), engine="reference")
    learner = twin.learner
    if learner.learns != "all":
        raise NeurodriftError(f'diagnose: the decoder learns "{learner.learns}"; give one that learns "all".')
    compare = GradientCosine(learner, rules) if cosine else None
    spectrum, decay, scale = JacobianSpectrum(every), ErrorDecay(max_lag, every), GradientScale(learner)

    observers: list[Callable[[Observed], None]] = [spectrum, decay, scale]
    observers += [compare] if compare else []

    def look(seen: Observed) -> None:
        for one in observers:
            one(seen)

    learner.observer = look
    part = session.select(slice(0, bins))
    labels = np.where(part.valid[:, None], part.behavior, np.nan)
    with torch.no_grad():
        for x, target in zip(part.counts, labels, strict=True):
            twin.predict(x)
            twin.update(target)
    if not decay.error:
        raise NeurodriftError(
            f"diagnose: no labelled bin after {max_lag} others in the first {len(part)} bins of {session}; "
            f"give more bins, or a smaller max_lag."
        )
    return Diagnosis(
        rule=repr(learner.rule),
        cosine=_stacked(compare.cosine) if compare else {},
        ratio=_stacked(compare.ratio) if compare else {},
        singular=torch.stack(spectrum.singular).numpy(),
        error=torch.stack(decay.error).numpy(),
        gradient=torch.stack(decay.gradient).numpy(),
        scale=_stacked(scale.scale),
    )


def _gradient(rule: Rule, trace: Trace, step: Step, c: Tensor) -> Tensor:
    immediate, past = step.immediate(c), rule.past(trace, step, c)
    return immediate if past is None else immediate + past


def _stacked(lists: Mapping[str, list[Tensor]]) -> dict[str, Floats]:
    return {name: torch.stack(values).numpy() for name, values in lists.items()}
