"""Corners: where in the canvas the minimap stands, so that it hides as little as possible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nodegraph.document import Place
from nodegraph.editor.space.view import Box, View

__all__ = ["HOME", "Corner", "MapSize", "clear_of_map", "corner_for", "map_size"]

Boxes = npt.NDArray[np.float64]

_WIDTH, _HEIGHT, _MARGIN = 196.0, 128.0, 12.0
# A canvas less wide or high than so many maps has none.
_LEAST_CANVAS = 2.2


@dataclass(frozen=True)
class Corner:
    """A corner of the canvas."""

    right: bool
    lower: bool


HOME = Corner(right=True, lower=True)
"""Where the minimap stands while it hides nothing there."""
_CORNERS = HOME, Corner(True, False), Corner(False, True), Corner(False, False)


@dataclass(frozen=True)
class MapSize:
    """How large the minimap is, and how far from the edges, in pixels."""

    width: int
    height: int
    margin: int

    def fits(self, width: float, height: float) -> bool:
        """Return whether a canvas of that size has room for it."""
        return width > _LEAST_CANVAS * self.width and height > _LEAST_CANVAS * self.height

    def box(self, corner: Corner, width: float, height: float) -> Box:
        """Return where it lies in a canvas of that size, in pixels from its top left corner."""
        left = width - self.width - self.margin if corner.right else self.margin
        top = height - self.height - self.margin if corner.lower else self.margin
        return left, top, left + self.width, top + self.height


def map_size(scale: float) -> MapSize:
    """Return how large the minimap is at so many pixels on the screen per pixel at 100 %."""
    return MapSize(round(_WIDTH * scale), round(_HEIGHT * scale), round(_MARGIN * scale))


def corner_for(
    view: View,
    size: MapSize,
    nodes: Boxes,
    selected: Boxes,
    *,
    now: Corner = HOME,
    pointer: Place | None = None,
) -> Corner:
    """Return the corner in which the minimap hides least.

    Parameters
    ----------
    view : View
        What is seen.
    size : MapSize
        The minimap's.
    nodes, selected : ndarray, shape (nodes, 4)
        Boxes of all nodes, and of those that are selected, in canvas units.
    now : Corner
        Where it stands: it stays where no other corner is better.
    pointer : (x, y), optional
        Of a drag, in canvas units: it is not to end below the minimap.

    Returns
    -------
    Corner
        One that hides no node; else one that hides neither a selected node nor the pointer; else `now`.
    """
    around = size.margin / view.zoom
    at = () if pointer is None else (_grown((*pointer, *pointer), around),)
    needed = np.concatenate([selected, np.reshape(np.array(at, dtype=np.float64), (-1, 4))])
    order = (HOME, now, *_CORNERS)
    for avoided in (np.concatenate([nodes, needed]), needed):
        for corner in order:
            if not _covers(view, size.box(corner, view.width, view.height), avoided):
                return corner
    return now


def clear_of_map(view: View, box: Box, nodes: Boxes, size: MapSize, *, margin: float, most: float) -> View:
    """Return the view in which a box fills the canvas and a corner is left for the minimap.

    Parameters
    ----------
    view : View
        What is seen now.
    box : Box
        What is to be seen.
    nodes : ndarray, shape (nodes, 4)
        What the minimap must not hide, in canvas units.
    size : MapSize
        The minimap's.
    margin, most : float
        As in `View.fitted`.
    """
    whole = view.fitted(box, margin, most)
    if any(not _covers(whole, size.box(corner, view.width, view.height), nodes) for corner in _CORNERS):
        return whole
    # Beside the minimap or above it, whichever leaves the nodes larger.
    narrow = view.resized(view.width - size.width - size.margin, view.height).fitted(box, margin, most)
    low = view.resized(view.width, view.height - size.height - size.margin).fitted(box, margin, most)
    best = max(narrow, low, key=lambda each: each.zoom)
    return replace(best, width=view.width, height=view.height)


def _covers(view: View, pixels: Box, boxes: Boxes) -> bool:
    """Return whether a box on the screen lies over one of the canvas."""
    if not len(boxes):
        return False
    left, top = view.to_canvas(*pixels[:2])
    right, bottom = view.to_canvas(*pixels[2:])
    x0, y0, x1, y1 = boxes.T
    return bool(np.any((x0 < right) & (x1 > left) & (y0 < bottom) & (y1 > top)))


def _grown(box: Iterable[float], by: float) -> Box:
    left, top, right, bottom = box
    return left - by, top - by, right + by, bottom + by
