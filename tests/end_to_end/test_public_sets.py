"""One command from a set's name to a report, on an archive on 127.0.0.1; and the commands about public sets."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.ecephys import ElectricalSeries
from pynwb.file import Subject

from neurodrift.cli import cli
from neurodrift.data.catalogue import find_entry
from neurodrift.data.dandi import Unreachable
from neurodrift.data.session import Session
from neurodrift.errors import NeurodriftError, NeurodriftWarning
from neurodrift.simulation import simulate_days
from tests.loopback import Fault, Loopback, loopback

LINK = find_entry("link")
DAYS = (0, 1, 8, 31)


def link_twin(session: Session, start: datetime, path: Path) -> Path:
    """A session as LINK's files of 2025 keep it: all in /analysis, bins of 20 ms by timestamps, no units."""
    nwb = NWBFile(
        "LINK twin", path.stem, start, subject=Subject(subject_id="Monkey-N", species="Macaca mulatta")
    )
    device = nwb.create_device(name="array")
    group = nwb.create_electrode_group("M1", "array", "M1", device)
    for _ in session.channels:
        nwb.add_electrode(location="M1", group=group)
    region = nwb.create_electrode_table_region(list(range(len(session.channels))), "all")
    clock = {"timestamps": session.times}
    for name, column in (("index", 0), ("mrs", 1)):
        speed = session.behavior[:, [column]].astype(float) * session.bin_width
        nwb.add_analysis(
            TimeSeries(name=f"{name}_velocity", data=speed, unit="flexion units per time bin", **clock)
        )
        place = np.cumsum(speed, axis=0)
        nwb.add_analysis(TimeSeries(name=f"{name}_position", data=place, unit="flexion units", **clock))
    power = np.sqrt(session.counts + 0.3)
    for name, data in (("ThresholdCrossings", session.counts), ("SpikingBandPower", power)):
        nwb.add_analysis(ElectricalSeries(name=name, data=data.astype(float), electrodes=region, **clock))
    for row in session.trials.itertuples():
        nwb.add_trial(start_time=row.start_time, stop_time=row.stop_time)
    with NWBHDF5IO(str(path), "w") as io:
        io.write(nwb)
    return path


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    folder = tmp_path_factory.mktemp("twins")
    with loopback() as running:
        for after, session in zip(
            DAYS, simulate_days(4, minutes=1.0, n_channels=24, bin_width=0.02, seed=3), strict=True
        ):
            start = datetime.fromisoformat("2020-01-27T10:00:00+00:00") + timedelta(days=after)
            name = f"sub-Monkey-N_ses-{start:%Y%m%d}_ecephys.nwb"
            running.put(
                LINK.id,
                LINK.version,
                f"sub-Monkey-N/{name}",
                link_twin(session, start, folder / name).read_bytes(),
            )
        yield running


@pytest.fixture(autouse=True)
def places(archive: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEURODRIFT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NEURODRIFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DANDI_INSTANCE", archive.url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


def run(*arguments: object, say: str = "") -> Result:
    """In this process, which has imported what takes seconds to import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurodriftWarning)  # silent channels of the twins
        result = CliRunner().invoke(cli, [str(a) for a in arguments], input=say)
    if result.exception and not isinstance(result.exception, (SystemExit, NeurodriftError)):
        raise result.exception
    return result


@pytest.mark.slow
def test_from_a_name_to_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ("benchmark", "link", "--sessions", 2, "--seeds", 1, "--jobs", 1)
    asked = run(*command, say="n\n")
    assert asked.exit_code == 1 and "2 sessions" in asked.stdout and "Fetch them?" in asked.stdout
    assert not list(tmp_path.rglob("*.nwb")), "fetched without being told to"
    done = run(*command, "--yes")
    assert done.exit_code == 0, done.output
    assert [f.name[-20:-12] for f in sorted(tmp_path.rglob("*.nwb"))] == ["20200127", "20200128"]
    (report,) = tmp_path.rglob("report.html")
    assert "LINK" in report.read_text(encoding="utf-8")
    (summary,) = tmp_path.rglob("summary.json")
    assert not json.loads(summary.read_text(encoding="utf-8"))["simulated"]
    monkeypatch.setenv("DANDI_INSTANCE", "http://127.0.0.1:9/api")
    again = run(*command)
    assert (
        again.exit_code == 0 and "2 of 2 chosen files are here" in again.output and "reused" in again.output
    )


def test_fetch_shows_the_size_and_a_dry_run_fetches_nothing(archive: Loopback, tmp_path: Path) -> None:
    before = archive.sent
    shown = run("fetch", "link", "--after", "2020-01-28", "--before", "20200204", "--dry-run")
    assert shown.exit_code == 0 and "2 sessions" in shown.stdout and "0 here, 2 to fetch" in shown.stdout
    assert len(re.findall(r"fetch .*B  sub-Monkey-N/", shown.stdout)) == 2 and archive.sent == before
    assert not (tmp_path / "data").exists()


def test_interrupted_it_stops_at_once_and_continues_later(archive: Loopback, tmp_path: Path) -> None:
    path = min(archive.sets[LINK.id][LINK.version])
    archive.faults[path] = Fault(delay=25)
    # A program started in the background of a script ignores SIGINT: this one must not.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from neurodrift.cli import main; main()"
    command = [sys.executable, "-c", code, "fetch", "link", "--limit", "2"]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        while started.poll() is None and not list(tmp_path.rglob("*0128_ecephys.nwb")):
            time.sleep(0.05)
        started.send_signal(signal.SIGINT)
        archive.faults.clear()
        _, said = started.communicate(timeout=20)  # less than the answer takes
    finally:
        archive.faults.clear()
        started.kill()
    assert started.returncode == 130 and "The same command continues" in said and "Traceback" not in said
    done = run("fetch", "link", "--limit", 2)
    assert done.exit_code == 0 and "1 here, 1 to fetch" in done.stdout and "verified" in done.stdout


def test_streaming_reads_what_is_needed_and_keeps_it(
    archive: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ("stream", "link", "--limit", 1, "--behavior", "mrs_velocity")
    first, second = run(*call), run(*call)
    assert "3000 bins of 0.02 s, 24 channels, mrs_velocity" in first.stdout, first.output
    assert " crossed the network" in first.stdout and "nothing crossed the network" in second.stdout
    assert not list(tmp_path.rglob("*.nwb"))
    listed = run("cache")
    assert "behavior mrs_velocity" in listed.stdout and "1 sessions" in listed.stdout
    assert "Neural data" in run("stream", "link", "--limit", 1, "--inspect").stdout
    monkeypatch.setenv("DANDI_INSTANCE", "http://127.0.0.1:9/api")
    offline = run(*call)
    assert "3000 bins" in offline.stdout and "cannot be reached" in offline.stdout
    other = run("stream", "link", "--limit", 1, "--behavior", "index_velocity")
    assert isinstance(other.exception, Unreachable) and "was not read in this way" in str(other.exception)
    assert "1 sessions" in run("cache", "--clear").stdout
    assert not list((tmp_path / "cache").rglob("*.h5"))


def test_the_script_that_fills_the_catalogue(archive: Loopback, tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "scripts" / "fill_catalogue.py"
    command = [sys.executable, str(script), "link", "mc_rtt", "--api", archive.url, "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "link: 4 of 4 files with sha256" in done.stdout and "2020-01-27 to 2020-02-27" in done.stdout
    assert "mc_rtt: " in done.stdout and "A citation" in done.stdout
    filled = json.loads((tmp_path / "link.json").read_text())
    for path, content in archive.sets[LINK.id][LINK.version].items():
        assert filled[path] == {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("fetch", "lnik"), "did you mean link"),
        (("fetch", "link", "--subject", "Q"), "no session is chosen. There are 4 sessions"),
        (("benchmark", "mc_rtt"), "there are ready ones for link, perich_miller"),
        (("benchmark", "nonsense"), "no such spec file"),
        (("benchmark", "spec.toml", "--yes"), "go with a ready spec"),
        (("stream", "http://127.0.0.1:9/x.nwb"), "is there a network"),
    ],
)
def test_what_cannot_be_done_is_one_line(call: tuple[str, ...], says: str) -> None:
    done = run(*call)
    assert isinstance(done.exception, NeurodriftError)
    assert says in str(done.exception) and "\n" not in str(done.exception)
