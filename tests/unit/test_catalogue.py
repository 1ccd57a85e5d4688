"""The catalogue says nothing twice and nothing impossible; paths are read as written; ready specs choose as they say."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from neurodrift.benchmark import Spec
from neurodrift.benchmark.pairs import load_pair
from neurodrift.benchmark.ready import ready_names, ready_spec
from neurodrift.cli import cli
from neurodrift.data import LAYOUTS
from neurodrift.data.catalogue import catalogue, facts_of, find_entry
from neurodrift.data.dandi import Asset
from neurodrift.data.fetch import Choice, fetch, open_plan
from neurodrift.errors import NeurodriftError
from tests.loopback import Loopback
from tests.twins import TWINS

ENTRIES = catalogue().values()
PATHS = [
    ("perich_miller", "sub-C/sub-C_ses-CO-20131003_behavior+ecephys.nwb", "C", "CO", None, "2013-10-03"),
    ("perich_miller", "sub-M/sub-C_ses-CO-20131003_behavior+ecephys.nwb", *[None] * 4),
    ("link", "sub-Monkey-N/sub-Monkey-N_ses-20200127_ecephys.nwb", "Monkey-N", None, None, "2020-01-27"),
    ("falcon_m1", "sub-MonkeyL-held-out-calib/sub-MonkeyL-held-out-calib_ses-20121004_behavior+ecephys.nwb", "MonkeyL", None, "held-out-calib", "2012-10-04"),
    ("falcon_m2", "sub-MonkeyN-held-in-minival/sub-MonkeyN-held-in-minival_ses-2020-10-19-Run1_behavior+ecephys.nwb", "MonkeyN", None, "held-in-minival", "2020-10-19"),
    ("falcon_h1", "sub-HumanPitt-held-in-calib/sub-HumanPitt-held-in-calib_ses-19250101T111740.nwb", "HumanPitt", None, "held-in-calib", "1925-01-01"),
    ("mc_maze_large", "sub-Jenkins/sub-Jenkins_ses-large_desc-test_ecephys.nwb", "Jenkins", None, "test", "2009-10-06"),
    ("mc_rtt", "sub-Indy/sub-Indy_desc-train_behavior+ecephys.nwb", "Indy", None, "train", "2017-02-02"),
    ("churchland_maze", "sub-Nitschke/sub-Nitschke_ses-20090910_behavior+ecephys.nwb", "Nitschke", None, None, "2009-09-10"),
    ("indy_loco", "indy_20160407_02.mat", "indy", None, None, "2016-04-07"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "subject", "task", "split", "day"), PATHS)
def test_paths_say_what_they_say(
    name: str, path: str, subject: str | None, task: str | None, split: str | None, day: str | None
) -> None:
    facts = facts_of(find_entry(name), path)
    if subject is None:
        assert facts is None
    else:
        assert facts is not None and facts.date is not None
        assert (facts.subject, facts.task, facts.split, facts.date.isoformat()) == (subject, task, split, day)
        archive = Loopback()
        entry = find_entry(name)
        archive.put(entry.id, "1", path, b"x")
        listed = archive.answer(f"/api/dandisets/{entry.id}/versions/1/assets/", {"glob": entry.glob})
        assert listed and listed["count"] == 1, "the archive's glob finds what the pattern takes"


@pytest.mark.parametrize("entry", ENTRIES, ids=catalogue())
def test_entries_are_possible_and_found(entry) -> None:  # type: ignore[no-untyped-def]
    assert find_entry(entry.name) is entry is find_entry(entry.id) is find_entry(entry.name.upper())
    assert entry.layout in {"", *LAYOUTS}
    counted = [s.count or len(s.dates) for s in entry.sessions]
    if entry.files and all(counted):
        # One more than a set's sessions may be counted where a day has two.
        assert sum(counted) <= entry.files
    for s in entry.sessions:
        assert s.first is None or (s.last is not None and s.first <= s.last)
        assert not s.dates or s.dates == sorted(set(s.dates))
    assert entry.version in ("", "draft") or entry.version.count(".") == 2
    assert entry.version != "draft"


@pytest.mark.parametrize("name", [None, *catalogue()])
def test_the_command_says_it_all(name: str | None) -> None:
    said = CliRunner().invoke(cli, ["catalogue", *([name] if name else [])], env={"COLUMNS": "400"})
    assert said.exit_code == 0 and "None" not in said.stdout
    told = json.loads(CliRunner().invoke(cli, ["catalogue", *([name] if name else []), "--json"]).stdout)
    for entry in told:
        for text in (entry["name"], entry["id"], entry["title"], *(entry["traps"] if name else [])):
            assert text in said.stdout
    assert len(told) == (1 if name else len(catalogue()))


def test_another_dandiset_may_be_named_by_its_number() -> None:
    assert find_entry("000999").id == "000999" and find_entry("DANDI:000688").name == "perich_miller"
    with pytest.raises(NeurodriftError, match="did you mean link"):
        find_entry("lnk")


def listing(name: str, days: list[int]) -> list[Asset]:
    at = [date(2020, 1, 1) + timedelta(days=d) for d in days]
    path = {"link": "sub-Monkey-N/sub-Monkey-N_ses-{}_ecephys.nwb", "perich_miller": "sub-M/sub-M_ses-CO-{}_behavior+ecephys.nwb"}  # fmt: skip
    return [Asset(path[name].format(f"{d:%Y%m%d}"), 1) for d in at]


@pytest.mark.parametrize("name", ready_names())
@given(days=st.lists(st.integers(0, 1500), min_size=2, max_size=40, unique=True))
def test_a_ready_spec_tests_the_nearest_days(name: str, days: list[int]) -> None:
    ready = ready_spec(name)
    picked = ready.pick(ready.entry, listing(name, days))
    at = [(facts_of(ready.entry, a.path).date - date(2020, 1, 1)).days for a in picked]  # type: ignore[union-attr,operator]
    later = sorted(days)[1:]
    assert at[0] == min(days) and at == sorted(set(at))
    for wanted in ready.test_after_days:
        best = min(abs(d - at[0] - wanted) for d in later)
        assert any(abs(d - at[0] - wanted) == best for d in at[1:])
    assert len(at) <= 1 + len(ready.test_after_days)


@pytest.mark.parametrize("name", ready_names())
def test_a_ready_spec_is_a_spec(name: str) -> None:
    ready = ready_spec(name)
    spec = Spec.model_validate(
        {**ready.content, "data": {**ready.content["data"], "train": ["a"], "test": ["b"]}}
    )
    assert spec.name and ready.choice.limit is None and find_entry(name) == ready.entry
    assert spec.data.neural in ready.entry.neural
    assert set((spec.data.behavior or "").split("+")) <= set(ready.entry.behavior)
    with pytest.raises(NeurodriftError, match="2 dated sessions or more"):
        ready.pick(ready.entry, listing(name, [3]))
    with pytest.raises(NeurodriftError, match="leaves none to test"):
        ready_spec(name, 1)


@pytest.mark.parametrize(("name", "twin"), [("link", "link_2025"), ("perich_miller", "perich_miller_co")])
@pytest.mark.filterwarnings("ignore::neurodrift.NeurodriftWarning")
def test_a_ready_spec_reads_its_layout(name: str, twin: str, tmp_path: Path, archive: Loopback) -> None:
    ready = ready_spec(name)
    for asset in listing(name, [0, 1, 30]):
        TWINS[twin](tmp_path / "twin.nwb")
        archive.put(
            ready.entry.id, ready.entry.version + "t", asset.path, (tmp_path / "twin.nwb").read_bytes()
        )
    with open_plan(
        ready.entry, ready.pick, to=tmp_path, api=archive.url, version=ready.entry.version + "t"
    ) as plan:
        assert [p.is_file() for p in fetch(plan)] == [True] * 3
        spec = ready.spec(plan)
    pair = load_pair(spec, tmp_path, spec.data.test[0])
    assert len(spec.data.train) == 1 and len(spec.data.test) == 2
    assert pair.test.counts.shape[1] == len(pair.match.shared) and pair.test.behavior.shape[1] == 2
    if spec.data.trials:
        assert set(pair.test.trials["result"].iloc[np.unique(pair.test.trial)]) == {"R"}


DAYS = st.dates(date(2020, 1, 1), date(2020, 3, 1)) | st.none()


@given(
    days=st.lists(st.integers(0, 60), min_size=1, unique=True),
    after=DAYS,
    before=DAYS,
    limit=st.integers(1, 9),
)
def test_choosing_by_day(days: list[int], after: date | None, before: date | None, limit: int) -> None:
    assets = listing("link", days)
    wanted = sorted(
        a.path
        for a, d in zip(assets, days, strict=True)
        if (after or date.min) <= date(2020, 1, 1) + timedelta(days=d) <= (before or date.max)
    )[:limit]
    choice = Choice(after=after, before=before, limit=limit)
    if wanted:
        assert [a.path for a in choice.of(find_entry("link"), assets)] == wanted
    else:
        with pytest.raises(NeurodriftError, match="no session is chosen"):
            choice.of(find_entry("link"), assets)
