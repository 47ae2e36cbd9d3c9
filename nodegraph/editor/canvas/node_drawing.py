"""Drawing of a node: its items, in coordinates that begin at its top left corner.

A node has three looks: near (everything), far (title in large letters), and farther (a coloured box).
Each look is a group of its own, of which one is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.document import Place
from nodegraph.editor.canvas.bundles import Bundles
from nodegraph.editor.canvas.pen import Pen, dashes
from nodegraph.editor.canvas.row_drawing import draw_row
from nodegraph.editor.canvas.strip_drawing import STATUS_ICONS, draw_reason, draw_strip
from nodegraph.editor.look.colours import (
    Colour,
    Colours,
    dimmed,
    family_colour,
    mixed,
    on_top_of,
    port_colour,
)
from nodegraph.editor.look.typesetting import text_width
from nodegraph.editor.space.face import (
    FAR_STATUS,
    ROW_SIZE,
    STRIP_SIZE,
    TITLE_SIZE,
    Level,
    NodeFace,
    PortFace,
)
from nodegraph.editor.space.shape import HEAD, ROW
from nodegraph.editor.work.part import Tag

__all__ = ["PORT_RADIUS", "ROUNDING", "NodePicture"]

ROUNDING = 7.0
PORT_RADIUS = 5.5
_TITLE_INSET = 14.0
_PORT_TEXT = 14.0
# How far below the node each layer of its shadow reaches, and how dark it is.
_SHADOW = ((6.0, 12), (2.5, 22))
# Seen from still farther, the title bar tells only the family, and an outline has to stay a line.
_FARTHER_HEAD = 64.0
_OUTLINES: Mapping[Level, float] = {"near": 1.0, "far": 1.7, "farther": 3.0}
_HATCH = 9.0
_BADGE = 16.0
_WHITE: Colour = (255, 255, 255)
_STATUS_SIZE = 14.0


class NodePicture:
    """The items of one node. Each look is drawn when it is first taken.

    Parameters
    ----------
    bundles : Bundles
        Where nodes are drawn.
    colours : Colours
        Of the theme.
    place : (x, y)
        Where it lies.

    Attributes
    ----------
    face : NodeFace or None
        What is seen; None until it comes into sight.
    """

    def __init__(self, bundles: Bundles, colours: Colours, place: Place) -> None:
        self._member = bundles.join()
        self._colours = colours
        self.face: NodeFace | None = None
        self._looks: dict[Level, Pen] = {}
        self._outlines: dict[Level, Tag] = {}
        self._level: Level | None = None
        self._selected = False
        self.move_to(place)

    def remove(self) -> None:
        """Remove its items."""
        self._member.remove()

    def move_to(self, place: Place) -> None:
        """Move it."""
        self._member.pen.move_to(place)

    def lift(self) -> None:
        """Draw it above all other nodes."""
        self._member.lift()

    def show(self, shown: bool) -> None:
        """Show or hide it."""
        self._member.show(shown)

    def redraw(self, face: NodeFace) -> None:
        """Draw another face."""
        if face != self.face:
            self.face = face
            self._member.pen.clear()
            self._looks.clear()
            self._outlines.clear()
            if self._level is not None:
                self._draw(self._level, face)

    def look(self, level: Level) -> None:
        """Take a look: near, far or farther."""
        if level == self._level or self.face is None:
            return
        if self._level is not None:
            dpg.configure_item(self._looks[self._level].parent, show=False)
        self._level = level
        if level in self._looks:
            dpg.configure_item(self._looks[level].parent, show=True)
        else:
            self._draw(level, self.face)

    def select(self, selected: bool) -> None:
        """Show whether it is selected."""
        if selected != self._selected and self.face is not None:
            colour, thickness = self._outline_look(self.face, selected)
            for level, item in self._outlines.items():
                dpg.configure_item(item, color=(*colour, 255), thickness=thickness * _OUTLINES[level])
        self._selected = selected

    def _outline_look(self, face: NodeFace, selected: bool) -> tuple[Colour, float]:
        c = self._colours
        if selected:
            return c.accent, 2.5
        if face.status == "failed":
            return c.bad, 2.0
        if face.status == "running":
            return c.good, 2.0
        return c.node_border, 1.0

    def _draw(self, level: Level, face: NodeFace) -> None:
        pen = self._looks[level] = self._member.pen.group()
        inks = _Inks.of(self._colours, face)
        colour, thickness = self._outline_look(face, self._selected)
        thickness *= _OUTLINES[level]
        box = (0.0, 0.0, face.width, face.height)
        if level == "farther":
            pen.box(box, inks.body)
            pen.box((0, 0, face.width, min(_FARTHER_HEAD, face.height)), inks.title)
            self._outlines[level] = pen.outline(box, colour, thickness=thickness)
            return
        if level == "near":
            _draw_below(pen, self._colours, face)
        pen.box(box, inks.body, rounding=ROUNDING)
        pen.box((0, 0, face.width, HEAD), inks.title, rounding=ROUNDING)
        if not face.collapsed:
            pen.box((0, HEAD - ROUNDING, face.width, HEAD), inks.title)
        self._outlines[level] = pen.outline(box, colour, thickness=thickness, rounding=ROUNDING)
        if level == "far":
            _draw_far(pen, face, inks)
        else:
            _draw_near(pen, self._colours, face, inks)


@dataclass(frozen=True)
class _Inks:
    """The colours of a node: dimmed if it is bypassed."""

    body: Colour
    title: Colour
    text: Colour

    @classmethod
    def of(cls, c: Colours, face: NodeFace) -> _Inks:
        title = family_colour(c, face.family)
        if not face.bypassed:
            return cls(c.node, title, c.text)
        body, ink = dimmed(c)
        return cls(body, mixed(title, c.canvas, 0.45), ink)


def _draw_far(pen: Pen, face: NodeFace, inks: _Inks) -> None:
    if face.status:
        place = face.width - FAR_STATUS - 6, (HEAD - FAR_STATUS) / 2
        pen.icon(place, STATUS_ICONS[face.status], _WHITE, FAR_STATUS)
    size = face.far_size
    if face.collapsed:
        pen.text((_TITLE_INSET, (HEAD - size) / 2), face.far[0], _WHITE, size, bold=True)
        return
    top = HEAD + (face.height - HEAD - size * len(face.far)) / 2
    for number, line in enumerate(face.far):
        x = (face.width - text_width(line, size, bold=True)) / 2
        pen.text((x, top + number * size), line, inks.text, size, bold=True)


def _draw_below(pen: Pen, colours: Colours, face: NodeFace) -> None:
    for reach, alpha in _SHADOW:
        box = (-reach / 2, reach / 2, face.width + reach / 2, face.height + reach)
        pen.box(box, (0, 0, 0), rounding=ROUNDING + reach / 2, alpha=alpha)
    draw_reason(pen, colours, face)


def _draw_near(pen: Pen, colours: Colours, face: NodeFace, inks: _Inks) -> None:
    if not face.known:
        _draw_hatch(pen, face)
    pen.text((_TITLE_INSET, (HEAD - TITLE_SIZE) / 2), face.title, _WHITE, TITLE_SIZE, bold=True)
    if not face.collapsed:
        for row in face.rows:
            draw_row(pen, colours, row, face.width, ink=inks.text, dimmed=face.bypassed)
        if face.more:
            x = (face.width - text_width(face.more, STRIP_SIZE)) / 2
            y = face.more_y + (ROW - STRIP_SIZE) / 2
            pen.text((x, y), face.more, colours.quiet, STRIP_SIZE)
        draw_strip(pen, colours, face)
    elif face.status:
        place = face.width - _TITLE_INSET - _STATUS_SIZE, (HEAD - _STATUS_SIZE) / 2
        pen.icon(place, STATUS_ICONS[face.status], _WHITE, _STATUS_SIZE)
    if face.through and not face.collapsed:
        _draw_through(pen, colours, face)
    for port in face.ports:
        _draw_port(pen, colours, face, port, inks)
    if face.bypassed:
        _draw_dashes(pen, colours, face)


def _draw_hatch(pen: Pen, face: NodeFace) -> None:
    """Draw slanted lines over the title bar of a node whose kind nobody knows here."""
    x = _HATCH
    while x < face.width - HEAD:
        pen.line((x, HEAD - 1), (x + HEAD - 2, 1), _WHITE, thickness=1.0, alpha=34)
        x += _HATCH


def _draw_through(pen: Pen, colours: Colours, face: NodeFace) -> None:
    """Draw the way of the signal past a bypassed node."""
    begin, end = face.through
    first, last = (
        next(port for port in face.ports if (port.place.side, port.place.y) == each)
        for each in (("input", begin), ("output", end))
    )
    colour = port_colour(colours, first.place.type_name)
    # It leaves the names free.
    left, right = (text_width(port.name, ROW_SIZE) + _PORT_TEXT + 6 for port in (first, last))
    badge = _BADGE + 6 if last.badge else 0
    pen.line((left, begin), (face.width - right - badge, end), colour, thickness=2.5, alpha=150)


def _draw_dashes(pen: Pen, colours: Colours, face: NodeFace) -> None:
    """Draw the outline of a bypassed node."""
    w, h, r = face.width, face.height, ROUNDING
    edges = ((r, 0.0), (w - r, 0.0)), ((w, r), (w, h - r)), ((w - r, h), (r, h)), ((0.0, h - r), (0.0, r))
    for edge in edges:
        pen.dashed(dashes(edge, 7, 5), colours.quiet, thickness=1.5)


def _draw_port(pen: Pen, colours: Colours, face: NodeFace, port: PortFace, inks: _Inks) -> None:
    place = port.place
    centre = (place.x, place.y)
    colour = port_colour(colours, place.type_name)
    # A rim of the canvas' colour parts the port from links that pass under it.
    pen.port(centre, place.type_name, PORT_RADIUS + 2, colours.canvas)
    pen.port(centre, place.type_name, PORT_RADIUS, colour)
    if place.optional:
        pen.port(centre, place.type_name, PORT_RADIUS - 2.2, inks.body)
    y = place.y - ROW_SIZE / 2
    ink = colours.quiet if place.optional else inks.text
    if place.side == "input":
        pen.text((_PORT_TEXT, y), port.name, ink, ROW_SIZE)
        return
    right = face.width - _PORT_TEXT
    if port.badge:
        right -= _BADGE
        _draw_badge(pen, colours, (right + _BADGE / 2, place.y), port.badge)
        right -= 5
    pen.text((right - text_width(port.name, ROW_SIZE), y), port.name, ink, ROW_SIZE)


def _draw_badge(pen: Pen, colours: Colours, centre: Place, letter: str) -> None:
    """Mark a port that is listened to."""
    x, y = centre
    r = _BADGE / 2
    colour = colours.wave_a if letter == "A" else colours.wave_b
    pen.box((x - r, y - r, x + r, y + r), colour, rounding=4)
    left = x - text_width(letter, STRIP_SIZE, bold=True) / 2
    pen.text((left, y - STRIP_SIZE / 2), letter, on_top_of(colour), STRIP_SIZE, bold=True)
