"""`make bench`: measures what the product promises, one table after the other.

`python -m benchmarks NAME …` runs only those. The restoration table comes first and is written to
RESULTS.md; the long ones (an hour of sound, thousands of damaged graphs, a hundred kills) run last.
"""

from __future__ import annotations

import subprocess
import sys
import time

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


def main() -> int:
    """Run the benchmarks, each in a process of its own; return how many failed."""
    chosen = sys.argv[1:] or NAMES
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(NAMES)}.")
        return 2
    failed = 0
    for name in chosen:
        print(f"\n== {name}", flush=True)
        begin = time.perf_counter()
        words = ["--write"] if name == "restoration" else []
        code = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", f"benchmarks.{name}", *words], check=False
        ).returncode
        failed += code != 0
        print(f"-- {name}: {'failed' if code else 'done'} in {time.perf_counter() - begin:.0f} s")
    return failed


if __name__ == "__main__":
    sys.exit(main())
