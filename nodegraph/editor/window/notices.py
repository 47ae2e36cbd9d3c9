"""Notices: what the user is told without being asked, for a while, in the corner above the status line."""

from __future__ import annotations

import time

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.desk import Notice, Topic
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.panels.styling import FONTS, flat_theme, sheet_theme
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.words import told
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Notices"]

_WIDTH, _BUTTON, _EDGE = 380, 26, 8
_MOST = 3
# An error stays until it is clicked away.
_SHOWN_S = {"info": 6.0, "warning": 12.0, "error": float("inf")}
_ICONS = {"info": "info", "warning": "triangle-alert", "error": "circle-alert"}


class Notices:
    """Shows the desk's notices.

    Parameters
    ----------
    studio : Studio
        Its desk.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._watch = studio.desk.watch()
        self._seen = 0
        self._shown: list[tuple[Tag, float]] = []
        self._canvas: Pane | None = None
        # As they were when the notices were stacked: they are known from the second frame on.
        self._heights: list[float] = []

    def place(self, canvas: Pane) -> None:
        """Take the place of the canvas, in whose lower right corner notices stand."""
        self._canvas = canvas
        self._stack()

    def update(self) -> None:
        """Show what is new, take away what is old."""
        changed = Topic.NOTICES in self._watch.take()
        if changed:
            for notice in self._studio.desk.notices[self._seen :]:
                self._show(notice)
            self._seen = len(self._studio.desk.notices)
        now = time.monotonic()
        old = [item for item, end in self._shown if now > end] + [i for i, _end in self._shown[:-_MOST]]
        for item in dict.fromkeys(old):
            self._remove(item)
        heights = [dpg.get_item_rect_size(item)[1] for item, _end in self._shown]
        if changed or old or heights != self._heights:
            self._heights = heights
            self._stack()

    def _show(self, notice: Notice) -> None:
        scale, colours = self._studio.scale, self._studio.colours
        colour = {"info": colours.accent, "warning": colours.warning, "error": colours.bad}[notice.kind]
        window = dpg.add_window(
            no_title_bar=True,
            no_resize=True,
            no_move=True,
            no_saved_settings=True,
            no_focus_on_appearing=True,
            autosize=True,
            min_size=[int(_WIDTH * scale), 10],
            max_size=[int(_WIDTH * scale), 1000],
        )
        row = dpg.add_group(horizontal=True, parent=window)
        icon = dpg.add_text(ICONS[_ICONS[notice.kind]], parent=row, color=(*colour, 255))
        dpg.bind_item_font(icon, FONTS.icons)
        dpg.add_text(told(notice.text), parent=row, wrap=int((_WIDTH - 56) * scale))
        close = dpg.add_button(
            label=ICONS["x"],
            parent=window,
            user_data=window,
            callback=self._close,
            width=int(_BUTTON * scale),
            height=int(_BUTTON * scale),
            pos=(int((_WIDTH - _BUTTON - _EDGE) * scale), int(_EDGE * scale)),
        )
        dpg.bind_item_font(close, FONTS.icons)
        dpg.bind_item_theme(close, flat_theme(colours))
        dpg.bind_item_theme(window, sheet_theme(colours))
        self._shown.append((window, time.monotonic() + _SHOWN_S[notice.kind]))

    def _close(self, _sender: Tag, _data: object, window: Tag) -> None:
        self._remove(window)
        self._stack()

    def _remove(self, window: Tag) -> None:
        self._shown = [(item, end) for item, end in self._shown if item != window]
        dpg.delete_item(window)

    def _stack(self) -> None:
        if self._canvas is None:
            return
        scale = self._studio.scale
        y = self._canvas.y + self._canvas.height
        for window, _end in reversed(self._shown):
            # Its height is known from the second frame on.
            height = dpg.get_item_rect_size(window)[1] or int(48 * scale)
            y -= height + int(8 * scale)
            x = self._canvas.x + self._canvas.width - (_WIDTH + 16) * scale
            dpg.set_item_pos(window, [int(x), int(y)])
