"""Latency: what is counted, what is searched, what is refused. No test looks at how long anything took."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from neurodrift.cli.latency import latency as command
from neurodrift.decoders import RecurrentDecoder
from neurodrift.errors import NeurodriftError
from neurodrift.evaluation.latency import (
    Model,
    deadlines,
    largest,
    latency,
    open_decoder,
    percentiles,
    sample,
)
from neurodrift.learn import CELLS, RULES, Learner

SMALL = Model(units=3, inputs=4)


def test_missed_deadlines_and_percentiles_of_known_times() -> None:
    seconds = np.arange(1, 1001) / 1e4  # 0.1, 0.2, ... 100 ms
    assert deadlines(seconds, (20, 10, 50, 20)) == {"10 ms": 900, "20 ms": 800, "50 ms": 500}
    got = percentiles(seconds)
    # Quantile q of 1..n, interpolated, is 1 + q (n - 1).
    want = {
        "p50_us": 100 * (1 + 0.5 * 999),
        "p99_us": 100 * (1 + 0.99 * 999),
        "p999_us": 100 * (1 + 0.999 * 999),
    }
    assert got == pytest.approx({**want, "max_us": 1e5})


def quadratic(units: int) -> float:
    return 0.1 * units**2


@pytest.mark.parametrize("bin_ms", [0.1, 5.0, 20.0, 50.0, 1e9])
def test_the_largest_network_fits_and_the_next_one_tried_does_not(bin_ms: float) -> None:
    asked: list[int] = []

    def time_of(model: Model, bins: int) -> Mapping[str, float]:
        asked.append(model.units)
        return {"p999_us": quadratic(model.units)}

    found = largest(SMALL, bin_ms, safety=2.0, time_of=time_of)
    truth = int(np.sqrt(1e3 * bin_ms / 2 / 0.1))
    assert [t["units"] for t in found["tried"]] == asked
    if found["units"] is None:
        assert truth < asked[0] == 16
    elif found["beyond_the_ladder"]:
        assert truth >= found["units"] == 2048
    else:
        assert found["units"] <= truth
        assert truth - found["units"] <= max(1, truth // 8)
        assert min(t["units"] for t in found["tried"] if not t["fits"]) > found["units"]


def test_a_trace_that_does_not_fit_into_memory_is_not_built() -> None:
    def time_of(model: Model, bins: int) -> Mapping[str, float]:
        assert model.trace_bytes() <= 4 * 2**30
        return {"p999_us": 1.0}

    found = largest(Model(rule="rtrl_stepwise"), 20.0, time_of=time_of)
    assert found["units"] and any(t["why"] == "memory" for t in found["tried"])


@pytest.mark.parametrize("rule", list(RULES))
def test_every_rule_can_be_timed(rule: str) -> None:
    model = Model(cell="rnn", units=5, inputs=4, axes=3, rule=rule)
    predict, update = sample(model.build(worst=True), 4)
    assert predict.shape == update.shape == (4,) and (predict > 0).all() and (update > 0).all()


def test_at_the_longest_horizon_every_step_goes_back_as_far_as_it_may() -> None:
    decoder = Model(cell="rnn", units=3, inputs=4, rule="rtrl").build(worst=True)
    sample(decoder, 10)
    assert decoder.rule.tol == 0.0  # type: ignore[attr-defined]
    assert decoder.learner.reports[-1, 0, 0] == 60  # type: ignore[attr-defined]


@pytest.mark.parametrize("cell", ["gru", "leaky_rnn"])
def test_a_saved_decoder_is_timed_at_its_own_sizes_and_left_as_it_was(cell: str, tmp_path: Path) -> None:
    file = tmp_path / "a.pt"
    Model(cell=cell, units=5, inputs=7, axes=3).build().save(file)
    before = file.read_bytes()
    found = latency(Model(), path=file, bins=5, search=False)
    sizes = {k: found["decoder"][k] for k in ("units", "inputs", "axes")}
    assert sizes == {"units": 5, "inputs": 7, "axes": 3} and found["decoder"]["trained"]
    assert found["decoder"]["engine"] == ("compiled" if cell == "gru" else "reference")
    assert file.read_bytes() == before and found["largest"] is None


def bad_file(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_text("not weights")
    open_decoder(tmp_path / "a.pt", "gru")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda p: Model(cell="gro"), "cell is 'gro'"),
        (lambda p: Model(rule="exact"), "rule is 'exact'"),
        (lambda p: Model(optimizer="best"), "optimizer is 'best'"),
        (lambda p: Model(engine="fast"), "engine is 'fast'"),  # type: ignore[arg-type]
        (lambda p: Model(units=0), "units is 0"),
        (lambda p: latency(SMALL, bin_ms=0.0), "bin_ms is 0"),
        (lambda p: latency(SMALL, bin_ms=float("nan")), "bin_ms is nan"),
        (lambda p: latency(SMALL, bins=0), "bins is 0"),
        (lambda p: open_decoder(p / "none.pt", "gru"), "no such file"),
        (bad_file, "not a saved decoder"),
    ],
)
def test_bad_input_is_told(call: Callable[[Path], object], told: str, tmp_path: Path) -> None:
    with pytest.raises(NeurodriftError, match=told):
        call(tmp_path)


def test_the_command_prints_lines_or_json_and_writes_the_same(tmp_path: Path) -> None:
    few = ["--units", "3", "--inputs", "4", "--bins", "5", "--no-largest", "--engine", "reference"]
    out = tmp_path / "a.json"
    run = CliRunner().invoke(command, [*few, "--json", "--out", str(out), "--bin-ms", "7.5"])
    assert run.exit_code == 0, run.output
    got = json.loads(out.read_text())
    assert json.loads(run.stdout) == got
    assert set(got["missed"]) == {"7.5 ms", "10 ms", "20 ms", "50 ms"} and got["machine"]["cores"]
    lines = CliRunner().invoke(command, few)
    assert "gru, 3 units, 4 channels" in lines.stdout and "slowest" in lines.stdout
    with pytest.raises(NeurodriftError, match="does not exist"):
        CliRunner().invoke(command, [*few, "--out", str(tmp_path / "no" / "a.json")], catch_exceptions=False)


def test_the_engine_that_is_named_is_the_one_that_runs() -> None:
    assert type(Model(units=3, inputs=4, engine="reference").build().learner) is Learner
    assert isinstance(Model(units=3, inputs=4).build(), RecurrentDecoder) and "gru" in CELLS
