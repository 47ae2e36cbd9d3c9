"""Kill processes at random instants and see that results and documents are whole.

    python benchmarks/crash.py [KILLS] [SEED]

Three processes render graphs into one folder of results, too small for all of them, and save one
document, over and over. One of them is killed (SIGKILL); then every entry must be readable and right
(each sound carries a seal over its own samples), the document and its backup must load and be what
somebody saved, and the next start of the cache must sweep what the dead process left.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from nodegraph import Audio, Curve, Measure, Range, Report, new_samples, node
from nodegraph.cache import Cache
from nodegraph.document import Document
from nodegraph.document_file import load_document, save_document
from nodegraph.errors import DocumentError
from nodegraph.execute import run
from nodegraph.graph import Graph, Link, Node
from nodegraph.library import Library
from nodegraph.perform import Session
from nodegraph.shelf import FACTS
from nodegraph.spec import read_spec

PROCESSES = 3
LIMIT_BYTES = 12_000_000
# A process is killed this long after it began to work, at most (s).
KILL_WITHIN_S = 0.4
# `Shelf` leaves a folder that is being made alone for this long (s).
MAKING_S = 60.0
# Another process that starts has swept what it found within this time (s).
SWEEP_WITHIN_S = 5.0
SEAL = 8


def sealed(samples: np.ndarray) -> np.ndarray:
    """Write a checksum of the other samples into the last eight, four bits each."""
    flat = samples.reshape(-1)
    checksum = zlib.crc32(np.ascontiguousarray(flat[:-SEAL]).tobytes())
    flat[-SEAL:] = [(checksum >> shift & 15) / 16 for shift in range(0, 32, 4)]
    return samples


def seal_holds(samples: np.ndarray) -> bool:
    """Return whether the checksum is right."""
    return bool(np.array_equal(sealed(samples.copy()), samples))


@node(version=1, kind="source")
def source(*, seed: Annotated[int, Range(0, 1 << 30, unit="")] = 0, frames: int = 1000) -> Audio:
    """Give sealed noise."""
    result = new_samples(2, frames)
    result[...] = np.random.default_rng(seed).uniform(-1, 1, result.shape)
    return Audio(sealed(result), 48000)


@node(version=1, kind="turned")
def turned(audio: Audio) -> Audio:
    """Play it backwards, sealed anew."""
    result = new_samples(audio.channels, audio.frames)
    result[...] = audio.samples[:, ::-1]
    return Audio(sealed(result), audio.sample_rate)


@node(version=1, kind="passed")
def passed(audio: Audio) -> Audio:
    """Give back what came: linked, not copied."""
    return audio


@node(version=1, kind="summed")
def summed(audio: Audio) -> Report:
    """Measure it."""
    whole = float(audio.samples.sum(dtype=np.float64))
    row = audio.samples[0, :100].astype(np.float64)
    return Report(
        "Sum", (Measure("Sum", whole), Measure("Curve", float(row.sum()))), (Curve("Row", row, row),)
    )


LIBRARY = Library([read_spec(function) for function in (source, turned, passed, summed)])
TYPES = {"source": Audio, "turned": Audio, "passed": Audio, "summed": Report}


def rendered(seed: int) -> Graph:
    """Return a graph of small and large results."""
    chain = ["source", "turned", "passed", "summed"]
    nodes, links = {}, []
    for size, frames in (("small", 1000), ("large", 60_000)):
        for number, kind in enumerate(chain):
            params = {"seed": seed, "frames": frames} if kind == "source" else {}
            nodes[f"{size}-{kind}"] = Node(kind, params)
            if number:
                links.append(Link(f"{size}-{chain[number - 1]}", "audio", f"{size}-{kind}", "audio"))
    return Graph(nodes, tuple(links))


def work(folder: Path, seed: int) -> None:
    """Render and save until killed."""
    rng = random.Random(seed)
    cache = Cache(folder / "cache", LIMIT_BYTES)
    session = Session(LIBRARY, cache, name="crash")
    number = 0
    while True:
        document = Document(rendered(rng.randrange(40)))
        result = run(document, session, list(document.graph.nodes), workers=2)
        assert not result.failures, result.failures
        if rng.random() < 0.5:
            cache.flush()
        text = f"{os.getpid()} {number} " * rng.randrange(1, 3000)
        checksum = zlib.crc32(text.encode())
        save_document(Document(document.graph, title=str(checksum), comment=text), folder / "shared.json")
        if number == 0:
            print("working", flush=True)
        number += 1


# --- what must hold -------------------------------------------------------------------------------


def check_results(folder: Path) -> int:
    """Read every entry; return how many there are.

    Raises
    ------
    AssertionError
        If one is damaged.
    """
    seen = 0
    for place in (folder / "cache" / "results").glob("*/*"):
        try:
            record = json.loads((place / FACTS).read_bytes())
            arrays = [np.load(place / f"{k}.npy", allow_pickle=False) for k in range(len(record["arrays"]))]
            files = {path.name for path in place.iterdir()}
        except FileNotFoundError:
            # Evicted by one of those who live, which it must be wholly.
            assert not place.exists() or not any(place.iterdir()), f"{place} is there in part"
            continue
        assert files == {FACTS, *(f"{k}.npy" for k in range(len(arrays)))}, f"{place} holds {files}"
        if TYPES[record["kind"]] is Audio:
            assert seal_holds(arrays[0]), f"{place} ({record['kind']}) is not what was stored"
        else:
            measured = record["values"]["report"]["measures"][1]["value"]
            assert measured == float(arrays[0].sum()), f"{place} is not what was stored"
        seen += 1
    return seen


def check_documents(folder: Path) -> int:
    """Load the document and its backup; return how many there are."""
    seen = 0
    for path in (folder / "shared.json", folder / "shared.json.bak"):
        try:
            document = load_document(path, LIBRARY)
        except DocumentError:
            assert not path.exists(), f"{path} does not load: {path.read_bytes()[:200]!r}"
            continue
        assert document.title == str(zlib.crc32(document.comment.encode())), f"{path} is mixed up"
        seen += 1
    return seen


def check_work(folder: Path, living: set[int]) -> None:
    """Start the cache, and see that it swept what the dead left."""
    cache = Cache(folder / "cache", LIMIT_BYTES)
    for path in (folder / "cache" / "work").iterdir():
        name = path.name.split("-")[0]
        # A process that died within the millisecond before its folder had a name left one for a minute.
        if name != "making":
            assert int(name) in living | {os.getpid()} or _goes(path), f"{path} is left of a dead process"
        elif path.exists():
            assert time.time() - path.stat().st_mtime < MAKING_S, f"{path} is left"
    del cache


def _goes(path: Path) -> bool:
    """Return whether the folder goes soon: another process that starts may be sweeping it just now."""
    until = time.monotonic() + SWEEP_WITHIN_S
    while path.exists() and time.monotonic() < until:
        time.sleep(0.01)
    return not path.exists()


def crash(
    kills: int, seed: int, folder: Path, told: Callable[[int], None] = lambda number: None
) -> Counter[str]:
    """Kill so many processes; return what was looked at.

    Raises
    ------
    AssertionError
        With the finding.
    """
    rng, seen = random.Random(seed), Counter[str]()

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, __file__, "--work", str(folder), str(rng.randrange(1 << 30))]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    processes = [start() for _ in range(PROCESSES)]
    try:
        for number in range(kills):
            # Now and then at the very start, where folders are made and swept.
            victim = rng.randrange(PROCESSES)
            process = processes[victim]
            if rng.random() < 0.8:
                assert process.stdout is not None
                assert process.stdout.readline() == "working\n", "a process ended by itself"
            time.sleep(rng.uniform(0.0, KILL_WITHIN_S))
            assert process.poll() is None, f"a process ended by itself: {process.returncode}"
            process.send_signal(signal.SIGKILL)
            process.wait()
            processes[victim] = start()
            if process.stdout is not None:
                process.stdout.close()
            seen["entries"] += check_results(folder)
            seen["documents"] += check_documents(folder)
            check_work(folder, {each.pid for each in processes})
            seen["kills"] += 1
            told(number)
    finally:
        for process in processes:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
    seen["entries"] += check_results(folder)
    seen["documents"] += check_documents(folder)
    check_work(folder, set())
    seen["entries loaded"] += _load_all(folder)
    return seen


def _load_all(folder: Path) -> int:
    """Read every entry as a run would."""
    cache = Cache(folder / "cache", LIMIT_BYTES)
    session = Session(LIBRARY, cache, name="crash")
    loaded = 0
    for seed in range(40):
        document = Document(rendered(seed))
        result = run(document, session, list(document.graph.nodes))
        assert not result.failures
        loaded += len(result.reused)
        for value in result.values.values():
            assert not isinstance(value, Audio) or seal_holds(np.array(value.samples))
    cache.flush()
    return loaded


def main() -> None:
    """Crash, and print how it went."""
    if sys.argv[1:2] == ["--work"]:
        work(Path(sys.argv[2]), int(sys.argv[3]))
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="regroove-crash-") as name:
        seen = crash(kills, seed, Path(name))
    took = time.perf_counter() - begin
    print(f"seed {seed}, {took:.0f} s: " + ", ".join(f"{count} {what}" for what, count in seen.items()))
    print("no damaged entry, no damaged document, nothing left behind")


if __name__ == "__main__":
    main()
