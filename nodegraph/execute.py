"""Execute: runs what a plan says, independent branches side by side, and keeps what they made.

Nodes run on threads; whoever called `run` gets all events on its own thread. A failure names node,
parameters and cause, keeps finished work and lets other branches end. A cancel is felt at once.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from nodegraph.audio import Report
from nodegraph.cache import Cache, Entry
from nodegraph.document import Document
from nodegraph.errors import Cancelled, NodeError, OutputError
from nodegraph.estimate import Estimate
from nodegraph.events import RunEvent, RunResult
from nodegraph.graph import NodeId
from nodegraph.ledger import Ledger
from nodegraph.library import Library
from nodegraph.perform import Session, perform
from nodegraph.plan import Plan, make_plan, page_of, producers
from nodegraph.progress import Progress
from nodegraph.recipe import Recipe, Recipes, make_recipes

__all__ = ["RATES", "default_targets", "forget_run", "last_runs", "plan", "run", "run_pages"]

# A node's progress is passed on at most this often (s).
_REPORT_S = 0.05
# A cancel is noticed within this time while the run waits for its nodes (s).
_POLL_S = 0.05
# The ledger's pages of kinds' speeds, and of what ran last.
RATES = "seconds per value, by kind"
_LAST = "last runs"
_LAST_RUNS = 10


def default_targets(document: Document, library: Library) -> tuple[NodeId, ...]:
    """Return what one means by "run the graph".

    That is its effects and the reports at its ends; without any of these, all the nodes at its ends.
    """
    graph = document.graph
    sinks = set(graph.sinks())

    def wanted(node_id: NodeId) -> bool:
        node, spec = graph.nodes[node_id], library.get(graph.nodes[node_id].kind)
        if spec is None or node.bypassed:
            return False
        reports = any(issubclass(port.type, Report) for port in spec.outputs)
        return spec.effect or (node_id in sinks and reports)

    return tuple(node_id for node_id in graph.order if wanted(node_id)) or graph.sinks()


def plan(document: Document, session: Session, targets: Iterable[NodeId] | None = None) -> Plan:
    """Return what `run` would do with the same arguments.

    Raises
    ------
    GraphError
        If a target is not in the graph.
    """
    targets = _targets(document, session.library, targets)
    recipes = make_recipes(document.graph, session.library, session.cache.ledger, session.places, targets)
    history = session.cache.ledger.read(_page(session))
    return make_plan(recipes, session.cache, session.places, targets, history=history)


def run(
    document: Document,
    session: Session,
    targets: Iterable[NodeId] | None = None,
    *,
    workers: int | None = None,
    cancel: threading.Event | None = None,
    on_event: Callable[[RunEvent], None] = lambda event: None,
) -> RunResult:
    """Make the targets' results.

    Parameters
    ----------
    document : Document
        Its graph is run; the whole is embedded in exported files.
    session : Session
        Library, cache, and where files lie.
    targets : iterable of str, optional
        Node ids; by default `default_targets`.
    workers : int, optional
        How many processors it may use; by default all.
    cancel : threading.Event, optional
        Set it, and the run ends within 200 ms.
    on_event : callable
        Takes each RunEvent, on the calling thread.

    Returns
    -------
    RunResult
        Also where nodes failed; look at `failures` and `skipped`.

    Raises
    ------
    Cancelled
        If it was cancelled. Results that were finished are kept.
    OutputError
        If an export may not be written; then nothing has run.
    GraphError
        If a target is not in the graph.
    """
    cancel = cancel or threading.Event()
    targets = _targets(document, session.library, targets)
    recipes = make_recipes(
        document.graph,
        session.library,
        session.cache.ledger,
        session.places,
        targets,
        check=Progress(cancel=cancel).check,
    )
    history = session.cache.ledger.read(_page(session))
    entries: dict[str, Entry] = {}
    absent: frozenset[str] = frozenset()
    with session.cache.pinned({recipe.key for recipe in recipes.made.values()}):
        while True:
            found = make_plan(recipes, session.cache, session.places, targets, history=history, absent=absent)
            lost = _open(found, recipes, session.cache, entries)
            if not lost:
                break
            # Evicted by another process, or damaged, since the plan was made.
            absent |= lost
        refused = [step for step in found.those("blocked") if step.node_id in recipes.made]
        if refused:
            raise OutputError(" ".join(step.why for step in refused))
        to_run = {step.node_id: recipes.made[step.node_id] for step in found.those("run")}
        estimate = Estimate(to_run, found, session.cache.ledger.read(RATES))
        job = _Job(document, session, recipes, found, estimate)
        job.entries.update(entries)
        try:
            job.run(workers or os.cpu_count() or 1, cancel, on_event)
        finally:
            job.remember(history)
        return job.result()


def _targets(document: Document, library: Library, targets: Iterable[NodeId] | None) -> tuple[NodeId, ...]:
    chosen = default_targets(document, library) if targets is None else tuple(targets)
    for node_id in chosen:
        document.graph.node(node_id)
    return chosen


def last_runs(ledger: Ledger) -> list[str]:
    """Return the names of the sessions that ran last, the latest first."""
    names = ledger.read(_LAST).get("names", [])
    return [str(name) for name in names]


def run_pages(ledger: Ledger, name: str) -> dict[str, Any]:
    """Return what is remembered of a session's nodes: see `page_of`."""
    return ledger.read(f"run {name}")


def forget_run(ledger: Ledger, name: str) -> None:
    """Forget what is remembered of a session's nodes."""
    ledger.write(f"run {name}", {})


def _page(session: Session) -> str:
    return f"run {session.name}"


def _open(found: Plan, recipes: Recipes, cache: Cache, entries: dict[str, Entry]) -> frozenset[str]:
    """Map what is reused, so that nobody can take it away; return the keys that were gone already."""
    lost = set[str]()
    for step in found.those("reuse"):
        recipe = recipes.made[step.node_id]
        if recipe.key not in entries:
            entry = cache.load(recipe.key, {port.name: port.type for port in recipe.spec.outputs})
            if entry is None:
                lost.add(recipe.key)
            else:
                entries[recipe.key] = entry
    return frozenset(lost)


@dataclass(frozen=True)
class _Message:
    """What a node's thread tells the run: an event, and at its end the result or the error."""

    event: RunEvent
    entry: Entry | None = None
    error: BaseException | None = None


class _Threads:
    """The threads of one run: some for nodes, some for the blocks that nodes hand out."""

    def __init__(self, workers: int, cancel: threading.Event) -> None:
        self.workers, self.cancel = workers, cancel
        self.nodes = ThreadPoolExecutor(workers, thread_name_prefix="regroove-node")
        self.blocks = ThreadPoolExecutor(workers, thread_name_prefix="regroove-block")
        # A torch job that waits for another must not keep a processor from the other nodes.
        self.torch = ThreadPoolExecutor(1, thread_name_prefix="regroove-torch") if workers > 1 else self.nodes
        self.messages: queue.SimpleQueue[_Message] = queue.SimpleQueue()

    def next_message(self) -> _Message:
        """Return the next message of a node's thread, or raise Cancelled."""
        while True:
            if self.cancel.is_set():
                raise Cancelled
            try:
                return self.messages.get(timeout=_POLL_S)
            except queue.Empty:
                continue

    def progress(self, node_id: NodeId) -> Progress:
        """Return a node's line to the run."""
        last = 0.0

        def report(fraction: float) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= _REPORT_S:
                last = now
                self.messages.put(_Message(RunEvent("progress", node_id, fraction)))

        def note(text: str) -> None:
            self.messages.put(_Message(RunEvent("note", node_id, text=text)))

        return Progress(report=report, note=note, cancel=self.cancel, pool=self.blocks, workers=self.workers)

    def pool(self, recipe: Recipe) -> ThreadPoolExecutor:
        """Return the threads that a node runs on: one torch job at a time."""
        return self.torch if recipe.spec.resource == "torch" else self.nodes

    def stop(self) -> None:
        """Let go of the threads; what still runs is told by `cancel` or ends by itself."""
        for pool in (self.nodes, self.torch, self.blocks):
            pool.shutdown(wait=False, cancel_futures=True)


class _Job:
    """One run: who waits for whom, what is there, what happened."""

    def __init__(
        self, document: Document, session: Session, recipes: Recipes, found: Plan, estimate: Estimate
    ) -> None:
        self._document, self._session = document, session
        self._recipes, self._plan, self._estimate = recipes, found, estimate
        self.entries: dict[str, Entry] = {}
        self._to_run = {step.node_id: recipes.made[step.node_id] for step in found.those("run")}
        made = {recipe.key for recipe in self._to_run.values()}
        self._missing = {node_id: _keys(recipe) & made for node_id, recipe in self._to_run.items()}
        self._waiting: dict[str, list[NodeId]] = {}
        for node_id, recipe in self._to_run.items():
            for key in _keys(recipe):
                self._waiting.setdefault(key, []).append(node_id)
        self._readers = Counter({key: len(waiting) for key, waiting in self._waiting.items()})
        self._kept = {recipes.made[node_id].key for node_id in producers(recipes, found.targets)}
        self._ran: list[NodeId] = []
        self._notes: list[tuple[NodeId, str]] = []
        self._failures: dict[NodeId, NodeError] = {}
        self._skipped: dict[NodeId, str] = dict(recipes.problems)
        self._pages: dict[NodeId, dict[str, Any]] = {}

    # --- the calling thread ------------------------------------------------------------------

    def run(self, workers: int, cancel: threading.Event, on_event: Callable[[RunEvent], None]) -> None:
        for node_id, problem in self._recipes.problems.items():
            on_event(RunEvent("skipped", node_id, text=problem))
        for step in self._plan.those("reuse"):
            recipe = self._recipes.made[step.node_id]
            facts = self.entries[recipe.key].facts
            self._pages[step.node_id] = page_of(recipe, self.entries[recipe.key])
            self._notes += ((step.node_id, note) for note in facts.notes)
            on_event(RunEvent("reused", step.node_id, 1.0, facts.seconds))
        threads = _Threads(workers, cancel)
        try:
            for event in self._run_all(threads):
                on_event(replace(event, eta_s=self._estimate.recent()))
        finally:
            threads.stop()
        for node_id in self._unreached():
            on_event(RunEvent("skipped", node_id, text=self._skip(node_id)))

    def _run_all(self, threads: _Threads) -> Iterator[RunEvent]:
        running = 0
        ready = [node_id for node_id, missing in self._missing.items() if not missing]
        while running or ready:
            for node_id in ready:
                recipe = self._to_run[node_id]
                threads.pool(recipe).submit(self._work, recipe, threads)
            running += len(ready)
            message = threads.next_message()
            ready = []
            event = message.event
            if message.entry is not None:
                running -= 1
                ready = self._finished(event.node_id, message.entry)
            elif message.error is not None:
                running -= 1
                self._failed(event.node_id, message.error)
            elif event.what == "note":
                self._notes.append((event.node_id, event.text))
            elif event.what == "started":
                self._estimate.begin(event.node_id)
            else:
                self._estimate.progress(event.node_id, event.fraction)
            yield event

    def _finished(self, node_id: NodeId, entry: Entry) -> list[NodeId]:
        """Take in a result; return the nodes that waited for nothing else."""
        recipe = self._to_run[node_id]
        self._ran.append(node_id)
        self._pages[node_id] = page_of(recipe, entry)
        self._estimate.end(node_id)
        self._estimate.learn(recipe, self._inputs(recipe), entry)
        if recipe.key in self._kept or self._readers[recipe.key]:
            self.entries[recipe.key] = entry
        self._release(recipe)
        ready = []
        for other in self._waiting.get(recipe.key, ()):
            self._missing[other].discard(recipe.key)
            if not self._missing[other]:
                ready.append(other)
        return ready

    def _release(self, recipe: Recipe) -> None:
        """Let go of the inputs that nobody else in this run will read."""
        for key in _keys(recipe):
            self._readers[key] -= 1
            if not self._readers[key] and key not in self._kept:
                del self.entries[key]

    def _failed(self, node_id: NodeId, error: BaseException) -> None:
        if isinstance(error, Cancelled) or not isinstance(error, Exception):
            raise error
        recipe = self._to_run[node_id]
        failure = NodeError(node_id, recipe.spec.kind, recipe.settings, error)
        failure.__cause__ = error
        self._failures[node_id] = failure
        self._estimate.end(node_id)

    def _unreached(self) -> list[NodeId]:
        """Return the nodes whose turn never came, because of others."""
        graph, done = self._document.graph, {*self._ran, *self._failures, *self._recipes.problems}
        needed = graph.ancestors(self._plan.targets)
        waited = self._to_run.keys() | (needed - self._recipes.refs.keys())
        return [node_id for node_id in graph.order if node_id in waited and node_id not in done]

    def _skip(self, node_id: NodeId) -> str:
        ancestors = self._document.graph.ancestors([node_id])
        failed, unable = ancestors & self._failures.keys(), ancestors & self._recipes.problems.keys()
        verb, causes = ("failed", failed) if failed else ("cannot run", unable)
        self._skipped[node_id] = f"it needs {', '.join(sorted(causes))}, which {verb}"
        return self._skipped[node_id]

    def _inputs(self, recipe: Recipe) -> dict[str, Any]:
        return {name: self.entries[ref.key].values[ref.port] for name, ref in recipe.inputs.items()}

    def remember(self, history: Mapping[str, Any]) -> None:
        """Write down what ran, to explain and estimate the next run."""
        if self._pages:
            ledger = self._session.cache.ledger
            ledger.write(_page(self._session), {**history, **self._pages})
            names = [name for name in last_runs(ledger) if name != self._session.name]
            ledger.write(_LAST, {"names": [self._session.name, *names][:_LAST_RUNS]})
            ledger.write(RATES, self._estimate.rates)

    def result(self) -> RunResult:
        refs = self._recipes.refs
        values = {
            (node_id, port): self.entries[ref.key].values[ref.port]
            for node_id in self._plan.targets
            for port, ref in refs.get(node_id, {}).items()
            if ref.key in self.entries
        }
        exports = (
            self._recipes.made[node_id] for node_id in self._plan.targets if node_id in self._recipes.made
        )
        written = {
            recipe.node_id: recipe.output_path
            for recipe in exports
            if recipe.key in self.entries and recipe.output_path is not None
        }
        return RunResult(
            ran=tuple(self._ran),
            reused=tuple(step.node_id for step in self._plan.those("reuse")),
            failures=self._failures,
            skipped=self._skipped,
            why={step.node_id: step.why for step in self._plan.those("run")},
            values=values,
            written=written,
            notes=tuple(self._notes),
            seconds={node_id: self._pages[node_id]["seconds"] for node_id in self._ran},
        )

    # --- the nodes' threads ------------------------------------------------------------------

    def _work(self, recipe: Recipe, threads: _Threads) -> None:
        node_id, progress = recipe.node_id, threads.progress(recipe.node_id)
        try:
            entry = self._perform(recipe, threads, progress)
        except BaseException as error:
            threads.messages.put(_Message(RunEvent("failed", node_id, text=str(error)), error=error))
        else:
            done = RunEvent("finished", node_id, 1.0, entry.facts.seconds)
            threads.messages.put(_Message(done, entry=entry))

    def _perform(self, recipe: Recipe, threads: _Threads, progress: Progress) -> Entry:
        progress.check()
        threads.messages.put(_Message(RunEvent("started", recipe.node_id)))
        return perform(recipe, self._inputs(recipe), progress, self._document, self._session)


def _keys(recipe: Recipe) -> set[str]:
    return {ref.key for ref in recipe.inputs.values()}
