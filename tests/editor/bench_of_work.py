"""A studio with a runner, and a frame of its window without a window."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np

import nodes
from nodegraph import Audio, Progress, Range, no_progress, node
from nodegraph.cache import Cache
from nodegraph.document import Document
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import Graph, Link, Node
from nodegraph.library import Library
from nodegraph.spec import read_spec

GRAPHS = Path(__file__).parents[2] / "graphs"
RATE = 8000

CALLS: list[tuple[str, float]] = []
"""Kind and length (s) of what the kinds below were called with: what really ran."""


@node(version=1, kind="test.noise")
def noise(
    *, seed: Annotated[int, Range(0, 99, unit="")] = 0, length_s: Annotated[float, Range(0, 999)] = 30.0
) -> Audio:
    """Give noise."""
    CALLS.append(("noise", length_s))
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, (1, int(length_s * RATE)))
    return Audio.from_array(samples, RATE)


@node(version=1, kind="test.turn")
def turn(audio: Audio, *, by: Annotated[float, Range(-9, 9, unit="")] = 1.0) -> Audio:
    """Multiply."""
    CALLS.append(("turn", audio.seconds))
    return Audio(audio.samples * np.float32(by), audio.sample_rate)


@node(version=1, kind="test.slow")
def slow(
    audio: Audio,
    *,
    take_s: Annotated[float, Range(0, 99)] = 0.5,
    by: Annotated[float, Range(-9, 9, unit="")] = 1.0,
    progress: Progress = no_progress,
) -> Audio:
    """Take its time for the whole, and a tenth of it for a passage."""
    CALLS.append(("slow", audio.seconds))
    steps = int(take_s * 100 * (1.0 if audio.seconds > 15 else 0.1))
    for done in range(steps):
        progress(done / steps)
        time.sleep(0.01)
    CALLS.append(("slow done", audio.seconds))
    return Audio(audio.samples * np.float32(by), audio.sample_rate)


@node(version=1, kind="test.fail")
def fail(audio: Audio, *, broken: bool = True) -> Audio:
    """Fail until it is mended."""
    if broken:
        raise ValueError("the sound is sour")
    return Audio(audio.samples * np.float32(0.5), audio.sample_rate)


@node(version=1, kind="test.heavy", needs=("no_such_package_anywhere",))
def heavy(audio: Audio) -> Audio:
    """Need what is not installed."""
    return audio


@node(version=1, kind="test.double", reshapes=True)
def double(audio: Audio) -> Audio:
    """Play it twice: the time changes."""
    return Audio(np.concatenate([audio.samples, audio.samples], axis=1), audio.sample_rate)


def make_studio(folder: Path) -> Studio:
    """Return a studio with all kinds and those above."""
    real = Library.from_package(nodes, skip=("dsp",))
    mine = (read_spec(function) for function in (noise, turn, slow, fail, heavy, double))
    CALLS.clear()
    return Studio(Library([*real.specs.values(), *mine]), GRAPHS, Cache(folder / "cache"))


def port(text: str) -> PortRef:
    """Return the port that "a.audio" says."""
    return PortRef(*text.split("."))


def graph(*links: str, **nodes: Any) -> Graph:
    """Return a graph: graph("a.audio > b.audio", a="gain", b=("gain", {"gain_db": 3.0}))."""
    ends = ((*link.split(" > ")[0].split(".", 1), *link.split(" > ")[1].split(".", 1)) for link in links)
    made = {name: Node(node) if isinstance(node, str) else Node(*node) for name, node in nodes.items()}
    return Graph(made, tuple(Link(*each) for each in ends))


class Bench:
    """What a window does with a runner, frame by frame."""

    def __init__(self, studio) -> None:
        self.studio, self.desk = studio, studio.desk
        self.runner = studio.runner
        self.slowest_update_s = 0.0

    def open(self, graph: Graph, path=None) -> None:
        self.desk.open(Document(graph), path)

    def set(self, node_id: str, name: str, value: Any, *, merge: str | None = None) -> None:
        document = self.desk.document
        changed = document.graph.set_param(node_id, name, value, self.studio.library)
        self.desk.edit(document.with_graph(changed), "set", merge)

    def frame(self) -> None:
        self.studio.inbox.drain()
        begin = time.perf_counter()
        self.runner.update()
        self.slowest_update_s = max(self.slowest_update_s, time.perf_counter() - begin)
        time.sleep(0.002)

    def wait(self, condition: Callable[[], object], what: str = "", timeout_s: float = 60.0) -> None:
        """Pump until something holds; fail after a while."""
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, f"waited in vain for {what or condition}: {self.desk.states}"
            self.frame()

    def frames(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.frame()

    def status(self, node_id: str) -> str:
        state = self.desk.states.get(node_id)
        return state.status if state is not None else ""

    def statuses(self) -> dict[str, str]:
        return {node_id: state.status for node_id, state in self.desk.states.items()}

    def whole(self, ref: PortRef) -> bool:
        sound = self.runner.sound(ref)
        return sound is not None and not sound.preview
