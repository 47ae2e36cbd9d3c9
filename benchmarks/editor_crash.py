"""Kill a scripted session at 50 random instants: how many edits are lost, and is the journal offered?

    python benchmarks/editor_crash.py [INSTANTS]

Prints a line for each instant and fails if any lost more than its last edit.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "editor")]

# ruff: noqa: E402 - found by the path above
import nodes
from nodegraph.document import Document
from nodegraph.editor.desk.journal import Journal
from nodegraph.editor.desk.recovery import left_behind, recover
from nodegraph.graph import Graph, Node
from nodegraph.library import Library


def kill_at_random_instants(count: int) -> bool:
    from test_crash_recovery import killed_session

    library = Library.from_package(nodes, skip=("dsp",))
    chance = random.Random(1992)
    lost = Counter[int]()
    for _instant in range(count):
        seconds, step_ms = chance.uniform(0.0, 1.5), chance.choice([5, 10, 20, 40])
        with tempfile.TemporaryDirectory() as folder:
            done = killed_session(Path(folder), seconds, step_ms)
            offered = left_behind(Path(folder) / "journals")
            kept = int(recover(offered[0], library).title) if len(offered) == 1 else 0
        lost[max(done - kept, 0)] += 1
        print(f"killed after {seconds:.2f} s, an edit each {step_ms:2} ms: edit {done} told, {kept} kept")
    print("lost edits:", ", ".join(f"{number}: {times} times" for number, times in sorted(lost.items())))
    return max(lost) <= 1


def time_of_window(nodes_count: int) -> None:
    """Print how long the window's thread is held by an edit of a graph of that size."""
    graph = Graph({f"n{number}": Node("gain", {"gain_db": 1.0}) for number in range(nodes_count)})
    document = Document(graph, positions=dict.fromkeys(graph.nodes, (0.0, 0.0)))
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder))
        took = []
        for number in range(100):
            begin = time.perf_counter()
            journal.record(document.move("n0", number, 0), None, number)
            took.append((time.perf_counter() - begin) * 1000)
            time.sleep(0.03)
        journal.close()
    took.sort()
    print(
        f"{nodes_count} nodes: an edit holds the window {took[50]:.2f} ms (median), {took[-1]:.2f} ms (most)"
    )


if __name__ == "__main__":
    for size in (12, 100, 300):
        time_of_window(size)
    sys.exit(0 if kill_at_random_instants(int(sys.argv[1]) if len(sys.argv) > 1 else 50) else 1)
