"""`make bench-ai`: measures what the product promises of the learned models, one table after the other.

`python -m benchmarks.ai NAME …` runs only those. They need the extra `ai`.
"""

from __future__ import annotations

import sys

from benchmarks.one_by_one import run_each

NAMES = ("separation", "spleeter", "pitch", "speech")

if __name__ == "__main__":
    sys.exit(run_each(NAMES))
