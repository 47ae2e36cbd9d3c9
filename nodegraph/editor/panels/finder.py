"""Finder: a text field over a ranked list, at the pointer: search for nodes, kinds and commands alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.finding import Candidate, find
from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.look.colours import Colour
from nodegraph.editor.panels.fields import text_field, words
from nodegraph.editor.panels.popup import Popup
from nodegraph.editor.panels.rows import Cell, RowList
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.work.studio import Studio

__all__ = ["Entry", "Finder"]

_WIDTH, _LIST_HEIGHT, _HEIGHT = 420.0, 290.0, 396.0
_PADDING = 10.0
# More than anybody scrolls through; a graph may have thousands of nodes.
_MOST_ROWS = 80
_PAGE = 8


@dataclass(frozen=True)
class Entry:
    """Something in a finder's list.

    Parameters
    ----------
    candidate : Candidate
        By what it is found; its key is handed to `choose`.
    title : str
        What it is called.
    aside : str
        Shown right of it: its family, its keys.
    text : str
        Told below the list while it is highlighted.
    colour : Colour, optional
        Of a swatch before it.
    dimmed : bool
        It cannot be used now; `text` says why.
    """

    candidate: Candidate
    title: str
    aside: str = ""
    text: str = ""
    colour: Colour | None = None
    dimmed: bool = False


class Finder:
    """A text field over a ranked list.

    Parameters
    ----------
    studio : Studio
        Its colours, scale and takers of keys.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.popup = Popup(studio, "finder")
        self._entries: dict[str, Entry] = {}
        self._choose: Callable[[str], None] = lambda key: None
        self.shown: list[Entry] = []
        self._nothing = ""
        self.rows = RowList(studio, "finder.row", self._clicked)

    def open(
        self,
        place: tuple[float, float] | None,
        entries: Sequence[Entry],
        choose: Callable[[str], None],
        *,
        hint: str,
        nothing: str,
    ) -> None:
        """Open it.

        Parameters
        ----------
        place : (x, y), optional
            On the screen; in the middle of the window by default.
        entries : sequence of Entry
            In the order in which they stand before anything is typed.
        choose : callable
            Takes the key of what was chosen.
        hint : str
            Stands in the field while it is empty.
        nothing : str
            What is said where nothing matches.
        """
        scale = self._studio.scale
        if place is None:
            middle = (dpg.get_viewport_client_width() - _WIDTH * scale) / 2
            place = middle, dpg.get_viewport_client_height() * 0.16
        self._entries = {entry.candidate.key: entry for entry in entries}
        self._choose, self._nothing = choose, nothing
        self.rows.fit((_WIDTH - 2 * _PADDING) * scale)
        window = self.popup.open(place, (_WIDTH, _HEIGHT), self._on_chord)
        text_field(window, "", hint=hint, tag="finder.query", callback=self._typed)
        dpg.add_child_window(
            parent=window, tag="finder.list", height=round(_LIST_HEIGHT * scale), border=False
        )
        dpg.add_separator(parent=window)
        words(window, "", colour=self._studio.colours.quiet, font=FONTS.small, tag="finder.text")
        dpg.focus_item("finder.query")
        self._fill("")

    def close(self) -> None:
        """Close it, if it is open."""
        self.popup.close()

    def _typed(self, _sender: object, query: str) -> None:
        # Escape closes the popup and takes the text back: its callback comes later.
        if self.popup.is_open:
            self._fill(query)

    def _fill(self, query: str) -> None:
        found = find(query, (entry.candidate for entry in self._entries.values()))
        self.shown = [self._entries[candidate.key] for candidate in found[:_MOST_ROWS]]
        dpg.delete_item("finder.list", children_only=True)
        self.rows.clear()
        if not self.shown:
            words("finder.list", self._nothing, colour=self._studio.colours.quiet)
        self.rows.add(
            "finder.list",
            [
                Cell(entry.candidate.key, entry.title, entry.aside, entry.colour, dimmed=entry.dimmed)
                for entry in self.shown
            ],
        )
        self._highlight(0)

    def _highlight(self, number: int) -> None:
        self.rows.mark(number)
        marked = self.rows.marked
        dpg.set_value("finder.text", "" if marked is None else self.shown[marked].text)

    def _on_chord(self, chord: Chord) -> bool:
        steps = {"Down": 1, "Up": -1, "PageDown": _PAGE, "PageUp": -_PAGE}
        if chord.key in steps:
            self._highlight((self.rows.marked or 0) + steps[chord.key])
        elif chord.key == "Enter":
            self._take(self.rows.marked or 0)
        return True

    def _clicked(self, number: int) -> None:
        self._highlight(number)
        self._take(number)

    def _take(self, number: int) -> None:
        if not self.shown:
            dpg.focus_item("finder.query")
            return
        entry = self.shown[number]
        if entry.dimmed:
            # It stays open: why it cannot be used is told below.
            dpg.focus_item("finder.query")
            return
        # Another list may be opened before the call is made, with another choice.
        choose = self._choose
        self.popup.close_then(lambda: choose(entry.candidate.key))
