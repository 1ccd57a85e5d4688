"""The figures of docs/drift.md: how a preset decays, how a simulated day compares, what instability tells.

    NEURODRIFT_DATA=/path/to/recordings python scripts/drift_study.py [--only decay twin watch] [--out docs/_static]

Prints every number that the page states; a few minutes on one core.
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from neurodrift.data import Session, read_session
from neurodrift.decoders import RecurrentDecoder
from neurodrift.drift import (
    ChangeDetector,
    Compose,
    Dropout,
    Gain,
    Instability,
    Intermittent,
    Scheduled,
    Swap,
    apply_to_session,
    link,
    standard,
)
from neurodrift.evaluation.metrics import r2
from neurodrift.evaluation.prequential import stream
from neurodrift.learn import CELLS
from neurodrift.report import drift_figures as figures
from neurodrift.simulation import (
    Encoder,
    fit_encoder,
    linear_r2,
    posterior_check,
    simulate_like,
    simulate_session,
)

DAYS = (0, 1, 7, 14, 30, 60)
LINK_R2 = (0.2863, 0.1728, 0.1223, 0.0892, 0.0290, -0.0070)
"""Mean R2 of ridge regressions that many days apart: rr_avg.csv of github.com/chesteklab/LINK_dataset."""
WINDOW = 400


def recordings() -> dict[str, Session]:
    """The three recordings, with the intended direction as the label."""
    folder = Path(os.environ["NEURODRIFT_DATA"])
    files = {
        "monkey E, 2018": ("monkey-e/sub-E/sub-E_ses-20181004", "intuitive_mapping == True"),
        "monkey E, 2019": ("monkey-e/sub-E/sub-E_ses-20190719", "intuitive_mapping == True"),
        "monkey S, 2016": ("stabilized-bci/sub-S/sub-S_ses-20160325", None),
    }
    return {
        name: read_session(
            folder / f"{file}_behavior+ecephys.nwb",
            neural="BinnedSpikeCounts",
            behavior="intended_direction",
            trials=trials,
        )
        for name, (file, trials) in files.items()
    }


def decay(out: Path) -> None:
    """A frozen ridge decoder on simulated arrays under `link`, on seeds that the preset was not chosen on."""
    rows = []
    for seed in range(400, 424):
        array = Encoder.random(96, np.random.default_rng(seed))
        first = simulate_session(array, minutes=6, seed=seed)
        row = []
        for day in DAYS:
            path = link().sample(first, float(day), np.random.default_rng([seed, day]))
            later = simulate_session(array.drifted(path, 0.05), minutes=3, seed=100 * seed + day)
            row.append(linear_r2(first, later, lags=3))
        rows.append(row)
    kept = np.array(rows) / np.array(rows)[:, :1]
    published = np.array(LINK_R2) / LINK_R2[0]
    print(f"link: R2 on the same day {np.array(rows)[:, 0].mean():.2f} simulated, {LINK_R2[0]:.2f} published")
    for day, ours, theirs in zip(DAYS, kept.T, published, strict=True):
        print(
            f"  {day:3d} days: share kept {ours.mean():5.2f} (sd {ours.std():.2f}), published {theirs:5.2f}"
        )
    figures.save_picture(figures.decay_figure("drift-decay", DAYS, kept, published), out / "drift_decay.svg")


def gru_r2(session: Session) -> float:
    """Held-out R2 of a GRU trained on the first four fifths of the bins, mean over three seeds."""
    cut = round(0.8 * len(session))
    decoder = RecurrentDecoder(CELLS["gru"](), 64, seeds=(0, 1, 2)).fit([session.select(slice(0, cut))])
    rest = session.select(slice(cut - 200, None))
    guess = stream(decoder, rest, learn=False)[200:]
    labelled = rest.labelled[200:]
    return float(np.mean([r2(rest.behavior[200:][labelled], guess[labelled, r]) for r in range(3)]))


def twin(out: Path) -> None:
    """A simulated day beside each recorded one."""
    for name, session in recordings().items():
        encoder = fit_encoder(session)
        check = posterior_check(session, encoder)
        print(f"\n{name}\n{check.table().round(3).to_string()}")
        print(f"linear R2 of simulated days, by seed: {np.round(check.simulated_r2, 3)}")
        if name.startswith("monkey E"):
            twins = [gru_r2(simulate_like(encoder, session, seed)) for seed in range(3)]
            print(
                f"GRU R2: recorded {gru_r2(session):.3f}, simulated {np.mean(twins):.3f}, {np.round(twins, 3)}"
            )
        if name == "monkey E, 2018":
            figures.save_picture(figures.posterior_figure("drift-twin", check), out / "drift_twin.svg")


def watch(out: Path) -> None:
    """Instability and alarms on real recordings, as they are and with known drifts."""
    sessions = recordings()
    first, later = sessions["monkey E, 2018"], sessions["monkey E, 2019"]
    for name, session in sessions.items():
        cut = round(0.5 * len(session))
        score = Instability(WINDOW).fit(session.select(slice(0, cut)))
        rest = score.scores(session.select(slice(cut, None)))
        at = ChangeDetector().fit(score.null).first(rest)
        print(
            f"{name}: reference {score.null.mean():.2f} ({score.null.min():.2f} to {score.null.max():.2f}), "
            f"rest {rest.mean():.2f} ({rest.min():.2f} to {rest.max():.2f}), alarm in window {at} of {len(rest)}"
        )
    score = Instability(WINDOW).fit(first)
    after = score.scores(later)
    print(
        f"288 days later: {after.mean():.2f} ({after.min():.2f} to {after.max():.2f}), reference {score.null.mean():.2f}"
    )
    blocks(sessions["monkey S, 2016"], out)
    known(first, out)


def blocks(session: Session, out: Path) -> None:
    """Instability by the kind of trial, in a session whose counts are raw while the cursor was perturbed."""
    kind = session.trials["trial_type"].to_numpy()[session.trial]
    score = Instability(WINDOW).fit(session.select(kind == "baselineEvaluation"))
    series = {}
    print(
        f"reference: all baseline trials, {score.null.mean():.2f} ({score.null.min():.2f} to {score.null.max():.2f})"
    )
    for name in dict.fromkeys(kind):
        part = session.select(kind == name)
        series[str(name)] = (score.ends(part) / 60, score.scores(part))
        scores = series[str(name)][1]
        print(
            f"  {name}: {scores.mean():.2f} ({scores.min():.2f} to {scores.max():.2f}), {len(scores)} windows"
        )
    figures.save_picture(figures.scores_figure("drift-blocks", series, score.null), out / "drift_blocks.svg")


def known(session: Session, out: Path) -> None:
    """Drifts of known strength on the second half of a recorded session."""
    cut = round(0.5 * len(session))
    reference, rest = session.select(slice(0, cut)), session.select(slice(cut, None))
    score = Instability(WINDOW).fit(reference)
    decoded, scored = [], []
    for severity in (0.0, 0.25, 0.5, 1.0, 1.5):
        alarms, r2s, means = [], [], []
        for seed in range(20 if severity else 1):
            path = standard().sample(reference, severity, np.random.default_rng(seed))
            drifted = apply_to_session(rest, path, seed)
            scores = score.scores(drifted)
            alarms.append(ChangeDetector().fit(score.null).first(scores))
            r2s.append(linear_r2(reference, drifted))
            means.append(scores.mean())
        found = [a for a in alarms if a is not None]
        delay = f"{np.median(found) + 1:.0f} windows" if found else "none"
        print(
            f"standard drift, severity {severity}: frozen R2 {np.mean(r2s):.2f}, instability {np.mean(means):.2f}, "
            f"alarm in {len(found)} of {len(alarms)}, median delay {delay}"
        )
        decoded += r2s
        scored += means
    rank = spearmanr(scored, decoded).statistic
    print(f"rank correlation of instability with frozen R2 over {len(scored)} draws: {rank:.2f}")
    course = Compose((Swap(0.3), Gain(0.4), Dropout(0.1)))
    gradual = Scheduled(course).sample(rest, 1.0, np.random.default_rng(1))
    minutes = (rest.times - rest.times[0]) / 60
    ends = (score.ends(rest) - rest.times[0]) / 60
    series = {
        "as recorded": (ends, score.scores(rest)),
        "gradual drift": (ends, score.scores(apply_to_session(rest, gradual))),
        "electrodes come and go": (
            ends,
            score.scores(
                apply_to_session(rest, Intermittent(0.3, 0.2).sample(rest, 1.0, np.random.default_rng(2)))
            ),
        ),
    }
    picture = figures.instability_figure(
        "drift-watch", series, score.null, np.array(decoded), np.array(scored)
    )
    figures.save_picture(picture, out / "drift_watch.svg")
    figures.save_picture(figures.path_figure("drift-path", gradual, minutes[-1]), out / "drift_path.svg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parts = {"decay": decay, "twin": twin, "watch": watch}
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts))
    parser.add_argument("--out", type=Path, default=Path("docs/_static"))
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    for part in chosen.only:
        parts[part](chosen.out)


if __name__ == "__main__":
    main()
