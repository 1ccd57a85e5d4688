"""What a user would feel: pure functions of an episode."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurodrift.closed_loop.episode import Episode
from neurodrift.closed_loop.game import Trial

__all__ = ["BETTER", "MEASURES"]


def success_rate(episode: Episode) -> float:
    """Share of the ended trials in which the target was held in time; NaN without one."""
    return float(np.mean([t.success for t in episode.trials])) if episode.trials else float("nan")


def time_to_target(episode: Episode) -> float:
    """Seconds from the target's appearance to the entry that was held, mean over successes; the dwell not counted."""
    return _mean([_movement(episode, t) for t in _successes(episode)])


def path_efficiency(episode: Episode) -> float:
    """Straight distance to the entry that was held, over the way the cursor took to it; mean over successes."""
    values = []
    for t in _successes(episode):
        way = np.vstack([t.start, episode.position[t.first : t.entered + 1]])
        length = np.hypot(*np.diff(way, axis=0).T).sum()
        if length > 0:
            values.append(float(np.hypot(*(way[-1] - way[0])) / length))
    return _mean(values)


def dial_in_time(episode: Episode) -> float:
    """Seconds from first touching the target to the entry that was held, mean over successes.

    References:
        Gilja et al. 2012, doi:10.1038/nn.3265.
    """
    return _mean([(t.entered - t.touched) * episode.bin_width for t in _successes(episode)])


def throughput(episode: Episode) -> float:
    """Bits a second: the sum of log2(D / W + 1) over successes, over the time of all trials, failures included.

    D is the distance from the cursor to the middle of the target when it appears, W the target's width, the
    time from its appearance to the entry that was held, or to the timeout. A trial that begins in its target
    is left out.

    References:
        ISO 9241-411:2012; MacKenzie 1992, doi:10.1207/s15327051hci0701_3.
    """
    bits, seconds = 0.0, 0.0
    for t in episode.trials:
        distance = float(np.hypot(*(t.target - t.start)))
        if distance <= episode.task.radius:
            continue
        bits += float(np.log2(distance / (2 * episode.task.radius) + 1)) if t.success else 0.0
        seconds += _movement(episode, t)
    return bits / seconds if seconds else float("nan")


def throughput_effective(episode: Episode) -> float:
    """Bits a second with the effective width 4.133 SD of where successes ended, along the way to the target.

    Of use where the end of a movement is the user's choice, as in a touch (no dwell); a dwell keeps the cursor in
    the target by its rule, so NaN is given there, and with fewer than ten successes.

    References:
        ISO 9241-411:2012; Soukoreff & MacKenzie 2004, doi:10.1016/j.ijhcs.2004.09.001.
    """
    done = _successes(episode)
    if episode.task.dwell > 0 or len(done) < 10:
        return float("nan")
    off, far, seconds = [], [], []
    for t in done:
        way = t.target - t.start
        distance = float(np.hypot(*way))
        off.append(float((episode.position[t.last] - t.target) @ way / max(distance, 1e-9)))
        far.append(distance + off[-1])
        seconds.append(_movement(episode, t))
    width = 4.133 * float(np.std(off, ddof=1))
    return float(np.log2(np.mean(far) / max(width, 1e-9) + 1) / np.mean(seconds))


def orbiting(episode: Episode) -> float:
    """How often a trial's cursor left its target again before it was held, mean over trials."""
    return _mean([max(t.entries - int(t.success), 0) for t in episode.trials])


def r2_intention(episode: Episode) -> float:
    """R2, variance-weighted, between what was intended and the velocity that was decoded, over bins of trials."""
    keep = episode.trial >= 0
    y, y_hat = episode.intended[keep], episode.decoded[keep][:, -2:]
    total = np.square(y - y.mean(axis=0)).sum() if len(y) else 0.0
    return 1 - float(np.square(y - y_hat).sum() / total) if total > 0 else float("nan")


def hits_per_minute(episode: Episode) -> float:
    """Targets held a minute of the session."""
    return len(_successes(episode)) / episode.minutes


def _successes(episode: Episode) -> list[Trial]:
    return [t for t in episode.trials if t.success]


def _movement(episode: Episode, trial: Trial) -> float:
    last = trial.entered if trial.success else trial.last
    return (last + 1 - trial.first) * episode.bin_width


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


MEASURES: dict[str, Callable[[Episode], float]] = {
    "success_rate": success_rate,
    "time_to_target": time_to_target,
    "path_efficiency": path_efficiency,
    "dial_in_time": dial_in_time,
    "throughput": throughput,
    "throughput_effective": throughput_effective,
    "orbiting": orbiting,
    "hits_per_minute": hits_per_minute,
    "r2_intention": r2_intention,
}

# 1 where more is better, -1 where less is.
BETTER = {name: -1 if name in ("time_to_target", "dial_in_time", "orbiting") else 1 for name in MEASURES}
