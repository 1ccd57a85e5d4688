"""A Dask scheduler with real workers, one of them killed halfway: no finished row is lost, and the rest is done."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from neurodrift.benchmark import parse_spec, run_benchmark
from neurodrift.benchmark.replay import parse_replay, run_replay
from neurodrift.data import write_session
from neurodrift.errors import NeurodriftError
from neurodrift.simulation import simulate_days

distributed = pytest.importorskip("distributed", reason="Dask comes with the extra neurodrift[dask]")

REPLAY = {
    "seeds": 4,
    "methods": ["kalman", "rls"],
    "world": {"n_channels": 24, "days": 4, "minutes": 0.5, "calibration": 1.0, "severity": 1.0},
}


def rows_of(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "rows.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_worker_killed_halfway_loses_nothing(tmp_path: Path) -> None:
    spec, out, killed = parse_replay(REPLAY), tmp_path / "run", []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        pids = [w.process.pid for w in cluster.workers.values()]

        def kill() -> None:
            """After the first finished unit, whichever worker it was."""
            while not (out / "rows.jsonl").exists() or not (out / "rows.jsonl").read_text():
                time.sleep(0.02)
            killed.append((out / "rows.jsonl").read_text())
            os.kill(pids[0], signal.SIGKILL)

        thread = threading.Thread(target=kill)
        thread.start()
        result = run_replay(spec, out, scheduler=cluster.scheduler_address)
        thread.join()
    rows = rows_of(out)
    keys = {(r["method"], r["seed"], r["day"], r["metric"]) for r in rows}
    assert len(keys) == len(rows)
    assert {k[:3] for k in keys} == {
        (m, s, d) for m in ("kalman", "rls") for s in range(4) for d in range(1, 5)
    }
    before = [json.loads(line) for line in killed[0].splitlines()]
    assert before and len(before) < len(rows) and all(r in rows for r in before)
    alone = run_replay(spec, tmp_path / "alone", jobs=1)
    for c, d in zip(result.summary["comparisons"], alone.summary["comparisons"], strict=True):
        assert c["measures"]["throughput"] == d["measures"]["throughput"], "where it ran decides nothing"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_benchmarks_grid_runs_on_the_same_workers(tmp_path: Path) -> None:
    for i, session in enumerate(simulate_days(2, minutes=2.0, seed=3)):
        write_session(session, tmp_path / f"day-{i}.nwb")
    spec = parse_spec(
        {
            "seeds": 2,
            "data": {"train": ["day-0.nwb"], "test": ["day-1.nwb"]},
            "decoder": {"cell": "rnn", "n_units": 8},
            "methods": {"adapted": [{"rule": "immediate", "optimizer": "rmsprop", "lr": 1e-3}]},
        }
    )
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        there = run_benchmark(
            spec, tmp_path / "there", spec_folder=tmp_path, scheduler=cluster.scheduler_address
        )
    here = run_benchmark(spec, tmp_path / "here", spec_folder=tmp_path)
    for c, d in zip(there.summary["comparisons"], here.summary["comparisons"], strict=True):
        assert (c["method"], c["r2"]) == (d["method"], d["r2"])


def test_a_scheduler_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(NeurodriftError, match=r"tcp://127\.0\.0\.1:1"):
        run_replay(parse_replay(REPLAY), tmp_path, scheduler="tcp://127.0.0.1:1")
