"""Costs: how long nodes will take, from how long they, or others of their kinds, took before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodegraph.execute import RATES
from nodegraph.graph import NodeId
from nodegraph.ledger import Ledger
from nodegraph.recipe import Recipe

__all__ = ["Costs"]


class Costs:
    """Expectations for the nodes of one document.

    Parameters
    ----------
    ledger : Ledger
        Knows how fast each kind was.
    pages : mapping of node id to page
        What is remembered of the document's last runs: see `nodegraph.plan.page_of`.
    """

    def __init__(self, ledger: Ledger, pages: Mapping[NodeId, Any]) -> None:
        self._pages = pages
        self._rates = ledger.read(RATES)
        self._values = max((_values(page) for page in pages.values()), default=0)

    def expected_s(self, recipe: Recipe) -> float | None:
        """Return how long a node will take (s), or None if nothing like it was done before."""
        page = self._pages.get(recipe.node_id)
        if isinstance(page, dict) and page.get("kind") == recipe.spec.kind:
            seconds = page.get("seconds")
            if isinstance(seconds, float):
                return seconds
        rate = self._rates.get(recipe.spec.kind)
        return rate * self._values if isinstance(rate, float) and self._values else None


def _values(page: Any) -> int:
    """Return how many sample values the largest sound had that a node gave."""
    sounds = page.get("sounds") if isinstance(page, dict) else None
    if not isinstance(sounds, dict):
        return 0
    return max((int(channels) * int(frames) for _rate, channels, frames in sounds.values()), default=0)
