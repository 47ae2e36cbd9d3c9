"""Drawing of what a gesture shows: the link that is pulled, lit ports, lasso, guides, knife, tooltip."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from nodegraph.document import Place
from nodegraph.editor.canvas.node_drawing import PORT_RADIUS, ROUNDING
from nodegraph.editor.canvas.pen import Pen, dashes
from nodegraph.editor.look.colours import Colours, port_colour
from nodegraph.editor.look.typesetting import text_width, wrapped
from nodegraph.editor.space.course import course, sampled
from nodegraph.editor.space.face import INSET
from nodegraph.editor.space.overlay import LinkDraft, Overlay
from nodegraph.editor.space.scene import Scene
from nodegraph.editor.space.view import Box, View
from nodegraph.editor.words import told

__all__ = ["OverlayPicture"]

_TIP_SIZE, _TIP_WIDTH, _TIP_LINES = 15.0, 300.0, 4
_VEIL = 150


class OverlayPicture:
    """The items of the overlay.

    Parameters
    ----------
    layer : Pen
        Over everything else.
    colours : Colours
        Of the theme.
    scene : Scene
        Where things lie.
    """

    def __init__(self, layer: Pen, colours: Colours, scene: Scene) -> None:
        self._veil, self._top = layer.group(), layer.group()
        self._colours, self._scene = colours, scene
        self._shown = Overlay()
        self._pointer: Place = (0.0, 0.0)
        self._row: Box | None = None
        self._zoom = 1.0

    def follow(
        self, overlay: Overlay, view: View, pointer: Place, row: Box | None = None, scale: float = 1.0
    ) -> None:
        """Draw another overlay.

        Parameters
        ----------
        overlay : Overlay
            What is to be seen.
        view : View
            What part of the canvas is seen.
        pointer : (x, y)
            Where the pointer is, on the canvas.
        row : Box, optional
            The parameter that the pointer is over.
        scale : float
            Pixels on the screen per pixel at 100 %.
        """
        # What is told beside the pointer is as large at every zoom.
        size = scale / view.zoom
        old, self._shown = self._shown, overlay
        crossed, self._row = row != self._row, row
        resized, self._zoom = view.zoom != self._zoom, view.zoom
        moved, self._pointer = pointer != self._pointer, pointer
        if (overlay.draft is None) != (old.draft is None) or overlay.lit != old.lit:
            self._draw_veil(overlay)
        if overlay == old and not (overlay.reason and moved) and not (resized or crossed):
            return
        self._top.clear()
        if row is not None:
            left, top, right, bottom = row
            box = left + INSET, top + 2, right - INSET, bottom - 2
            self._top.outline(box, self._colours.accent, thickness=1.2, rounding=4, alpha=190)
        self._draw_hovered(overlay)
        self._draw_lines(overlay, size)
        if overlay.draft is not None:
            self._draw_draft(overlay.draft)
        if overlay.reason:
            self._draw_reason(overlay, view, pointer, size)

    def _draw_veil(self, overlay: Overlay) -> None:
        """Light the ports where the link could end, and dim everything else."""
        self._veil.clear()
        if overlay.draft is None:
            return
        c = self._colours
        scene = self._scene
        lit_nodes = {node_id for node_id, _side, _name in overlay.lit} & scene.shapes.keys()
        for node_id in scene.shapes.keys() - lit_nodes:
            left, top, right, bottom = scene.box_of(node_id)
            self._veil.box((left - 8, top, right + 8, bottom), c.canvas, rounding=ROUNDING, alpha=_VEIL)
        for node_id in lit_nodes:
            x, y = scene.positions[node_id]
            for port in scene.shapes[node_id].ports:
                place = (x + port.x, y + port.y)
                if (node_id, port.side, port.name) not in overlay.lit:
                    self._veil.disc(place, PORT_RADIUS + 3, c.canvas, alpha=_VEIL)
                    continue
                colour = port_colour(c, port.type_name)
                self._veil.disc(place, PORT_RADIUS + 9, colour, alpha=60)
                self._veil.port(place, port.type_name, PORT_RADIUS + 3, c.canvas)
                self._veil.port(place, port.type_name, PORT_RADIUS + 1.5, colour)

    def _draw_hovered(self, overlay: Overlay) -> None:
        c, scene = self._colours, self._scene
        if overlay.hovered_node in scene.shapes and overlay.draft is None:
            assert overlay.hovered_node is not None
            box = scene.box_of(overlay.hovered_node)
            self._top.outline(box, c.accent, thickness=1.5, rounding=ROUNDING, alpha=150)
        if overlay.hovered_port is not None and overlay.hovered_port[0] in scene.shapes:
            node_id, side, name = overlay.hovered_port
            port = scene.shapes[node_id].port("input" if side == "input" else "output", name)
            if port is not None:
                x, y = scene.positions[node_id]
                place = (x + port.x, y + port.y)
                colour = port_colour(c, port.type_name)
                self._top.disc(place, PORT_RADIUS + 6, colour, alpha=70)
                self._top.port(place, port.type_name, PORT_RADIUS + 1.5, colour)

    def _draw_lines(self, overlay: Overlay, size: float) -> None:
        c, pen = self._colours, self._top
        for left, top, right, bottom in overlay.guides:
            pen.line((left, top), (right, bottom), c.accent, thickness=1.2 * size, alpha=200)
        if overlay.split is not None and overlay.split in self._scene.courses:
            for curve in self._scene.courses[overlay.split]:
                dpg.draw_bezier_cubic(
                    *curve, color=(*c.accent, 255), thickness=5, segments=24, parent=pen.parent
                )
        if overlay.lasso is not None:
            pen.box(overlay.lasso, c.accent, alpha=34)
            pen.outline(overlay.lasso, c.accent, thickness=1.2 * size)
        if len(overlay.knife) > 1:
            pen.dashed(dashes(overlay.knife, 7 * size, 5 * size), c.bad, thickness=2 * size)

    def _draw_draft(self, draft: LinkDraft) -> None:
        c = self._colours
        colour = c.bad if draft.legal is False else port_colour(c, draft.type_name)
        points = [(float(x), float(y)) for x, y in sampled(course(draft.begin, draft.end))]
        if draft.legal:
            self._top.polyline(points, colour, thickness=3.5)
        else:
            self._top.dashed(dashes(points, 10, 7), colour, thickness=3)

    def _draw_reason(self, overlay: Overlay, view: View, pointer: Place, size: float) -> None:
        """Say beside the pointer why the link cannot end there, or what lies there."""
        c, pen = self._colours, self._top
        lines = wrapped(told(overlay.reason), _TIP_SIZE, _TIP_WIDTH, _TIP_LINES)
        wide = max(text_width(line, _TIP_SIZE) for line in lines)
        line_height = _TIP_SIZE + 4
        width, height = (wide + 20) * size, (line_height * len(lines) + 12) * size
        left, top = pointer[0] + 18 * size, pointer[1] + 16 * size
        # Where there is no room to the right or below, it stands on the other side.
        _left, _top, right, bottom = view.box
        if left + width > right:
            left = pointer[0] - 10 * size - width
        if top + height > bottom:
            top = pointer[1] - 10 * size - height
        box = left, top, left + width, top + height
        pen.box(box, c.panel, rounding=5 * size)
        edge = c.border if overlay.draft is None else c.bad
        pen.outline(box, edge, thickness=1.2 * size, rounding=5 * size)
        for number, line in enumerate(lines):
            y = top + (8 + number * line_height) * size
            pen.text((left + 10 * size, y), line, c.text, _TIP_SIZE * size)
