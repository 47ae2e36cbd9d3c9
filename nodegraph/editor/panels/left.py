"""The left pane: nodes to add, and the outline of the graph, behind two tabs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import dearpygui.dearpygui as dpg

from nodegraph.editor.look.colours import Colours
from nodegraph.editor.panels.outline import Outline
from nodegraph.editor.panels.palette import Palette
from nodegraph.editor.panels.popup import Sheet
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.words import _
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["LeftPane"]

_Tab = Literal["palette", "outline"]
_PADDING, _GAP = 10.0, 8.0


class LeftPane:
    """The left pane: a Part.

    Parameters
    ----------
    studio : Studio
        What the parts share.
    palette, outline
        What stands behind its tabs.
    sheets : sequence of Sheet
        Made anew with it: language, theme or scale have changed.
    """

    def __init__(
        self, studio: Studio, palette: Palette, outline: Outline, sheets: Sequence[Sheet] = ()
    ) -> None:
        self._studio, self._palette, self._outline = studio, palette, outline
        self._sheets = sheets
        self._shown: _Tab = "palette"

    def build(self, parent: Tag) -> None:
        """See Part."""
        for sheet in self._sheets:
            sheet.refresh()
        inside = dpg.add_child_window(
            parent=parent, tag="left", border=False, always_use_window_padding=True, no_scrollbar=True
        )
        bar = dpg.add_group(parent=inside, horizontal=True)
        tabs: tuple[tuple[_Tab, str], ...] = (("palette", _("Nodes")), ("outline", _("Outline")))
        for name, title in tabs:
            dpg.add_button(
                label=title,
                parent=bar,
                tag=f"left.tab.{name}",
                user_data=name,
                callback=lambda _sender, _data, tab: self._open(tab),
            )
        for name, part in (("palette", self._palette), ("outline", self._outline)):
            part.build(dpg.add_group(parent=inside, tag=f"left.{name}"))
        self._open(self._shown)

    def place(self, pane: Pane) -> None:
        """See Part."""
        width = (pane.width - (2 * _PADDING + _GAP) * self._studio.scale) / 2
        for name in ("palette", "outline"):
            dpg.configure_item(f"left.tab.{name}", width=round(width))
        inside = pane.width - 2 * _PADDING * self._studio.scale
        self._palette.fit(inside)
        self._outline.fit(inside)

    def update(self) -> None:
        """See Part."""
        if self._shown == "palette":
            self._palette.update()
        else:
            self._outline.update()

    def show(self, tab: _Tab) -> None:
        """Open the pane at a tab and put the cursor there."""
        panes = self._studio.settings.panes
        if panes.get("left") == 0:
            self._studio.prefer(panes={key: size for key, size in panes.items() if key != "left"})
        self._open(tab)
        (self._palette if tab == "palette" else self._outline).focus()

    def _open(self, tab: _Tab) -> None:
        self._shown = tab
        for name in ("palette", "outline"):
            dpg.configure_item(f"left.{name}", show=name == tab)
            theme = _tab_theme(self._studio.colours, self._studio.settings.theme, name == tab)
            dpg.bind_item_theme(f"left.tab.{name}", theme)
            dpg.bind_item_font(f"left.tab.{name}", FONTS.bold if name == tab else FONTS.regular)


def _tab_theme(colours: Colours, name: str, on: bool) -> Tag:
    """Return the theme of a tab that is open, or not."""
    tag = f"theme.tab.{name}.{on}"
    if not dpg.does_item_exist(tag):
        with dpg.theme(tag=tag), dpg.theme_component(dpg.mvButton):
            dpg.add_theme_color(dpg.mvThemeCol_Button, colours.raised if on else colours.panel)
            dpg.add_theme_color(dpg.mvThemeCol_Text, colours.text if on else colours.quiet)
            dpg.add_theme_style(dpg.mvStyleVar_FrameBorderSize, 1 if on else 0)
    return tag
