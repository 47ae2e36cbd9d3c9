"""Drawing of a parameter's row in a node: a slider, a toggle, a choice, a field."""

from __future__ import annotations

from nodegraph.editor.canvas.pen import Pen
from nodegraph.editor.look.colours import Colour, Colours, mixed
from nodegraph.editor.look.typesetting import text_width
from nodegraph.editor.space.face import INSET, ROW_SIZE, RowFace
from nodegraph.editor.space.shape import ROW
from nodegraph.editor.space.view import Box

__all__ = ["draw_row"]

_MARGIN = 2.0
_ROUNDING = 4.0
_PADDING = 8.0
_ICON = 14.0
_SWITCH = (26.0, 14.0)


def draw_row(
    pen: Pen, colours: Colours, row: RowFace, width: float, *, ink: Colour, dimmed: bool = False
) -> None:
    """Draw a parameter's row.

    Parameters
    ----------
    pen : Pen
        Of the node.
    colours : Colours
        Of the theme.
    row : RowFace
        What is seen.
    width : float
        Of the node.
    ink : Colour
        Of the text.
    dimmed : bool
        The node is bypassed.
    """
    left, right = INSET, width - INSET
    top, bottom = row.y + _MARGIN, row.y + ROW - _MARGIN
    text_y = row.y + (ROW - ROW_SIZE) / 2
    if row.kind != "toggle":
        field = mixed(colours.field, colours.canvas, 0.5) if dimmed else colours.field
        fill = mixed(colours.fill, field, 0.6) if dimmed else colours.fill
        _bar(pen, (left, top, right, bottom), row.share if row.kind == "slider" else 0.0, field, fill)
    end = right - _PADDING
    if row.kind == "toggle":
        _switch(pen, colours, (right, row.y + ROW / 2), on=row.share > 0)
    elif row.kind == "choice":
        pen.icon((end - _ICON + 3, row.y + (ROW - _ICON) / 2), "chevron-down", colours.quiet, _ICON)
        end -= 16
    elif row.kind == "file":
        pen.icon((end - _ICON + 2, row.y + (ROW - _ICON) / 2), "folder", colours.quiet, _ICON)
        end -= 18
    # A toggle's name begins where the bars of the others begin.
    pen.text((left + (0 if row.kind == "toggle" else _PADDING), text_y), row.name, ink, ROW_SIZE)
    value_ink = colours.quiet if row.quiet else ink
    pen.text((end - text_width(row.value, ROW_SIZE), text_y), row.value, value_ink, ROW_SIZE)


def _bar(pen: Pen, box: Box, share: float, field: Colour, fill: Colour) -> None:
    left, top, right, bottom = box
    end = left + (right - left) * share
    if share < 1:
        pen.box(box, field, rounding=_ROUNDING)
    if end > left + 1:
        pen.box((left, top, end, bottom), fill, rounding=min(_ROUNDING, (end - left) / 2))


def _switch(pen: Pen, colours: Colours, end: tuple[float, float], *, on: bool) -> None:
    (wide, high), (right, middle) = _SWITCH, end
    ground = colours.accent if on else colours.node_border
    pen.box(
        (right - wide, middle - high / 2, right, middle + high / 2),
        ground,
        rounding=high / 2,
    )
    x = right - high / 2 if on else right - wide + high / 2
    pen.disc((x, middle), high / 2 - 2, (255, 255, 255))
