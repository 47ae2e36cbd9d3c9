"""Making: a run of whole files on a background thread, telling how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from nodegraph.document import Document
from nodegraph.editor.work.costs import Costs
from nodegraph.editor.work.lane import checking
from nodegraph.errors import Cancelled, OutputError
from nodegraph.events import RunEvent, RunResult
from nodegraph.execute import plan, run, run_pages
from nodegraph.graph import NodeId
from nodegraph.perform import Session
from nodegraph.plan import input_paths
from nodegraph.recipe import make_recipes

__all__ = ["LONGEST_BY_ITSELF_S", "Made", "Making", "Order"]

LONGEST_BY_ITSELF_S = 60.0
"""What takes longer runs only when somebody presses Run."""

# The window is told at most this often (s).
_TELL_S = 0.05


@dataclass(frozen=True)
class Order:
    """What is to be made.

    Parameters
    ----------
    document : Document
        Of this.
    session : Session
        With what, and where.
    targets : tuple of node id
        These, and all that they depend on.
    asked : bool
        The user asked for it; else it is made by itself, and not if that takes too long.
    """

    document: Document
    session: Session
    targets: tuple[NodeId, ...]
    asked: bool


@dataclass(frozen=True)
class Making:
    """How far a run is.

    Parameters
    ----------
    running : mapping of key to float
        How far the results are that are being made, 0 to 1.
    made : frozenset of str
        Keys of the results that have been made.
    fraction : float
        How far all of it is.
    eta_s : float, optional
        When it will be done, if that can be told.
    """

    running: Mapping[str, float] = field(default_factory=dict)
    made: frozenset[str] = frozenset()
    fraction: float = 0.0
    eta_s: float | None = None


@dataclass(frozen=True)
class Made:
    """How a run ended.

    Parameters
    ----------
    order : Order
        What was to be made.
    end : {"done", "cancelled", "refused", "too long"}
        "refused" when files may not be written; "too long" for one that begins only when asked.
    result : RunResult, optional
        If it is done.
    failures : mapping of key to str
        What failed, and why.
    refusals : tuple of str
        Why files may not be written.
    existing : tuple of Path
        Of these, the ones that only exist already: with the user's word they are replaced.
    """

    order: Order
    end: Literal["done", "cancelled", "refused", "too long"]
    result: RunResult | None = None
    failures: Mapping[str, str] = field(default_factory=dict)
    refusals: tuple[str, ...] = ()
    existing: tuple[Path, ...] = ()


def make(order: Order, cancel: threading.Event, tell: Callable[[Making], None]) -> Made:
    """Make it, telling how far it is."""
    document, session = order.document, order.session
    check = checking(cancel)
    ledger = session.cache.ledger
    recipes = make_recipes(
        document.graph, session.library, ledger, session.places, order.targets, check=check
    )
    found = plan(document, session, order.targets)
    refused = [step for step in found.those("blocked") if step.node_id in recipes.made]
    if refused:
        paths = [recipes.made[step.node_id].output_path for step in refused]
        reads = {path.absolute() for recipe in recipes.made.values() for path in input_paths(recipe)}
        existing = tuple(path for path in paths if path is not None and path.is_file() and path not in reads)
        return Made(order, "refused", refusals=tuple(step.why for step in refused), existing=existing)
    costs = Costs(ledger, run_pages(ledger, session.name))
    to_run = {step.node_id: recipes.made[step.node_id] for step in found.those("run")}
    expected = {node_id: costs.expected_s(recipe) for node_id, recipe in to_run.items()}
    if not order.asked and sum(seconds or 0.0 for seconds in expected.values()) > LONGEST_BY_ITSELF_S:
        return Made(order, "too long")
    keys = {node_id: recipe.key for node_id, recipe in recipes.made.items()}
    telling = _Telling(keys, expected, tell)
    try:
        result = run(document, session, order.targets, cancel=cancel, on_event=telling.event)
    except Cancelled:
        return Made(order, "cancelled")
    except OutputError as error:
        return Made(order, "refused", refusals=(str(error),))
    failures = {keys[node_id]: error.reason for node_id, error in result.failures.items()}
    return Made(order, "done", result, failures)


class _Telling:
    """Follows the events of a run."""

    def __init__(
        self,
        keys: Mapping[NodeId, str],
        expected: Mapping[NodeId, float | None],
        tell: Callable[[Making], None],
    ) -> None:
        self._keys, self._tell = keys, tell
        known = [seconds for seconds in expected.values() if seconds]
        usual = sum(known) / len(known) if known else 1.0
        self._weights = {node_id: seconds or usual for node_id, seconds in expected.items()}
        self._fractions = dict.fromkeys(expected, 0.0)
        self._running: dict[str, float] = {}
        self._made: set[str] = set()
        self._told_at = 0.0
        self._tell(Making())

    def event(self, event: RunEvent) -> None:
        key = self._keys.get(event.node_id)
        if key is None or event.node_id not in self._fractions:
            return
        if event.what in ("started", "progress"):
            self._running[key] = self._fractions[event.node_id] = event.fraction
        elif event.what in ("finished", "failed"):
            self._fractions[event.node_id] = 1.0
            self._running.pop(key, None)
            if event.what == "finished":
                self._made.add(key)
        now = time.monotonic()
        if event.what != "progress" or now - self._told_at >= _TELL_S:
            self._told_at = now
            done = sum(self._weights[node_id] * share for node_id, share in self._fractions.items())
            whole = sum(self._weights.values()) or 1.0
            self._tell(Making(dict(self._running), frozenset(self._made), done / whole, event.eta_s))
