"""Drawing of links: their curves, and the points of their routes."""

from __future__ import annotations

from collections.abc import Mapping

import dearpygui.dearpygui as dpg

from nodegraph.editor.canvas.bundles import Bundles
from nodegraph.editor.look.colours import Colour
from nodegraph.editor.space.course import Bezier
from nodegraph.editor.space.face import Level
from nodegraph.editor.work.part import Tag

__all__ = ["LinkPicture"]

# Seen from afar, a link is thicker on the canvas, so that it stays a line on the screen.
_THICKNESS: Mapping[Level, float] = {"near": 2.5, "far": 4.5, "farther": 9.0}
_STRONGER = 1.6
_DOT = 4.5
# A curve is drawn as straight lines: as many as keep it round, where it is long too.
_LEAST_SEGMENTS, _MOST_SEGMENTS, _UNITS_PER_SEGMENT = 20, 96, 18.0
_DIMMED = 90


class LinkPicture:
    """The items of one link.

    Parameters
    ----------
    bundles : Bundles
        Where links are drawn.
    curves : tuple of Bezier
        Its course.
    colour : Colour
        Of its type.
    dimmed : bool
        Its source gives nothing of its own: it failed, or is bypassed.
    """

    def __init__(
        self, bundles: Bundles, curves: tuple[Bezier, ...], colour: Colour, *, dimmed: bool = False
    ) -> None:
        self._member = bundles.join()
        self._pen = self._member.pen
        self.curves = curves
        self._colour, self._dimmed, self._strong = colour, dimmed, False
        self._level: Level = "near"
        self._parts: list[Tag] = []
        self._draw()

    def remove(self) -> None:
        """Remove its items."""
        self._member.remove()

    def show(self, shown: bool) -> None:
        """Show or hide it."""
        self._member.show(shown)

    def lead(self, curves: tuple[Bezier, ...]) -> None:
        """Take another course."""
        if len(curves) != len(self.curves) or len(curves) > 1:
            self.curves = curves
            self._pen.clear()
            self._draw()
            return
        self.curves = curves
        p1, p2, p3, p4 = curves[0]
        dpg.configure_item(self._parts[0], p1=p1, p2=p2, p3=p3, p4=p4, segments=_segments(curves[0]))

    def look(self, level: Level) -> None:
        """Take the thickness for how near one is."""
        if level != self._level:
            self._level = level
            for part in self._parts:
                dpg.configure_item(part, thickness=self._thickness)

    @property
    def _thickness(self) -> float:
        return _THICKNESS[self._level] * (_STRONGER if self._strong else 1)

    def appear(self, colour: Colour, *, dimmed: bool, strong: bool) -> None:
        """Take another look: strong while it is selected or under the pointer."""
        if (colour, dimmed, strong) != (self._colour, self._dimmed, self._strong):
            self._colour, self._dimmed, self._strong = colour, dimmed, strong
            self._pen.clear()
            self._draw()

    def _draw(self) -> None:
        alpha = _DIMMED if self._dimmed and not self._strong else 255
        self._parts = [
            dpg.draw_bezier_cubic(
                *curve,
                color=(*self._colour, alpha),
                thickness=self._thickness,
                segments=_segments(curve),
                parent=self._pen.parent,
            )
            for curve in self.curves
        ]
        for curve in self.curves[1:]:
            self._pen.disc(curve[0], _DOT + (1 if self._strong else 0), self._colour)


def _segments(curve: Bezier) -> int:
    (x0, y0), *_controls, (x1, y1) = curve
    length = abs(x1 - x0) + abs(y1 - y0)
    # A link that goes back turns round twice.
    if x1 < x0:
        length *= 2
    return round(min(_MOST_SEGMENTS, max(_LEAST_SEGMENTS, length / _UNITS_PER_SEGMENT)))
