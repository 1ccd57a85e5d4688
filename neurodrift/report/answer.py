"""The result in plain words: one sentence a pair, what exceeds retraining, and what numbers cannot say."""

from __future__ import annotations

from collections.abc import Sequence

from neurodrift.report.run import Json, Pair, finite

__all__ = ["answer", "below_mean", "exceeding", "limits", "number", "percent", "rate", "recovery_words"]


def number(value: object, digits: int = 2) -> str:
    """A score for reading: two digits, a true minus sign, a dash where there is none."""
    known = finite(value)
    if known is None:
        return "–"
    text = f"{known:.{digits}f}"
    return text.replace("-", "−") if float(text) else f"{0:.{digits}f}"


def percent(value: object) -> str:
    """A recovery as whole per cent (no sign)."""
    known = finite(value)
    return "–" if known is None else f"{round(100 * known)}".replace("-", "−")


def rate(value: object) -> str:
    """A step size: 1e-4, 3e-3; "–" where nothing learns."""
    known = finite(value)
    if known is None:
        return "–"
    mantissa, exponent = f"{known:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def recovery_words(recovery: Json, unit: str = " %") -> str:
    """`96 % (95 % interval 81 to 112 %)`."""
    return (
        f"{percent(recovery.get('mean'))}{unit} "
        f"(95 % interval {percent(recovery.get('low'))} to {percent(recovery.get('high'))}{unit})"
    )


def _mean(pair: Pair, method: str) -> object:
    found = pair.find(method)
    return (found or {}).get("r2", {}).get("mean")


def _name(method: str) -> str:
    label = method.removeprefix("renormalized+").removeprefix("adapted:")
    return f"{label} from re-estimated z-scores" if method.startswith("renormalized+") else label


def _span(pair: Pair) -> str:
    days = finite(pair.detail.get("days"))
    if days is None:
        return "between the sessions"
    return "within the day" if days == 0 else f"over {days:g} day{'' if days == 1 else 's'}"


def answer(pair: Pair, simulated: bool) -> str:
    """One sentence: how much of the loss the first adapted method of the spec made good."""
    shown = pair.headline
    scores = f"held-out R² {number(_mean(pair, 'frozen'))} frozen"
    if shown is None:
        return (
            f"No method learned online in this run: {scores}, {number(_mean(pair, 'retrained'))} retrained."
        )
    scores += f", {number(shown['r2'].get('mean'))} adapted, {number(_mean(pair, 'retrained'))} retrained."
    recovery = shown.get("recovery")
    if not recovery:
        why = str(shown.get("why") or "the run gives no reason").rstrip(". ")
        lead = "" if why.lower().startswith("nothing to recover") else "No recovery is given: "
        return (
            f"{lead}{why[:1].upper() + why[1:] if not lead else why}. With {_name(shown['method'])}: {scores}"
        )
    lost = f"what drift took {_span(pair)}" if simulated else f"what was lost {_span(pair)}"
    who = f"Online learning with {_name(shown['method'])}"
    mean, low = finite(recovery.get("mean")) or 0.0, finite(recovery.get("low"))
    if mean < 0:
        return f"{who} made the decoder worse, recovery {recovery_words(recovery)}: {scores}"
    doubt = ", which cannot be told from none," if low is not None and low <= 0 else ""
    return f"{who} recovered {recovery_words(recovery)}{doubt} of {lost}: {scores}"


def exceeding(pair: Pair) -> str | None:
    """What scored above retrained, and whether the interval of the recovery says so too."""
    ceiling = finite(_mean(pair, "retrained"))
    if ceiling is None:
        return None
    above = [
        c for c in pair.comparisons
        if c["method"] != "retrained" and (finite(c["r2"].get("mean")) or -9.0) > ceiling
    ]  # fmt: skip
    if not above:
        return None
    names = ", ".join(f"{c['method']} ({number(c['r2']['mean'])})" for c in above)
    sure = [c["method"] for c in above if (finite((c.get("recovery") or {}).get("low")) or 0.0) > 1.0]
    words = (
        f"The interval of the recovery lies above 100 % for {', '.join(sure)}."
        if sure
        else "No recovery's interval lies wholly above 100 %."
    )
    return (
        f"Above retrained ({number(ceiling)}) in the mean: {names}. {words} Retrained sees only the "
        "adaptation block of the test day, so it is a reference and not a ceiling."
    )


def below_mean(pair: Pair) -> str | None:
    """A warning where the frozen decoder is worse than no decoding at all: recovery then flatters every method."""
    frozen = finite(_mean(pair, "frozen"))
    if frozen is None or frozen >= 0:
        return None
    return (
        f"The frozen decoder is worse than always answering the mean of the labels (R² {number(frozen)}). A method that "
        "learned no more than that mean has a recovery above 0 here: read recovery beside the R² it comes from."
    )


def limits(pairs: Sequence[Pair], simulated: bool) -> str:
    """What number of animals and pairs stands behind the figures, and what follows."""
    if simulated:
        return (
            "No animal stands behind these figures: the sessions are simulated, so they show that the "
            "software works and how the methods compare on this kind of drift, nothing about a brain."
        )
    subjects = list(dict.fromkeys(s for p in pairs for s in p.subjects))
    if len(subjects) > 1:
        return (
            f"{len(subjects)} animals, {len(pairs)} session pairs. Intervals describe each pair (its trials "
            "and seeds), not a population of animals."
        )
    if len(pairs) == 1:
        return (
            "One animal and one pair of sessions support no statement about animals: the intervals cover the "
            "trials and random seeds of this pair only."
        )
    return (
        f"All {len(pairs)} pairs come from one animal, as far as the files say, and support no statement "
        "about animals: the intervals cover the trials and random seeds of each pair only."
    )
