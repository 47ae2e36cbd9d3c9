"""Hit: what lies under the pointer, and how near one has to come to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from nodegraph.document import Frame, Note, Place
from nodegraph.editor.desk.edits_canvas import FRAME_HEAD
from nodegraph.editor.space.course import Bezier, distance, sampled
from nodegraph.editor.space.shape import HEAD, ROW, NodeShape, Side
from nodegraph.graph import Link, NodeId

__all__ = [
    "PORT",
    "Hit",
    "hit_frame",
    "hit_link",
    "hit_note",
    "hit_port",
    "hit_route",
    "hit_row",
    "reach",
]

PORT = (11.0, 9.0)
"""How near a port is hit from: in canvas units, and in pixels where it is seen small."""
# Likewise.
_LINK = (6.0, 5.0)
_ROUTE = (8.0, 7.0)
_EDGE = (6.0, 6.0)

What = Literal[
    "port",
    "param",
    "more",
    "title",
    "strip",
    "node",
    "route",
    "link",
    "note",
    "note_edge",
    "frame",
    "frame_edge",
    "nothing",
]


@dataclass(frozen=True)
class Hit:
    """What lies under the pointer.

    Parameters
    ----------
    what : str
        "node" is a node's body; "more" the row that counts the hidden parameters; "strip" the line of
        its state; "route" a point of a link's route; "frame" a frame's title: its inside is "nothing".
    node_id, side, port, param : optional
        Of what belongs to a node.
    link : Link, optional
        Of "link" and "route".
    index : int
        Of the frame, the note or the route's point; of a link, before which point of its route.
    edge : str
        Which edges of a frame or note are hit: "left", "top right", …
    """

    what: What
    node_id: NodeId | None = None
    side: Side | None = None
    port: str | None = None
    param: str | None = None
    link: Link | None = None
    index: int = -1
    edge: str = ""


def hit_port(
    nodes: Sequence[tuple[NodeId, NodeShape, Place]], place: Place, zoom: float, under: NodeId | None
) -> Hit | None:
    """Return the nearest port at a place that no node above hides.

    Parameters
    ----------
    nodes : sequence of (node id, NodeShape, (x, y))
        Those in whose reach the place lies, the topmost last.
    place, zoom
        See `Scene.hit`.
    under : node id, optional
        The topmost node at the place.
    """
    best, nearest = None, reach(PORT, zoom) ** 2
    for node_id, shape, (x, y) in reversed(nodes):
        for port in shape.ports:
            gap = (x + port.x - place[0]) ** 2 + (y + port.y - place[1]) ** 2
            if gap < nearest:
                nearest = gap
                best = Hit("port", node_id, port.side, port.name)
        if node_id == under:
            break
    return best


def reach(near: tuple[float, float], zoom: float) -> float:
    """Return how far away something is still hit, in canvas units."""
    units, pixels = near
    return max(units, pixels / zoom)


def hit_row(node_id: NodeId, shape: NodeShape, y: float) -> Hit:
    """Return which part of a node lies `y` below its top."""
    if y < HEAD or shape.collapsed:
        return Hit("title", node_id)
    if y >= shape.strip_y:
        return Hit("strip", node_id)
    for param in shape.params:
        if param.y <= y < param.y + ROW:
            return Hit("param", node_id, param=param.name)
    if shape.more and shape.more_y <= y < shape.more_y + ROW:
        return Hit("more", node_id)
    return Hit("node", node_id)


def hit_route(routes: Mapping[Link, tuple[Place, ...]], place: Place, zoom: float) -> Hit | None:
    """Return the point of a route at a place."""
    near = reach(_ROUTE, zoom)
    for link, points in routes.items():
        for index, (x, y) in enumerate(points):
            if abs(x - place[0]) <= near and abs(y - place[1]) <= near:
                return Hit("route", link=link, index=index)
    return None


def hit_link(
    links: Sequence[Link],
    hulls: npt.NDArray[np.float64],
    courses: Mapping[Link, tuple[Bezier, ...]],
    place: Place,
    zoom: float,
) -> Hit | None:
    """Return the nearest link at a place.

    Parameters
    ----------
    links : sequence of Link
        All of them.
    hulls : ndarray, shape (links, 4)
        Boxes that hold their curves.
    courses : mapping of Link to tuple of Bezier
        Their curves.
    place, zoom
        See `Scene.hit`.
    """
    near = reach(_LINK, zoom)
    x, y = place
    left, top, right, bottom = hulls.T
    inside = (left - near <= x) & (x <= right + near) & (top - near <= y) & (y <= bottom + near)
    best: Hit | None = None
    for row in np.flatnonzero(inside).tolist():
        link = links[row]
        curves = courses[link]
        gap, where = distance(sampled(curves), place)
        if gap <= near:
            near = gap
            best = Hit("link", link=link, index=min(int(where * len(curves)), len(curves) - 1))
    return best


def hit_note(notes: Sequence[Note], place: Place, zoom: float) -> Hit | None:
    """Return the topmost note at a place, or its edge."""
    for index in reversed(range(len(notes))):
        edge = _edges(notes[index], place, zoom)
        if edge is not None:
            return Hit("note_edge" if edge else "note", index=index, edge=edge)
    return None


def hit_frame(frames: Sequence[Frame], place: Place, zoom: float) -> Hit | None:
    """Return the topmost frame whose title or edge lies at a place."""
    for index in reversed(range(len(frames))):
        frame = frames[index]
        edge = _edges(frame, place, zoom)
        if edge:
            return Hit("frame_edge", index=index, edge=edge)
        if edge is not None and place[1] <= frame.y + max(FRAME_HEAD, 12 / zoom):
            return Hit("frame", index=index)
    return None


def _edges(box: Frame | Note, place: Place, zoom: float) -> str | None:
    """Return which edges of a box are hit, "" for its inside, None outside."""
    near = reach(_EDGE, zoom)
    x, y = place[0] - box.x, place[1] - box.y
    if not (-near <= x <= box.width + near and -near <= y <= box.height + near):
        return None
    # From inside an edge is hit from half as far: titles begin there.
    inner = near / 2
    across = "right" if x >= box.width - inner else "left" if x <= inner else ""
    down = "bottom" if y >= box.height - inner else "top" if y <= inner else ""
    return f"{down} {across}".strip()
