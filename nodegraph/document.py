"""Document: a graph and what surrounds it: title, positions, labels, frames, notes, routes of links.

Immutable; an edit is `document → document`. `document_file` reads and writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from nodegraph.graph import Graph, Link, NodeId

__all__ = ["Document", "Frame", "Note", "Place"]

Place = tuple[float, float]
"""A point on the canvas: x to the right, y down, in canvas units."""


@dataclass(frozen=True)
class Frame:
    """A titled rectangle behind nodes.

    Parameters
    ----------
    title : str
        Shown at its top.
    x, y, width, height : float
        In canvas units.
    extra : mapping
        Unknown keys of the file.
    """

    title: str
    x: float
    y: float
    width: float
    height: float
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """A comment on the canvas.

    Parameters
    ----------
    text : str
        For people.
    x, y, width, height : float
        In canvas units.
    extra : mapping
        Unknown keys of the file.
    """

    text: str
    x: float
    y: float
    width: float
    height: float
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """What a graph file holds.

    Parameters
    ----------
    graph : Graph
        What decides the sound.
    title, comment : str
        For people.
    positions : mapping of node id to (x, y)
        In canvas units. A node without one is laid out by the editor.
    labels : mapping of node id to str
        Names that the user gave to nodes.
    collapsed : frozenset of node id
        Nodes that show their title only.
    frames : tuple of Frame
        Behind the nodes.
    notes : tuple of Note
        Comments on the canvas.
    routes : mapping of Link to tuple of (x, y)
        Points that a link goes through on its way, from its source to its target.
    extra, view_extra : mapping
        Unknown keys of the file, at its top and in its view.
    link_extra : mapping of Link to mapping
        Unknown keys of links.
    """

    graph: Graph = field(default_factory=Graph)
    title: str = ""
    comment: str = ""
    positions: Mapping[NodeId, Place] = field(default_factory=dict)
    labels: Mapping[NodeId, str] = field(default_factory=dict)
    collapsed: frozenset[NodeId] = frozenset()
    frames: tuple[Frame, ...] = ()
    notes: tuple[Note, ...] = ()
    routes: Mapping[Link, tuple[Place, ...]] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    view_extra: Mapping[str, Any] = field(default_factory=dict)
    link_extra: Mapping[Link, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("positions", "labels", "routes", "extra", "view_extra", "link_extra"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def with_graph(self, graph: Graph) -> Document:
        """Return the document around another graph."""
        return replace(self, graph=graph)

    def move(self, node_id: NodeId, x: float, y: float) -> Document:
        """Return the document with a node elsewhere. No result becomes stale by it."""
        self.graph.node(node_id)
        return replace(self, positions={**self.positions, node_id: (x, y)})
