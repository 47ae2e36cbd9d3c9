"""How the engine's tests say a graph and run it.

graph("a.audio > b.audio", a=("tone", {"tone_hz": 200}), b="gain")
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import engine_kinds
import numpy as np

from nodegraph.audio import Audio
from nodegraph.cache import Cache, Entry, Facts
from nodegraph.document import Document
from nodegraph.events import RunEvent, RunResult
from nodegraph.execute import plan, run
from nodegraph.graph import Graph, Link, Node
from nodegraph.perform import Session
from nodegraph.plan import Plan
from nodegraph.recipe import Places, make_recipes


def link(text: str) -> Link:
    """Return the link that "a.audio > b.tracks.1" says."""
    source, _, target = text.partition(" > ")
    return Link(*source.split(".", 1), *target.split(".", 1))


def graph(*links: str, **nodes: Any) -> Graph:
    """Return a graph of nodes given as kind, (kind, params) or Node."""

    def made(node: Any) -> Node:
        if isinstance(node, Node):
            return node
        return Node(node) if isinstance(node, str) else Node(*node)

    return Graph({name: made(node) for name, node in nodes.items()}, tuple(map(link, links)))


def chain(gain_db=6.0, **tone):
    return graph(
        "tone.audio > gain.audio",
        "gain.audio > split.audio",
        "split.low > mix.tracks.1",
        "split.high > mix.tracks.2",
        tone=("tone", tone),
        gain=("gain", {"gain_db": gain_db}),
        split="split",
        mix="mix",
    )


def trio(numbers=(1, 2, 3), gains=None):
    return graph(
        *(f"{name}.audio > mix.tracks.{number}" for name, number in zip("abc", numbers, strict=True)),
        a=("tone", {"tone_hz": 100}),
        b=("tone", {"tone_hz": 200}),
        c=("tone", {"tone_hz": 300}),
        mix=("mix", {"gains_db": gains} if gains is not None else {}),
    )


class Lab:
    """A library, a cache and a folder."""

    def __init__(self, folder: Path, **cache: Any) -> None:
        self.folder = folder
        self.library = engine_kinds.make_library()
        self.cache = Cache(folder / "cache", **cache)
        self.outputs = folder / "results"
        self.outputs.mkdir(exist_ok=True)
        self.places = Places(inputs=folder, outputs=self.outputs)

    def session(self, **places: Any) -> Session:
        known = {"inputs": self.folder, "outputs": self.outputs}
        return Session(self.library, self.cache, Places(**{**known, **places}), name="the document")

    def run(
        self, made: Graph | Document, targets: Any = None, *, places: Any = None, **options: Any
    ) -> RunResult:
        document = made if isinstance(made, Document) else Document(made)
        return run(document, self.session(**(places or {})), targets, **options)

    def ran(self, made: Graph | Document, targets: Any = None, **options: Any) -> list[str]:
        """Run; return what ran, sorted, having made sure that those functions were really called."""
        engine_kinds.CALLS.clear()
        document = made if isinstance(made, Document) else Document(made)
        result = self.run(document, targets, **options)
        called = sorted(engine_kinds.CALLS)
        said = sorted(document.graph.nodes[name].kind for name in (*result.ran, *result.failures))
        assert called == said, "the functions that were called are not those of the nodes that ran"
        return sorted(result.ran)

    def events(self, made: Graph, targets: Any = None, **options: Any) -> tuple[RunResult, list[RunEvent]]:
        events: list[RunEvent] = []
        result = self.run(made, targets, on_event=events.append, **options)
        return result, events

    def plan(self, made: Graph, targets: Any = None, **places: Any) -> Plan:
        return plan(Document(made), self.session(**places), targets)

    def why(self, made: Graph, targets: Any = None, **places: Any) -> dict[str, str]:
        """Return the reasons of all that would run or is blocked."""
        steps = self.plan(made, targets, **places).steps
        return {step.node_id: step.why for step in steps if step.state != "reuse"}

    def keys(self, made: Graph, targets: Any = None) -> dict[str, str]:
        recipes = make_recipes(
            made, self.library, self.cache.ledger, self.places, targets or tuple(made.nodes)
        )
        return {name: recipe.key for name, recipe in recipes.made.items()}

    def key(self, made: Graph, name: str) -> str:
        return self.keys(made)[name]

    def reopened(self) -> None:
        """Go on with a cache that knows nothing but what is on disk, as another process would."""
        self.cache.flush()
        self.cache = Cache(self.folder / "cache")

    def entry(self, made: Graph, name: str) -> Path:
        """Return the folder of a node's result."""
        self.cache.flush()
        return self.cache.shelf.place(self.key(made, name))


# --- results put by hand --------------------------------------------------------------------------

FACTS = Facts("test", 0.5)


def sound(frames=1000, value=0.25, channels=1):
    return Audio(np.full((channels, frames), value, np.float32), 8000)


def put(cache: Cache, key: str, value=None, seconds=0.5) -> None:
    with cache.workspace() as space:
        cache.store(key, Entry({"audio": value or sound()}, Facts("test", seconds)), space)
    cache.flush()


def get(cache: Cache, key: str):
    found = cache.load(key, {"audio": Audio})
    return None if found is None else found.values["audio"]
