"""A studio with a runner, and a frame of its window without a window."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from nodegraph.document import Document
from nodegraph.editor.desk.states import PortRef
from nodegraph.graph import Graph, Link, Node


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

    def wait(self, condition: Callable[[], object], what: str = "", timeout_s: float = 10.0) -> None:
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
