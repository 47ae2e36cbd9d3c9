"""Drawing of what stands on an empty canvas: how one begins."""

from __future__ import annotations

from nodegraph.editor.canvas.pen import Pen
from nodegraph.editor.look.colours import Colours, mixed
from nodegraph.editor.look.typesetting import text_width, wrapped
from nodegraph.editor.space.view import View

__all__ = ["draw_invitation"]

_ICON, _SIZE, _LINE, _WIDTH = 40.0, 18.0, 26.0, 460.0


def draw_invitation(pen: Pen, colours: Colours, text: str, view: View, scale: float) -> None:
    """Draw a text in the middle of what is seen, as large at every zoom."""
    pen.clear()
    unit = scale / view.zoom
    x, y = view.to_canvas(view.width / 2, view.height / 2)
    room = min(_WIDTH, view.width / scale - 40)
    lines = wrapped(text, _SIZE, room, 4)
    ink = mixed(colours.quiet, colours.canvas, 0.25)
    top = y - (_ICON + 18 + _LINE * len(lines)) / 2 * unit
    pen.icon((x - _ICON / 2 * unit, top), "audio-waveform", ink, _ICON * unit)
    for number, line in enumerate(lines):
        left = x - text_width(line, _SIZE) / 2 * unit
        pen.text((left, top + (_ICON + 18 + number * _LINE) * unit), line, colours.quiet, _SIZE * unit)
