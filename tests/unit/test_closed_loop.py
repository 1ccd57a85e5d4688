"""The loop against what is known of it: a closed form, an exact decoder, rules of a trial, labels in time."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from neurodrift.closed_loop import (
    INTENTIONS,
    PLANTS,
    TASKS,
    USERS,
    CentreOut,
    Labels,
    LearningUser,
    OptimalUser,
    PositionVelocityPlant,
    ReaimingUser,
    VelocityPlant,
    feedback_gains,
    run,
)
from neurodrift.closed_loop.game import Game
from neurodrift.closed_loop.measures import success_rate, throughput
from neurodrift.errors import NeurodriftError
from tests.loops import BIN, Inverse, quiet, still_user, sure_encoder

KINDS = [*TASKS.items(), *USERS.items(), *PLANTS.items()]


@pytest.mark.parametrize(
    ("name", "kind"), [*KINDS, *INTENTIONS.items()], ids=lambda v: v if isinstance(v, str) else ""
)
def test_every_kind_says_what_it_is_and_where_it_is_from(name: str, kind: object) -> None:
    doc = inspect.getdoc(kind) or ""
    assert doc
    assert "References" in doc or name in ("decoded", "none", "truth"), f"{name} names no source"


@pytest.mark.parametrize("effort", [0.01, 0.04, 0.3])
def test_the_gain_is_that_of_the_scalar_riccati_equation(effort: float) -> None:
    """P = 1 + P - (P dt)^2 / (effort + P dt^2) has one positive root; its gain is P dt / (effort + P dt^2)."""
    p = (BIN**2 + np.sqrt(BIN**4 + 4 * effort * BIN**2)) / (2 * BIN**2)
    assert p == pytest.approx(1 + p - (p * BIN) ** 2 / (effort + p * BIN**2))
    np.testing.assert_allclose(
        feedback_gains(BIN, 0.0, 1.0, effort), [p * BIN / (effort + p * BIN**2), 0], atol=1e-6
    )


def test_the_gains_minimise_the_cost_they_are_made_for() -> None:
    """Also with a cursor that smooths: no gain nearby costs less, summed over a long movement."""

    def cost(kp: float, kv: float, a: float = 0.6, effort: float = 0.04) -> float:
        e, v, total = 1.0, 0.0, 0.0
        for _ in range(400):
            u = -kp * e - kv * v
            total += e**2 + effort * u**2
            v = a * v + (1 - a) * u
            e += BIN * v
        return total

    kp, kv = feedback_gains(BIN, 0.6, 1.0, 0.04)
    around = [cost(kp * f, kv * g) for f in (0.95, 1.0, 1.05) for g in (0.95, 1.0, 1.05)]
    assert min(around) == around[4] < cost(kp, 0.0)


@pytest.mark.parametrize("delay", [0, 3])
def test_with_an_exact_decoder_the_cursor_moves_as_the_closed_form_says(delay: int) -> None:
    """Without noise the distance shrinks by (1 - k dt) a bin, from when the target is seen; a model bridges the delay."""
    task = CentreOut(dwell=2.0, radius=0.5, distance=5.0)
    user = still_user(delay=delay * BIN, smoothing=0.0, fastest=1e9)
    encoder = sure_encoder()
    episode = run(encoder, Inverse(encoder), task, user, quiet(), minutes=0.05, seed=1)
    first = episode.trials[0]
    k = feedback_gains(BIN, 0.0, 1.0, user.effort)[0]
    t = np.arange(1, first.last + 2)
    shrunk = (1 - k * BIN) ** np.maximum(t - delay, 0)
    wanted = first.target * (1 - shrunk[:, None])
    np.testing.assert_allclose(episode.position[: first.last + 1], wanted, atol=5e-3)


def test_a_decoder_that_is_the_inverse_of_the_encoder_does_as_well_as_no_decoder() -> None:
    encoder, task = sure_encoder(), CentreOut()
    with_it = run(
        encoder, Inverse(encoder), task, OptimalUser(noise=0, tremor=0), VelocityPlant(), minutes=1, seed=2
    )
    without = run(encoder, None, task, OptimalUser(noise=0, tremor=0), VelocityPlant(), minutes=1, seed=2)
    np.testing.assert_allclose(with_it.position, without.position, atol=0.02)
    turned = run(encoder, Inverse(encoder, turn=1.2), task, OptimalUser(), VelocityPlant(), minutes=1, seed=2)
    assert success_rate(with_it) == 1 and throughput(turned) < 0.7 * throughput(with_it)


@pytest.mark.parametrize("name", TASKS)
def test_targets_are_in_reach_and_the_same_for_all(name: str) -> None:
    task = TASKS[name]()
    a, b = (task.targets(np.random.default_rng(5)) for _ in range(2))
    points = np.array([next(a) for _ in range(64)])
    np.testing.assert_array_equal(points, [next(b) for _ in range(64)])
    assert (np.abs(points) + task.radius <= task.half_width).all()
    away = np.linalg.norm(np.diff(points, axis=0, prepend=0), axis=1)
    assert (away > task.radius).all(), "a trial would begin in its target"
    if name == "centre_out":
        out = points[::2]
        assert (points[1::2] == 0).all() and len(np.unique(out.round(6), axis=0)) == 8
        assert len(np.unique(out[:8].round(6), axis=0)) == 8, "each block holds every target once"


def test_a_trial_ends_when_its_target_was_held_or_its_time_is_up() -> None:
    task = CentreOut(dwell=0.2, timeout=0.5, pause=0.1, distance=5.0)
    game, far = Game(task, BIN, np.random.default_rng(0)), np.array([50.0, 50.0])
    first = game.begin(0, np.zeros(2))
    assert first is not None
    held = 0
    for t in range(10):
        game.begin(t, far)
        # In for three bins, out for one, and in again: the hold begins anew.
        ended = game.end(t, far if t == 3 else first.target)
        held = held + 1 if t != 3 else 0
        assert ended == (held == 5)
        if ended:
            break
    assert first.success and first.entries == 2 and (first.touched, first.entered, first.last) == (0, 4, 8)
    assert game.begin(9, far) is None and game.begin(10, far) is None, "two bins of pause"
    second = game.begin(11, far)
    ends = [game.end(t, far) for t in range(11, 21)]
    assert second is not None and ends == [False] * 9 + [True] and not second.success and second.entries == 0


def test_labels_come_after_the_answer_as_late_as_stated_and_for_the_right_bin() -> None:
    encoder = sure_encoder()
    now, late = Inverse(encoder), Inverse(encoder)
    episodes = [
        run(
            encoder,
            d,
            CentreOut(),
            OptimalUser(),
            VelocityPlant(),
            minutes=0.3,
            labels=Labels(lag=lag),
            seed=3,
        )
        for d, lag in ((now, 0), (late, 4))
    ]
    np.testing.assert_array_equal(episodes[0].position, episodes[1].position)
    assert [t for t, _, _ in now.told] == list(range(len(episodes[0])))
    assert [(t, lag) for t, _, lag in late.told] == [(t, 4) for t in range(4, len(episodes[1]))]
    for (_, a, _), (_, b, _) in zip(now.told, late.told, strict=False):
        assert (a is None and b is None) or np.array_equal(a, b)
    pauses = episodes[0].trial < 0
    assert all(label is None for (t, label, _) in now.told if pauses[t] and t < episodes[0].trials[-1].last)


def test_the_feedback_label_is_what_the_closed_form_commands() -> None:
    encoder = sure_encoder()
    decoder, labels = Inverse(encoder), Labels(fastest=1e9)
    e = run(encoder, decoder, CentreOut(), OptimalUser(), VelocityPlant(), minutes=0.2, labels=labels, seed=3)
    k = feedback_gains(BIN, 0.0, 1.0, labels.effort)[0]
    before = np.vstack([np.zeros(2), e.position[:-1]])
    for t, label, _ in decoder.told:
        if e.trial[t] >= 0:
            np.testing.assert_allclose(label, k * (e.trials[e.trial[t]].target - before[t]))


def test_a_share_of_the_trials_has_labels_and_turned_ones_are_turned() -> None:
    encoder = sure_encoder()
    task, user = CentreOut(), OptimalUser()
    told = Inverse(encoder)
    e = run(encoder, told, task, user, VelocityPlant(), minutes=2, labels=Labels(share=0.4), seed=3)
    labelled = {e.trial[t] for t, label, _ in told.told if label is not None and e.trial[t] >= 0}
    silent = {e.trial[t] for t, label, _ in told.told if label is None and e.trial[t] >= 0}
    assert not labelled & silent and 0.2 < len(labelled) / len(e.trials) < 0.6
    plain, turned = Inverse(encoder), Inverse(encoder)
    for d, turn in ((plain, 0.0), (turned, 90.0)):
        run(encoder, d, task, user, VelocityPlant(), minutes=0.1, labels=Labels(turn=turn), seed=3)
    for (_, a, _), (_, b, _) in zip(plain.told, turned.told, strict=True):
        if a is not None and b is not None:
            np.testing.assert_allclose(b, [-a[1], a[0]], atol=1e-9)


def test_a_user_that_reaims_finds_the_angle_and_takes_its_share_back() -> None:
    encoder, turn = sure_encoder(), np.radians(50)
    plain, user = OptimalUser(smoothing=0.5), ReaimingUser(share=0.7, smoothing=0.5)
    scores = [
        throughput(run(encoder, Inverse(encoder, turn), CentreOut(), u, VelocityPlant(), minutes=2, seed=4))
        for u in (plain, user)
    ]
    # What the user sees is the decoder's turn on commands that are already turned: the turn itself.
    assert np.degrees(user.angle) == pytest.approx(50, abs=3)
    assert scores[1] > 1.2 * scores[0]


def test_a_user_that_learns_ends_with_the_decoders_own_map() -> None:
    encoder, turn, bias = sure_encoder(), np.radians(40), (3.0, -2.0)
    user = LearningUser(memory=60, trust=5, smoothing=0.5)
    decoder = Inverse(encoder, turn, bias)
    early, late = (
        run(encoder, decoder, CentreOut(), user, VelocityPlant(), minutes=1.5, seed=seed) for seed in (4, 5)
    )
    assert throughput(late) > throughput(early) > 0
    cos, sin = np.cos(turn), np.sin(turn)
    np.testing.assert_allclose(user.model, [[cos, -sin, bias[0]], [sin, cos, bias[1]]], atol=0.12)


def test_an_array_that_changes_abruptly_changes_at_its_minute() -> None:
    a, b = sure_encoder(), sure_encoder(16)
    silent = np.zeros(16)
    b = type(b)(b.rest, b.depth, b.preferred, b.speed, silent, silent, lag=0.0)
    e = run([(0.0, a), (0.1, b)], None, CentreOut(), OptimalUser(), VelocityPlant(), minutes=0.2)
    assert (e.counts[:120] > 0).all() and (e.counts[120:] == 0).all()


def test_a_position_velocity_cursor_is_pulled_to_the_decoded_position() -> None:
    plant = PositionVelocityPlant(mix=0.25, smoothing=0.0)
    for n in range(1, 30):
        position = plant.step(np.array([4.0, -2.0, 0.0, 0.0]), BIN, 12.0)
        np.testing.assert_allclose(position, (1 - 0.75**n) * np.array([4.0, -2.0]))


def test_the_cursor_stays_in_the_workspace_and_loses_its_speed_at_the_wall() -> None:
    plant = VelocityPlant(smoothing=0.9)
    for _ in range(100):
        plant.step(np.array([30.0, 1.0]), BIN, 10.0)
    assert plant.position[0] == 10 and plant.velocity[0] == 0 and plant.velocity[1] > 0


def test_the_same_seed_is_the_same_session_and_a_decoder_without_numbers_does_not_break_it() -> None:
    encoder = sure_encoder()
    one, two = (
        run(encoder, Inverse(encoder), CentreOut(), OptimalUser(), VelocityPlant(), minutes=0.2, seed=9)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.position, two.position)

    class Nothing(Inverse):
        def predict(self, x: np.ndarray) -> np.ndarray:
            return np.full(2, np.nan)

    lost = run(encoder, Nothing(encoder), CentreOut(), OptimalUser(), VelocityPlant(), minutes=0.2)
    assert np.isfinite(lost.position).all() and (lost.position == 0).all()


def test_wrong_use_names_the_remedy() -> None:
    encoder = sure_encoder()
    with pytest.raises(NeurodriftError, match="no bin"):
        run(encoder, None, CentreOut(), OptimalUser(), VelocityPlant(), minutes=0)
    with pytest.raises(NeurodriftError, match="4 axes"):
        run(encoder, Inverse(encoder), CentreOut(), OptimalUser(), PositionVelocityPlant(), minutes=0.1)
    for wrong in (lambda: Labels("guess"), lambda: CentreOut(radius=0), lambda: OptimalUser(effort=0)):
        with pytest.raises(NeurodriftError):
            wrong()
