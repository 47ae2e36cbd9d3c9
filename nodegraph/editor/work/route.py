"""Route: what has to be done to hear a passage of an output, cut at what is there already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nodegraph.audio import Audio, NoiseProfile
from nodegraph.editor.work.passages import (
    NOISE_PROFILE,
    TRIM,
    WHOLE_STRETCH,
    Passage,
    before_trim,
    learns_noise,
    noise_recipe,
)
from nodegraph.library import Library
from nodegraph.recipe import Recipe, Ref

__all__ = ["Need", "Route", "Step"]

# Where to look for noise when nothing in the recording is known to be noise alone: lead-ins lie here.
_LEAD_IN = Passage(0.0, 12.0)
# Where nobody knows better (Hz); a wrong one costs a little of how well a preview fits.
_USUAL_RATE = 44100


@dataclass(frozen=True)
class Need:
    """Some of a result: a passage of it, or all of it if that is None."""

    key: str
    passage: Passage | None


@dataclass(frozen=True)
class Step:
    """One node of a route.

    Parameters
    ----------
    need : Need
        What it gives.
    recipe : Recipe
        How that is made.
    inputs : mapping of port to (Need, output port)
        From what. Empty for what is there.
    settings : mapping
        Those that are others than in the recipe, because times count from the passage.
    there : bool
        The whole result is in the cache.
    identity : str
        The same for the same values.
    """

    need: Need
    recipe: Recipe
    inputs: Mapping[str, tuple[Need, str]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    there: bool = False
    identity: str = ""

    @property
    def whole(self) -> bool:
        """Whether it gives the whole result."""
        return self.there or self.need.passage is None


class Route:
    """Finds the steps to a passage.

    Parameters
    ----------
    recipes : mapping of key to Recipe
        Of the output's node and all that it depends on.
    library : Library
        The kinds.
    there : callable
        Whether the whole result of a key is there.
    make : callable
        Makes a whole result, which is quick, and returns its values.
    """

    def __init__(
        self,
        recipes: Mapping[str, Recipe],
        library: Library,
        there: Callable[[str], bool],
        make: Callable[[Recipe], Mapping[str, Any]],
    ) -> None:
        self._recipes = dict(recipes)
        self._library, self._there, self._make = library, there, make

    def steps(self, target: Need) -> dict[Need, Step]:
        """Return the steps to the target, each after those that it needs."""
        made: dict[Need, Step] = {}
        open_steps: dict[Need, Step] = {}
        pending = [target]
        while pending:
            need = pending[-1]
            if need in made:
                pending.pop()
            elif need in open_steps:
                pending.pop()
                step = open_steps.pop(need)
                made[need] = _identified(step, made)
            else:
                step = open_steps[need] = self._step(need)
                pending += (other for other, _port in step.inputs.values())
        return made

    def recipe(self, key: str) -> Recipe:
        """Return the recipe of a key."""
        return self._recipes[key]

    def original(self, ref: Ref) -> Ref | None:
        """Return the nearest sound before an output that is there whole and keeps its time."""
        while not self._there(ref.key):
            recipe = self._recipes[ref.key]
            sound = first_sound(recipe)
            if sound is None or recipe.spec.kind == TRIM:
                return None
            ref = sound
        return ref

    def sample_rate(self, ref: Ref) -> int:
        """Return the sample rate of the recording that an output is made from."""
        original = self.original(ref)
        sound = None if original is None else self._make(self._recipes[original.key])[original.port]
        return sound.sample_rate if isinstance(sound, Audio) else _USUAL_RATE

    def _step(self, need: Need) -> Step:
        recipe = self._recipes[need.key]
        if self._there(need.key):
            return Step(need, recipe, there=True)
        passage = need.passage
        if passage is None or not recipe.inputs:
            all_of = {name: (Need(ref.key, None), ref.port) for name, ref in recipe.inputs.items()}
            return Step(need if passage is None else Need(need.key, None), recipe, all_of)
        if recipe.spec.kind == NOISE_PROFILE:
            return self._noise_step(need, recipe)
        settings: Mapping[str, Any] = {}
        if recipe.spec.kind == TRIM:
            passage, settings = before_trim(recipe, passage), WHOLE_STRETCH
        inputs = {name: (Need(ref.key, passage), ref.port) for name, ref in recipe.inputs.items()}
        if learns_noise(recipe):
            begin, length = recipe.settings["noise_begin_s"], recipe.settings["noise_length_s"]
            assert isinstance(begin, float)
            assert isinstance(length, float)
            learning = noise_recipe(self._library, recipe.node_id, recipe.inputs["audio"], begin, length)
            if learning is not None:
                self._recipes[learning.key] = learning
                inputs["profile"] = (Need(learning.key, passage), "profile")
        return Step(need, recipe, inputs, settings)

    def _noise_step(self, need: Need, recipe: Recipe) -> Step:
        """Learn noise where the whole file would: not in the passage that is listened to."""
        source = recipe.inputs["audio"]
        if self._there(source.key):
            return Step(Need(need.key, None), recipe, {"audio": (Need(source.key, None), source.port)})
        begin, length = recipe.settings["begin_s"], recipe.settings["length_s"]
        assert isinstance(begin, float)
        assert isinstance(length, float)
        place = Passage(begin, begin + length) if length > 0.0 else self._place_of_noise(recipe)
        outer = (place or _LEAD_IN).widened(self.sample_rate(source))
        settings: dict[str, Any] = {"begin_s": 0.0, "length_s": 0.0}
        if place is not None:
            settings = {"begin_s": place.begin_s - outer.begin_s, "length_s": place.end_s - place.begin_s}
        return Step(need, recipe, {"audio": (Need(source.key, outer), source.port)}, settings)

    def _place_of_noise(self, recipe: Recipe) -> Passage | None:
        """Return where noise sounds alone in the recording as it was before what has to run now."""
        original = self.original(recipe.inputs["audio"])
        looking = None if original is None else noise_recipe(self._library, recipe.node_id, original)
        if looking is None:
            return None
        profile = self._make(looking)["profile"]
        assert isinstance(profile, NoiseProfile)
        return Passage(profile.begin_s, profile.end_s) if profile.power.any() else None


def first_sound(recipe: Recipe) -> Ref | None:
    """Return what feeds a node's first input for sound."""
    for name, ref in recipe.inputs.items():
        port = recipe.spec.input(name)
        if port is not None and port.type is Audio:
            return ref
    return None


def _identified(step: Step, made: Mapping[Need, Step]) -> Step:
    if step.whole:
        identity = step.recipe.key
    else:
        inputs = [(name, made[need].identity, port) for name, (need, port) in step.inputs.items()]
        text = repr((step.recipe.key, step.need.passage, sorted(step.settings.items()), inputs))
        identity = hashlib.blake2b(text.encode(), digest_size=20).hexdigest()
    return Step(step.need, step.recipe, step.inputs, step.settings, step.there, identity)
