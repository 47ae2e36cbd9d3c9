"""Scene: where everything of a document lies on the canvas, and what lies under the pointer.

It follows the document from edit to edit and says what became different, so that whoever draws it
touches only that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from nodegraph.document import Document, Frame, Note, Place
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.edits_canvas import FRAME_HEAD
from nodegraph.editor.space.arrange import GAP, arrange
from nodegraph.editor.space.course import Bezier, course, sampled
from nodegraph.editor.space.hit import (
    PORT,
    Hit,
    hit_frame,
    hit_link,
    hit_note,
    hit_port,
    hit_route,
    hit_row,
    reach,
)
from nodegraph.editor.space.shape import NodeShape, Side, shape_of
from nodegraph.editor.space.view import Box
from nodegraph.graph import Graph, Link, NodeId
from nodegraph.library import Library

__all__ = ["FRAME_HEAD", "Boxes", "Hit", "Scene", "SceneChange"]

Boxes = npt.NDArray[np.float64]
"""Of shape (boxes, 4): left, top, right, bottom."""
Points = npt.NDArray[np.float64]
"""Of shape (points, 2)."""


@dataclass(frozen=True)
class SceneChange:
    """What became different.

    Parameters
    ----------
    added, removed : frozenset of node id
        Nodes that came and went.
    changed : frozenset of node id
        Nodes to be drawn anew: another shape, parameter, label, or another of their inputs is linked.
    moved : frozenset of node id
        Nodes that lie elsewhere; one can have changed as well.
    links : frozenset of Link
        Links to be drawn: new ones, and those with another course.
    links_removed : frozenset of Link
        Links that went, perhaps before they were ever drawn.
    frames, notes : bool
        Whether any of them differs.
    order : bool
        Whether other nodes lie on top.
    """

    added: frozenset[NodeId] = frozenset()
    removed: frozenset[NodeId] = frozenset()
    changed: frozenset[NodeId] = frozenset()
    moved: frozenset[NodeId] = frozenset()
    links: frozenset[Link] = frozenset()
    links_removed: frozenset[Link] = frozenset()
    frames: bool = False
    notes: bool = False
    order: bool = False

    def __bool__(self) -> bool:
        nodes = self.added or self.removed or self.changed or self.moved
        others = self.links or self.links_removed or self.frames or self.notes or self.order
        return bool(nodes or others)

    def then(self, later: SceneChange) -> SceneChange:
        """Return both changes as one."""
        back = self.removed & later.added
        gone = self.added & later.removed
        added = (self.added | later.added) - gone - back
        removed = (self.removed | later.removed) - gone - back
        return SceneChange(
            added=added,
            removed=removed,
            changed=(self.changed | later.changed | back) - added - removed,
            moved=(self.moved | later.moved | back) - added - removed,
            links=(self.links - later.links_removed) | later.links,
            links_removed=(self.links_removed - later.links) | later.links_removed,
            frames=self.frames or later.frames,
            notes=self.notes or later.notes,
            order=self.order or later.order,
        )


class Scene:
    """Where everything of a document lies.

    Parameters
    ----------
    library : Library
        The kinds of node.

    Attributes
    ----------
    document : Document
        The one that was followed last.
    shapes : mapping of node id to NodeShape
        Of all nodes.
    positions : mapping of node id to (x, y)
        Of all nodes, also of those for which the document has none.
    courses : mapping of Link to tuple of Bezier
        The curves of all links.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self.document = Document()
        self.shapes: Mapping[NodeId, NodeShape] = {}
        self.positions: Mapping[NodeId, Place] = {}
        self._courses: dict[Link, tuple[Bezier, ...]] = {}
        self.courses: Mapping[Link, tuple[Bezier, ...]] = MappingProxyType(self._courses)
        # Where nodes without a position were put: they stay there when others are edited.
        self._laid: dict[NodeId, Place] = {}
        self._pending = SceneChange()
        self._ids: tuple[NodeId, ...] = ()
        self._row: dict[NodeId, int] = {}
        self._boxes: Boxes = np.zeros((0, 4))
        self._links: tuple[Link, ...] = ()
        self._link_boxes: Boxes | None = None

    # --- following ---------------------------------------------------------------------------

    def follow(self, document: Document) -> SceneChange:
        """Take in a document; return what became different since the last call.

        Only whoever draws calls this; others `catch_up`.
        """
        self.catch_up(document)
        change, self._pending = self._pending, SceneChange()
        return change

    def catch_up(self, document: Document) -> None:
        """Take in a document between two pictures; the next `follow` will tell of it."""
        if document is not self.document:
            self._pending = self._pending.then(self._step(document))

    def _step(self, document: Document) -> SceneChange:
        before, old_shapes, old_positions = self.document, self.shapes, self.positions
        changed, shaped = self._follow_nodes(document)
        self.positions = self._places(document)
        nodes = document.graph.nodes
        moved = frozenset(
            node_id for node_id, place in self.positions.items() if place != old_positions.get(node_id, place)
        )
        links, links_removed = self._follow_links(document, moved | shaped)
        self.document = document
        self._measure(moved | shaped)
        return SceneChange(
            added=frozenset(nodes.keys() - old_shapes.keys()),
            removed=frozenset(old_shapes.keys() - nodes.keys()),
            changed=changed & old_shapes.keys(),
            moved=moved,
            links=links,
            links_removed=links_removed,
            frames=document.frames != before.frames,
            notes=document.notes != before.notes,
        )

    def _follow_nodes(self, document: Document) -> tuple[frozenset[NodeId], frozenset[NodeId]]:
        """Take in shapes; return the nodes that look otherwise, and those of another shape."""
        before, nodes = self.document, document.graph.nodes
        look = {
            node_id
            for node_id in before.labels.keys() | document.labels.keys()
            if before.labels.get(node_id) != document.labels.get(node_id)
        } | (before.collapsed ^ document.collapsed)
        if document.graph is not before.graph:
            old = before.graph.nodes
            look |= {node_id for node_id, node in nodes.items() if old.get(node_id) is not node}
            for link in _different(before.graph, document.graph):
                look |= {link.source, link.target}
        look &= nodes.keys()
        looked = {node_id: shape_of(document, node_id, self.library) for node_id in look}
        shaped = {node_id: shape for node_id, shape in looked.items() if shape != self.shapes.get(node_id)}
        if shaped or nodes.keys() != self.shapes.keys():
            shapes = {**self.shapes, **shaped}
            self.shapes = MappingProxyType({node_id: shapes[node_id] for node_id in nodes})
        return frozenset(look), frozenset(shaped)

    def _places(self, document: Document) -> Mapping[NodeId, Place]:
        nodes = document.graph.nodes
        missing = [node_id for node_id in nodes if node_id not in document.positions]
        if not missing:
            return document.positions if len(document.positions) == len(nodes) else _only(document, nodes)
        # Where a node of that name stood in another document says nothing about this one.
        old = self.document.graph.nodes
        related = any(old.get(node_id) is node for node_id, node in nodes.items())
        self._laid = {name: place for name, place in self._laid.items() if related and name in nodes}
        fresh = [node_id for node_id in missing if node_id not in self._laid]
        if fresh:
            placed = document.positions.keys() & nodes.keys()
            known = _only(document, placed) | {
                name: self._laid[name] for name in missing if name in self._laid
            }
            left = min((x for x, _y in known.values()), default=0.0)
            bottoms = (y + self.shapes[node_id].height for node_id, (_x, y) in known.items())
            top = max(bottoms, default=-2 * GAP) + 2 * GAP
            arranged = arrange(document.graph, self.shapes, fresh)
            self._laid |= {node_id: (left + x, top + y) for node_id, (x, y) in arranged.items()}
        return MappingProxyType(
            {node_id: document.positions.get(node_id) or self._laid[node_id] for node_id in nodes}
        )

    def _follow_links(
        self, document: Document, ends: frozenset[NodeId]
    ) -> tuple[frozenset[Link], frozenset[Link]]:
        """Take in courses; return the links with another course, and those that went."""
        before, routes = self.document, document.routes
        # A graph in which one node was changed shares its links with the one before.
        same = document.graph.links is before.graph.links
        removed = frozenset[Link]() if same else frozenset(self._courses.keys() - set(document.graph.links))
        drawn = {
            link
            for link in routes.keys() | before.routes.keys()
            if routes.get(link) != before.routes.get(link)
        }
        if not same:
            drawn.update(link for link in document.graph.links if link not in self._courses)
        for node_id in ends:
            drawn.update(document.graph.incoming(node_id), document.graph.outgoing(node_id))
        # A route may outlive its link in a file.
        drawn &= self._courses.keys() if same else set(document.graph.links)
        for link in removed:
            del self._courses[link]
        for link in drawn:
            begin = self.port_place(link.source, "output", link.source_port)
            end = self.port_place(link.target, "input", link.target_port)
            self._courses[link] = course(begin, end, routes.get(link, ()))
        if drawn or removed:
            self._link_boxes = None
        return frozenset(drawn), removed

    def _measure(self, changed: frozenset[NodeId]) -> None:
        """Bring the boxes up to date."""
        if self.shapes.keys() != self._row.keys():
            # What was lifted stays above; what has come is on top of all.
            come = [node_id for node_id in self.shapes if node_id not in self._row]
            self._ids = (*(node_id for node_id in self._ids if node_id in self.shapes), *come)
            self._row = {node_id: row for row, node_id in enumerate(self._ids)}
            self._boxes = _columns([self.box_of(node_id) for node_id in self._ids])
            return
        for node_id in changed:
            self._boxes[self._row[node_id]] = self.box_of(node_id)

    def lift(self, ids: Collection[NodeId]) -> None:
        """Put nodes on top of all others, as they lie among each other. Documents know nothing of this."""
        order = tuple(sorted(self._ids, key=lambda node_id: node_id in ids))
        if order == self._ids:
            return
        self._boxes = np.asfortranarray(self._boxes[[self._row[node_id] for node_id in order]])
        self._ids = order
        self._row = {node_id: row for row, node_id in enumerate(order)}
        self._pending = self._pending.then(SceneChange(order=True))

    # --- where things are --------------------------------------------------------------------

    @property
    def ids(self) -> tuple[NodeId, ...]:
        """All nodes, the topmost last."""
        return self._ids

    @property
    def boxes(self) -> Boxes:
        """The nodes' boxes. ndarray, shape (nodes, 4): left, top, right, bottom, in the order of `ids`."""
        return self._boxes

    def box_of(self, node_id: NodeId) -> Box:
        """Return where a node lies."""
        x, y = self.positions[node_id]
        shape = self.shapes[node_id]
        return x, y, x + shape.width, y + shape.height

    def bounds(self, ids: Iterable[NodeId] | None = None) -> Box | None:
        """Return the box around nodes, or around everything there is; None where nothing is."""
        boxes = [self.box_of(node_id) for node_id in (self._ids if ids is None else ids)]
        if ids is None:
            boxes += [
                (each.x, each.y, each.x + each.width, each.y + each.height) for each in self._rectangles()
            ]
        if not boxes:
            return None
        left, top, right, bottom = zip(*boxes, strict=True)
        return min(left), min(top), max(right), max(bottom)

    def extent(self) -> Box | None:
        """Return the box around everything with the curves of the links: one may run far around its nodes."""
        bounds = self.bounds()
        if bounds is None or not self.courses:
            return bounds
        points = np.concatenate([sampled(curves) for curves in self.courses.values()])
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        x0, y0, x1, y1 = bounds
        return min(x0, float(left)), min(y0, float(top)), max(x1, float(right)), max(y1, float(bottom))

    def _rectangles(self) -> Iterator[Frame | Note]:
        yield from self.document.frames
        yield from self.document.notes

    def port_place(self, node_id: NodeId, side: Side, name: str) -> Place:
        """Return where a port lies; the middle of the node's side where it has no such port."""
        x, y = self.positions[node_id]
        shape = self.shapes[node_id]
        port = shape.port(side, name)
        if port is None:
            return (x if side == "input" else x + shape.width), y + shape.height / 2
        return x + port.x, y + port.y

    # --- what is there -----------------------------------------------------------------------

    def hit(self, place: Place, zoom: float = 1.0) -> Hit:
        """Return what lies at a place.

        Parameters
        ----------
        place : (x, y)
            On the canvas.
        zoom : float
            Pixels per canvas unit: what is seen small is hit from further away.
        """
        near = self._near(place, reach(PORT, zoom))
        inside = [each for each in near if _holds(each, place)]
        under = inside[-1] if inside else None
        port = hit_port(near, place, zoom, under[0] if under else None)
        if port is not None:
            return port
        if under is not None:
            node_id, shape, (_x, y) = under
            return hit_row(node_id, shape, place[1] - y)
        return (
            hit_route(self.document.routes, place, zoom)
            or self._link_at(place, zoom)
            or hit_note(self.document.notes, place, zoom)
            or hit_frame(self.document.frames, place, zoom)
            or Hit("nothing")
        )

    def _near(self, place: Place, margin: float) -> list[tuple[NodeId, NodeShape, Place]]:
        """Return the nodes at a place or near it, the topmost last."""
        x, y = place
        left, top, right, bottom = self._boxes.T
        rows = (left <= x + margin) & (right >= x - margin) & (top <= y + margin) & (bottom >= y - margin)
        ids = [self._ids[row] for row in np.flatnonzero(rows).tolist()]
        return [(node_id, self.shapes[node_id], self.positions[node_id]) for node_id in ids]

    def _link_at(self, place: Place, zoom: float) -> Hit | None:
        return hit_link(*self._hulls(), self.courses, place, zoom)

    def _hulls(self) -> tuple[tuple[Link, ...], Boxes]:
        """Return all links, and the boxes that hold their curves."""
        if self._link_boxes is None:
            self._links = tuple(self.courses)
            self._link_boxes = _columns([_hull(curves) for curves in self.courses.values()])
        return self._links, self._link_boxes

    def links_near(self, box: Box) -> Iterator[tuple[Link, Points]]:
        """Yield the links that may pass through a box, with points along their curves."""
        links, hulls = self._hulls()
        left, top, right, bottom = hulls.T
        rows = (left <= box[2]) & (right >= box[0]) & (top <= box[3]) & (bottom >= box[1])
        for row in np.flatnonzero(rows).tolist():
            yield links[row], sampled(self.courses[links[row]])

    def inside(self, box: Box) -> Selection:
        """Return what a box touches (nodes) or holds whole (frames and notes)."""
        x0, y0, x1, y1 = box
        left, top, right, bottom = self._boxes.T
        rows = np.flatnonzero((left <= x1) & (right >= x0) & (top <= y1) & (bottom >= y0))

        def holds(x: float, y: float, width: float, height: float) -> bool:
            return x0 <= x and y0 <= y and x + width <= x1 and y + height <= y1

        frames, notes = self.document.frames, self.document.notes
        return Selection(
            nodes=frozenset(self._ids[row] for row in rows),
            frames=frozenset(i for i, f in enumerate(frames) if holds(f.x, f.y, f.width, f.height)),
            notes=frozenset(i for i, n in enumerate(notes) if holds(n.x, n.y, n.width, n.height)),
        )


def _only(document: Document, ids: Iterable[NodeId]) -> dict[NodeId, Place]:
    return {node_id: document.positions[node_id] for node_id in ids}


def _columns(boxes: list[Box]) -> Boxes:
    """Return boxes as an array each of whose columns lies in one piece: they are compared by columns."""
    return np.asfortranarray(np.array(boxes, dtype=np.float64).reshape(-1, 4))


def _holds(node: tuple[NodeId, NodeShape, Place], place: Place) -> bool:
    _id, shape, (x, y) = node
    return x <= place[0] <= x + shape.width and y <= place[1] <= y + shape.height


def _different(before: Graph, after: Graph) -> frozenset[Link]:
    if before.links is after.links:
        return frozenset()
    return frozenset(before.links) ^ frozenset(after.links)


def _hull(curves: tuple[Bezier, ...]) -> Box:
    """Return a box that holds curves: that of their controls."""
    xs = [x for curve in curves for x, _y in curve]
    ys = [y for curve in curves for _x, y in curve]
    return min(xs), min(ys), max(xs), max(ys)
