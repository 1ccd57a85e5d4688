"""The claims of the two papers, put to the test: the same calls as `neurodrift reproduce`, in the open.

python scripts/reproduce_papers.py --quick sine_shift
"""

from __future__ import annotations

import argparse
from pathlib import Path

from neurodrift.benchmark.reproduce import reproduce
from neurodrift.errors import NeurodriftError
from neurodrift.report.studies import figure_text, paper_text, write_studies
from neurodrift.studies import STUDIES


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("studies", nargs="*", help=f"some of {', '.join(STUDIES)} [all]")
    parser.add_argument("--quick", action="store_true", help="small networks, few seeds")
    parser.add_argument("--seeds", type=int, help="seeds of every study [its protocol's]")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--out", type=Path, default=Path("neurodrift-results/reproduce"))
    given = parser.parse_args()
    result = reproduce(
        given.studies,
        given.out,
        quick=given.quick,
        seeds=given.seeds,
        jobs=given.jobs,
        progress=lambda stage, done, of: print(f"{stage}: {done} of {of}"),
    )
    for claim in result.summary:
        print(f"{claim['study']}: {claim['says']}")
        print(
            f"    paper {paper_text(claim['paper'])}; ours {figure_text(claim['ours'])}; {claim['verdict']}"
        )
        print(f"    {claim['why']}")
    print(write_studies(given.out))


if __name__ == "__main__":
    try:
        main()
    except NeurodriftError as error:
        raise SystemExit(str(error)) from None
