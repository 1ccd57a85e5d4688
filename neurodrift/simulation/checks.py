"""Whether a simulated session is like the recorded one it was fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from neurodrift.data.binning import smooth
from neurodrift.data.session import Session
from neurodrift.errors import NeurodriftError
from neurodrift.simulation.encoder import Encoder
from neurodrift.simulation.fitting import fit_encoder
from neurodrift.simulation.session import simulate_like

__all__ = ["PosteriorCheck", "channel_measures", "linear_r2", "posterior_check"]


@dataclass(frozen=True, eq=False)
class PosteriorCheck:
    """Measures of a recorded session beside those of simulated ones.

    Args:
        recorded: one row a channel, columns as `channel_measures`.
        simulated: the same for each seed.
        recorded_r2, simulated_r2: of the linear decoder, and of each seed.
    """

    recorded: pd.DataFrame
    simulated: tuple[pd.DataFrame, ...]
    recorded_r2: float
    simulated_r2: npt.NDArray[np.float64]

    def table(self) -> pd.DataFrame:
        """One row a measure: its mean over channels in both, and how well channels agree (correlation)."""
        mean = sum(self.simulated[1:], self.simulated[0]) / len(self.simulated)
        rows = {
            name: {
                "recorded": self.recorded[name].mean(),
                "simulated": mean[name].mean(),
                "correlation over channels": self.recorded[name].corr(mean[name]),
            }
            for name in self.recorded
        }
        rows["linear decoder R2"] = {
            "recorded": self.recorded_r2,
            "simulated": float(self.simulated_r2.mean()),
            "correlation over channels": np.nan,
        }
        return pd.DataFrame(rows).T


def posterior_check(
    session: Session, encoder: Encoder | None = None, *, seeds: Sequence[int] = range(5)
) -> PosteriorCheck:
    """The session beside sessions simulated by the encoder (fitted to it, if none is given), one a seed."""
    encoder = encoder or fit_encoder(session)
    twins = [simulate_like(encoder, session, seed) for seed in seeds]
    return PosteriorCheck(
        channel_measures(session),
        tuple(channel_measures(twin) for twin in twins),
        linear_r2(session),
        np.array([linear_r2(twin) for twin in twins]),
    )


def channel_measures(session: Session) -> pd.DataFrame:
    """One row a channel, over valid bins: rate, Fano factor, tuning depth, noise correlation.

    The tuning depth is the length of the least-squares slope of the counts on the two axes of the label,
    bins with a label, in Hz per root-mean-square label. The noise correlation is the mean over all other
    channels of the correlation of what that fit leaves. Silent channels have NaN where a ratio is not
    defined.
    """
    y = session.counts[session.valid].astype(np.float64)
    mean = y.mean(axis=0)
    fano = np.divide(y.var(axis=0), mean, out=np.full_like(mean, np.nan), where=mean > 0)
    label = session.behavior[session.labelled].astype(np.float64)
    x = np.column_stack([np.ones(len(label)), label])
    moved = session.counts[session.labelled].astype(np.float64)
    beta = np.linalg.lstsq(x, moved, rcond=None)[0]
    scale = np.sqrt((label**2).sum(axis=1).mean()) / session.bin_width
    left = moved - x @ beta
    left = left - left.mean(axis=0)
    size = np.sqrt((left**2).sum(axis=0))
    unit = np.divide(left, size, out=np.full_like(left, np.nan), where=size > 0)
    heard = size > 0
    others = (unit[:, heard].T @ unit[:, heard]).sum(axis=0) - 1
    correlation = np.full_like(mean, np.nan)
    correlation[heard] = others / max(heard.sum() - 1, 1)
    return pd.DataFrame(
        {
            "rate (Hz)": mean / session.bin_width,
            "Fano factor": fano,
            "tuning depth (Hz)": np.sqrt((beta[1:] ** 2).sum(axis=0)) * scale,
            "noise correlation": correlation,
        },
        index=list(session.channels),
    )


def linear_r2(
    session: Session,
    later: Session | None = None,
    *,
    train: float = 0.7,
    lags: int = 8,
    penalty: float = 1000.0,
) -> float:
    """R2 (variance-weighted) of a ridge regression trained on a session's first labelled bins, scored on its last.

    Inputs are counts smoothed causally by .7 a bin, z-scored on the training bins, in `lags` bins.

    Args:
        later: where given, all of `session` trains, and this is scored: a frozen decoder on another day.
        train: share of the labelled bins that train where there is no later session.

    Raises:
        NeurodriftError: fewer labelled bins than lags.
    """
    label = np.flatnonzero(session.labelled)
    cut = len(label) if later is not None else round(train * len(label))
    scored = later or session
    last = np.flatnonzero(scored.labelled)[0 if later is not None else cut :]
    if min(cut, len(last)) < lags:
        raise NeurodriftError(
            f"{session}: {len(label)} labelled bins are too few to train and score a decoder."
        )
    first = label[:cut]
    z = smooth(session.counts, 0.7)
    mean, scale = z[first].mean(axis=0), z[first].std(axis=0) + 0.05

    def inputs(counts: npt.NDArray[np.float32], bins: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        padded = np.pad((smooth(counts, 0.7) - mean) / scale, ((lags - 1, 0), (0, 0)))
        return np.hstack([padded[lags - 1 - j + bins] for j in range(lags)])

    model = Ridge(penalty).fit(inputs(session.counts, first), session.behavior[first])
    guess = model.predict(inputs(scored.counts, last))
    return float(r2_score(scored.behavior[last], guess, multioutput="variance_weighted"))
