"""docs/studies from stored rows: pages, figures, and the table claim by claim.

python scripts/study_pages.py                 # from docs/studies/rows
python scripts/study_pages.py DIR [DIR ...]   # takes the rows of finished `neurodrift reproduce --out DIR` runs first
"""

from __future__ import annotations

import sys
from pathlib import Path

from neurodrift.report.study_pages import keep_rows, write_pages

DOCS = Path(__file__).resolve().parents[1] / "docs" / "studies"

if __name__ == "__main__":
    for folder in sys.argv[1:]:
        print(f"rows of {', '.join(keep_rows(Path(folder), DOCS))} from {folder}")
    print("\n".join(map(str, write_pages(DOCS))))
