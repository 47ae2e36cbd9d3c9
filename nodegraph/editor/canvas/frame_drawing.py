"""Drawing of frames behind the nodes, and of notes."""

from __future__ import annotations

from nodegraph.document import Frame, Note
from nodegraph.editor.canvas.pen import Pen
from nodegraph.editor.look.colours import Colours, mixed
from nodegraph.editor.look.typesetting import fitting, wrapped
from nodegraph.editor.space.scene import FRAME_HEAD
from nodegraph.editor.words import _

__all__ = ["draw_frame", "draw_note"]

_ROUNDING = 10.0
_TITLE_SIZE = 18.0
_NOTE_SIZE = 15.0
_LINE = 19.0
_PADDING = 10.0
_STRIPE = 4.0


def draw_frame(pen: Pen, colours: Colours, frame: Frame, *, selected: bool) -> None:
    """Draw a titled rectangle."""
    box = frame.x, frame.y, frame.x + frame.width, frame.y + frame.height
    pen.box(box, colours.accent, rounding=_ROUNDING, alpha=20)
    edge = colours.accent if selected else mixed(colours.accent, colours.canvas, 0.5)
    pen.outline(box, edge, thickness=2.5 if selected else 1.2, rounding=_ROUNDING)
    title = fitting(frame.title, _TITLE_SIZE, frame.width - 24, bold=True)
    place = frame.x + 12, frame.y + (FRAME_HEAD - _TITLE_SIZE) / 2 + 3
    pen.text(place, title, mixed(colours.accent, colours.text, 0.55), _TITLE_SIZE, bold=True)


def draw_note(pen: Pen, colours: Colours, note: Note, *, selected: bool) -> None:
    """Draw a comment: what does not fit is cut."""
    right, bottom = note.x + note.width, note.y + note.height
    ground = mixed(colours.node, colours.warning, 0.08)
    pen.box((note.x + 1, note.y + 2, right + 2, bottom + 4), (0, 0, 0), rounding=5, alpha=26)
    pen.box((note.x, note.y, right, bottom), ground, rounding=4)
    pen.box((note.x, note.y, note.x + _STRIPE, bottom), colours.warning, rounding=2)
    edge = colours.accent if selected else mixed(colours.node_border, colours.warning, 0.25)
    pen.outline((note.x, note.y, right, bottom), edge, thickness=2.5 if selected else 1.0, rounding=4)
    left = note.x + _STRIPE + _PADDING
    room = right - _PADDING - left
    most = max(1, int((note.height - 2 * _PADDING + (_LINE - _NOTE_SIZE)) / _LINE))
    lines = wrapped(note.text, _NOTE_SIZE, room, most) if note.text.strip() else (_("Empty note"),)
    ink = colours.text if note.text.strip() else colours.quiet
    for number, line in enumerate(lines):
        pen.text((left, note.y + _PADDING + number * _LINE), line, ink, _NOTE_SIZE)
