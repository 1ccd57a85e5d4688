"""Every study: claims with a source, a protocol, plain jobs, and answers that follow from rows."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable

import pytest

from neurodrift import studies
from neurodrift.studies import STUDIES, Study
from neurodrift.studies.base import (
    FAILS,
    HOLDS,
    IN_PART,
    NOT_RUN,
    UNDEFINED,
    _text,
    protocol,
    protocol_digest,
)

every = pytest.mark.parametrize("make", STUDIES.values(), ids=list(STUDIES))
VERDICT = re.compile(f"({HOLDS}|{IN_PART}|{FAILS}|({NOT_RUN}|{UNDEFINED}): .+)")


@every
def test_claims_name_a_paper_and_what_it_says(make: Callable[[], Study]) -> None:
    study = make()
    assert STUDIES[study.name] is make and study.title and len(study.settings) > 80
    assert study.claims and len({c.name for c in study.claims}) == len(study.claims)
    for claim in study.claims:
        assert claim.source in ("2603.15195", "2603.28750") and len(claim.says) > 15
        assert isinstance(claim.paper, str) or math.isfinite(claim.paper)


@every
@pytest.mark.parametrize("quick", [True, False])
def test_jobs_are_plain_distinct_and_obey_seeds(make: Callable[[], Study], quick: bool) -> None:
    study = make()
    jobs = study.jobs(quick, None)
    texts = [json.dumps(job, sort_keys=True, allow_nan=False) for job in jobs]
    assert jobs and len(set(texts)) == len(texts)
    assert [json.loads(json.dumps(job)) for job in jobs] == jobs
    assert jobs == study.jobs(quick, None)
    if "seeds" in protocol(study.name, quick):
        assert study.jobs(quick, 3) != jobs or protocol(study.name, quick)["seeds"] == 3


@every
def test_the_protocol_holds_a_full_and_a_quick_form(make: Callable[[], Study]) -> None:
    name = make().name
    table = tomllib.loads(_text(name))
    assert table["study"] == name and set(table["quick"]) <= set(table["full"])
    assert re.fullmatch("[0-9a-f]{64}", protocol_digest(name))


def test_nothing_is_registered_twice() -> None:
    assert len({make().name for make in STUDIES.values()}) == len(STUDIES)
    assert set(studies.__all__) >= {"STUDIES", "Study"}
