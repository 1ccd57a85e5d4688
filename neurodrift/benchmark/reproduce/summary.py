"""From rows to summary.json: a claim of a paper, its figure, ours, and the verdict."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from neurodrift.studies import STUDIES

__all__ = ["summary_of"]


def summary_of(rows: Mapping[str, Sequence[Mapping[str, Any]]], quick: bool) -> list[dict[str, Any]]:
    """One entry a claim, from the rows of each study by name."""
    entries = []
    for name, mine in rows.items():
        study = STUDIES[name]()
        answers = {answer.claim: answer for answer in study.answer([dict(row) for row in mine])}
        for claim in study.claims:
            answer = answers[claim.name]
            entries.append(
                {
                    "study": name,
                    "claim": claim.name,
                    "says": claim.says,
                    "source": f"arXiv:{claim.source}",
                    "paper": claim.paper,
                    "ours": dataclasses.asdict(answer.ours),
                    "verdict": answer.verdict,
                    "why": answer.why,
                    "settings": study.settings,
                    "protocol": mine[0]["protocol"] if mine else None,
                    "quick": quick,
                }
            )
    return entries
