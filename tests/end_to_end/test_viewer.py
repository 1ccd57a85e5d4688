"""The replay viewer, driven in a headless Chromium as a person would: keys, clicks, the scrubber."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from neurodrift.report.replay import write_replay
from tests.browser import Browser

HIT, MISS = 10, 30


def run(bins: int, hit: bool, x: int) -> dict[str, object]:
    """A cursor that moves right by `x` hundredths a bin."""
    path = [v for t in range(bins + 1) for v in (x * t, 0)]
    return {"path": path, "hit": hit, "entered": bins - 2 if hit else None}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of two trials: `quick` hits all in 10 bins, `slow` misses all after 30."""
    methods = [{"name": "quick </script>", "what": "hits"}, {"name": "slow", "what": "misses"}]
    trial = {"target": [8.0, 0.0], "runs": [run(HIT, True, 80), run(MISS, False, 5)]}
    days = [
        {"label": f"Day {d}", "channels": [3] * d + [0] * (16 - d), "trials": [trial, trial]} for d in (1, 2)
    ]
    view = {
        "kind": "closed", "name": "made by hand", "states": ["as it was", "gain", "tuning", "another unit", "silent"],
        "bin_width": 0.05, "half_width": 12.0, "radius": 1.5, "shape": "circle", "methods": methods, "days": days,
        "command": "neurodrift replay", "versions": {}, "machine": {},
    }  # fmt: skip
    one = {"mean": 0.5, "low": 0.4, "high": 0.6, "seeds": [0.5, 0.5]}
    by_day = {k: [v, v] for k, v in one.items() if k != "seeds"}
    summary = {
        "name": "made by hand", "kind": "campaign", "simulated": True, "seeds": [0, 1], "days": [1, 2], "intervals": "none",
        "comparisons": [
            {"loop": "closed", "method": m["name"], "what": m["what"], "measures": {"success_rate": one},
             "by_day": {"success_rate": by_day}}
            for m in methods
        ],
    }  # fmt: skip
    return write_replay(tmp_path_factory.mktemp("viewer"), summary, view)


@pytest.fixture(scope="module", params=[1280, 400])
def browser(request: pytest.FixtureRequest, page: Path) -> Iterator[Browser]:
    browser = Browser(request.param, 900)
    browser.open(page)
    yield browser
    assert browser.errors == []
    browser.close()


def where(browser: Browser) -> str:
    return str(browser.js("document.getElementById('where').textContent"))


def frame(browser: Browser) -> int:
    return int(browser.js("Number(document.getElementById('scrub').value)"))


def test_panels_trials_and_parts_are_there(browser: Browser) -> None:
    browser.key("Home")
    titles = browser.js("[...document.querySelectorAll('.panel h3')].map(e => e.textContent)")
    assert titles == ["quick </script>", "slow"]
    assert browser.js("[...document.querySelectorAll('#days button')].map(e => e.textContent)") == [
        "Day 1",
        "Day 2",
    ]
    assert browser.js("Number(document.getElementById('scrub').max)") == 4 * (MISS + 1) - 1
    assert where(browser).startswith("Day 1 · trial 1 of 2")


def test_keys_move_by_a_bin_a_trial_and_a_part(browser: Browser) -> None:
    browser.key("Home")
    browser.key("ArrowRight")
    assert frame(browser) == 1
    browser.key("ArrowRight", shift=True)
    assert frame(browser) == MISS + 1 and "trial 2 of 2" in where(browser)
    browser.key("ArrowLeft", shift=True)
    assert frame(browser) == 0
    browser.key("2")
    assert where(browser).startswith("Day 2 · trial 1") and frame(browser) == 2 * (MISS + 1)
    browser.key("End")
    assert frame(browser) == 4 * (MISS + 1) - 1


def test_scores_count_a_trial_when_it_has_ended_for_that_decoder(browser: Browser) -> None:
    texts = "[...document.querySelectorAll('.panel p')].map(e => e.textContent)"

    def seek(to: int) -> list[str]:
        browser.js(
            f"(s => {{ s.value = {to}; s.dispatchEvent(new Event('input')); }})(document.getElementById('scrub'))"
        )
        found: list[str] = browser.js(texts)
        return found

    assert seek(HIT - 1) == ["0 of 0 hit", "0 of 0 hit"]
    assert seek(HIT) == ["1 of 1 hit, 0.40 s a hit", "0 of 0 hit"]
    assert seek(MISS) == ["1 of 1 hit, 0.40 s a hit", "0 of 1 hit"]
    assert seek(2 * (MISS + 1) - 1) == ["2 of 2 hit, 0.40 s a hit", "0 of 2 hit"]
    assert seek(2 * (MISS + 1)) == ["0 of 0 hit", "0 of 0 hit"], "a part begins with no score"


def test_the_cursor_is_drawn_where_the_path_says(browser: Browser) -> None:
    """The cursor's colour is found in the canvas, and its middle read off."""
    browser.key("Home")
    for _ in range(5):
        browser.key("ArrowRight")
    x = browser.js(
        """(c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0, sum = 0;
        for (let i = 0; i < d.length; i += 4) if (d[i] === 0 && d[i+1] === 114 && d[i+2] === 178 && d[i+3] === 255)
        { n += 1; sum += (i / 4) % c.width; } return (sum / n / c.width - 0.5) * 2 * 12 * 1.04; })
        (document.querySelector('.panel canvas'))"""
    )
    assert x == pytest.approx(4.0, abs=0.25)


def test_playing_moves_on_at_the_speed_chosen_and_pausing_stops(browser: Browser) -> None:
    browser.key("Home")
    browser.js("document.getElementById('speed').selectedIndex = 2")
    browser.key("ArrowUp")
    assert browser.js("document.getElementById('speed').value") == "2"
    browser.key(" ")
    browser.wait("Number(document.getElementById('scrub').value) > 5")
    assert browser.js("document.getElementById('playlabel').textContent") == "Pause"
    browser.click("#play")
    stopped = frame(browser)
    browser.js("new Promise(done => setTimeout(done, 200))")
    assert (
        frame(browser) == stopped and browser.js("document.getElementById('playlabel').textContent") == "Play"
    )
    browser.click("#days button:nth-child(2)")
    assert where(browser).startswith("Day 2")
    browser.js("document.getElementById('speed').value = '8'")
    browser.key("End")
    browser.key("ArrowLeft", shift=True)
    browser.key(" ")
    browser.wait("document.getElementById('playlabel').textContent === 'Play'")
    assert frame(browser) == 4 * (MISS + 1) - 1, "it stops at the end"


def test_drifting_channels_are_counted(browser: Browser) -> None:
    for day in (1, 2):
        browser.key(str(day))
        assert f"another unit: {day}" in browser.js("document.getElementById('states').textContent")


def test_nothing_is_wider_than_the_window_and_nothing_is_fetched(browser: Browser, page: Path) -> None:
    assert browser.js("document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.js("performance.getEntriesByType('resource').length") == 0
    data = page.read_text().split('type="application/json">')[1].split("</script>")[0]
    assert json.loads(data)["methods"][0]["name"] == "quick </script>"
    if folder := os.environ.get("NEURODRIFT_SHOTS"):
        browser.screenshot(Path(folder) / f"viewer-{browser.js('window.innerWidth')}.png")
