"""Region: hears a passage of an output soon, by running what is needed on that passage only.

What is in the cache is used as it is. What depends on no sound (a file that is loaded) runs whole, and
is kept. Everything else gets the passage of its inputs with some sound around it, which is cut off in
the end. So a preview differs from the whole file where a node looks at all of it: at the gain that a
loudness asks for, at wow that is measured over a passage only, at filters longer than the context.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from nodegraph.audio import Audio
from nodegraph.cache import Cache, Entry
from nodegraph.document import Document
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.listen.sound import Sound
from nodegraph.editor.words import _
from nodegraph.editor.work.keeping import Keeping
from nodegraph.editor.work.passages import Passage, cut
from nodegraph.editor.work.route import Need, Route, Step, first_sound
from nodegraph.errors import Cancelled, NodeError
from nodegraph.perform import Session, call_node, perform
from nodegraph.progress import Progress, blocks_of
from nodegraph.recipe import Recipe, Recipes, Ref, make_recipes

__all__ = ["Heard", "Regions", "Wish"]

# A passage is worked on in at most so many blocks: each needs sound around it, too.
_MOST_BLOCKS = 4
# Blocks are cut down to a multiple of at most this (frames); one more for the rest would be a waste.
_ALIGNED_FRAMES = 8192
# A node whose output is as long as its input, up to this, keeps the time (s).
_SAME_TIME_S = 0.001


@dataclass(frozen=True)
class Wish:
    """What somebody wants to hear.

    Parameters
    ----------
    document : Document
        Of this.
    session : Session
        With what.
    ports : tuple of PortRef
        These outputs, the most wanted first.
    passage : Passage
        From when to when.
    """

    document: Document
    session: Session
    ports: tuple[PortRef, ...]
    passage: Passage


@dataclass(frozen=True)
class Heard:
    """What there is to hear.

    Parameters
    ----------
    wish : Wish
        What was wanted.
    sounds : mapping of PortRef to Sound
        The passage, or the whole where that is there.
    keys : mapping of PortRef to str
        Of the whole sounds that these are previews of.
    why_not : mapping of PortRef to str
        Why there is nothing to hear.
    failures : mapping of key to str
        What failed, and why.
    """

    wish: Wish
    sounds: Mapping[PortRef, Sound] = field(default_factory=dict)
    keys: Mapping[PortRef, str] = field(default_factory=dict)
    why_not: Mapping[PortRef, str] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)


class Regions:
    """Makes passages and keeps the latest: only what changed runs again. Used by one thread.

    Parameters
    ----------
    cache : Cache
        Whole results; in its folder lie the passages that are kept.
    workers : int, optional
        How many processors it may use.
    """

    def __init__(self, cache: Cache, workers: int | None = None) -> None:
        self._cache = cache
        self._workers = workers or os.cpu_count() or 1
        self.kept = Keeping(cache.shelf.folder)

    def hear(self, wish: Wish, cancel: threading.Event, tell: Callable[[float], None]) -> Heard:
        """Make the passage of every port that is wanted.

        Raises
        ------
        Cancelled
            If `cancel` was set meanwhile.
        CacheError
            If the cache cannot be used.
        """
        sounds, keys = dict[PortRef, Sound](), dict[PortRef, str]()
        why_not, failures = dict[PortRef, str](), dict[str, str]()
        with _threads(self._workers, cancel, tell) as progress:
            recipes = self._recipes(wish, progress)
            for number, port in enumerate(wish.ports):
                ref = recipes.refs.get(port.node_id, {}).get(port.port)
                if ref is None:
                    continue
                keys[port] = f"{ref.key}-{ref.port}"
                part = progress.part(number / len(wish.ports), (number + 1) / len(wish.ports))
                try:
                    sounds[port] = _Hearing(self, wish, recipes, part).sound(ref)
                except NodeError as error:
                    failures[recipes.made[error.node_id].key] = why_not[port] = error.reason
                except _TimeChanged as changed:
                    why_not[port] = str(changed)
        return Heard(wish, sounds, keys, why_not, failures)

    def _recipes(self, wish: Wish, progress: Progress) -> Recipes:
        session = wish.session
        targets = {port.node_id for port in wish.ports}
        return make_recipes(
            wish.document.graph,
            session.library,
            session.cache.ledger,
            session.places,
            targets,
            check=progress.check,
        )


class _TimeChanged(Exception):
    """A node gives sound of another length than it takes: nobody knows which passage it is."""


class _Hearing:
    """The way to one output's passage."""

    def __init__(self, regions: Regions, wish: Wish, recipes: Recipes, progress: Progress) -> None:
        self._regions, self._wish, self._progress = regions, wish, progress
        self._cache, self._recipes = wish.session.cache, recipes
        self._entries: dict[str, Entry] = {}
        by_key = {recipe.key: recipe for recipe in recipes.made.values()}
        self._route = Route(by_key, wish.session.library, self._there, self._whole)

    def sound(self, ref: Ref) -> Sound:
        """Return the sound of an output.

        Raises
        ------
        NodeError
            If a node failed.
        """
        self._load_sources(ref)
        passage = self._inside(ref)
        outer = passage.widened(self._route.sample_rate(ref))
        target = Need(ref.key, outer)
        steps = self._route.steps(target)
        values = self._run(target, steps)
        audio = values[ref.port]
        assert isinstance(audio, Audio)
        if steps[target].whole:
            return Sound(audio, f"{ref.key}-{ref.port}")
        begin_s = passage.begin_s - outer.begin_s
        cropped = cut(audio, Passage(begin_s, begin_s + passage.end_s - passage.begin_s))
        name = f"{steps[target].identity}-{ref.port}"
        return Sound(cropped, name, passage.begin_s, preview=True)

    # --- the way -----------------------------------------------------------------------------

    def _load_sources(self, ref: Ref) -> None:
        """Make what depends on nothing: how long the sound is must be known first."""
        seen, pending = set[str](), [ref]
        while pending:
            key = pending.pop().key
            if key in seen or self._there(key):
                continue
            seen.add(key)
            recipe = self._recipe(key)
            if not recipe.inputs:
                self._whole(recipe)
            pending += recipe.inputs.values()

    def _inside(self, ref: Ref) -> Passage:
        """Return the passage moved into the sound, if it lies behind its end."""
        wanted, original = self._wish.passage, self._route.original(ref)
        value = None if original is None else self._whole(self._recipe(original.key))[original.port]
        if not isinstance(value, Audio) or wanted.begin_s < value.seconds - 1.0:
            return wanted
        length = wanted.end_s - wanted.begin_s
        return Passage(max(0.0, value.seconds - length), value.seconds)

    def _run(self, target: Need, steps: Mapping[Need, Step]) -> Mapping[str, Any]:
        found: dict[Need, Mapping[str, Any]] = {}
        wanted: set[Need] = set()
        pending = [target]
        while pending:
            need = pending.pop()
            if need in wanted:
                continue
            wanted.add(need)
            known = None if steps[need].whole else self._regions.kept.recall(steps[need].identity)
            if known is not None:
                found[need] = known
            else:
                pending += (other for other, _port in steps[need].inputs.values())
        to_do = [step for need, step in steps.items() if need in wanted and need not in found]
        needs = {id(step): need for need, step in steps.items()}
        for number, step in enumerate(to_do):
            part = self._progress.part(number / len(to_do), (number + 1) / len(to_do))
            found[needs[id(step)]] = self._do(step, steps, found, part)
        return found[target]

    def _do(
        self,
        step: Step,
        steps: Mapping[Need, Step],
        found: Mapping[Need, Mapping[str, Any]],
        progress: Progress,
    ) -> Mapping[str, Any]:
        if step.whole:
            return self._whole(step.recipe)
        inputs = {}
        for name, (need, port) in step.inputs.items():
            value = found[need][port]
            whole = steps[need].whole and need.passage is not None
            inputs[name] = cut(value, need.passage) if whole and need.passage is not None else value
        values = self._call(step, inputs, progress)
        self._check_time(step, inputs, values)
        self._regions.kept.keep(step.identity, values)
        return values

    def _call(self, step: Step, inputs: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        recipe = step.recipe
        settings = {
            **recipe.settings,
            **{name: str(recipe.paths[name]) for name in recipe.files},
            **step.settings,
        }
        progress.check()
        try:
            with blocks_of(self._block_frames(inputs)):
                return call_node(recipe.spec, settings, inputs, progress)
        except Cancelled:
            raise
        except Exception as error:
            raise NodeError(recipe.node_id, recipe.spec.kind, settings, error) from error

    def _block_frames(self, inputs: Mapping[str, Any]) -> int:
        """Return how long blocks are, so that each processor has one: a passage would be a single one."""
        longest = max((value.frames for value in inputs.values() if isinstance(value, Audio)), default=0)
        return longest // min(self._progress.workers, _MOST_BLOCKS) + _ALIGNED_FRAMES

    def _check_time(self, step: Step, inputs: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        first = first_sound(step.recipe)
        before = next((value for value in inputs.values() if isinstance(value, Audio)), None)
        if first is None or before is None:
            return
        for value in values.values():
            if isinstance(value, Audio) and abs(value.seconds - before.seconds) > _SAME_TIME_S:
                raise _TimeChanged(
                    _("{node} changes how long the sound is. Press Run to hear it.").format(
                        node=step.recipe.node_id
                    )
                )

    # --- whole results -----------------------------------------------------------------------

    def _recipe(self, key: str) -> Recipe:
        return self._route.recipe(key)

    def _there(self, key: str) -> bool:
        return key in self._entries or self._cache.contains(key)

    def _whole(self, recipe: Recipe) -> Mapping[str, Any]:
        """Return a whole result: from the cache, or made and kept there."""
        entry = self._entries.get(recipe.key)
        if entry is None:
            types = {port.name: port.type for port in recipe.spec.outputs}
            entry = self._cache.load(recipe.key, types) or self._make(recipe)
            self._entries[recipe.key] = entry
        return entry.values

    def _make(self, recipe: Recipe) -> Entry:
        inputs = {name: self._whole(self._recipe(ref.key))[ref.port] for name, ref in recipe.inputs.items()}
        try:
            return perform(recipe, inputs, self._progress, self._wish.document, self._wish.session)
        except Cancelled:
            raise
        except Exception as error:
            raise NodeError(recipe.node_id, recipe.spec.kind, recipe.settings, error) from error


@contextmanager
def _threads(workers: int, cancel: threading.Event, tell: Callable[[float], None]) -> Iterator[Progress]:
    """Give a progress with threads of its own, which inherit the niceness of the calling thread."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="regroove-preview")
    try:
        yield Progress(report=tell, cancel=cancel, pool=pool, workers=workers)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
