"""Rows: lists of things with a swatch, a name and something aside, one of them marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.editor.look.colours import Colour, marked
from nodegraph.editor.look.typesetting import fitting_apart, text_width
from nodegraph.editor.panels.fields import tip, words
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Cell", "RowList", "list_theme", "menu_width", "name_room"]

_SWATCH = 10
# Of text, at 100 %: of names and of what stands aside; the room between columns, and of the scroll bar.
_NAME_SIZE, _ASIDE_SIZE = 16.0, 14.0
_PADDING, _SCROLL_BAR = 4, 12
_WINDOW_PADDING = 10


@dataclass(frozen=True)
class Cell:
    """What a row shows.

    Parameters
    ----------
    key : str
        What it stands for.
    title, aside : str
        Left, and quieter at the right.
    colour : Colour, optional
        Of the swatch.
    dimmed : bool
        It cannot be used now.
    """

    key: str
    title: str
    aside: str = ""
    colour: Colour | None = None
    dimmed: bool = False


def list_theme(studio: Studio) -> Tag:
    """Return the theme of lists: the marked row is seen at a glance."""
    tag = f"theme.rows.{studio.settings.theme}.{studio.scale}"
    if not dpg.does_item_exist(tag):
        with dpg.theme(tag=tag), dpg.theme_component(dpg.mvAll):
            dpg.add_theme_color(dpg.mvThemeCol_Header, marked(studio.colours))
            dpg.add_theme_color(dpg.mvThemeCol_HeaderHovered, studio.colours.hovered)
            dpg.add_theme_style(dpg.mvStyleVar_CellPadding, _PADDING * studio.scale, 2 * studio.scale)
    return tag


def name_room(width: float, scale: float, aside: float, *, swatches: bool) -> float:
    """Return how wide a name may be in a row of a list.

    Parameters
    ----------
    width : float
        Of the list's inside, in pixels.
    scale : float
        Pixels on the screen per pixel at 100 %.
    aside : float
        Of the widest thing at the right, in pixels; 0 for none.
    swatches : bool
        Whether there is a swatch before the name.
    """
    taken = _SCROLL_BAR + (_SWATCH + 2 * _PADDING if swatches else 0)
    return width - taken * scale - (aside + 2 * _PADDING * scale if aside else 0.0)


def menu_width(lines: Sequence[tuple[str, str]]) -> float:
    """Return how wide a window must be for lines of a name and something aside, at 100 %."""
    names, asides = zip(*lines, strict=True)
    name = max(text_width(each, _NAME_SIZE) for each in names)
    aside = max(text_width(each, _ASIDE_SIZE) for each in asides)
    taken = -name_room(0.0, 1.0, aside, swatches=False) + 2 * _PADDING
    return name + taken + 2 * _WINDOW_PADDING + 1


class RowList:
    """Rows in a scrolling window, one of them marked.

    Parameters
    ----------
    studio : Studio
        For colours and sizes.
    tag : str
        Row 3 is called "<tag>.3".
    clicked : callable
        Takes the number of the row that was clicked.
    tips : bool
        Whether a name that is cut is told whole beside the pointer; its owner may tell more.
    """

    def __init__(
        self, studio: Studio, tag: str, clicked: Callable[[int], None], *, tips: bool = True
    ) -> None:
        self._studio, self._tag, self._clicked, self._tips = studio, tag, clicked, tips
        self._width = float("inf")
        self._rooms: list[tuple[float, bool]] = []
        self._told: set[int] = set()
        self._window: Tag = ""
        self.cells: list[Cell] = []
        self.marked: int | None = None

    def clear(self) -> None:
        """Forget the rows: their window was emptied."""
        self.cells, self.marked = [], None
        self._rooms, self._told = [], set()

    def fit(self, width: float) -> None:
        """Cut names with an ellipsis where they do not fit into a list whose inside is so wide (pixels)."""
        if width != self._width:
            self._width = width
            self._name_all()

    def _name_all(self) -> None:
        scale = self._studio.scale
        # The highlight of a padded list reaches over its names at both sides.
        width = self._width - (2 * _PADDING * scale if self._tips else 0.0)
        rooms = [name_room(width, scale, aside, swatches=swatches) for aside, swatches in self._rooms]
        titles = [cell.title for cell in self.cells]
        labels = fitting_apart(titles, _NAME_SIZE * scale, rooms)
        for number, (title, label) in enumerate(zip(titles, labels, strict=True)):
            name = f"{self._tag}.{number}"
            if label != dpg.get_item_label(name):
                dpg.configure_item(name, label=label)
            if label != title and self._tips and number not in self._told:
                self._told.add(number)
                tip(self._studio, name, title)

    def add(
        self,
        window: Tag,
        cells: Sequence[Cell],
        aside: Callable[[Tag, str], None] | None = None,
        *,
        aside_width: float = 0.0,
    ) -> None:
        """Add rows at the end of a window.

        Parameters
        ----------
        window : int or str
            The one that scrolls.
        cells : sequence of Cell
            One per row.
        aside : callable, optional
            (row, key): adds something at a row's right instead of the cell's `aside`.
        aside_width : float
            How wide that is, in pixels.
        """
        self._window = window
        if not cells:
            return
        swatches, texts = any(cell.colour for cell in cells), any(cell.aside for cell in cells)
        if texts and aside is None:
            size = _ASIDE_SIZE * self._studio.scale
            aside_width = max(text_width(cell.aside, size) for cell in cells)
        self._rooms += [(aside_width, swatches)] * len(cells)
        table = dpg.add_table(
            parent=window, header_row=False, policy=dpg.mvTable_SizingFixedFit, pad_outerX=self._tips
        )
        if swatches:
            dpg.add_table_column(parent=table, width_fixed=True)
        dpg.add_table_column(parent=table, width_stretch=True)
        if texts or aside:
            dpg.add_table_column(parent=table, width_fixed=True)
        dpg.bind_item_theme(table, list_theme(self._studio))
        for cell in cells:
            row = dpg.add_table_row(parent=table)
            if swatches:
                self._add_swatch(row, cell.colour)
            self._add_name(row, cell)
            if aside:
                aside(row, cell.key)
            elif texts:
                words(row, cell.aside, colour=self._studio.colours.quiet, font=FONTS.small, wrap=-1)
        self._name_all()

    def _add_name(self, row: Tag, cell: Cell) -> None:
        number = len(self.cells)
        self.cells.append(cell)
        name = dpg.add_selectable(
            label="",
            parent=row,
            tag=f"{self._tag}.{number}",
            span_columns=True,
            user_data=number,
            callback=self._select,
        )
        if cell.dimmed:
            dpg.bind_item_theme(name, self._dimmed_theme())

    def _select(self, sender: Tag, _data: object, number: int) -> None:
        # DearPyGui has toggled it; what is marked is ours to say.
        dpg.set_value(sender, number == self.marked)
        self._clicked(number)

    def step(self, count: int) -> None:
        """Mark a row further down, or up."""
        self.mark((-1 if self.marked is None else self.marked) + count)

    def mark(self, number: int | None) -> None:
        """Mark a row, and bring it into sight; None marks none."""
        if number is not None:
            number = max(0, min(number, len(self.cells) - 1)) if self.cells else None
        for row, on in ((self.marked, False), (number, True)):
            if row is not None and dpg.does_item_exist(f"{self._tag}.{row}"):
                dpg.set_value(f"{self._tag}.{row}", on)
        self.marked = number
        if number is not None:
            self._scroll_to(number)

    def _scroll_to(self, number: int) -> None:
        """Scroll so far that a row is seen; those that have not been drawn yet are where they are."""
        item = f"{self._tag}.{number}"
        height = dpg.get_item_rect_size(item)[1]
        if not height:
            return
        top = dpg.get_item_rect_min(item)[1] - dpg.get_item_pos(self._window)[1]
        room, scroll = dpg.get_item_height(self._window), dpg.get_y_scroll(self._window)
        room = room if room > 0 else dpg.get_item_rect_size(self._window)[1]
        if top < 0:
            dpg.set_y_scroll(self._window, max(0.0, scroll + top - height))
        elif top + height > room:
            dpg.set_y_scroll(
                self._window, min(dpg.get_y_scroll_max(self._window), scroll + top + 2 * height - room)
            )

    def _add_swatch(self, row: Tag, colour: Colour | None) -> None:
        scale = self._studio.scale
        size = round(_SWATCH * scale)
        # As high as a line of text, so that the square lies in its middle.
        line = round(16 * scale)
        drawing = dpg.add_drawlist(parent=row, width=size, height=line)
        if colour is not None:
            top = (line - size) // 2
            corners = (0, top), (size, top + size)
            dpg.draw_rectangle(*corners, parent=drawing, fill=colour, color=colour, rounding=3 * scale)

    def icon_theme(self, colour: Colour) -> Tag:
        """Return the theme of a button in a row that is nothing but an icon."""
        tag = f"theme.row_icon.{colour}"
        if not dpg.does_item_exist(tag):
            with dpg.theme(tag=tag), dpg.theme_component(dpg.mvButton):
                dpg.add_theme_color(dpg.mvThemeCol_Button, (0, 0, 0, 0))
                dpg.add_theme_color(dpg.mvThemeCol_ButtonHovered, (0, 0, 0, 0))
                dpg.add_theme_color(dpg.mvThemeCol_ButtonActive, (0, 0, 0, 0))
                dpg.add_theme_color(dpg.mvThemeCol_Text, colour)
                dpg.add_theme_style(dpg.mvStyleVar_FrameBorderSize, 0)
        return tag

    def _dimmed_theme(self) -> Tag:
        tag = f"theme.dimmed.{self._studio.settings.theme}"
        if not dpg.does_item_exist(tag):
            with dpg.theme(tag=tag), dpg.theme_component(dpg.mvAll):
                dpg.add_theme_color(dpg.mvThemeCol_Text, self._studio.colours.quiet)
        return tag
