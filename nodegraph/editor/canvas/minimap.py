"""Minimap: the whole graph in a corner, and which part of it is seen. A click jumps there, a drag pans."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import dearpygui.dearpygui as dpg
import numpy as np
import numpy.typing as npt

from nodegraph.document import Place
from nodegraph.editor.canvas.pen import Pen
from nodegraph.editor.look.colours import Colour, Colours, family_colour, mixed
from nodegraph.editor.space.corners import HOME, Corner, map_size
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.space.scene import Scene
from nodegraph.editor.space.view import Box, View
from nodegraph.editor.words.names import family_of
from nodegraph.editor.work.part import Tag

__all__ = ["Minimap", "fitted_box", "painted"]

_PADDING = 8.0
_TEXTURES: Tag = "canvas.minimap"
# A drag of nodes draws it no more often than this (s).
_PERIOD_S = 0.15


class Minimap:
    """The whole graph in a corner of the canvas.

    Parameters
    ----------
    parent : int or str
        The pane.
    colours : Colours
        Of the theme.
    scale : float
        Pixels on the screen per pixel at 100 %.
    """

    def __init__(self, parent: Tag, colours: Colours, scale: float) -> None:
        self._colours = colours
        self.size = map_size(scale)
        self.width, self.height = self.size.width, self.size.height
        self._padding = _PADDING * scale
        self._window: Tag = dpg.add_child_window(
            parent=parent, width=self.width, height=self.height, border=False, no_scrollbar=True, show=False
        )
        dpg.bind_item_theme(self._window, _theme())
        self.drawlist: Tag = dpg.add_drawlist(self.width, self.height, parent=self._window)
        root = Pen(self.drawlist)
        # One picture: a thousand rectangles would cost more per frame than all nodes in sight.
        if dpg.does_item_exist(_TEXTURES):
            dpg.delete_item(_TEXTURES)
        registry = dpg.add_texture_registry(tag=_TEXTURES)
        blank = np.zeros(self.width * self.height * 4, dtype=np.float32)
        self._texture: Tag = dpg.add_dynamic_texture(self.width, self.height, blank, parent=registry)
        box = (0, 0), (self.width, self.height)
        dpg.draw_image(self._texture, *box, parent=self.drawlist)
        edge = 0.5, 0.5, self.width - 0.5, self.height - 0.5
        root.outline(edge, colours.border)
        self._seen = root.group()
        self._pane = Pane(0, 0, 0, 0)
        self.corner = HOME
        self._shown = False
        self._stale, self._drawn_at = True, 0.0
        self._view: View | None = None
        # Pixels per canvas unit, and what lies at the top left corner.
        self._map = (1.0, 0.0, 0.0)

    def place(self, pane: Pane) -> None:
        """Stand in its corner of the canvas."""
        self._pane = pane
        dpg.configure_item(self._window, pos=(int(self._left - pane.x), int(self._top - pane.y)))

    def stand(self, corner: Corner) -> None:
        """Go to a corner of the canvas."""
        if corner != self.corner:
            self.corner = corner
            self.place(self._pane)

    @property
    def _left(self) -> float:
        return self._pane.x + self.size.box(self.corner, self._pane.width, self._pane.height)[0]

    @property
    def _top(self) -> float:
        return self._pane.y + self.size.box(self.corner, self._pane.width, self._pane.height)[1]

    def touch(self) -> None:
        """Note that the graph has changed."""
        self._stale = True

    def contains(self, px: float, py: float) -> bool:
        """Return whether a pixel of the window lies on it."""
        inside = 0 <= px - self._left < self.width and 0 <= py - self._top < self.height
        return self._shown and inside

    def jumped(self, view: View, px: float, py: float) -> View:
        """Return the view whose middle is what the minimap shows at a pixel of the window."""
        factor, left, top = self._map
        x, y = (px - self._left) / factor + left, (py - self._top) / factor + top
        return replace(view, x=x - view.width / view.zoom / 2, y=y - view.height / view.zoom / 2)

    def on_screen(self, place: Place) -> Place:
        """Return where a place of the canvas is seen on it, in pixels of the window."""
        factor, left, top = self._map
        return self._left + (place[0] - left) * factor, self._top + (place[1] - top) * factor

    def update(self, scene: Scene, view: View, *, wanted: bool) -> None:
        """Draw what has changed."""
        shown = wanted and self.size.fits(self._pane.width, self._pane.height) and bool(scene.ids)
        if shown != self._shown:
            self._shown = shown
            dpg.configure_item(self._window, show=shown)
        if not shown:
            return
        now = time.monotonic()
        if self._stale and now - self._drawn_at > _PERIOD_S:
            self._stale, self._drawn_at = False, now
            self._draw_nodes(scene)
            self._view = None
        if view != self._view:
            self._view = view
            self._draw_view(view)

    def _draw_nodes(self, scene: Scene) -> None:
        bounds = scene.bounds()
        assert bounds is not None
        self._map = factor, left, top = fitted_box(bounds, self.width, self.height, self._padding)
        c, nodes = self._colours, scene.document.graph.nodes
        frames = [(f.x, f.y, f.x + f.width, f.y + f.height) for f in scene.document.frames]
        boxes = np.concatenate([np.reshape(frames, (-1, 4)), scene.boxes.reshape(-1, 4)])
        frame_colour = mixed(c.panel, c.accent, 0.22)
        colours = [frame_colour] * len(frames)
        colours += [family_colour(c, family_of(nodes[node_id].kind)) for node_id in scene.ids]
        pixels = (boxes - (left, top, left, top)) * factor
        dpg.set_value(self._texture, painted(pixels, colours, c.panel, self.width, self.height).ravel())

    def _draw_view(self, view: View) -> None:
        factor, left, top = self._map
        x0, y0, x1, y1 = view.box
        box = (
            max(1.0, (x0 - left) * factor),
            max(1.0, (y0 - top) * factor),
            min(self.width - 1.0, (x1 - left) * factor),
            min(self.height - 1.0, (y1 - top) * factor),
        )
        self._seen.clear()
        if box[2] > box[0] and box[3] > box[1]:
            self._seen.box(box, self._colours.accent, alpha=30, rounding=2)
            self._seen.outline(box, self._colours.accent, thickness=1.5, rounding=2)


def painted(
    boxes: npt.NDArray[np.float64], colours: Sequence[Colour], ground: Colour, width: int, height: int
) -> npt.NDArray[np.float32]:
    """Return a picture of boxes, the later ones above.

    Parameters
    ----------
    boxes : ndarray, shape (boxes, 4)
        Left, top, right, bottom, in pixels.
    colours : sequence of Colour
        One for each.
    ground : Colour
        Behind them.
    width, height : int
        Of the picture.

    Returns
    -------
    ndarray, shape (height, width, 4)
        Red, green, blue and opacity, 0 to 1.
    """
    picture = np.empty((height, width, 4), dtype=np.float32)
    picture[:] = (*(part / 255 for part in ground), 1.0)
    # A node is at least two pixels wide and high.
    corners = np.rint(boxes).astype(int)
    corners[:, 2:] = np.maximum(corners[:, 2:], corners[:, :2] + 2)
    for (left, top, right, bottom), colour in zip(np.maximum(corners, 0).tolist(), colours, strict=True):
        picture[top:bottom, left:right] = (*(part / 255 for part in colour), 1.0)
    return picture


def fitted_box(bounds: Box, width: float, height: float, padding: float) -> tuple[float, float, float]:
    """Return how a box is mapped into a rectangle: pixels per unit, and what lies at its top left corner."""
    x0, y0, x1, y1 = bounds
    factor = min((width - 2 * padding) / max(x1 - x0, 1.0), (height - 2 * padding) / max(y1 - y0, 1.0))
    return factor, (x0 + x1 - width / factor) / 2, (y0 + y1 - height / factor) / 2


def _theme() -> Tag:
    """Return the theme of a window of which only the drawing is seen."""
    theme: Tag = dpg.add_theme()
    with dpg.theme_component(dpg.mvAll, parent=theme):
        dpg.add_theme_color(dpg.mvThemeCol_ChildBg, (0, 0, 0, 0))
        dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, 0, 0)
    return theme
