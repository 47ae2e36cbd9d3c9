"""A small picture of a graph: a box for each node in its family's colour, a line for each link."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from nodegraph.document import Document
from nodegraph.editor.look.colours import Colours, family_colour
from nodegraph.editor.space.shape import HEAD, WIDTH
from nodegraph.editor.words.names import family_of
from nodegraph.editor.work.part import Tag
from nodegraph.library import Library

__all__ = ["draw_miniature"]

# A node is drawn as high as this, whatever its rows (canvas units): its place is what counts here.
_HEIGHT = 3 * HEAD
# Larger than this no miniature is drawn (pixels per canvas unit).
_MOST_ZOOM = 0.2


def draw_miniature(
    parent: Tag, document: Document, colours: Colours, size: tuple[int, int], library: Library
) -> None:
    """Draw a document into a rectangle of that size (pixels)."""
    width, height = size
    sheet = dpg.add_drawlist(width, height, parent=parent)
    places = {node_id: document.positions.get(node_id, (0.0, 0.0)) for node_id in document.graph.nodes}
    if not places:
        return
    left, top = (min(place[axis] for place in places.values()) for axis in (0, 1))
    right, bottom = (max(place[axis] for place in places.values()) for axis in (0, 1))
    zoom = min(width / (right - left + WIDTH), height / (bottom - top + _HEIGHT), _MOST_ZOOM)
    # In the middle from top to bottom, at the left like the text below.
    above = (height - (bottom - top + _HEIGHT) * zoom) / 2
    corners = {node_id: ((x - left) * zoom, (y - top) * zoom + above) for node_id, (x, y) in places.items()}
    w, h = WIDTH * zoom, _HEIGHT * zoom
    for link in document.graph.links:
        (x0, y0), (x1, y1) = corners[link.source], corners[link.target]
        dpg.draw_line((x0 + w, y0 + h / 2), (x1, y1 + h / 2), color=colours.quiet, parent=sheet)
    for node_id, (x, y) in corners.items():
        face = family_colour(colours, family_of(document.graph.nodes[node_id].kind))
        dpg.draw_rectangle((x, y), (x + w, y + h), color=face, fill=face, rounding=2, parent=sheet)
