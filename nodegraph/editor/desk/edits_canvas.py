"""Edits of what lies on the canvas: places, frames, notes, routes. No result becomes stale by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from nodegraph.document import Document, Frame, Note, Place
from nodegraph.editor.desk.desk import Selection
from nodegraph.graph import Link, NodeId

__all__ = [
    "FRAME_HEAD",
    "GRID",
    "LEAST_SIDE",
    "Alignment",
    "Box",
    "Boxed",
    "add_frame",
    "add_note",
    "add_route_point",
    "aligned",
    "bounds",
    "carried_by",
    "distributed",
    "frame_around",
    "move",
    "move_route_point",
    "place_nodes",
    "remove_route_point",
    "resize",
    "rewrite",
    "settled",
]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

Boxed = Literal["frame", "note"]
"""What has a place and a size of its own, by its index in the document."""

Alignment = Literal["left", "right", "top", "bottom", "centre", "middle"]
"""Along which line: "centre" is a vertical one, "middle" a horizontal one."""

GRID = 8.0
"""What snaps and is nudged lands on multiples of this."""
FRAME_HEAD = 28.0
"""Height of a frame's title, inside of it."""
LEAST_SIDE = 48.0
"""Width and height of the smallest frame and the smallest note."""

_FRAME_MARGIN = 24.0
_NOTE = (240.0, 96.0)


# --- places ---------------------------------------------------------------------------------------


def settled(document: Document, positions: Mapping[NodeId, Place]) -> Document:
    """Return the document with a place for every node: its own, or the one where the editor shows it."""
    missing = document.graph.nodes.keys() - document.positions.keys()
    if not missing:
        return document
    return replace(document, positions={**document.positions, **{each: positions[each] for each in missing}})


def place_nodes(document: Document, places: Mapping[NodeId, Place]) -> Document:
    """Return the document with nodes elsewhere; the same document if they are there already."""
    if all(document.positions.get(node_id) == place for node_id, place in places.items()):
        return document
    return replace(document, positions={**document.positions, **places})


def move(document: Document, selection: Selection, dx: float, dy: float) -> Document:
    """Return the document with what is selected moved, and the routes of links between moved nodes.

    Parameters
    ----------
    document : Document
        With a place for every node: `settled`.
    selection : Selection
        Nodes, frames, notes. What lies in a frame: see `carried_by`.
    dx, dy : float
        How far.
    """
    if not (dx or dy) or not selection:
        return document

    def moved(place: Place) -> Place:
        return place[0] + dx, place[1] + dy

    nodes = selection.nodes
    frames = enumerate(document.frames)
    notes = enumerate(document.notes)
    return replace(
        document,
        positions={
            node_id: moved(at) if node_id in nodes else at for node_id, at in document.positions.items()
        },
        routes={
            link: tuple(map(moved, route)) if link.source in nodes and link.target in nodes else route
            for link, route in document.routes.items()
        },
        frames=tuple(
            replace(frame, x=frame.x + dx, y=frame.y + dy) if index in selection.frames else frame
            for index, frame in frames
        ),
        notes=tuple(
            replace(note, x=note.x + dx, y=note.y + dy) if index in selection.notes else note
            for index, note in notes
        ),
    )


def carried_by(document: Document, selection: Selection, boxes: Mapping[NodeId, Box]) -> Selection:
    """Return the selection and what moves with it: what lies in its frames.

    A node lies in a frame if its middle does; notes and other frames if they do as a whole.
    """
    nodes, frames, notes = set(selection.nodes), set(selection.frames), set(selection.notes)
    for index in selection.frames:
        outer = _box(document.frames[index])
        nodes.update(node_id for node_id, box in boxes.items() if _holds(outer, _middle(box)))
        frames.update(i for i, frame in enumerate(document.frames) if _within(_box(frame), outer))
        notes.update(i for i, note in enumerate(document.notes) if _within(_box(note), outer))
    return Selection(frozenset(nodes), selection.links, frozenset(frames), frozenset(notes))


def aligned(boxes: Mapping[NodeId, Box], how: Alignment) -> dict[NodeId, Place]:
    """Return places for nodes so that they stand along a line."""
    left, top, right, bottom = bounds(boxes.values())

    def placed(box: Box) -> Place:
        x0, y0, x1, y1 = box
        match how:
            case "left":
                return left, y0
            case "right":
                return right - (x1 - x0), y0
            case "centre":
                return (left + right - (x1 - x0)) / 2, y0
            case "top":
                return x0, top
            case "bottom":
                return x0, bottom - (y1 - y0)
            case "middle":
                return x0, (top + bottom - (y1 - y0)) / 2

    return {node_id: placed(box) for node_id, box in boxes.items()}


def distributed(boxes: Mapping[NodeId, Box], direction: Literal["across", "down"]) -> dict[NodeId, Place]:
    """Return places for nodes so that the gaps between them are equal; the outermost stay."""
    axis = 0 if direction == "across" else 1
    ordered = sorted(boxes.items(), key=lambda item: (item[1][axis], item[0]))
    sizes = [box[axis + 2] - box[axis] for _id, box in ordered]
    begin, end = ordered[0][1][axis], max(box[axis + 2] for box in boxes.values())
    gap = (end - begin - sum(sizes)) / max(len(sizes) - 1, 1)
    places, at = {}, begin
    for (node_id, box), size in zip(ordered, sizes, strict=True):
        places[node_id] = (at, box[1]) if axis == 0 else (box[0], at)
        at += size + gap
    return places


# --- frames and notes -----------------------------------------------------------------------------


def bounds(boxes: Iterable[Box]) -> Box:
    """Return the box around boxes, of which there is at least one."""
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def frame_around(boxes: Iterable[Box], title: str = "") -> Frame:
    """Return a frame around boxes, with a margin."""
    left, top, right, bottom = bounds(boxes)
    m = _FRAME_MARGIN
    return Frame(
        title, left - m, top - m - FRAME_HEAD, right - left + 2 * m, bottom - top + 2 * m + FRAME_HEAD
    )


def add_frame(document: Document, frame: Frame) -> Document:
    """Return the document with one more frame, the last."""
    return replace(document, frames=(*document.frames, frame))


def add_note(document: Document, place: Place, text: str = "") -> Document:
    """Return the document with one more note, the last."""
    return replace(document, notes=(*document.notes, Note(text, *place, *_NOTE)))


def resize(document: Document, what: Boxed, index: int, box: Box) -> Document:
    """Return the document with a frame or a note in another box."""
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    if what == "frame":
        frame = replace(document.frames[index], x=left, y=top, width=wide, height=high)
        return _with_frame(document, index, frame)
    note = replace(document.notes[index], x=left, y=top, width=wide, height=high)
    return _with_note(document, index, note)


def rewrite(document: Document, what: Boxed, index: int, text: str) -> Document:
    """Return the document with another text in a note, or another title on a frame."""
    if what == "frame":
        return _with_frame(document, index, replace(document.frames[index], title=" ".join(text.split())))
    return _with_note(document, index, replace(document.notes[index], text=text.rstrip()))


def _with_frame(document: Document, index: int, frame: Frame) -> Document:
    frames = document.frames
    if frame == frames[index]:
        return document
    return replace(document, frames=(*frames[:index], frame, *frames[index + 1 :]))


def _with_note(document: Document, index: int, note: Note) -> Document:
    notes = document.notes
    if note == notes[index]:
        return document
    return replace(document, notes=(*notes[:index], note, *notes[index + 1 :]))


# --- routes ---------------------------------------------------------------------------------------


def add_route_point(document: Document, link: Link, index: int, place: Place) -> Document:
    """Return the document with one more point in a link's route, before the point of that index."""
    route = document.routes.get(link, ())
    return _with_route(document, link, (*route[:index], place, *route[index:]))


def move_route_point(document: Document, link: Link, index: int, place: Place) -> Document:
    """Return the document with a point of a link's route elsewhere."""
    route = document.routes[link]
    return _with_route(document, link, (*route[:index], place, *route[index + 1 :]))


def remove_route_point(document: Document, link: Link, index: int) -> Document:
    """Return the document without a point of a link's route."""
    route = document.routes[link]
    return _with_route(document, link, (*route[:index], *route[index + 1 :]))


def _with_route(document: Document, link: Link, route: Sequence[Place]) -> Document:
    if tuple(route) == document.routes.get(link, ()):
        return document
    rest = {other: points for other, points in document.routes.items() if other != link}
    return replace(document, routes={**rest, link: tuple(route)} if route else rest)


# --- boxes ----------------------------------------------------------------------------------------


def _box(each: Frame | Note) -> Box:
    return each.x, each.y, each.x + each.width, each.y + each.height


def _middle(box: Box) -> Place:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _holds(box: Box, place: Place) -> bool:
    return box[0] <= place[0] <= box[2] and box[1] <= place[1] <= box[3]


def _within(inner: Box, outer: Box) -> bool:
    return _holds(outer, inner[:2]) and _holds(outer, inner[2:])
