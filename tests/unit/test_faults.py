"""Faults: what a decoder gets of counts and labels on a day on which something is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from neurodrift.benchmark.replay.spec import parse_replay
from neurodrift.benchmark.replay.world import SimulatedWorld
from neurodrift.closed_loop import FAULTS, CentreOut, Labels, run
from neurodrift.closed_loop.faults import Bursts, NoiseLabels, SilentChannels, StuckLabels, TurnedLabels
from neurodrift.errors import NeurodriftError
from tests.loops import BIN, Inverse, quiet, still_user, sure_encoder
from tests.sessions import days

LABELS = ("noise_labels", "stuck_labels", "turned_labels")


def told(fault: object, minutes: float = 0.5) -> list[tuple[float, ...] | None]:
    encoder = sure_encoder()
    decoder = Inverse(encoder)
    run(
        encoder, decoder, CentreOut(), still_user(), quiet(), minutes=minutes, labels=Labels("truth"), bin_width=BIN,
        fault=fault,  # type: ignore[arg-type]
    )  # fmt: skip
    return [None if y is None else tuple(y) for _, y, _ in decoder.told]


@pytest.mark.parametrize("name", FAULTS)
def test_a_share_of_nothing_changes_nothing_and_a_seed_decides_the_rest(name: str) -> None:
    assert FAULTS[name].__doc__
    sound = told(None)
    assert told(FAULTS[name](share=0.0)) == sound
    first, again, other = (told(FAULTS[name](share=0.5, seed=s)) for s in (1, 1, 2))
    assert first == again
    assert (first != sound and first != other) or name not in LABELS


def test_turned_labels_are_turned_and_only_in_their_trials() -> None:
    y, fault = np.array([3.0, -4.0]), TurnedLabels(share=0.5, turn=90.0)
    turned = [fault.label(trial, y) for trial in range(400)]
    share = np.mean([np.allclose(t, [4.0, 3.0]) for t in turned])
    assert all(np.allclose(t, [4.0, 3.0]) or t is y for t in turned)
    assert share == pytest.approx(0.5, abs=0.1)
    assert all(np.array_equal(fault.label(trial, y), turned[trial]) for trial in range(400)), (
        "a trial is one or the other"
    )


def test_labels_of_noise_keep_their_speed_and_lose_their_direction() -> None:
    fault, y = NoiseLabels(), np.array([3.0, 4.0])
    wrong = np.array([fault.label(0, y) for _ in range(4000)])
    np.testing.assert_allclose(np.hypot(*wrong.T), 5.0)
    assert np.abs(wrong.mean(axis=0)).max() < 0.3


def test_a_stuck_label_is_the_first_that_moved() -> None:
    fault = StuckLabels()
    given = [np.zeros(2), np.array([1.0, 2.0]), np.zeros(2), np.array([-5.0, 0.0])]
    assert [tuple(fault.label(0, y)) for y in given] == [(0, 0), (1, 2), (1, 2), (1, 2)]


def test_silent_channels_stay_silent_and_bursts_come_in_runs() -> None:
    x = np.ones(60)
    silent = SilentChannels(share=0.25, seed=3)
    heard = np.array([silent.counts(t, x) for t in range(50)])
    assert (heard.sum(axis=1) == 45).all() and (heard == heard[0]).all() and (x == 1).all()
    bursts = Bursts(share=0.1, size=9.0, length=4)
    level = np.array([bursts.counts(t, x)[0] for t in range(20_000)])
    assert set(level) == {1.0, 9.0} and (level == 9).mean() == pytest.approx(0.1, abs=0.02)
    starts, stops = (np.flatnonzero(np.diff(np.r_[0, level == 9, 0]) == step) for step in (1, -1))
    assert (stops - starts)[:-1].min() >= 4


def test_a_session_in_open_loop_meets_the_same_fault() -> None:
    session = days()[1]
    met = TurnedLabels(turn=180.0).of(session)
    np.testing.assert_allclose(met.behavior[session.labelled], -session.behavior[session.labelled], atol=1e-5)
    assert (SilentChannels(share=1.0).of(session).counts == 0).all() and "fault" in met.provenance[-1]


def test_a_fault_has_its_days() -> None:
    spec = parse_replay(
        {"world": {"days": 6}, "fault": {"kind": "turned_labels", "turn": 90.0, "days": [2, 4]}}
    )
    world = SimulatedWorld(spec, 0)
    assert [world.fault(day) is not None for day in range(1, 7)] == [False, True, True, True, False, False]
    assert world.fault(2) == TurnedLabels(turn=90.0, seed=0)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"kind": "turned", "days": [1, 2]}, 'did you mean "turned_labels"'),
        ({"kind": "turned_labels", "days": [1, 2], "trun": 3.0}, 'did you mean "turn"'),
        ({"kind": "turned_labels", "days": [3, 2]}, "first and last day, in 1 .. 5"),
        ({"kind": "turned_labels", "days": [1, 6]}, "first and last day, in 1 .. 5"),
        ({"kind": "turned_labels", "days": [1]}, "fault.days"),
        ({"kind": "turned_labels", "days": [1, 2], "share": 2.0}, "share is 2.0"),
    ],
)
def test_a_wrong_fault_names_the_remedy(fault: dict[str, object], says: str) -> None:
    with pytest.raises(NeurodriftError) as error:
        parse_replay({"world": {"days": 5}, "fault": fault})
    assert says in str(error.value)
