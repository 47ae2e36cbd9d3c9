"""The status line: the selection, the file, the zoom, the size of the cache."""

from __future__ import annotations

import time

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.desk import Topic
from nodegraph.editor.look.typesetting import fitting, text_width
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.words import _, ngettext
from nodegraph.editor.words.values import decimal
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["StatusLine"]

# Asking the cache costs a walk over its folder (s).
_CACHE_EVERY_S = 5.0
_TEXT_SIZE = 14.0


class StatusLine:
    """The status line: a Part.

    Parameters
    ----------
    studio : Studio
        What it tells about.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._watch = studio.desk.watch()
        self._asked = float("-inf")
        self._zoom = 0.0

    def build(self, parent: Tag) -> None:
        """See Part."""
        for name in ("left", "right"):
            text = dpg.add_text(
                "", parent=parent, tag=f"status.{name}", color=(*self._studio.colours.quiet, 255)
            )
            dpg.bind_item_font(text, FONTS.small)
        with dpg.tooltip("status.left"):
            dpg.add_text("", tag="status.left.whole")
        self._whole = ""
        self._watch.renew()
        self._zoom = 0.0

    def place(self, pane: Pane) -> None:
        """See Part."""
        self._width = pane.width
        y = int(5 * self._studio.scale)
        dpg.set_item_pos("status.left", [int(12 * self._studio.scale), y])
        self._place_right()

    def update(self) -> None:
        """See Part."""
        changed = self._watch.take()
        if changed & (Topic.DOCUMENT | Topic.SELECTION | Topic.FILE | Topic.STATES):
            self._whole = self._left()
            self._place_right()
        now = time.monotonic()
        if now - self._asked > _CACHE_EVERY_S or self._zoom != self._studio.view.zoom:
            self._asked, self._zoom = now, self._studio.view.zoom
            dpg.set_value("status.right", self._right())
            self._place_right()

    def _left(self) -> str:
        desk = self._studio.desk
        graph = desk.document.graph
        counted = ngettext("{count} node", "{count} nodes", len(graph.nodes)).format(count=len(graph.nodes))
        parts = [counted]
        chosen = len(desk.selection.nodes)
        if chosen:
            parts.append(ngettext("{count} selected", "{count} selected", chosen).format(count=chosen))
        failed = sum(state.status == "failed" for state in desk.states.values())
        if failed:
            parts.append(ngettext("{count} failed", "{count} failed", failed).format(count=failed))
        saved = _("not saved yet") if desk.path is None else str(desk.path)
        parts.append(saved if not desk.history.dirty else _("{file} (changed)").format(file=saved))
        return "   ·   ".join(parts)

    def _right(self) -> str:
        shelf = self._studio.cache.shelf
        zoom = _("{percent:.0f} %").format(percent=self._zoom / self._studio.scale * 100)
        used = _("Cache {used} of {limit} GB").format(
            used=decimal(f"{shelf.used_bytes() / 1e9:.1f}"), limit=decimal(f"{shelf.limit_bytes / 1e9:.3g}")
        )
        return f"{used}   ·   {zoom}"

    def _place_right(self) -> None:
        """Put the right text at the right; the left one has what that leaves."""
        scale = self._studio.scale
        size = _TEXT_SIZE * scale
        x = max(self._width - text_width(dpg.get_value("status.right"), size) - 12 * scale, 0)
        dpg.set_item_pos("status.right", [int(x), int(5 * scale)])
        room = x - 36 * scale
        fits = text_width(self._whole, size) <= room
        dpg.set_value("status.left", self._whole if fits else fitting(self._whole, size, room))
        dpg.set_value("status.left.whole", self._whole)
