"""Drawing of a node's state: the strip at its bottom, and below it why it failed."""

from __future__ import annotations

from collections.abc import Mapping

from nodegraph.editor.canvas.pen import Pen
from nodegraph.editor.look.colours import Colour, Colours, mixed
from nodegraph.editor.look.typesetting import text_width
from nodegraph.editor.space.face import INSET, REASON_SIZE, STRIP_SIZE, NodeFace
from nodegraph.editor.space.shape import STRIP

__all__ = ["STATUS_ICONS", "draw_reason", "draw_strip"]

STATUS_ICONS: Mapping[str, str] = {
    "clean": "check",
    "stale": "clock",
    "running": "loader",
    "failed": "circle-x",
    "unavailable": "package",
    "blocked": "triangle-alert",
    "bypassed": "ban",
}
_ICON = 13.0
_TEXT = 18.0
_BAR = 2.5


def draw_strip(pen: Pen, colours: Colours, face: NodeFace) -> None:
    """Draw the line that tells the node's state."""
    if not face.status:
        return
    top, right = face.strip_y, face.width - INSET
    pen.line((INSET, top), (right, top), mixed(colours.node_border, colours.node, 0.5))
    if face.status == "running":
        # The bar takes the lowest part of the strip.
        top -= 1.5
    colour = _colour(colours, face.status)
    y = top + (STRIP - STRIP_SIZE) / 2
    pen.icon((INSET, top + (STRIP - _ICON) / 2), STATUS_ICONS[face.status], colour, _ICON)
    # Only what one has to do something about speaks up; a blocked node mostly waits for another.
    ink = colour if face.status in ("running", "failed", "unavailable") else colours.quiet
    pen.text((INSET + _TEXT, y), face.text, ink, STRIP_SIZE)
    pen.text((right - text_width(face.figures, STRIP_SIZE), y), face.figures, colours.quiet, STRIP_SIZE)
    if face.status == "running":
        bottom = face.height - 2.5
        pen.box((INSET, bottom - _BAR, right, bottom), colours.field, rounding=_BAR / 2)
        end = INSET + (right - INSET) * face.fraction
        if end > INSET + 1:
            pen.box((INSET, bottom - _BAR, end, bottom), colours.good, rounding=min(_BAR, end - INSET) / 2)


def draw_reason(pen: Pen, colours: Colours, face: NodeFace) -> None:
    """Draw below the node why it failed."""
    if not face.reason:
        return
    top = face.height + 8
    high = len(face.reason) * (REASON_SIZE + 3) + 6
    pen.box((0, top - 4, face.width, top - 4 + high), mixed(colours.canvas, colours.bad, 0.12), rounding=4)
    for number, line in enumerate(face.reason):
        pen.text((6, top + number * (REASON_SIZE + 3)), line, colours.bad, REASON_SIZE)


def _colour(colours: Colours, status: str) -> Colour:
    match status:
        case "clean" | "running":
            return colours.good
        case "failed":
            return colours.bad
        case "unavailable" | "blocked":
            return colours.warning
        case _:
            return colours.quiet
