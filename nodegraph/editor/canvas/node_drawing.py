"""Drawing of a node: its items, in coordinates that begin at its top left corner.

A node has three looks: near (everything), far (title in large letters), and farther (a coloured box).
The items of the near look are many; they are made when it is first seen.
"""

from __future__ import annotations

from typing import Literal

import dearpygui.dearpygui as dpg

from nodegraph.document import Place
from nodegraph.editor.canvas.bundles import Bundles
from nodegraph.editor.canvas.pen import Pen, dashes
from nodegraph.editor.canvas.row_drawing import draw_row
from nodegraph.editor.canvas.strip_drawing import STATUS_ICONS, draw_reason, draw_strip
from nodegraph.editor.look.colours import Colour, Colours, family_colour, mixed, port_colour
from nodegraph.editor.look.typesetting import text_width
from nodegraph.editor.space.face import (
    FAR_SIZE,
    ROW_SIZE,
    STRIP_SIZE,
    TITLE_SIZE,
    NodeFace,
    PortFace,
)
from nodegraph.editor.space.shape import HEAD, ROW
from nodegraph.editor.work.part import Tag

__all__ = ["LEVELS", "PORT_RADIUS", "ROUNDING", "Level", "NodePicture"]

Level = Literal["farther", "far", "near"]
LEVELS: tuple[tuple[float, Level], ...] = ((0.5, "near"), (0.19, "far"), (0.0, "farther"))
"""From which zoom on (at 100 %) a node has which look."""

ROUNDING = 7.0
PORT_RADIUS = 5.5
_TITLE_INSET = 14.0
_PORT_TEXT = 14.0
# How far below the node each layer of its shadow reaches, and how dark it is.
_SHADOW = ((6.0, 12), (2.5, 22))
# Seen from still farther, the title bar tells only the family, and an outline has to stay a line.
_FARTHER_HEAD, _FARTHER_OUTLINE = 64.0, 3.0
_HATCH = 9.0
_STATUS_SIZE, _FAR_STATUS = 14.0, 25.0


class NodePicture:
    """The items of one node.

    Parameters
    ----------
    bundles : Bundles
        Where nodes are drawn.
    colours : Colours
        Of the theme.
    face : NodeFace
        What is seen.
    place : (x, y)
        Where it lies.
    """

    def __init__(self, bundles: Bundles, colours: Colours, face: NodeFace, place: Place) -> None:
        self._member = bundles.join()
        self._pen = self._member.pen
        self._colours = colours
        self.face = face
        self._near: Pen | None = None
        self._below = self._far = self._body = self._plain = self._pen
        self._outlines: tuple[Tag, Tag] = (0, 0)
        self._level: Level = "farther"
        self._selected = False
        self._pen.move_to(place)
        self._draw()

    def remove(self) -> None:
        """Remove its items."""
        self._member.remove()

    def move_to(self, place: Place) -> None:
        """Move it."""
        self._pen.move_to(place)

    def show(self, shown: bool) -> None:
        """Show or hide it."""
        self._member.show(shown)

    def redraw(self, face: NodeFace) -> None:
        """Draw another face."""
        if face != self.face:
            self.face = face
            self._pen.clear()
            self._near = None
            self._draw()

    def look(self, level: Level) -> None:
        """Take another look."""
        if level != self._level:
            self._level = level
            self._apply_level()

    def select(self, selected: bool) -> None:
        """Show whether it is selected."""
        if selected != self._selected:
            self._selected = selected
            colour, thickness = self._outline_look()
            near, farther = self._outlines
            dpg.configure_item(near, color=(*colour, 255), thickness=thickness)
            dpg.configure_item(farther, color=(*colour, 255), thickness=thickness * _FARTHER_OUTLINE)

    # --- drawing -----------------------------------------------------------------------------

    @property
    def body(self) -> Colour:
        """The colour of its body."""
        c = self._colours
        return mixed(c.node, c.canvas, 0.55) if self.face.bypassed else c.node

    def _title_colour(self) -> Colour:
        c = self._colours
        colour = family_colour(c, self.face.family)
        return mixed(colour, c.canvas, 0.45) if self.face.bypassed else colour

    def _outline_look(self) -> tuple[Colour, float]:
        c = self._colours
        if self._selected:
            return c.accent, 2.5
        if self.face.status == "failed":
            return c.bad, 2.0
        if self.face.status == "running":
            return c.good, 2.0
        return c.node_border, 1.0

    def _draw(self) -> None:
        face, title = self.face, self._title_colour()
        box = (0.0, 0.0, face.width, face.height)
        colour, thickness = self._outline_look()
        self._below = self._pen.group(shown=False)
        self._body = self._pen.group(shown=False)
        self._body.box(box, self.body, rounding=ROUNDING)
        self._body.box((0, 0, face.width, HEAD), title, rounding=ROUNDING)
        if not face.collapsed:
            self._body.box((0, HEAD - ROUNDING, face.width, HEAD), title)
        near = self._body.outline(box, colour, thickness=thickness, rounding=ROUNDING)
        self._far = self._pen.group(shown=False)
        self._draw_far()
        self._plain = self._pen.group(shown=False)
        self._plain.box(box, self.body)
        self._plain.box((0, 0, face.width, min(_FARTHER_HEAD, face.height)), title)
        farther = self._plain.outline(box, colour, thickness=thickness * _FARTHER_OUTLINE)
        self._outlines = near, farther
        self._apply_level()

    def _apply_level(self) -> None:
        near = self._level == "near"
        if near and self._near is None:
            self._draw_below()
            self._near = self._pen.group()
            self._draw_near(self._near)
        if self._near is not None:
            dpg.configure_item(self._near.parent, show=near)
        dpg.configure_item(self._below.parent, show=near)
        dpg.configure_item(self._body.parent, show=self._level != "farther")
        dpg.configure_item(self._plain.parent, show=self._level == "farther")
        dpg.configure_item(self._far.parent, show=self._level == "far")

    def _draw_far(self) -> None:
        face, pen = self.face, self._far
        if face.status:
            place = face.width - _FAR_STATUS - 6, (HEAD - _FAR_STATUS) / 2
            pen.icon(place, STATUS_ICONS[face.status], (255, 255, 255), _FAR_STATUS)
        if face.collapsed:
            pen.text((_TITLE_INSET, (HEAD - 22) / 2), face.title, (255, 255, 255), 22, bold=True)
            return
        colour = mixed(self._colours.text, self.body, 0.5) if face.bypassed else self._colours.text
        room = face.height - HEAD
        lines = face.far[: max(1, int((room - 8) / FAR_SIZE))]
        size = min(FAR_SIZE, room - 8)
        top = HEAD + (room - size * len(lines)) / 2
        for number, line in enumerate(lines):
            x = (face.width - text_width(line, size, bold=True)) / 2
            pen.text((x, top + number * size), line, colour, size, bold=True)

    def _draw_below(self) -> None:
        face = self.face
        for reach, alpha in _SHADOW:
            box = (-reach / 2, reach / 2, face.width + reach / 2, face.height + reach)
            self._below.box(box, (0, 0, 0), rounding=ROUNDING + reach / 2, alpha=alpha)
        draw_reason(self._below, self._colours, face)

    def _draw_near(self, pen: Pen) -> None:
        face = self.face
        if not face.known:
            self._draw_hatch(pen)
        # Of a collapsed node, ports lie on the title bar.
        pen.text((_TITLE_INSET, (HEAD - TITLE_SIZE) / 2), face.title, (255, 255, 255), TITLE_SIZE, bold=True)
        ink = mixed(self._colours.text, self.body, 0.45) if face.bypassed else self._colours.text
        if not face.collapsed:
            for row in face.rows:
                draw_row(pen, self._colours, row, face.width, ink=ink, dimmed=face.bypassed)
            if face.more:
                x = (face.width - text_width(face.more, STRIP_SIZE)) / 2
                y = face.more_y + (ROW - STRIP_SIZE) / 2
                pen.text((x, y), face.more, self._colours.quiet, STRIP_SIZE)
            draw_strip(pen, self._colours, face)
        elif face.status:
            place = face.width - _TITLE_INSET - _STATUS_SIZE, (HEAD - _STATUS_SIZE) / 2
            pen.icon(place, STATUS_ICONS[face.status], (255, 255, 255), _STATUS_SIZE)
        if face.through:
            self._draw_through(pen)
        for port in face.ports:
            self._draw_port(pen, port, ink)
        if face.bypassed:
            self._draw_dashes(pen)

    def _draw_hatch(self, pen: Pen) -> None:
        """Draw slanted lines over the title bar of a node whose kind nobody knows here."""
        x = _HATCH
        while x < self.face.width - HEAD:
            pen.line((x, HEAD - 1), (x + HEAD - 2, 1), (255, 255, 255), thickness=1.0, alpha=34)
            x += _HATCH

    def _draw_through(self, pen: Pen) -> None:
        """Draw the way of the signal past a bypassed node."""
        begin, end = self.face.through
        first, last = (
            next(port for port in self.face.ports if (port.place.side, port.place.y) == each)
            for each in (("input", begin), ("output", end))
        )
        colour = port_colour(self._colours, first.place.type_name)
        # It leaves the names free.
        left, right = (text_width(port.name, ROW_SIZE) + _PORT_TEXT + 6 for port in (first, last))
        badge = 22 if last.badge else 0
        places = (left, begin), (self.face.width - right - badge, end)
        pen.line(*places, colour, thickness=2.5, alpha=150)

    def _draw_dashes(self, pen: Pen) -> None:
        w, h = self.face.width, self.face.height
        r = ROUNDING
        edges = ((r, 0.0), (w - r, 0.0)), ((w, r), (w, h - r)), ((w - r, h), (r, h)), ((0.0, h - r), (0.0, r))
        for edge in edges:
            pen.dashed(dashes(edge, 7, 5), self._colours.quiet, thickness=1.5)

    def _draw_port(self, pen: Pen, port: PortFace, ink: Colour) -> None:
        place, c = port.place, self._colours
        centre = (place.x, place.y)
        colour = port_colour(c, place.type_name)
        # A rim of the canvas' colour parts the port from links that pass under it.
        pen.port(centre, place.type_name, PORT_RADIUS + 2, c.canvas)
        pen.port(centre, place.type_name, PORT_RADIUS, colour)
        if place.optional:
            pen.port(centre, place.type_name, PORT_RADIUS - 2.2, self.body)
        y = place.y - ROW_SIZE / 2
        ink = c.quiet if place.optional else ink
        if place.side == "input":
            pen.text((_PORT_TEXT, y), port.name, ink, ROW_SIZE)
            return
        right = self.face.width - _PORT_TEXT
        if port.badge:
            right -= 16
            self._draw_badge(pen, (right + 8, place.y), port.badge)
            right -= 5
        pen.text((right - text_width(port.name, ROW_SIZE), y), port.name, ink, ROW_SIZE)

    def _draw_badge(self, pen: Pen, centre: Place, letter: str) -> None:
        """Mark a port that is listened to."""
        x, y = centre
        colour = self._colours.wave_a if letter == "A" else self._colours.wave_b
        pen.box((x - 8, y - 8, x + 8, y + 8), colour, rounding=4)
        left = x - text_width(letter, STRIP_SIZE, bold=True) / 2
        pen.text((left, y - STRIP_SIZE / 2), letter, self._colours.canvas, STRIP_SIZE, bold=True)
