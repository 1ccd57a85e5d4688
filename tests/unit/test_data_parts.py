"""Filters, z-scores, splits and the channel contract."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodrift import NeurodriftError, NeurodriftWarning
from neurodrift.data import (
    RunningZScore,
    Session,
    ZScore,
    blocks,
    match_channels,
    parse_filter,
    split_session,
)

TRIALS = pd.DataFrame(
    {
        "block": [0, 1, 2, 3],
        "ok": [True, False, True, True],
        "result": ["R", "A", "R", "F"],
        "rt": [0.2, np.nan, 0.4, 9],
    }
)
TRIALS["target"] = [np.zeros(2)] * 4


def made(channels: str = "abc", n: int = 100, times: np.ndarray | None = None) -> Session:
    return Session(
        counts=np.arange(n * len(channels)).reshape(n, -1) % 7,
        behavior=np.ones((n, 1)),
        bin_width=0.1,
        times=np.arange(1, n + 1) / 10 if times is None else times,
        channels=tuple(channels),
        behavior_names=("x",),
        identifier=f"day {channels}",
    )


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("ok == True", [0, 2, 3]),
        ("not (ok == True)", [1]),
        ("block in [0, 3] and result != 'F'", [0]),
        ("result not in ('R', 'F') or rt > 1", [1, 3]),
        ("0 < block <= 2", [1, 2]),
        ("rt < 100", [0, 2, 3]),
        ("-1 < block and rt >= -1e3", [0, 2, 3]),
        ("block in []", []),
    ],
)
def test_filters_select(text: str, rows: list[int]) -> None:
    assert np.flatnonzero(parse_filter(text)(TRIALS)).tolist() == rows


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ok", "column, not a comparison"),
        ("ok == True and result", "column, not a comparison"),
        ("__import__('os').system('true') == block", "not a comparison"),
        ("[b for b in block] == block", "not a comparison"),
        ("block = 1", "cannot be parsed"),
        ("", "cannot be parsed"),
        ("(" * 400 + "block" + ")" * 400, "cannot be parsed"),
        ("1 == 1", "names no trial column"),
        ("'R' in result", "needs a list"),
        ("block is None", "compare with numbers"),
        ("block == [1, 2]", "not known"),
        ("blok == 1", "did you mean 'block'"),
        ("result > 3", "'result' is text"),
        ("block == 'one'", "cannot be compared with 'one'"),
        ("target == 1", "holds arrays"),
    ],
)
def test_filters_refuse(text: str, says: str) -> None:
    with pytest.raises(NeurodriftError, match=says):
        parse_filter(text)(TRIALS)


def test_zscore_is_fitted_on_the_kept_rows_alone_and_inverts() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (50, 4))
    keep = np.arange(50) < 20
    x[~keep] += 100
    z = ZScore.fit(x, keep, floor=0.05)
    np.testing.assert_allclose(z.apply(x[keep]).mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(z.scale, x[keep].std(axis=0) + 0.05)
    np.testing.assert_allclose(z.invert(z.apply(x)), x)


def test_zscore_refuses() -> None:
    for x, keep, floor in (([[1.0]], [False], 0), ([[np.nan]], None, 0.1), ([[1.0], [1.0]], None, 0)):
        with pytest.raises(NeurodriftError):
            ZScore.fit(x, keep, floor)


def test_running_zscore_is_causal_and_finds_the_new_mean() -> None:
    rng = np.random.default_rng(1)
    start = ZScore.fit(rng.normal(0, 1, (500, 2)))
    x = rng.normal(5, 3, (5000, 2))
    later = x.copy()
    later[3000:] = 0
    z = RunningZScore(start, memory=300).apply(x)
    np.testing.assert_array_equal(z[:3000], RunningZScore(start, memory=300).apply(later)[:3000])
    assert abs(z[-2000:].mean()) < 0.1 and abs(z[-2000:].std() - 1) < 0.15 and abs(z[:5].mean()) > 1


@given(st.integers(20, 300), st.floats(0.2, 0.8), st.floats(0, 0.2))
def test_split_is_a_partition_in_order(n: int, adapt: float, gap: float) -> None:
    session = made(n=n)
    split = split_session(session, adapt, gap)
    assert (split.adapt.astype(int) + split.gap + split.heldout == 1).all()
    assert split.heldout.sum() == n - int(adapt * n + 1e-9)
    order = np.where(split.adapt, 0, np.where(split.gap, 1, 2))
    assert (np.diff(order) >= 0).all()
    assert not split.adapt[session.times > session.times[~split.heldout].max() - gap].any()


def test_gap_is_in_seconds_also_over_a_pause() -> None:
    times = np.arange(1, 101) / 10
    times[57:] += 30
    split = split_session(made(times=times), 0.6, 1.0)
    assert np.flatnonzero(split.gap).tolist() == [57, 58, 59]


def test_split_refuses() -> None:
    for options in ({"adapt": 1.0}, {"gap": -1.0}, {"gap": 1e3}, {"adapt": 0.001}):
        with pytest.raises(NeurodriftError):
            split_session(made(), **options)
    for shares in ((0.5, 0.6), (), (0.5, -0.1)):
        with pytest.raises(NeurodriftError):
            blocks(10, shares)


def test_blocks_of_the_recipe() -> None:
    assert [len(range(1000)[b]) for b in blocks(1000, (0.68, 0.12, 0.2))] == [680, 120, 200]


def test_channels_match_by_id_and_say_what_changed() -> None:
    first, second = made("abcd"), made("dxba")
    with pytest.warns(NeurodriftWarning, match="1 missing on the test day: c; 1 new on the test day: x"):
        match = match_channels([first], second)
    assert (match.shared, match.missing, match.new) == (("a", "b", "d"), ("c",), ("x",))
    got = match.apply(second)
    np.testing.assert_array_equal(got.counts, second.counts[:, [3, 2, 0]])
    assert got.channels == match.shared and "1 left out (x)" in got.provenance[-1]


def test_channels_all_training_days_count() -> None:
    with pytest.warns(NeurodriftWarning):
        match = match_channels([made("abc"), made("bc")], made("abc"))
    assert (match.shared, match.missing, match.new) == (("b", "c"), (), ("a",))


def test_same_channels_are_left_alone_and_none_is_an_error() -> None:
    session = made("abc")
    assert match_channels([session], made("abc")).apply(session) is session
    with pytest.raises(NeurodriftError, match="share no channel"):
        match_channels([session], made("xyz"))
