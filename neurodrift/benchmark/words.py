"""The protocol in words, and what a benchmark does not show."""

from __future__ import annotations

from collections.abc import Sequence

from neurodrift.benchmark.pairs import Pair
from neurodrift.benchmark.spec import Spec
from neurodrift.decoders import Recipe

__all__ = ["not_shown", "protocol"]


def protocol(spec: Spec) -> list[str]:
    """One sentence a step."""
    r, split = Recipe(), spec.split
    return [
        f"Counts are smoothed causally (exponential, {r.smoothing:g} kept a bin) and z-scored, with {r.floor:g} counts added to every deviation.",
        "Each training session is cut in time: the first 68 % trains, the next 12 % decides when to stop, the last fifth is kept for choosing step sizes.",
        f"The decoder is a network of {spec.decoder.n_units} {spec.decoder.cell} units with a linear readout, trained offline with Adam ({r.lr:g}, weight decay {r.weight_decay:g}) on windows of {r.window} bins, {spec.seeds} seeds.",
        f"Each test session is cut in time: the first {100 * split.adapt:g} % of its bins is the adaptation block, less its last {split.gap:g} s; the rest is held out and is never learned from.",
        "The primary score is the variance-weighted R2 on the held-out block with the weights frozen at the end of adaptation. The state of every decoder settles over the 200 bins before it.",
        "frozen: the trained decoder as it is. renormalized: its z-scores re-estimated on the first quarter of the adaptation block, without labels.",
        "adapted: learns online from every labelled bin of the adaptation block, one bin at a time, predicting before it sees the label. renormalized+adapted: the same from re-estimated z-scores.",
        *averaging(spec.methods.average),
        "readout and bias: controls in which only the output weights, or only their bias, learn online (RMSprop).",
        f"finetuned: training goes on offline on the adaptation block (Adam {r.finetune_lr:g}). retrained: trained anew on the adaptation block, the last 15 % of it stops. ridge: linear, 8 lagged bins, fitted on the adaptation block.",
        'lr = "auto": three simulated drifts of the last fifth of the training day; each step size adapts on their first 60 % and is scored, frozen, on the rest; the best mean over drifts and seeds is used. The test day plays no part in it.',
        "Recovery is (method - frozen) / (retrained - frozen), a ratio of means over seeds on the same held-out bins. No ratio is given where the lower bound of the gap is under 0.05 R2.",
        "Intervals are 95 % percentile bootstraps that resample trials (blocks of 10 s where there are none) and seeds, crossed and paired over methods.",
        f"Prequential scores come from predictions made while learning, each before its label, with labels {spec.methods.label_lag} bins late; behaviour is autocorrelated, so they flatter fast learners: read them beside the bias control.",
    ]


def averaging(bins: float) -> list[str]:
    if not bins:
        return ["Online learners are frozen with the weights of the last bin they learned."]
    return [
        f"Online learners, and the controls, are frozen with a running mean of their weights over about {bins:g} learned bins: the last weights follow the last trials. Predictions made while learning use the current weights. The score of the last weights stands beside it."
    ]


def not_shown(pairs: Sequence[Pair], simulated: bool) -> list[str]:
    """What a reader may not conclude."""
    subjects = {s.subject for p in pairs for s in (*p.train, p.test)}
    lines = [
        "Decoding is offline: nobody saw these predictions and reacted to them, as a person in closed loop would."
    ]
    if simulated:
        lines.insert(
            0, "The sessions are simulated. They show that the tools work, and nothing about a real array."
        )
    elif len(subjects) == 1:
        lines.append(
            f"{'One pair of sessions' if len(pairs) == 1 else f'{len(pairs)} pairs of sessions'} of one animal: the intervals cover trials and seeds, and support no statement about animals."
        )
    lines.append(
        "Days may differ in task, posture and arousal as well as in electrodes: this is cross-session change, not drift of electrodes alone."
    )
    lines.append(
        "Labels are taken as known during adaptation. Where they would have to be inferred, expect less."
    )
    return lines
