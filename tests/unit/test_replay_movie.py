"""Movies and figures of a replay, read back."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neurodrift.errors import NeurodriftError
from neurodrift.report.replay_figures import save_figures
from neurodrift.report.replay_movie import FPS, check_movie, write_movie

BLUE, ORANGE = (0, 114, 178), (213, 94, 0)


def view(kind: str = "closed", shape: str = "circle") -> dict[str, Any]:
    """Two parts of two trials: `one` goes right and hits after 1 s, `two` goes left and misses after 2 s."""

    def run(x: float, bins: int, hit: bool | None) -> dict[str, Any]:
        way = np.column_stack([np.linspace(0, x, bins + 1), np.zeros(bins + 1)])
        return {"path": np.round(100 * way).astype(int).ravel(), "hit": hit, "entered": bins}

    closed = kind == "closed"
    trial = {
        "target": [8.0, 0.0],
        "runs": [run(8, 20, True if closed else None), run(-8, 40, False if closed else None)],
    }
    return {
        "kind": kind, "name": "made by hand", "bin_width": 0.05, "half_width": 12.0, "radius": 1.5, "shape": shape,
        "methods": [{"name": "one", "what": ""}, {"name": "two", "what": ""}],
        "days": [{"label": f"Day {d}", "channels": [0], "trials": [trial, trial]} for d in (1, 9)],
    }  # fmt: skip


def middle(frame: np.ndarray, color: tuple[int, int, int]) -> float:
    """Mean column of the pixels that are near a colour, from 0 to 1."""
    near = np.abs(frame.astype(int) - color).max(axis=2) < 25
    return float(np.nonzero(near)[1].mean() / frame.shape[1])


def frames_of(path: Path) -> list[np.ndarray]:
    with Image.open(path) as movie:
        out = []
        for i in range(movie.n_frames):  # type: ignore[attr-defined]
            movie.seek(i)
            out.append(np.array(movie.convert("RGB")))
        return out


@pytest.mark.parametrize(("kind", "shape"), [("closed", "circle"), ("recording", "box")])
def test_a_gif_shows_cursors_that_move_as_their_paths_do(tmp_path: Path, kind: str, shape: str) -> None:
    path = write_movie(view(kind, shape), tmp_path / "cursors.gif", seconds=8.4)
    frames = frames_of(path)
    # The slowest takes 2 s: 21 frames a trial, two trials a part, two parts.
    assert len(frames) == 4 * 21 == round(8.4 * FPS)
    for trial in range(4):
        first, last = frames[21 * trial], frames[21 * trial + 20]
        assert middle(last, BLUE) > middle(first, BLUE) and middle(last, ORANGE) < middle(first, ORANGE)
    assert np.array_equal(frames[10][:, :200], frames[10][:, :200]) and middle(
        frames[15], BLUE
    ) == pytest.approx(middle(frames[20], BLUE), abs=0.002), "who is there first waits"


def test_time_is_shared_among_the_parts(tmp_path: Path) -> None:
    assert len(frames_of(write_movie(view(), tmp_path / "short.gif", seconds=2.0))) == 20


def test_an_mp4_holds_as_many_frames(tmp_path: Path) -> None:
    if not (shutil.which("ffmpeg") and shutil.which("ffprobe")):
        pytest.skip("no ffmpeg on PATH")
    path = write_movie(view(), tmp_path / "cursors.mp4", seconds=2.0)
    ask = [
        "ffprobe",
        "-v",
        "error",
        "-count_frames",
        "-show_entries",
        "stream=nb_read_frames,codec_name",
        "-of",
        "csv=p=0",
    ]
    told = subprocess.run([*ask, str(path)], capture_output=True, text=True, check=True, timeout=60).stdout
    assert told.strip() == "h264,20"


@pytest.mark.parametrize(
    ("name", "says"),
    [("a.mov", "name a .gif or an .mp4"), ("none/a.gif", "make it first"), ("a.mp4", "needs ffmpeg")],
)
def test_what_cannot_be_written_is_told_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NeurodriftError, match=says):
        check_movie(tmp_path / name)


def test_a_replay_without_a_trial_has_no_movie(tmp_path: Path) -> None:
    with pytest.raises(NeurodriftError, match="nothing to show"):
        write_movie(view() | {"days": []}, tmp_path / "none.gif")


def test_figures_are_whole_svg_files_that_say_what_is_in_them(tmp_path: Path) -> None:
    one = {"mean": [0.5, 0.6], "low": [0.4, 0.5], "high": [0.6, 0.7]}
    summary = {
        "days": [1, 9], "fault": {"days": [9, 9]},
        "comparisons": [{"loop": "closed", "method": "one", "by_day": {"success_rate": one}}],
    }  # fmt: skip
    saved = save_figures(tmp_path, summary, view())
    assert [p.name for p in saved] == ["days_closed.svg", "trajectories.svg"]
    for path in saved:
        text = " ".join("".join(e.itertext()) for e in ET.parse(path).getroot().iter())
        assert "one" in text
        assert float(ET.parse(path).getroot().get("width", "0").removesuffix("pt")) > 100
    ways = (tmp_path / "trajectories.svg").read_text()
    assert "2 of 2 hit" in ways and "0 of 2 hit" in ways and "Day 9" in ways
