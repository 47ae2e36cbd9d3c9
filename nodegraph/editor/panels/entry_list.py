"""The list of a file dialog: as many rows as are seen, filled anew when it is scrolled."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.files import SOUND_SUFFIXES
from nodegraph.editor.desk.folders import Entry, date_text, length_text, size_text
from nodegraph.editor.desk.lengths import Lengths
from nodegraph.editor.look.colours import Colour, marked
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.panels.fields import words
from nodegraph.editor.panels.styling import FONTS, text_width
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["COLUMNS", "EntryList", "head_place", "list_theme"]

ROW = 28
COLUMNS = {"length": 216, "size": 158, "date": 140}
"""How far from the right side of a row each column begins or ends (pixels at 100 %): length and size
end there, the date begins."""

_DOUBLE_CLICK_S = 0.4
_NAME_AT, _SPARE_ROWS, _DATE_WIDTH = 36, 3, 130
# Where all columns end, from the right side of the list.
_RIGHT = 16


@dataclass
class _Row:
    selectable: Tag
    icon: Tag
    name: Tag
    length: Tag
    size: Tag
    date: Tag


class EntryList:
    """Shows entries; one of them is selected.

    Parameters
    ----------
    studio : Studio
        For colours and sizes.
    on_select, on_open : callable
        Take the entry that was clicked, and the one that was double-clicked.
    """

    def __init__(
        self, studio: Studio, on_select: Callable[[Entry], None], on_open: Callable[[Entry], None]
    ) -> None:
        self._studio, self._on_select, self._on_open = studio, on_select, on_open
        self._entries: tuple[Entry, ...] = ()
        self._lengths = Lengths()
        self._rows: list[_Row] = []
        self._box: Tag = 0
        self._height: Tag = 0
        self._first = -1
        self._width = 0
        self._clicked: tuple[int, float] = (-1, 0.0)
        self._wanted: set[int] = set()
        self.at = -1

    @property
    def selected(self) -> Entry | None:
        """The selected entry, or None."""
        return self._entries[self.at] if 0 <= self.at < len(self._entries) else None

    def build(self, parent: Tag, width: int, height: int) -> None:
        """Make the rows."""
        scale = self._studio.scale
        self._width = width
        self._box = dpg.add_child_window(parent=parent, width=width, height=height, border=True)
        dpg.bind_item_theme(self._box, list_theme(marked(self._studio.colours)))
        self._height = dpg.add_spacer(parent=self._box, height=1, pos=(0, 0))
        count = height // round(ROW * scale) + 2 * _SPARE_ROWS
        self._rows = [self._make_row() for _number in range(count)]
        self._refill()

    def show(self, entries: tuple[Entry, ...], at: int = -1) -> None:
        """Show other entries, from the top, and select one of them."""
        self._entries, self.at = entries, at
        self._lengths.forget()
        dpg.set_y_scroll(self._box, 0)
        self._refill()
        self._reveal()

    def move(self, by: int) -> None:
        """Select an entry further down or up."""
        if self._entries:
            self.at = min(max(self.at + by, 0), len(self._entries) - 1)
            self._refill()
            self._reveal()
            self._on_select(self._entries[self.at])

    @property
    def page(self) -> int:
        """How many rows are seen at once."""
        return max(len(self._rows) - 2 * _SPARE_ROWS - 1, 1)

    def select(self, path: Path) -> None:
        """Select the entry of that path, if it is there."""
        self.at = next((i for i, entry in enumerate(self._entries) if entry.path == path), -1)
        self._refill()
        self._reveal()

    def update(self) -> None:
        """Follow the scroll bar; show lengths that have become known."""
        first = self._first_row()
        if first != self._first:
            self._refill()
        for index in tuple(self._wanted):
            self._show_length(index)

    def close(self) -> None:
        """End the thread."""
        self._lengths.close()

    # --- rows ----------------------------------------------------------------------------------

    def _row_height(self) -> int:
        return round(ROW * self._studio.scale)

    def _first_row(self) -> int:
        return max(int(dpg.get_y_scroll(self._box)) // self._row_height() - _SPARE_ROWS, 0)

    def _make_row(self) -> _Row:
        quiet = self._studio.colours.quiet
        selectable = dpg.add_selectable(
            parent=self._box, height=self._row_height(), callback=self._click, pos=(0, 0)
        )
        icon = words(self._box, "", colour=quiet, font=FONTS.icons)
        name = words(self._box, "", wrap=-1)
        others = [words(self._box, "", colour=quiet, font=FONTS.small) for _column in COLUMNS]
        return _Row(selectable, icon, name, *others)

    def _refill(self) -> None:
        self._first = self._first_row()
        self._wanted.clear()
        dpg.configure_item(self._height, height=max(len(self._entries) * self._row_height(), 1))
        for number, row in enumerate(self._rows):
            index = self._first + number
            there = index < len(self._entries)
            for item in vars(row).values():
                dpg.configure_item(item, show=there)
            if there:
                self._fill(row, index)

    def _fill(self, row: _Row, index: int) -> None:
        entry, scale = self._entries[index], self._studio.scale
        y = index * self._row_height()
        text_y = y + round(6 * scale)
        right = self._width - round(_RIGHT * scale)
        dpg.configure_item(row.selectable, pos=(0, y), user_data=index)
        dpg.set_value(row.selectable, index == self.at)
        is_sound = entry.path.suffix.lower() in SOUND_SUFFIXES
        icon = "folder" if entry.is_folder else "file-audio" if is_sound else "file"
        room = right - (COLUMNS["length"] + 44 + _NAME_AT) * scale
        for item, text, x in (
            (row.icon, ICONS[icon], round(12 * scale)),
            (row.name, _shortened(entry.name, room), round(_NAME_AT * scale)),
            (row.date, date_text(entry.modified_s), right - round(_DATE_WIDTH * scale)),
        ):
            dpg.set_value(item, text)
            dpg.set_item_pos(item, [x, text_y])
        colours = self._studio.colours
        dpg.configure_item(row.icon, color=colours.accent if entry.is_folder else colours.quiet)
        self._show_right(row.size, "" if entry.is_folder else size_text(entry.size), "size", index)
        self._show_right(row.length, "", "length", index)
        if is_sound and not entry.is_folder:
            self._wanted.add(index)

    def _show_right(self, item: Tag, text: str, column: str, index: int) -> None:
        """Show a text that ends where its column does."""
        scale = self._studio.scale
        right = self._width - round((_RIGHT + COLUMNS[column]) * scale)
        dpg.set_value(item, text)
        x = round(right - text_width(text, FONTS.small))
        dpg.set_item_pos(item, [x, index * self._row_height() + round(7 * scale)])

    def _show_length(self, index: int) -> None:
        number = index - self._first
        if not 0 <= number < len(self._rows) or index >= len(self._entries):
            return
        seconds = self._lengths.of(self._entries[index].path)
        if seconds is not None:
            self._wanted.discard(index)
            self._show_right(self._rows[number].length, length_text(seconds), "length", index)

    def _click(self, sender: Tag, _data: object, index: int) -> None:
        now = time.monotonic()
        before, when = self._clicked
        self._clicked = (index, now)
        self.at = index
        for row in self._rows:
            dpg.set_value(row.selectable, row.selectable == sender)
        self._on_select(self._entries[index])
        if before == index and now - when < _DOUBLE_CLICK_S:
            self._clicked = (-1, 0.0)
            self._on_open(self._entries[index])

    def _reveal(self) -> None:
        """Scroll so far that the selected row is seen."""
        if self.at < 0:
            return
        height, top = self._row_height(), dpg.get_y_scroll(self._box)
        seen = dpg.get_item_height(self._box) - round(8 * self._studio.scale)
        y = self.at * height
        if y < top:
            dpg.set_y_scroll(self._box, y)
        elif y + height > top + seen:
            dpg.set_y_scroll(self._box, y + height - seen)


def head_place(order: str, wide: float, width: float, scale: float) -> float:
    """Return where the heading of a column begins, in pixels from the left of the list.

    Parameters
    ----------
    order : str
        "name", "size" or "date".
    wide : float
        Of the heading's text, in pixels.
    width : float
        Of the list, in pixels.
    scale : float
        Pixels on the screen per pixel at 100 %.
    """
    right = width - round(_RIGHT * scale)
    if order == "date":
        return right - _DATE_WIDTH * scale
    # Numbers end where their column does, and so does what stands above them.
    return right - COLUMNS["size"] * scale - wide if order == "size" else _NAME_AT * scale


def _shortened(text: str, room: float) -> str:
    """Return a text with its middle left out where it does not fit: the ending tells the kind."""
    if text_width(text, FONTS.regular) <= room:
        return text
    least, most = 4, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        if text_width(_without_middle(text, middle), FONTS.regular) <= room:
            least = middle
        else:
            most = middle - 1
    return _without_middle(text, least)


def _without_middle(text: str, letters: int) -> str:
    end = letters // 3
    return f"{text[: letters - end]}…{text[len(text) - end :]}"


def list_theme(fill: Colour) -> Tag:
    """Return the theme of a list whose rows lie close to each other."""
    tag = f"theme.entries.{fill}"
    if not dpg.does_item_exist(tag):
        with dpg.theme(tag=tag), dpg.theme_component(dpg.mvAll):
            dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, 0, 0)
            dpg.add_theme_style(dpg.mvStyleVar_ItemSpacing, 0, 0)
            dpg.add_theme_color(dpg.mvThemeCol_Header, fill)
    return tag
