"""Knowledge: what is known of each node without running anything. Made on a background thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nodegraph.audio import Audio
from nodegraph.cache import Cache, Entry
from nodegraph.document import Document
from nodegraph.editor.desk.outline_text import node_name
from nodegraph.editor.desk.states import Loudness, NodeState, PlanLine, PortRef
from nodegraph.editor.listen.sound import Sound
from nodegraph.editor.work.costs import Costs
from nodegraph.editor.work.levels import Level
from nodegraph.editor.work.reasons import failure_below, why_it_runs
from nodegraph.errors import ParameterError
from nodegraph.execute import default_targets, run_pages
from nodegraph.graph import Graph, Node, NodeId
from nodegraph.perform import Session
from nodegraph.plan import Plan, is_done, make_plan
from nodegraph.recipe import Recipe, Recipes, Ref, make_recipes

__all__ = ["Inquiry", "Knowledge", "Known"]


@dataclass(frozen=True)
class Inquiry:
    """What somebody wants to know.

    Parameters
    ----------
    document : Document
        About this.
    session : Session
        With what it would be run.
    ports : frozenset of PortRef
        Outputs whose values are wanted, where they are there.
    failures : mapping of key to str
        What failed, and why.
    levels : mapping of (key, port) to Loudness
        How loud results are, as far as that was measured.
    """

    document: Document
    session: Session
    ports: frozenset[PortRef] = frozenset()
    failures: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[Level, Loudness] = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """What is known.

    Parameters
    ----------
    graph : Graph
        Of this.
    recipes : Recipes
        Of all nodes that can run.
    states : mapping of node id to NodeState
        As if nothing ran now.
    keys : mapping of PortRef to str
        Of the wanted outputs that can be made: the same key for the same sound.
    values : mapping of PortRef to value
        Of the wanted outputs that are there; an Audio as a Sound.
    audible : mapping of (key, port) to types of the result's ports
        All sounds that are there.
    lines : tuple of PlanLine
        What "run all" would run, and what it could not.
    """

    graph: Graph
    recipes: Recipes
    states: Mapping[NodeId, NodeState]
    keys: Mapping[PortRef, str]
    values: Mapping[PortRef, Any]
    audible: Mapping[Level, Mapping[str, type]]
    lines: tuple[PlanLine, ...]


class Knowledge:
    """Answers questions about nodes. Remembers what cannot change, so that an edit costs little.

    Parameters
    ----------
    cache : Cache
        Asked what is there.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._facts: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._sounds: dict[tuple[str, str], Any] = {}

    def answer(self, inquiry: Inquiry, check: Callable[[], None]) -> Known:
        """Answer a inquiry. `check` is called now and then, and may raise to cancel.

        Raises
        ------
        CacheError
            If the cache cannot be read.
        """
        document, session = inquiry.document, inquiry.session
        library, graph = session.library, document.graph
        recipes = make_recipes(graph, library, self._cache.ledger, session.places, graph.nodes, check=check)
        check()
        pages = run_pages(self._cache.ledger, session.name)
        done = self._done(recipes)
        check()
        views = _States(inquiry, recipes, done, pages, self._facts)
        states = views.all()
        values = {}
        for ref in inquiry.ports:
            value = self._value(recipes, ref)
            if value is not None:
                values[ref] = value
        self._forget(values)
        found, targets = self._plan(document, session, recipes, pages, views.why)
        lines = _lines(found, targets, recipes, Costs(self._cache.ledger, pages), views.why)
        keys, audible = _keys(recipes, inquiry.ports), _audible(recipes, done)
        return Known(graph, recipes, states, keys, values, audible, lines)

    def _done(self, recipes: Recipes) -> frozenset[str]:
        """Return the keys of the results that are there, and learn what is known of them."""
        done = set()
        for recipe in recipes.made.values():
            if recipe.key in done or not is_done(recipe, self._cache):
                continue
            done.add(recipe.key)
            if recipe.key not in self._facts:
                facts = self._cache.facts(recipe.key)
                if facts is not None:
                    self._facts[recipe.key] = (facts.seconds, facts.notes)
        return frozenset(done)

    def _value(self, recipes: Recipes, wanted: PortRef) -> Any:
        ref = recipes.refs.get(wanted.node_id, {}).get(wanted.port)
        if ref is None:
            return None
        known = self._sounds.get((ref.key, ref.port))
        if known is None and self._cache.contains(ref.key):
            spec = recipes.made[ref.node_id].spec
            entry: Entry | None = self._cache.load(ref.key, {port.name: port.type for port in spec.outputs})
            known = entry.values[ref.port] if entry is not None else None
            if isinstance(known, Audio):
                known = Sound(known, f"{ref.key}-{ref.port}")
            self._sounds[ref.key, ref.port] = known
        return known

    def _forget(self, values: Mapping[PortRef, Any]) -> None:
        """Let go of the files of results that nobody looks at any more."""
        held = {id(value) for value in values.values()}
        self._sounds = {key: value for key, value in self._sounds.items() if id(value) in held}

    def _plan(
        self,
        document: Document,
        session: Session,
        recipes: Recipes,
        pages: Mapping[str, Any],
        why: Callable[[Recipe], str],
    ) -> tuple[Plan, frozenset[NodeId]]:
        targets = default_targets(document, session.library)
        found = make_plan(recipes, self._cache, session.places, targets, history=pages, why=why)
        return found, frozenset(document.graph.ancestors(targets))


def _keys(recipes: Recipes, ports: Iterable[PortRef]) -> dict[PortRef, str]:
    refs = {port: recipes.refs.get(port.node_id, {}).get(port.port) for port in ports}
    return {port: f"{ref.key}-{ref.port}" for port, ref in refs.items() if ref is not None}


def _audible(recipes: Recipes, done: frozenset[str]) -> dict[Level, Mapping[str, type]]:
    found: dict[Level, Mapping[str, type]] = {}
    for recipe in recipes.made.values():
        if recipe.key in done:
            types = {port.name: port.type for port in recipe.spec.outputs}
            found |= {(recipe.key, name): types for name, kind in types.items() if kind is Audio}
    return found


def _lines(
    found: Plan,
    needed: frozenset[NodeId],
    recipes: Recipes,
    costs: Costs,
    why: Callable[[Recipe], str],
) -> tuple[PlanLine, ...]:
    lines = []
    for step in found.steps:
        if step.state == "reuse" or step.node_id not in needed:
            continue
        # A file that exists already keeps nothing from running: one is asked whether to replace it.
        if step.node_id in recipes.problems:
            lines.append(PlanLine(step.node_id, step.why, blocked=True))
        else:
            recipe = recipes.made[step.node_id]
            lines.append(PlanLine(step.node_id, why(recipe), costs.expected_s(recipe)))
    return tuple(lines)


class _States:
    """The states of all nodes of one graph."""

    def __init__(
        self,
        inquiry: Inquiry,
        recipes: Recipes,
        done: frozenset[str],
        pages: Mapping[str, Any],
        facts: Mapping[str, tuple[float, tuple[str, ...]]],
    ) -> None:
        self._document, self._graph = inquiry.document, inquiry.document.graph
        self._library = inquiry.session.library
        self._failures, self._levels = inquiry.failures, inquiry.levels
        self._recipes, self._done, self._pages, self._facts = recipes, done, pages, facts
        self._whys: dict[NodeId, str] = {}
        # Nodes that give nothing, by the node that is to blame.
        self._blame: dict[NodeId, NodeId] = {}

    def all(self) -> dict[NodeId, NodeState]:
        return {node_id: self._state(node_id) for node_id in self._graph.order}

    def why(self, recipe: Recipe) -> str:
        """Return why a node would run."""
        found = self._whys.get(recipe.node_id)
        if found is None:
            title_of = partial(node_name, self._document)
            found = why_it_runs(recipe, self._pages.get(recipe.node_id), title_of)
            self._whys[recipe.node_id] = found
        return found

    def _is_unavailable(self, node: Node) -> bool:
        spec = self._library.get(node.kind)
        try:
            return spec is not None and self._library.unavailable(spec, node.settings(spec)) is not None
        except ParameterError:
            return False

    def _state(self, node_id: NodeId) -> NodeState:
        problem = self._recipes.problems.get(node_id)
        if problem is not None:
            self._blame[node_id] = node_id
            missing = self._is_unavailable(self._graph.nodes[node_id])
            return NodeState("unavailable" if missing else "blocked", reason=problem)
        recipe, refs = self._recipes.made.get(node_id), self._recipes.refs.get(node_id)
        if recipe is None and refs is not None:
            return NodeState("bypassed")
        # With neutral settings a node passes its input on: then it is not waited for.
        passed = {ref.key for ref in refs.values() if recipe and ref.key != recipe.key} if refs else set()
        if recipe is not None and (passed or {recipe.key}) <= self._done:
            return self._clean(recipe, refs or {})
        culprit = self._culprit(node_id, recipe)
        if culprit is not None:
            self._blame[node_id] = culprit
            failed = culprit not in self._recipes.problems
            return NodeState(
                "blocked", reason=failure_below(node_name(self._document, culprit), failed=failed)
            )
        assert recipe is not None
        return self._stale(node_id, recipe)

    def _culprit(self, node_id: NodeId, recipe: Recipe | None) -> NodeId | None:
        """Return the node because of which this one cannot run, or None."""
        if recipe is not None:
            feeding = [ref.node_id for ref in recipe.inputs.values() if ref.key not in self._done]
        else:
            feeding = [link.source for link in self._graph.incoming(node_id)]
        return next((self._blame[source] for source in feeding if source in self._blame), None)

    def _clean(self, recipe: Recipe, refs: Mapping[str, Ref]) -> NodeState:
        seconds, notes = self._facts.get(recipe.key, (None, ()))
        shown = {port: self._levels.get((ref.key, ref.port)) for port, ref in refs.items()}
        loudness = {port: level for port, level in shown.items() if level is not None}
        return NodeState("clean", seconds=seconds, loudness=loudness, notes=notes)

    def _stale(self, node_id: NodeId, recipe: Recipe) -> NodeState:
        page = self._pages.get(node_id)
        last = page.get("seconds") if isinstance(page, dict) else None
        seconds = last if isinstance(last, float) else None
        failure = self._failures.get(recipe.key)
        if failure is not None:
            self._blame[node_id] = node_id
            return NodeState("failed", reason=failure, seconds=seconds)
        return NodeState("stale", reason=self.why(recipe), seconds=seconds)
