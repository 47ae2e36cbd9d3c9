"""Popups: small windows over everything, gone by Escape or by a click elsewhere; and larger sheets.

DearPyGui closes a popup on a click elsewhere but not by Escape, and tells nobody. So whether one is open is
asked of DearPyGui itself, and its taker gives itself up with the first key after it has gone.
"""

from __future__ import annotations

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from nodegraph.document import Document
from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.panels.fields import icon_button, words
from nodegraph.editor.panels.styling import FONTS, sheet_theme
from nodegraph.editor.words import _
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Popup", "Sheet"]

_MARGIN = 8


class Popup:
    """A small window at a place, gone by Escape or a click elsewhere.

    Parameters
    ----------
    studio : Studio
        Its colours, scale and takers of keys.
    tag : str
        The window's name.
    """

    def __init__(self, studio: Studio, tag: str) -> None:
        self._studio, self.tag = studio, tag
        self._opened_for = studio.desk.document
        self._on_chord: Callable[[Chord], bool] = lambda chord: False

    @property
    def is_open(self) -> bool:
        """Whether it is on the screen."""
        return bool(dpg.does_item_exist(self.tag) and dpg.is_item_shown(self.tag))

    def open(
        self,
        place: tuple[float, float],
        size: tuple[float, float],
        on_chord: Callable[[Chord], bool] = lambda chord: False,
    ) -> Tag:
        """Open it, empty; return the window to fill.

        Parameters
        ----------
        place : (x, y)
            Where its top left corner should be, on the screen; it is moved inside.
        size : (width, height)
            At 100 %; a height of 0 fits what is in it.
        on_chord : callable
            Takes keys while it is open.
        """
        self.close()
        width, height = (round(side * self._studio.scale) for side in size)
        room = dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
        spots = zip(place, (width, height or 200), room, strict=True)
        x, y = (int(max(_MARGIN, min(at, whole - side - _MARGIN))) for at, side, whole in spots)
        dpg.add_window(
            tag=self.tag,
            popup=True,
            pos=(x, y),
            width=width,
            height=height,
            autosize=height == 0,
            min_size=(width, 10),
            no_title_bar=True,
            no_move=True,
            no_resize=True,
        )
        dpg.bind_item_theme(self.tag, sheet_theme(self._studio.colours))
        self._on_chord = on_chord
        self._opened_for = self._studio.desk.document
        self._studio.takers.append(self._take)
        return self.tag

    @property
    def outdated(self) -> bool:
        """Whether something was removed from the document since it was opened: perhaps its subject."""
        return _lost(self._opened_for, self._studio.desk.document)

    def close(self) -> None:
        """Close it, if it is open."""
        if self._take in self._studio.takers:
            self._studio.takers.remove(self._take)
        if dpg.does_item_exist(self.tag):
            dpg.delete_item(self.tag)

    def close_then(self, call: Callable[[], object]) -> None:
        """Close it, and make a call that may open another: ImGui takes away one that opens in its place."""
        self.close()
        opened_for = self._opened_for

        # DearPyGui hands as many arguments as there are parameters, also to those with a default.
        def later() -> None:
            if not _lost(opened_for, self._studio.desk.document):
                call()

        dpg.set_frame_callback(dpg.get_frame_count() + 2, callback=later)

    def _take(self, chord: Chord) -> bool:
        """Keep every key from the graph while something is over it."""
        if not self.is_open:
            self.close()
            return False
        if chord.key == "Escape":
            self.close()
        else:
            self._on_chord(chord)
        return True


class Sheet:
    """A larger window in the middle with a title, gone by Escape or its button.

    Parameters
    ----------
    studio : Studio
        Its colours, scale and takers of keys.
    tag : str
        The window's name.
    fill : callable
        Fills the body; called again after language, theme or scale has changed.
    size : (width, height)
        At 100 %; less where the window is smaller.
    """

    def __init__(
        self, studio: Studio, tag: str, fill: Callable[[Tag], None], size: tuple[float, float]
    ) -> None:
        self._studio, self.tag, self._fill, self._size = studio, tag, fill, size
        self._title: Callable[[], str] = str
        self.on_chord: Callable[[Chord], bool] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is on the screen."""
        return bool(dpg.does_item_exist(self.tag) and dpg.is_item_shown(self.tag))

    def open(self, title: Callable[[], str]) -> None:
        """Show it, or show it anew.

        Parameters
        ----------
        title : callable
            Its title in the language in use.
        """
        self._title = title
        scroll = self._scroll()
        self.close()
        room = dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
        wanted = (side * self._studio.scale for side in self._size)
        width, height = (int(min(side, whole * 0.92)) for side, whole in zip(wanted, room, strict=True))
        dpg.add_window(
            tag=self.tag,
            pos=((room[0] - width) // 2, (room[1] - height) // 2),
            width=width,
            height=height,
            no_title_bar=True,
            no_resize=True,
            no_collapse=True,
            no_scrollbar=True,
        )
        dpg.bind_item_theme(self.tag, sheet_theme(self._studio.colours))
        self._head(width)
        body = dpg.add_child_window(parent=self.tag, tag=f"{self.tag}.body", border=False)
        self._fill(body)
        dpg.set_y_scroll(body, scroll)
        self._studio.takers.append(self._take)
        dpg.focus_item(self.tag)

    def _head(self, width: int) -> None:
        scale = self._studio.scale
        row = dpg.add_group(parent=self.tag, horizontal=True)
        words(row, self._title(), font=FONTS.title, wrap=-1)
        # Whatever the title's width, the button stands at the right.
        button = icon_button(self._studio, row, "x", _("Close"), self.close, tag=f"{self.tag}.close")
        dpg.set_item_pos(button, (width - round(40 * scale), round(8 * scale)))
        dpg.add_separator(parent=self.tag)

    def refresh(self) -> None:
        """Fill it anew where it is, if it is open."""
        if self.is_open:
            self.open(self._title)

    def close(self) -> None:
        """Close it, if it is open."""
        if self._take in self._studio.takers:
            self._studio.takers.remove(self._take)
        if dpg.does_item_exist(self.tag):
            dpg.delete_item(self.tag)

    def _scroll(self) -> float:
        body = f"{self.tag}.body"
        return float(dpg.get_y_scroll(body)) if dpg.does_item_exist(body) else 0.0

    def _take(self, chord: Chord) -> bool:
        if not self.is_open:
            self.close()
            return False
        if self.on_chord is not None and self.on_chord(chord):
            return True
        if chord.key == "Escape":
            self.close()
            return True
        return False


def _lost(before: Document, now: Document) -> bool:
    """Return whether something has been removed from a document."""
    return bool(
        before.graph.nodes.keys() - now.graph.nodes.keys()
        or set(before.graph.links) - set(now.graph.links)
        or len(before.frames) > len(now.frames)
        or len(before.notes) > len(now.notes)
    )
