"""Plan: before anything runs, which nodes would, why, and how long they took last time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nodegraph.audio import Audio
from nodegraph.cache import Cache, Entry
from nodegraph.document_file import plain
from nodegraph.graph import NodeId
from nodegraph.recipe import Places, Recipe, Recipes

__all__ = ["Cause", "Plan", "Reason", "Step", "make_plan", "page_of", "reasons"]

State = Literal["run", "reuse", "blocked"]

Cause = Literal[
    "new",
    "not kept",
    "no file",
    "other file",
    "param",
    "content",
    "linked",
    "unlinked",
    "moved",
    "upstream",
    "updated",
]
"""not kept: its result is no longer in the cache. no file: what an effect wrote is gone or was changed.
content: a file that it reads. moved: the input comes from another node. upstream: that node changed."""

_SENTENCES: Mapping[Cause, str] = {
    "new": "it has not run yet",
    "not kept": "its result is no longer in the cache",
    "no file": "its file is gone or was changed",
    "other file": "its output file is another one",
    "param": "{name} {before} → {after}{unit}",
    "content": "{name} has a new content",
    "linked": "{name} is newly linked",
    "unlinked": "{name} is no longer linked",
    "moved": "{name} comes from {after} instead of {before}",
    "upstream": "{name} changed",
    "updated": "{name} itself was updated",
}

# What `page_of` writes and `explain` reads.
_PAGE = (
    ("seconds", float),
    ("key", str),
    ("code", str),
    ("params", dict),
    ("files", dict),
    ("inputs", dict),
)


@dataclass(frozen=True)
class Step:
    """What would happen to one node.

    Parameters
    ----------
    node_id, kind : str
        The node. Two nodes with one recipe are one step, under the first one's name.
    state : {"run", "reuse", "blocked"}
        "blocked" cannot run.
    why : str
        Why it runs, or what keeps it from running.
    last_s : float, optional
        How long it took last time.
    """

    node_id: NodeId
    kind: str
    state: State
    why: str
    last_s: float | None = None


@dataclass(frozen=True)
class Plan:
    """What a run would do.

    Parameters
    ----------
    steps : tuple of Step
        In an order in which they could run. Nodes that nobody needs are not in it.
    targets : tuple of str
        For whose sake.
    """

    steps: tuple[Step, ...]
    targets: tuple[NodeId, ...]

    def those(self, state: State) -> tuple[Step, ...]:
        """Return the steps in that state."""
        return tuple(step for step in self.steps if step.state == state)

    @property
    def expected_s(self) -> float | None:
        """How long it took last time to run what would run now; None if not all of it is known."""
        times = [step.last_s for step in self.those("run")]
        return None if None in times else sum(time for time in times if time is not None)


def make_plan(
    recipes: Recipes,
    cache: Cache,
    places: Places,
    targets: Iterable[NodeId],
    *,
    history: Mapping[str, Any],
    absent: frozenset[str] = frozenset(),
    why: Callable[[Recipe], str] | None = None,
) -> Plan:
    """Return what would run for the targets' sake: their ancestors, cut at cached results.

    Parameters
    ----------
    recipes : Recipes
        Of the targets and their ancestors.
    cache : Cache
        Asked what is there.
    places : Places
        Where files lie, to see whether exports may be written.
    targets : iterable of str
        Node ids.
    history : mapping
        The pages that `page_of` made of earlier runs, by node id.
    absent : frozenset of str
        Keys that are not to be counted as cached.
    why : callable, optional
        Tells why a node runs, for who has other words for it than `explain`.
    """
    targets = tuple(targets)
    states = _demand(recipes, cache, targets, absent)
    inputs = {path for recipe in recipes.made.values() for path in input_paths(recipe)}
    writers: dict[Path, NodeId] = {}
    steps = []
    for node_id, recipe in recipes.made.items():
        state = states.get(recipe.key)
        # Twins share their key; the first speaks for both.
        if state is None or states.pop(recipe.key) is None:
            continue
        page = _sound_page(history.get(node_id))
        said = ""
        if state == "run":
            refusal = output_problem(recipe, places, inputs) or _rival_problem(recipe, writers)
            if refusal:
                state, said = "blocked", refusal
            else:
                said = why(recipe) if why else explain(recipe, page)
        if recipe.output_path is not None:
            writers[recipe.output_path] = node_id
        steps.append(Step(node_id, recipe.spec.kind, state, said, page["seconds"] if page else None))
    steps += (Step(node_id, "", "blocked", problem) for node_id, problem in recipes.problems.items())
    return Plan(tuple(steps), targets)


def _demand(
    recipes: Recipes, cache: Cache, targets: tuple[NodeId, ...], absent: frozenset[str]
) -> dict[str, State]:
    """Return by key what is needed, and whether it is there."""
    states: dict[str, State] = {}
    pending = [recipes.made[node_id] for node_id in producers(recipes, targets)]
    while pending:
        recipe = pending.pop()
        if recipe.key in states:
            continue
        if recipe.key not in absent and is_done(recipe, cache):
            states[recipe.key] = "reuse"
        else:
            states[recipe.key] = "run"
            pending += (recipes.made[ref.node_id] for ref in recipe.inputs.values())
    return states


def producers(recipes: Recipes, targets: Iterable[NodeId]) -> list[NodeId]:
    """Return the nodes that really make what the targets give: a transparent node passes it on."""
    found: list[NodeId] = []
    for node_id in targets:
        recipe = recipes.made.get(node_id)
        if recipe is not None and not recipe.spec.outputs:
            found.append(node_id)
        found += (ref.node_id for ref in recipes.refs.get(node_id, {}).values())
    return list(dict.fromkeys(found))


def is_done(recipe: Recipe, cache: Cache) -> bool:
    """Return whether the result is there; for an export, whether its file is as it was written."""
    if not recipe.spec.effect:
        return cache.contains(recipe.key)
    facts = cache.facts(recipe.key)
    # An effect that leaves no file cannot be seen to be done.
    return (
        facts is not None
        and bool(facts.files)
        and all(_stamp(Path(path)) == tuple(stamp) for path, stamp in facts.files.items())
    )


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        # Gone, or out of reach: not as it was written.
        return None
    return stat.st_size, stat.st_mtime_ns


def input_paths(recipe: Recipe) -> list[Path]:
    """Return the files that a node reads."""
    return [recipe.paths[name] for name in recipe.files]


def output_problem(recipe: Recipe, places: Places, inputs: Iterable[Path]) -> str | None:
    """Return why an effect's file may not be written, or None."""
    path = recipe.output_path
    if path is None:
        return None
    for other in inputs:
        if path == other.absolute() or (path.exists() and other.exists() and path.samefile(other)):
            return f"{path} is what {other.name} is read from. A result never replaces its own input."
    if path.is_dir():
        return f"{path} is a folder. Name a file."
    if path.exists() and not places.overwrite:
        return f"{path} exists already. Say --overwrite to replace it, or name another file."
    return None


def _rival_problem(recipe: Recipe, writers: Mapping[Path, NodeId]) -> str | None:
    """Return why an effect's file may not be written beside those of other effects, or None."""
    path = recipe.output_path
    if path is None or path not in writers:
        return None
    return f"{writers[path]} and {recipe.node_id} would both write {path}. Name another file for one of them."


# --- why ------------------------------------------------------------------------------------------------


def page_of(recipe: Recipe, entry: Entry) -> dict[str, Any]:
    """Return what to remember of a node that ran, as plain JSON."""
    sounds = ((port, value) for port, value in entry.values.items() if isinstance(value, Audio))
    return {
        "kind": recipe.spec.kind,
        "key": recipe.key,
        "code": recipe.code,
        "params": plain(recipe.settings),
        "files": dict(recipe.files),
        "inputs": {name: [ref.node_id, ref.key, ref.port] for name, ref in recipe.inputs.items()},
        "seconds": entry.facts.seconds,
        "sounds": {port: [sound.sample_rate, sound.channels, sound.frames] for port, sound in sounds},
    }


def _sound_page(page: Any) -> Mapping[str, Any] | None:
    """Return the page if it is one; what was garbled counts as never written."""
    if not isinstance(page, dict):
        return None
    for name, kind in _PAGE:
        if not isinstance(page.get(name), kind):
            return None
    return page


@dataclass(frozen=True)
class Reason:
    """One reason why a node runs. As a str, a part of an English sentence.

    Parameters
    ----------
    what : Cause
        What it is about.
    name : str
        The parameter, the input port, or the node or kind that changed.
    before, after : str
        What was changed, as it is shown.
    unit : str
        Of both.
    """

    what: Cause
    name: str = ""
    before: str = ""
    after: str = ""
    unit: str = ""

    def __str__(self) -> str:
        return _SENTENCES[self.what].format(
            name=self.name, before=self.before, after=self.after, unit=f" {self.unit}" if self.unit else ""
        )


def explain(recipe: Recipe, page: Mapping[str, Any] | None) -> str:
    """Return why a node runs, compared with when it last did."""
    return ", ".join(dict.fromkeys(map(str, reasons(recipe, page))))


def reasons(recipe: Recipe, page: Mapping[str, Any] | None) -> tuple[Reason, ...]:
    """Return why a node runs, compared with when it last did: one reason or more.

    Parameters
    ----------
    recipe : Recipe
        How its result is made now.
    page : mapping, optional
        What `page_of` wrote when it last ran. A garbled one counts as none.
    """
    page = _sound_page(page)
    if page is None:
        return (Reason("new"),)
    if page["key"] == recipe.key:
        return (Reason("no file" if recipe.spec.effect else "not kept"),)
    found = [
        *_changed_params(recipe, page["params"]),
        *(
            Reason("content", name)
            for name, digest in recipe.files.items()
            if page["files"].get(name) != digest
        ),
        *_changed_inputs(recipe, page["inputs"]),
    ]
    if page["code"] != recipe.code:
        found.append(Reason("updated", recipe.spec.kind))
    return tuple(found) or (Reason("other file"),)


def _changed_params(recipe: Recipe, before: Mapping[str, Any]) -> Iterator[Reason]:
    now = plain(recipe.settings)
    for param in recipe.spec.params:
        if param.type != "input_file" and before.get(param.name) != now[param.name]:
            shown = _shown(before.get(param.name)), _shown(now[param.name])
            yield Reason("param", param.name, *shown, unit=param.unit or "")


def _changed_inputs(recipe: Recipe, before: Mapping[str, Any]) -> Iterator[Reason]:
    for name, ref in recipe.inputs.items():
        old = before.get(name)
        if old is None:
            yield Reason("linked", name)
        elif old[1:] != [ref.key, ref.port]:
            stayed = old[0] == ref.node_id
            yield Reason("upstream", ref.node_id) if stayed else Reason("moved", name, old[0], ref.node_id)
    yield from (Reason("unlinked", name) for name in before if name not in recipe.inputs)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
