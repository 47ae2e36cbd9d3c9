"""Desk: what one window works on. Whoever draws a part of it watches it; nobody is called back.

Everything here happens on the window's thread.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import Flag, auto
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from nodegraph.document import Document
from nodegraph.editor.desk.history import History
from nodegraph.editor.desk.states import NodeState, PortRef, RunState
from nodegraph.graph import Link, NodeId
from nodegraph.library import Library

__all__ = ["Desk", "Notice", "Region", "Selection", "Topic", "Watch"]

Region = tuple[float, float]
"""Begin and end of a passage (s)."""


class Topic(Flag):
    """What may have changed."""

    NOTHING = 0
    DOCUMENT = auto()
    SELECTION = auto()
    STATES = auto()
    RUN = auto()
    SOUNDS = auto()
    MONITOR = auto()
    REGION = auto()
    FILE = auto()
    NOTICES = auto()
    SETTINGS = auto()


ALL = ~Topic.NOTHING


@dataclass(frozen=True)
class Selection:
    """What is selected.

    Parameters
    ----------
    nodes, links : frozenset
        By id, by value.
    frames, notes : frozenset of int
        By their place in the document.
    """

    nodes: frozenset[NodeId] = frozenset()
    links: frozenset[Link] = frozenset()
    frames: frozenset[int] = frozenset()
    notes: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.nodes or self.links or self.frames or self.notes)


@dataclass(frozen=True)
class Notice:
    """Something that the user is told without being asked."""

    text: str
    kind: Literal["info", "warning", "error"] = "info"


@dataclass
class Watch:
    """One watcher's list of what has changed since it last looked."""

    pending: Topic = field(default=ALL)

    def take(self) -> Topic:
        """Return what has changed since the last call. At first, everything."""
        taken, self.pending = self.pending, Topic.NOTHING
        return taken

    def renew(self) -> None:
        """Take everything for changed: whoever watches has been made anew."""
        self.pending = ALL


class Desk:
    """What one window works on.

    Parameters
    ----------
    library : Library
        The kinds of node.
    document : Document, optional
        To begin with; an empty one by default.
    """

    def __init__(self, library: Library, document: Document | None = None) -> None:
        self.library = library
        self._watches: list[Watch] = []
        self.history = History(document or Document())
        self.path: Path | None = None
        self.selection = Selection()
        self.states: Mapping[NodeId, NodeState] = {}
        self.run_state = RunState()
        self.monitor: PortRef | None = None
        self.compare: PortRef | None = None
        self.region: Region | None = None
        self.notices: tuple[Notice, ...] = ()

    # --- watching ----------------------------------------------------------------------------

    def watch(self) -> Watch:
        """Return a new watch."""
        watch = Watch()
        self._watches.append(watch)
        return watch

    def touch(self, topics: Topic) -> None:
        """Tell all watches that something has changed."""
        for watch in self._watches:
            watch.pending |= topics

    # --- the document ------------------------------------------------------------------------

    @property
    def document(self) -> Document:
        """The document as it is now."""
        return self.history.document

    def edit(self, document: Document, label: str, merge: Hashable | None = None) -> None:
        """Put an edited document on the desk: one step of the history. See `History.do`."""
        if document is self.document:
            return
        self.history.do(document, label, merge)
        self._document_changed()

    def abandon(self, merge: Hashable) -> None:
        """Take a step back that is still open, as if it had never been. See `History.abandon`."""
        if self.history.abandon(merge):
            self._document_changed()

    def undo(self) -> None:
        """Go one step back, if there is one."""
        if self.history.undo():
            self._document_changed()

    def redo(self) -> None:
        """Go one step forth, if there is one."""
        if self.history.redo():
            self._document_changed()

    def open(self, document: Document, path: Path | None) -> None:
        """Replace everything by another document.

        Parameters
        ----------
        document : Document
            The new one.
        path : Path, optional
            Where it is saved; None for an untitled one.
        """
        self.history = History(document)
        self.path = path
        self.selection = Selection()
        self.states = {}
        self.run_state = RunState()
        self.monitor = self.compare = self.region = None
        self.touch(ALL)

    def saved(self, path: Path) -> None:
        """Note that the document was written to a file."""
        self.path = path
        self.history.mark_saved()
        self.touch(Topic.FILE)

    def _document_changed(self) -> None:
        graph = self.document.graph
        self.select(
            Selection(
                self.selection.nodes & graph.nodes.keys(),
                self.selection.links and self.selection.links & frozenset(graph.links),
                frozenset(i for i in self.selection.frames if i < len(self.document.frames)),
                frozenset(i for i in self.selection.notes if i < len(self.document.notes)),
            )
        )
        for ref in (self.monitor, self.compare):
            if ref is not None and ref.node_id not in graph.nodes:
                self.listen_to(None if ref is self.monitor else self.monitor, None)
        self.touch(Topic.DOCUMENT | Topic.FILE)

    # --- what is selected, heard, known --------------------------------------------------------

    def select(self, selection: Selection) -> None:
        """Select something else."""
        if selection != self.selection:
            self.selection = selection
            self.touch(Topic.SELECTION)

    def listen_to(self, monitor: PortRef | None, compare: PortRef | None) -> None:
        """Listen to a port (A), and compare it with another (B)."""
        if (monitor, compare) != (self.monitor, self.compare):
            self.monitor, self.compare = monitor, compare
            self.touch(Topic.MONITOR)

    def loop(self, region: Region | None) -> None:
        """Choose the passage that is looped and previewed; None for all."""
        if region != self.region:
            self.region = region
            self.touch(Topic.REGION)

    def know(self, states: Mapping[NodeId, NodeState]) -> None:
        """Take in what is known of the nodes now."""
        if states != self.states:
            self.states = MappingProxyType(dict(states))
            self.touch(Topic.STATES)

    def know_run(self, state: RunState) -> None:
        """Take in what is going on."""
        if state != self.run_state:
            self.run_state = state
            self.touch(Topic.RUN)

    def tell(self, text: str, kind: Literal["info", "warning", "error"] = "info") -> None:
        """Tell the user something."""
        self.notices = (*self.notices, Notice(text, kind))
        self.touch(Topic.NOTICES)
