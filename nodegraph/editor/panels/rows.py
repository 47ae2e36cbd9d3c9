"""Rows: lists of things with a swatch, a name and something aside, one of them marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.editor.look.colours import Colour
from nodegraph.editor.panels.fields import words
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Cell", "RowList", "list_theme"]

_SWATCH = 10


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
            dpg.add_theme_color(dpg.mvThemeCol_Header, studio.colours.fill)
            dpg.add_theme_color(dpg.mvThemeCol_HeaderHovered, studio.colours.hovered)
            dpg.add_theme_style(dpg.mvStyleVar_CellPadding, 4 * studio.scale, 2 * studio.scale)
    return tag


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
    """

    def __init__(self, studio: Studio, tag: str, clicked: Callable[[int], None]) -> None:
        self._studio, self._tag, self._clicked = studio, tag, clicked
        self._window: Tag = ""
        self.cells: list[Cell] = []
        self.marked: int | None = None

    def clear(self) -> None:
        """Forget the rows: their window was emptied."""
        self.cells, self.marked = [], None

    def add(
        self, window: Tag, cells: Sequence[Cell], aside: Callable[[Tag, str], None] | None = None
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
        """
        self._window = window
        if not cells:
            return
        swatches, texts = any(cell.colour for cell in cells), any(cell.aside for cell in cells)
        table = dpg.add_table(parent=window, header_row=False, policy=dpg.mvTable_SizingFixedFit)
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

    def _add_name(self, row: Tag, cell: Cell) -> None:
        number = len(self.cells)
        self.cells.append(cell)
        name = dpg.add_selectable(
            label=cell.title,
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
