"""Estimate: when a run will be done, from how long its nodes, or nodes of their kinds, took before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from nodegraph.audio import Audio
from nodegraph.cache import Entry
from nodegraph.graph import NodeId
from nodegraph.plan import Plan
from nodegraph.recipe import Recipe

__all__ = ["Estimate"]

# A new measurement of a kind's speed counts this much against the earlier ones.
_RATE_WEIGHT = 0.5
# From here on a node's own progress tells more than its past (share done).
_TELLING = 0.1
_TOLD_S = 0.1


class Estimate:
    """What is left of one run.

    Parameters
    ----------
    to_run : mapping of node id to Recipe
        What will run.
    found : Plan
        Knows how long each took last time.
    rates : mapping of kind to float
        Seconds per sample value, as an earlier run's `rates`.
    """

    def __init__(self, to_run: Mapping[NodeId, Recipe], found: Plan, rates: Mapping[str, Any]) -> None:
        self.rates: dict[str, float] = {
            kind: float(rate) for kind, rate in rates.items() if isinstance(rate, (int, float))
        }
        self._kinds = {node_id: recipe.spec.kind for node_id, recipe in to_run.items()}
        self._last = {step.node_id: step.last_s for step in found.those("run")}
        self._left = dict.fromkeys(to_run, 1.0)
        self._begun: dict[NodeId, float] = {}
        self._values = 0
        self._told: float | None = None
        self._told_at = 0.0

    def begin(self, node_id: NodeId) -> None:
        """Note that a node started."""
        self._begun[node_id] = time.monotonic()

    def progress(self, node_id: NodeId, fraction: float) -> None:
        """Note how far a node is."""
        self._left[node_id] = 1.0 - fraction

    def end(self, node_id: NodeId) -> None:
        """Note that a node finished or failed."""
        self._left.pop(node_id, None)

    def learn(self, recipe: Recipe, inputs: Mapping[str, Any], entry: Entry) -> None:
        """Take in how fast a kind was, in seconds per sample value."""
        sounds = [v for v in (*inputs.values(), *entry.values.values()) if isinstance(v, Audio)]
        values = max((sound.channels * sound.frames for sound in sounds), default=0)
        self._values = max(self._values, values)
        if values:
            rate, before = entry.facts.seconds / values, self.rates.get(recipe.spec.kind)
            self.rates[recipe.spec.kind] = rate if before is None else before + _RATE_WEIGHT * (rate - before)

    def recent(self) -> float | None:
        """Return `seconds()` as of at most a tenth of a second ago: it is asked at every event."""
        now = time.monotonic()
        if now - self._told_at >= _TOLD_S:
            self._told_at, self._told = now, self.seconds()
        return self._told

    def seconds(self) -> float | None:
        """Return how many seconds are left if nothing ran side by side; None if that is unknown."""
        total = 0.0
        for node_id, left in self._left.items():
            whole = self._whole(node_id, left)
            if whole is None:
                return None
            total += whole * left
        return total

    def _whole(self, node_id: NodeId, left: float) -> float | None:
        """Return how long a node takes in all."""
        if left <= 1.0 - _TELLING and node_id in self._begun:
            return (time.monotonic() - self._begun[node_id]) / (1.0 - left)
        last = self._last.get(node_id)
        if last is not None:
            return last
        rate = self.rates.get(self._kinds[node_id])
        return rate * self._values if rate is not None and self._values else None
