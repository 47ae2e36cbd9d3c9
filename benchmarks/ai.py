"""`make bench-ai`: measures what the product promises of the learned models, one table after the other.

`python -m benchmarks.ai NAME …` runs only those. They need the extra `ai`.
"""

from __future__ import annotations

import subprocess
import sys
import time

NAMES = ("separation", "spleeter", "pitch", "speech")


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
        command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{name}"]
        code = subprocess.run(command, check=False).returncode
        failed += code != 0
        print(f"-- {name}: {'failed' if code else 'done'} in {time.perf_counter() - begin:.0f} s")
    return failed


if __name__ == "__main__":
    sys.exit(main())
