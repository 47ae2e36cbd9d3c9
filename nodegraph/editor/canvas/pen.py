"""Pen: draws shapes and texts in canvas units into an item of the plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import dearpygui.dearpygui as dpg

from nodegraph.document import Place
from nodegraph.editor.look.colours import Colour, port_shape
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.look.typefaces import FONTS
from nodegraph.editor.space.view import Box
from nodegraph.editor.work.part import Tag

__all__ = ["Pen", "dashes"]

_NONE = (0, 0, 0, 0)


@dataclass(frozen=True)
class Pen:
    """Draws into one item of the plot.

    Parameters
    ----------
    parent : int or str
        A draw node or a draw layer.
    """

    parent: Tag

    def group(self, *, shown: bool = True) -> Pen:
        """Return a pen for a new group that can be hidden and moved as a whole."""
        return Pen(dpg.add_draw_node(parent=self.parent, show=shown))

    def move_to(self, place: Place) -> None:
        """Move everything that was drawn so that its origin lies at a place."""
        dpg.apply_transform(self.parent, dpg.create_translation_matrix(list(place)))

    def clear(self) -> None:
        """Remove everything that was drawn."""
        dpg.delete_item(self.parent, children_only=True)

    def box(self, box: Box, fill: Colour, *, rounding: float = 0.0, alpha: int = 255) -> Tag:
        """Draw a filled rectangle."""
        x0, y0, x1, y1 = box
        colour = (*fill, alpha)
        item: Tag = dpg.draw_rectangle(
            (x0, y0), (x1, y1), color=_NONE, fill=colour, rounding=rounding, parent=self.parent
        )
        return item

    def outline(
        self, box: Box, colour: Colour, *, thickness: float = 1.0, rounding: float = 0.0, alpha: int = 255
    ) -> Tag:
        """Draw a rectangle's outline."""
        x0, y0, x1, y1 = box
        item: Tag = dpg.draw_rectangle(
            (x0, y0),
            (x1, y1),
            color=(*colour, alpha),
            fill=_NONE,
            rounding=rounding,
            thickness=thickness,
            parent=self.parent,
        )
        return item

    def line(
        self, begin: Place, end: Place, colour: Colour, *, thickness: float = 1.0, alpha: int = 255
    ) -> None:
        """Draw a straight line."""
        dpg.draw_line(begin, end, color=(*colour, alpha), thickness=thickness, parent=self.parent)

    def polyline(
        self, places: Sequence[Place], colour: Colour, *, thickness: float = 1.0, alpha: int = 255
    ) -> None:
        """Draw straight lines from place to place."""
        dpg.draw_polyline(
            [list(place) for place in places],
            color=(*colour, alpha),
            thickness=thickness,
            parent=self.parent,
        )

    def dashed(self, lines: Sequence[tuple[Place, Place]], colour: Colour, *, thickness: float) -> None:
        """Draw many short lines: see `dashes`."""
        for begin, end in lines:
            self.line(begin, end, colour, thickness=thickness)

    def disc(self, centre: Place, radius: float, colour: Colour, *, alpha: int = 255) -> None:
        """Draw a filled circle."""
        dpg.draw_circle(centre, radius, color=_NONE, fill=(*colour, alpha), parent=self.parent)

    def text(self, place: Place, text: str, colour: Colour, size: float, *, bold: bool = False) -> None:
        """Draw a line of text; the place is its top left corner."""
        if not text:
            return
        item = dpg.draw_text(place, text, color=(*colour, 255), size=size, parent=self.parent)
        if bold:
            dpg.bind_item_font(item, FONTS.bold)

    def icon(self, place: Place, name: str, colour: Colour, size: float) -> None:
        """Draw an icon; the place is its top left corner."""
        item = dpg.draw_text(place, ICONS[name], color=(*colour, 255), size=size, parent=self.parent)
        dpg.bind_item_font(item, FONTS.icons)

    def port(self, centre: Place, type_name: str, radius: float, colour: Colour, *, alpha: int = 255) -> None:
        """Draw the shape of a type of value."""
        x, y = centre
        fill = (*colour, alpha)
        match port_shape(type_name):
            case "circle":
                dpg.draw_circle(centre, radius, color=_NONE, fill=fill, parent=self.parent)
            case "square":
                r = radius * 0.9
                self.box((x - r, y - r, x + r, y + r), colour, alpha=alpha)
            case "diamond":
                r = radius * 1.25
                corners = (x, y - r), (x + r, y), (x, y + r), (x - r, y)
                dpg.draw_quad(*corners, color=_NONE, fill=fill, parent=self.parent)
            case "triangle":
                r = radius * 1.2
                corner = (x - r * 0.8, y - r), (x - r * 0.8, y + r), (x + r, y)
                dpg.draw_triangle(*corner, color=_NONE, fill=fill, parent=self.parent)
            case _:
                long, short = radius * 1.2, radius * 0.45
                self.box((x - long, y - short, x + long, y + short), colour, alpha=alpha)
                self.box((x - short, y - long, x + short, y + long), colour, alpha=alpha)


def dashes(places: Sequence[Place], dash: float, gap: float) -> list[tuple[Place, Place]]:
    """Return the short lines of a dashed polyline."""
    lines: list[tuple[Place, Place]] = []
    # How far into the pattern of a dash and a gap the line before has come.
    phase = 0.0
    for (x0, y0), (x1, y1) in pairwise(places):
        length = float(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
        if not length:
            continue
        at = -phase
        while at < length:
            a, b = max(at, 0.0) / length, min(at + dash, length) / length
            if b > a:
                lines.append(
                    ((x0 + (x1 - x0) * a, y0 + (y1 - y0) * a), (x0 + (x1 - x0) * b, y0 + (y1 - y0) * b))
                )
            at += dash + gap
        phase = (length + phase) % (dash + gap)
    return lines
