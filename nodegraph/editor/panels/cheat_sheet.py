"""Cheat sheet: every action with its keys, by menu, made from Actions and Keymap."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.actions import MENUS, Action
from nodegraph.editor.desk.keymap import chord_text
from nodegraph.editor.panels.fields import words
from nodegraph.editor.panels.popup import Sheet
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.words import N_, _
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["MOUSE", "CheatSheet"]

_COLUMNS = 2

MOUSE: tuple[tuple[str, str], ...] = (
    (N_("Drag the canvas"), N_("Middle button, or Space and left")),
    (N_("Zoom"), N_("Wheel")),
    (N_("Select several"), N_("Drag a box, or Shift and click")),
    (N_("Link two nodes"), N_("Drag from port to port")),
    (N_("Add a node that fits"), N_("Drop a link on nothing")),
    (N_("Search for a node"), N_("Double-click the canvas")),
    (N_("Cut links"), N_("Ctrl and drag with the right button")),
    (N_("Take a node out of its links"), N_("Alt and drag")),
    (N_("Duplicate with links"), N_("Alt, Ctrl and drag")),
    (N_("Menu of what lies there"), N_("Right click")),
)
"""What the mouse does on the canvas; gettext texts."""


class CheatSheet:
    """Every action with its keys.

    Parameters
    ----------
    studio : Studio
        Its actions and keymap.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.sheet = Sheet(studio, "keys", self._fill, (900, 720))

    def open(self) -> None:
        """Show it."""
        self.sheet.open(lambda: _("Keys"))

    def _fill(self, body: Tag) -> None:
        table = dpg.add_table(parent=body, header_row=False, policy=dpg.mvTable_SizingStretchSame)
        for _column in range(_COLUMNS):
            dpg.add_table_column(parent=table)
        line = dpg.add_table_row(parent=table)
        columns = [dpg.add_group(parent=line) for _column in range(_COLUMNS)]
        heights = [0] * _COLUMNS
        groups = [(title, [a for a in self._studio.actions if a.menu == name]) for name, title in MENUS]
        # The longest first, each where there is most room: the columns end at about the same height.
        for title, actions in sorted(groups, key=lambda group: -len(group[1])):
            if actions:
                place = heights.index(min(heights))
                heights[place] += len(actions) + 2
                self._add_group(columns[place], _(title), actions)
        self._add_mouse(columns[heights.index(min(heights))])

    def _add_group(self, column: Tag, title: str, actions: list[Action]) -> None:
        rows = [
            (action.text, ", ".join(map(chord_text, self._studio.keymap.chords(action.name))) or "–")
            for action in sorted(actions, key=lambda action: action.group)
        ]
        self._add_rows(column, title, rows)

    def _add_mouse(self, column: Tag) -> None:
        self._add_rows(column, _("Mouse"), [(_(what), _(how)) for what, how in MOUSE])

    def _add_rows(self, column: Tag, title: str, rows: list[tuple[str, str]]) -> None:
        words(column, title, font=FONTS.bold)
        table = dpg.add_table(parent=column, header_row=False, policy=dpg.mvTable_SizingStretchProp)
        dpg.add_table_column(parent=table, init_width_or_weight=0.58)
        dpg.add_table_column(parent=table, init_width_or_weight=0.42)
        for what, how in rows:
            row = dpg.add_table_row(parent=table)
            words(row, what)
            words(row, how, colour=self._studio.colours.quiet)
        dpg.add_spacer(parent=column, height=round(8 * self._studio.scale))
