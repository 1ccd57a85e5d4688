"""Figures of drift: they hold what they say, and the files stand alone."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np

from neurodrift.drift import Compose, Dropout, Scheduled, Swap, Turnover
from neurodrift.report.drawing import Picture
from neurodrift.report.drift_figures import (
    decay_figure,
    instability_figure,
    path_figure,
    posterior_figure,
    save_picture,
    scores_figure,
)
from neurodrift.simulation import Encoder, posterior_check, simulate_session

SVG = "{http://www.w3.org/2000/svg}"
TIME, SCORES = np.array([1.0, 2.0, 3.0]), np.array([0.2, 0.5, 4.0])


def texts(picture: Picture, tmp_path) -> list[str]:
    file = tmp_path / f"{picture.name}.svg"
    save_picture(picture, file)
    root = ElementTree.parse(file).getroot()
    assert root.tag == f"{SVG}svg"
    for part in (picture.wide, picture.narrow):
        assert "mathdefault" not in part and part.startswith("<svg")
    return ["".join(node.itertext()).strip() for node in root.iter(f"{SVG}text")]


def test_a_path_shows_kinds_of_change(tmp_path):
    x = np.ones((900, 12))
    path = Scheduled(Compose((Dropout(0.25), Swap(0.25), Turnover(0.25)))).sample(
        x, 1.0, np.random.default_rng(0)
    )
    picture = path_figure("path", path, 10.0)
    assert {"silent", "new unit", "other channel's signal", "minutes", "channel"} <= set(
        texts(picture, tmp_path)
    )
    assert "new unit 3" in picture.alt and "of 12 channels" in picture.alt
    days = path_figure("days", path.at(slice(-1, None)), 3.0, unit="days")
    assert "days" in texts(days, tmp_path)


def test_scores_stand_beside_the_reference(tmp_path):
    series = {"before": (TIME, SCORES), "after": (TIME + 3, SCORES * 2)}
    alone = scores_figure("scores", series, np.array([0.1, 0.3]))
    assert {"before", "after", "Instability (nats)"} <= set(texts(alone, tmp_path))
    assert "after: mean 3.13" in alone.alt and "reference" in alone.caption
    both = instability_figure("both", series, SCORES, np.array([0.9, 0.5, 0.1]), np.array([0.1, 1.0, 9.0]))
    assert "R² of the frozen decoder" in texts(both, tmp_path) and "rank correlation -1.00" in both.alt


def test_decay_names_what_was_kept(tmp_path):
    picture = decay_figure("decay", (0, 7), np.array([[1.0, 0.5], [1.0, 0.7]]), (1.0, 0.43))
    assert "published mean" in texts(picture, tmp_path) and "7 days 0.60" in picture.alt


def test_a_check_draws_every_measure(tmp_path):
    session = simulate_session(Encoder.random(8, np.random.default_rng(0)), minutes=2, seed=0)
    check = posterior_check(session, seeds=[0])
    picture = posterior_figure("check", check)
    assert set(check.recorded) <= set(texts(picture, tmp_path)) and "Linear decoder" in picture.alt
