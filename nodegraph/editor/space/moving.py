"""Moving: nodes, frames and notes that are dragged; edges and points of routes that are pulled."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from nodegraph.document import Document, Place
from nodegraph.editor.desk.edits_canvas import (
    LEAST_SIDE,
    Boxed,
    carried_by,
    move,
    move_route_point,
    resize,
    settled,
)
from nodegraph.editor.desk.edits_links import insert, insertion, pull_out
from nodegraph.editor.desk.edits_parts import duplicate
from nodegraph.editor.desk.step import Step
from nodegraph.editor.space.course import distance
from nodegraph.editor.space.hit import Hit
from nodegraph.editor.space.overlay import Overlay
from nodegraph.editor.space.scene import Boxes, Scene
from nodegraph.editor.space.snap import NEAR, Snap, snap, to_grid
from nodegraph.editor.space.surface import Held, Surface
from nodegraph.editor.space.view import Box
from nodegraph.editor.words import _
from nodegraph.graph import Link, NodeId

__all__ = ["MoveDrag", "Moved", "ResizeDrag", "RouteDrag", "link_through"]

Moved = Literal["selected", "pulled_out", "copies"]
"""What moves: what is selected, the same taken out of its links, or copies of it fed by what feeds it."""


def link_through(scene: Scene, box: Box, apart: Collection[NodeId] = ()) -> Link | None:
    """Return the link that passes through a box, nearest to its middle; none of those of some nodes."""
    left, top, right, bottom = box
    middle = ((left + right) / 2, (top + bottom) / 2)
    best, nearest = None, float("inf")
    for link, points in scene.links_near(box):
        x, y = points.T
        within = (left <= x) & (x <= right) & (top <= y) & (y <= bottom)
        if within.any() and link.source not in apart and link.target not in apart:
            gap, _where = distance(points, middle)
            if gap < nearest:
                best, nearest = link, gap
    return best


class MoveDrag:
    """Moves what is selected, and what lies in its frames.

    What is dragged lines up with what is near, else with the grid; Ctrl keeps it free, but not the Ctrl
    that makes copies with Alt. A node without links that is dropped on a link is inserted.

    Parameters
    ----------
    surface : Surface
        Where it happens.
    hit : Hit
        What was taken hold of: that lines up.
    begin : (x, y)
        Where.
    what : {"selected", "pulled_out", "copies"}
        What moves; links are healed where nodes are pulled out, and copies are selected.
    """

    def __init__(self, surface: Surface, hit: Hit, begin: Place, what: Moved = "selected") -> None:
        desk, scene = surface.desk, surface.scene
        self._surface, self._begin, self._what = surface, begin, what
        self._selected = desk.selection
        self._step = Step(desk, _("Duplicate with links") if what == "copies" else _("Move"))
        document = settled(desk.document, scene.positions)
        boxes = {node_id: scene.box_of(node_id) for node_id in scene.ids}
        self._moving = carried_by(document, desk.selection, boxes)
        scene.lift(self._moving.nodes)
        if what == "pulled_out" and self._moving.nodes:
            document = pull_out(document, self._moving.nodes, desk.library)
        self._held_box = _box_of(scene, document, hit)
        if what == "copies":
            document, self._moving = duplicate(document, self._moving, (0.0, 0.0), linked=True)
            self._step.show(document)
            desk.select(self._moving)
        self._document = document
        still = [row for row, node_id in enumerate(scene.ids) if node_id not in self._moving.nodes]
        self._others = _seen(scene.boxes[still], surface.view().box)
        self._lone = self._lone_node()

    def move(self, place: Place, held: Held) -> Overlay:
        """See Drag."""
        snapped = self._show(place, held)
        scene, split = self._surface.scene, None
        if self._lone is not None:
            scene.catch_up(self._surface.desk.document)
            split = self._split(self._lone)
        return Overlay(guides=snapped.guides, split=split)

    def release(self, place: Place, held: Held) -> None:
        """See Drag."""
        split = self.move(place, held).split
        desk = self._surface.desk
        if split is not None and self._lone is not None:
            self._step.show(insert(desk.document, self._lone, split, desk.library), _("Insert into a link"))
        self._step.keep()

    def cancel(self) -> None:
        """See Drag."""
        self._step.drop()
        self._surface.desk.select(self._selected)

    def _show(self, place: Place, held: Held) -> Snap:
        dx, dy = place[0] - self._begin[0], place[1] - self._begin[1]
        left, top, right, bottom = self._held_box
        box = (left + dx, top + dy, right + dx, bottom + dy)
        free = held.ctrl and not (self._what == "copies" and held.alt)
        snapped = Snap() if free else snap(box, self._others, NEAR / self._surface.view().zoom)
        self._step.show(move(self._document, self._moving, dx + snapped.dx, dy + snapped.dy))
        return snapped

    def _lone_node(self) -> NodeId | None:
        """Return the node that moves alone and has no links, or None."""
        moving, graph = self._moving, self._document.graph
        if len(moving.nodes) != 1 or moving.frames or moving.notes:
            return None
        (node_id,) = moving.nodes
        return None if graph.incoming(node_id) or graph.outgoing(node_id) else node_id

    def _split(self, node_id: NodeId) -> Link | None:
        scene, desk = self._surface.scene, self._surface.desk
        link = link_through(scene, scene.box_of(node_id))
        if link is None or insertion(desk.document.graph, node_id, link, desk.library) is None:
            return None
        return link


def _box_of(scene: Scene, document: Document, hit: Hit) -> Box:
    if hit.node_id is not None:
        return scene.box_of(hit.node_id)
    each = document.notes[hit.index] if hit.what.startswith("note") else document.frames[hit.index]
    return each.x, each.y, each.x + each.width, each.y + each.height


def _seen(boxes: Boxes, view: Box) -> Boxes:
    """Return the boxes that are in sight: one does not line up with what one does not see."""
    left, top, right, bottom = boxes.T
    seen: Boxes = boxes[(left <= view[2]) & (right >= view[0]) & (top <= view[3]) & (bottom >= view[1])]
    return seen


class ResizeDrag:
    """Pulls the edges of a frame or a note; they land on the grid, with Ctrl anywhere."""

    def __init__(self, surface: Surface, hit: Hit, begin: Place) -> None:
        self._begin, self._edge, self._index = begin, hit.edge, hit.index
        self._what: Boxed = "frame" if hit.what == "frame_edge" else "note"
        self._box = _box_of(surface.scene, surface.desk.document, hit)
        label = _("Resize a frame") if self._what == "frame" else _("Resize a comment")
        self._step = Step(surface.desk, label)

    def move(self, place: Place, held: Held) -> Overlay:
        """See Drag."""
        dx, dy = place[0] - self._begin[0], place[1] - self._begin[1]

        def at(value: float) -> float:
            return value if held.ctrl else to_grid((value, 0.0))[0]

        left, top, right, bottom = self._box
        if "left" in self._edge:
            left = min(at(left + dx), right - LEAST_SIDE)
        if "right" in self._edge:
            right = max(at(right + dx), left + LEAST_SIDE)
        if "top" in self._edge:
            top = min(at(top + dy), bottom - LEAST_SIDE)
        if "bottom" in self._edge:
            bottom = max(at(bottom + dy), top + LEAST_SIDE)
        self._step.show(resize(self._step.base, self._what, self._index, (left, top, right, bottom)))
        return Overlay()

    def release(self, place: Place, held: Held) -> None:
        """See Drag."""
        self.move(place, held)
        self._step.keep()

    def cancel(self) -> None:
        """See Drag."""
        self._step.drop()


class RouteDrag:
    """Moves a point of a link's route; it lands on the grid, with Ctrl anywhere.

    Parameters
    ----------
    surface : Surface
        Where it happens.
    link : Link
        Whose route it is.
    index : int
        Of the point.
    step : Step, optional
        The one in which the point was just added.
    """

    def __init__(self, surface: Surface, link: Link, index: int, step: Step | None = None) -> None:
        self._step = step or Step(surface.desk, _("Route a link"))
        self._document, self._link, self._index = surface.desk.document, link, index

    def move(self, place: Place, held: Held) -> Overlay:
        """See Drag."""
        at = place if held.ctrl else to_grid(place)
        self._step.show(move_route_point(self._document, self._link, self._index, at))
        return Overlay(hovered_link=self._link)

    def release(self, place: Place, held: Held) -> None:
        """See Drag."""
        self.move(place, held)
        self._step.keep()

    def cancel(self) -> None:
        """See Drag."""
        self._step.drop()
