"""`make bench`: measures what the product promises, one table after the other.

`python -m benchmarks NAME …` runs only those. The restoration table comes first and is written to
RESULTS.md; the long ones (an hour of sound, thousands of damaged graphs, a hundred kills) run last.
"""

from __future__ import annotations

import sys

from benchmarks.one_by_one import run_each

NAMES = (
    "restoration",
    "engine",
    "chain",
    "hpss",
    "levels",
    "canvas",
    "editor",
    "clips",
    "listening",
    "memory",
    "fuzz_documents",
    "crash",
)

if __name__ == "__main__":
    sys.exit(run_each(NAMES, {"restoration": ["--write"]}))
