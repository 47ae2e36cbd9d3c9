"""Passages: which part of its inputs a node needs to give a part of its output.

Almost every node gives a passage from the same passage of its inputs, with some sound around it. The
kinds that mean times of the whole file stand here by name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nodegraph.audio import Audio, ClickMap, SpeedCurve
from nodegraph.graph import NodeId
from nodegraph.library import Library
from nodegraph.recipe import Recipe, Ref

__all__ = [
    "CONTEXT_S",
    "NOISE_PROFILE",
    "TRIM",
    "WHOLE_STRETCH",
    "Passage",
    "before_trim",
    "cut",
    "learns_noise",
    "noise_recipe",
    "passage_near",
]

CONTEXT_S = 1.0
"""So much sound around a passage goes through the nodes with it: far more than any filter rings."""

# Without a short loop so much is heard first (s), on a grid of so much (s), from so much before (s).
_PASSAGE_S = 10.0
_GRID_S = 5.0
_BEFORE_S = 1.0
# A loop that is longer than this is not heard first as a whole (s).
_LONGEST_LOOP_S = 30.0

# The longest window of the spectra that nodes work with (frames): a power of two, as the others are.
_GRID_FRAMES = 8192

TRIM = "trim"
NOISE_PROFILE = "repair.noise_profile"
DENOISE = "repair.denoise"


@dataclass(frozen=True)
class Passage:
    """From when to when (s), in the time of the sound that it is a part of."""

    begin_s: float
    end_s: float

    def widened(self, sample_rate: int) -> Passage:
        """Return it with the sound around it, begun where the windows of spectra begin in the whole."""
        begin = max(0.0, self.begin_s - CONTEXT_S) * sample_rate // _GRID_FRAMES * _GRID_FRAMES
        return Passage(begin / sample_rate, self.end_s + CONTEXT_S)

    def frames(self, sound: Audio) -> tuple[int, int]:
        """Return the first frame of it in a sound, and the one after its last."""
        begin = min(max(0, round(self.begin_s * sound.sample_rate)), sound.frames)
        return begin, min(max(begin, round(self.end_s * sound.sample_rate)), sound.frames)


def passage_near(position_s: float, loop: tuple[float, float] | None) -> Passage:
    """Return what is heard first: the loop if it is short enough, else some of it, or of the whole.

    It begins a little before the listener, on a grid, so that passages that were made are found again.
    """
    low, high = loop or (0.0, float("inf"))
    if high - low <= _LONGEST_LOOP_S:
        return Passage(low, high)
    steps = max(0, math.floor((min(max(position_s, low), high) - low - _BEFORE_S) / _GRID_S))
    begin = low + steps * _GRID_S
    return Passage(begin, min(begin + _PASSAGE_S, high))


def cut(value: Any, passage: Passage) -> Any:
    """Return what a value of a whole file is for a passage of it; times count from its begin."""
    if isinstance(value, Audio):
        begin, end = passage.frames(value)
        return Audio.trusted(np.ascontiguousarray(value.samples[:, begin:end]), value.sample_rate)
    if isinstance(value, SpeedCurve):
        return SpeedCurve(value.times_s - passage.begin_s, value.speed, value.confidence)
    if isinstance(value, ClickMap):
        begin = round(passage.begin_s * value.sample_rate)
        end = min(value.frames, round(passage.end_s * value.sample_rate))
        spans = value.spans.copy()
        spans[:, 1:] = np.clip(spans[:, 1:], begin, end) - begin
        return ClickMap(value.sample_rate, max(0, end - begin), spans[spans[:, 1] < spans[:, 2]])
    return value


WHOLE_STRETCH: Mapping[str, Any] = {"start_s": 0.0, "end_s": None, "fade_ms": 0.0}
"""A `trim` with these keeps what it gets: its fades are not heard in the preview of a passage."""


def before_trim(recipe: Recipe, passage: Passage) -> Passage:
    """Return which passage of its input a `trim` makes a passage of."""
    start, end = recipe.settings["start_s"], recipe.settings["end_s"]
    assert isinstance(start, float)
    last = passage.end_s + start
    return Passage(passage.begin_s + start, min(last, end) if isinstance(end, float) else last)


def learns_noise(recipe: Recipe) -> bool:
    """Return whether a node learns what noise is from a passage of its own input's whole file."""
    return (
        recipe.spec.kind == DENOISE
        and recipe.settings.get("noise") == "steady"
        and "profile" not in recipe.inputs
        and "audio" in recipe.inputs
    )


def noise_recipe(
    library: Library, node_id: NodeId, source: Ref, begin_s: float = 0.0, length_s: float = 0.0
) -> Recipe | None:
    """Return the recipe of a Noise profile node behind an output, or None without that kind.

    Parameters
    ----------
    library : Library
        The kinds.
    node_id : str
        The node for whose sake it is.
    source : Ref
        The output.
    begin_s, length_s : float
        The node's own parameters.
    """
    spec = library.get(NOISE_PROFILE)
    if spec is None:
        return None
    settings = spec.settings({"begin_s": begin_s, "length_s": length_s})
    return Recipe(
        node_id, spec, settings, {"audio": source}, {}, {}, json.dumps(library.recipe(spec, settings))
    )
