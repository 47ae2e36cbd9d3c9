"""What the engine itself costs: keys, plans, edits, the overhead of a run, parallel branches, memory.

    python benchmarks/engine.py [NODES]

Seconds depend on the machine; the two columns that count are milliseconds per node and ratios, which
were measured in one run. The targets stand beside the figures.
"""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from nodegraph import Audio, Progress, Range, no_progress, node
from nodegraph.cache import Cache
from nodegraph.document import Document
from nodegraph.document_file import from_json, to_json
from nodegraph.errors import Cancelled
from nodegraph.execute import plan, run
from nodegraph.graph import Graph, Link, Node
from nodegraph.library import Library
from nodegraph.perform import Session
from nodegraph.recipe import Places, make_recipes
from nodegraph.spec import read_spec

RATE = 44100


@node(version=1, kind="source")
def source(*, length_s: float = 0.01, seed: int = 0) -> Audio:
    """Give noise."""
    return Audio.from_array(np.random.default_rng(seed).uniform(-0.5, 0.5, int(length_s * RATE)), RATE)


@node(version=1, kind="cheap")
def cheap(audio: Audio, *, factor: Annotated[float, Range(0, 2, unit="×")] = 1.0) -> Audio:
    """Do next to nothing."""
    return Audio(audio.samples * np.float32(factor), audio.sample_rate)


@node(version=1, kind="heavy")
def heavy(audio: Audio, *, rounds: int = 30, progress: Progress = no_progress) -> Audio:
    """Work in numpy, which lets other threads run meanwhile."""
    block = np.resize(audio.samples.astype(np.float64), 1 << 18)
    for done in range(rounds):
        progress(done / rounds)
        block = np.fft.irfft(np.fft.rfft(block))
    return Audio.from_array(block[: audio.frames], audio.sample_rate)


LIBRARY = Library([read_spec(function) for function in (source, cheap, heavy)])


def chain(count: int, length_s: float = 0.01) -> Graph:
    """Return a source and cheap nodes after it, each a little different."""
    names = ["source", *(f"n{number}" for number in range(1, count))]
    nodes = {name: Node("cheap", {"factor": 0.9 + number * 1e-5}) for number, name in enumerate(names)}
    nodes["source"] = Node("source", {"length_s": length_s})
    links = (Link(a, "audio", b, "audio") for a, b in pairwise(names))
    return Graph(nodes, tuple(links))


def milliseconds(action: Callable[[], object], times: int = 15) -> float:
    """Return the median duration of an action, after one to warm up (ms)."""
    action()
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begin)
    return 1000 * statistics.median(taken)


def row(what: str, value: float, unit: str, target: float | None = None) -> None:
    """Print a figure beside its target."""
    verdict = "" if target is None else f"target ≤ {target:g}" + ("" if value <= target else "   MISSED")
    print(f"  {what:<58}{value:9.3f} {unit:<8}{verdict}")


def resident_mb() -> float:
    """Return the anonymous memory of this process: mapped results are not in it (MB)."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("RssAnon"))


def planning(count: int, folder: Path) -> None:
    """Keys, plan, edits and files."""
    made = chain(count)
    document = Document(made)
    session = Session(LIBRARY, Cache(folder / "planning"), name="bench")
    last = f"n{count - 1}"
    ledger = session.cache.ledger
    row(
        "keys of all nodes", milliseconds(lambda: make_recipes(made, LIBRARY, ledger, Places(), [last])), "ms"
    )
    row("keys and plan, nothing cached", milliseconds(lambda: plan(document, session)), "ms", 50)
    run(document, session)
    session.cache.flush()
    row("keys and plan, all cached", milliseconds(lambda: plan(document, session)), "ms", 50)
    changed = made.set_param("source", "length_s", 0.02, LIBRARY)
    row(
        "keys and plan after a change at the source",
        milliseconds(lambda: plan(Document(changed), session)),
        "ms",
        50,
    )
    row("set a parameter", milliseconds(lambda: made.set_param("n5", "factor", 1.5, LIBRARY)), "ms")
    row("move a node", milliseconds(lambda: document.move("n5", 1, 2)), "ms")
    row("add a node", milliseconds(lambda: made.add("new", Node("cheap"))), "ms", 50)
    added = made.add("new", Node("cheap"))
    link = Link(last, "audio", "new", "audio")
    row("judge a link", milliseconds(lambda: added.link_problem(link, LIBRARY)), "ms")
    row("connect", milliseconds(lambda: added.connect(link, LIBRARY)), "ms", 50)
    row("remove a node", milliseconds(lambda: made.remove("n5")), "ms", 50)
    row("problems of all nodes", milliseconds(lambda: made.problems(LIBRARY)), "ms")
    text = to_json(document)
    row("to JSON", milliseconds(lambda: to_json(document)), "ms")
    row("from JSON", milliseconds(lambda: from_json(text, LIBRARY)), "ms")


def overhead(count: int, folder: Path) -> None:
    """What a run costs beside what its nodes do."""
    for length_s in (0.01, 1.0):
        cache = Cache(folder / f"overhead {length_s}")
        session = Session(LIBRARY, cache, name="bench")
        document = Document(chain(count, length_s))
        nodes = list(document.graph.order)
        value = source(length_s=length_s)
        begin = time.perf_counter()
        for name in nodes[1:]:
            value = cheap(value, factor=float(document.graph.nodes[name].params["factor"]))
        plainly = time.perf_counter() - begin
        gc.collect()
        before = resident_mb()
        begin = time.perf_counter()
        result = run(document, session)
        took = time.perf_counter() - begin
        assert len(result.ran) == count
        row(
            f"overhead of a run per node, {length_s:g} s of sound", 1000 * (took - plainly) / count, "ms", 1.0
        )
        row("  (the functions alone, per node)", 1000 * plainly / count, "ms")
        row("  memory more after the run", resident_mb() - before, "MB")
        begin = time.perf_counter()
        cache.flush()
        row("  until all is durable, per node", 1000 * (time.perf_counter() - begin) / count, "ms")
        row("  memory more after that", resident_mb() - before, "MB")
        row("  a run in which nothing changed", milliseconds(lambda d=document, s=session: run(d, s)), "ms")


def side_by_side(folder: Path) -> None:
    """Two branches of equal work, one after the other and together."""
    taken: dict[int, list[float]] = {1: [], 2: []}
    # What a single thread takes when the other processor is busy too: the machine's own limit.
    for seed in range(6):
        for workers in (1, 2):
            nodes = {"s": Node("source", {"length_s": 5.0, "seed": seed})}
            nodes |= {name: Node("heavy", {"rounds": 60 + number}) for number, name in enumerate("ab")}
            made = Graph(nodes, tuple(Link("s", "audio", name, "audio") for name in "ab"))
            session = Session(LIBRARY, Cache(folder / f"side {seed} {workers}"))
            begin = time.perf_counter()
            run(Document(made), session, workers=workers)
            taken[workers].append(time.perf_counter() - begin)
    ratios = [two / one for one, two in zip(taken[1], taken[2], strict=True)]
    row("two heavy branches, one worker", statistics.median(taken[1]), "s")
    row("two heavy branches, two workers", statistics.median(taken[2]), "s")
    row("  ratio (median of pairs)", statistics.median(ratios), "", 0.65)


def cancelling(folder: Path) -> None:
    """How long a cancel takes until `run` returns."""
    taken = []
    for seed in range(8):
        cancel, at = threading.Event(), [0.0]
        nodes = {"s": Node("source", {"seed": seed, "length_s": 5.0}), "h": Node("heavy", {"rounds": 10_000})}
        made = Graph(nodes, (Link("s", "audio", "h", "audio"),))

        def stop(cancel: threading.Event = cancel, at: list[float] = at) -> None:
            at[0] = time.perf_counter()
            cancel.set()

        threading.Timer(0.3, stop).start()
        try:
            run(Document(made), Session(LIBRARY, Cache(folder / "cancel")), cancel=cancel)
        except Cancelled:
            taken.append(time.perf_counter() - at[0])
    row("cancel, the longest of eight", 1000 * max(taken), "ms", 200)


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory(prefix="regroove-bench-") as name:
        folder = Path(name)
        print(f"A chain of {count} nodes")
        planning(count, folder)
        print("A run of it")
        overhead(count, folder)
        print("Threads")
        side_by_side(folder)
        cancelling(folder)


if __name__ == "__main__":
    main()
