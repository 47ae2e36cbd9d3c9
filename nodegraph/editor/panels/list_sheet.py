"""A dialog in which one of a list is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.look.colours import marked
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.look.typesetting import fitting
from nodegraph.editor.panels.button_row import ButtonRow
from nodegraph.editor.panels.entry_list import list_theme
from nodegraph.editor.panels.fields import tip, words
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.words import _
from nodegraph.editor.work.asking import Choice
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["ListRow", "ListSheet"]

_WIDTH, _ROW, _MOST_HEIGHT = 560, 46, 380
_BASE, _SMALL = 16.0, 14.0


@dataclass(frozen=True)
class ListRow:
    """An entry.

    Parameters
    ----------
    name : str
        What is answered.
    text, details : str
        What is said.
    icon : str
        A name of ICONS.
    """

    name: str
    text: str
    details: str
    icon: str


class ListSheet:
    """A Sheet with a list.

    Parameters
    ----------
    studio : Studio
        For colours and sizes.
    title, accept : str
        Of the dialog and its button, in the language in use.
    rows : tuple of ListRow
        At least one.
    done : callable
        Takes the name of the row that was chosen, or None.
    """

    width = _WIDTH

    def __init__(
        self,
        studio: Studio,
        title: str,
        rows: tuple[ListRow, ...],
        accept: str,
        done: Callable[[str | None], None],
    ) -> None:
        self._studio, self._title, self._rows, self._done = studio, title, rows, done
        self._at = 0
        self._items: list[Tag] = []
        choices = (Choice("cancel", _("Cancel")), Choice("accept", accept))
        self._buttons = ButtonRow(studio, choices, "accept", "cancel", self._press)

    def build(self, parent: Tag) -> None:
        """See Sheet."""
        scale, colours = self._studio.scale, self._studio.colours
        words(parent, self._title, font=FONTS.title)
        height = min(len(self._rows) * (_ROW + 4) + 36, _MOST_HEIGHT)
        width = round(_WIDTH * scale)
        box = dpg.add_child_window(parent=parent, width=width, height=round(height * scale), border=True)
        dpg.bind_item_theme(box, list_theme(marked(colours)))
        self._items = []
        for number, row in enumerate(self._rows):
            top = round((number * (_ROW + 4) + 8) * scale)
            item = dpg.add_selectable(
                parent=box,
                height=round(_ROW * scale),
                pos=(round(8 * scale), top),
                user_data=number,
                callback=self._click,
            )
            self._items.append(item)
            tip(self._studio, item, row.text, row.details)
            for text, font, colour, x, y in (
                (ICONS[row.icon], FONTS.icons, colours.accent, 18, 14),
                (row.text, FONTS.regular, colours.text, 46, 4),
                (row.details, FONTS.small, colours.quiet, 46, 25),
            ):
                size = (_SMALL if font == FONTS.small else _BASE) * scale
                label = words(
                    box, fitting(text, size, width - (x + 24) * scale), font=font, colour=colour, wrap=-1
                )
                dpg.set_item_pos(label, [round(x * scale), top + round(y * scale)])
        self._buttons.build(parent, width)
        self._show()

    def take(self, chord: Chord) -> bool:
        """See Sheet."""
        if chord.key in ("Up", "Down"):
            by = 1 if chord.key == "Down" else -1
            self._at = min(max(self._at + by, 0), len(self._rows) - 1)
            self._show()
            return True
        return self._buttons.take(chord)

    def update(self) -> None:
        """See Sheet."""
        self._buttons.update()

    def dropped(self) -> None:
        """See Sheet."""

    def _click(self, _sender: Tag, _data: object, number: int) -> None:
        if number == self._at:
            # A second click on the chosen one.
            self._press("accept")
            return
        self._at = number
        self._show()

    def _show(self) -> None:
        for number, item in enumerate(self._items):
            dpg.set_value(item, number == self._at)

    def _press(self, name: str) -> None:
        self._done(self._rows[self._at].name if name == "accept" else None)
