"""Runs benchmarks one after the other, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence


def run_each(known: Sequence[str], words: Mapping[str, Sequence[str]] | None = None) -> int:
    """Run those that the command line names, by default all; return how many failed.

    Parameters
    ----------
    known : sequence of str
        Modules of this package.
    words : mapping of str to sequence of str, optional
        What a module is told on its own command line.
    """
    chosen = sys.argv[1:] or known
    unknown = [name for name in chosen if name not in known]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(known)}.")
        return 2
    failed = 0
    for name in chosen:
        print(f"\n== {name}", flush=True)
        begin = time.perf_counter()
        command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{name}", *(words or {}).get(name, ())]
        code = subprocess.run(command, check=False).returncode
        failed += code != 0
        print(f"-- {name}: {'failed' if code else 'done'} in {time.perf_counter() - begin:.0f} s")
    return failed
