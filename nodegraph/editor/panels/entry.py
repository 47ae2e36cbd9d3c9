"""Entry: one text typed at a place: a parameter in its node, a name, a note; or a choice from a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.panels.fields import text_field, words
from nodegraph.editor.panels.popup import Popup
from nodegraph.editor.panels.rows import Cell, RowList, menu_width
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.work.studio import Studio

__all__ = ["ChoiceList", "Option", "TextEntry"]

_ROW_HEIGHT, _MOST_HEIGHT, _MOST_WIDTH = 28.0, 420.0, 460.0
_PADDING = 10.0


class TextEntry:
    """A text field over everything. Enter takes the text, Escape does not.

    Parameters
    ----------
    studio : Studio
        Its colours, scale and takers of keys.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.popup = Popup(studio, "entry")
        self._take: Callable[[str], str] = lambda text: ""
        self._many_lines = False

    def open(
        self,
        place: tuple[float, float],
        label: str,
        text: str,
        take: Callable[[str], str],
        *,
        width: float = 216.0,
        many_lines: bool = False,
    ) -> None:
        """Open it.

        Parameters
        ----------
        place : (x, y)
            On the screen.
        label : str
            What is typed.
        text : str
            To begin with.
        take : callable
            Takes the text; returns why it is refused, or "".
        width : float
            At 100 %.
        many_lines : bool
            Enter begins a line and Ctrl+Enter takes the text.
        """
        self._take, self._many_lines = take, many_lines
        window = self.popup.open(place, (width, 0), self._on_chord)
        inside = round((width - 20) * self._studio.scale)
        words(window, label, colour=self._studio.colours.quiet, font=FONTS.small, wrap=inside)
        options: dict[str, object] = {"width": inside, "tag": "entry.text", "auto_select_all": not many_lines}
        if many_lines:
            options |= {"multiline": True, "height": round(110 * self._studio.scale)}
        text_field(window, text, **options)
        refusal = words(
            window, "", colour=self._studio.colours.bad, font=FONTS.small, wrap=inside, tag="entry.refusal"
        )
        dpg.configure_item(refusal, show=False)
        dpg.focus_item("entry.text")

    def _on_chord(self, chord: Chord) -> bool:
        if chord.key == "Enter" and (chord.ctrl or not self._many_lines):
            refused = "" if self.popup.outdated else self._take(dpg.get_value("entry.text"))
            if refused:
                dpg.set_value("entry.refusal", refused)
                dpg.configure_item("entry.refusal", show=True)
                dpg.focus_item("entry.text")
            else:
                self.popup.close()
        return True


@dataclass(frozen=True)
class Option:
    """A line of a menu.

    Parameters
    ----------
    title : str
        What it says.
    run : callable
        Does it.
    aside : str
        Its keys.
    enabled : bool
        Whether it can be done now.
    """

    title: str
    run: Callable[[], object]
    aside: str = ""
    enabled: bool = True


class ChoiceList:
    """A short list at a place: a context menu, or a parameter's choices.

    Parameters
    ----------
    studio : Studio
        Its colours, scale and takers of keys.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.popup = Popup(studio, "menu.context")
        self.rows = RowList(studio, "menu.context.row", self._run)
        self._options: Sequence[Option] = ()

    def open(
        self, place: tuple[float, float], options: Sequence[Option], *, marked: int = 0, width: float = 264.0
    ) -> None:
        """Open it.

        Parameters
        ----------
        place : (x, y)
            On the screen.
        options : sequence of Option
            Its lines.
        marked : int
            The line that Enter takes.
        width : float
            At 100 %; more where a line needs it.
        """
        self._options = options
        if not options:
            return
        width = min(max(width, menu_width([(option.title, option.aside) for option in options])), _MOST_WIDTH)
        height = min(_MOST_HEIGHT, len(options) * _ROW_HEIGHT + 20)
        window = self.popup.open(place, (width, height), self._on_chord)
        self.rows.clear()
        self.rows.fit((width - 2 * _PADDING) * self._studio.scale)
        cells = [
            Cell(str(number), option.title, option.aside, dimmed=not option.enabled)
            for number, option in enumerate(options)
        ]
        self.rows.add(window, cells)
        self.rows.mark(marked)

    def _on_chord(self, chord: Chord) -> bool:
        steps = {"Down": 1, "Up": -1}
        if chord.key in steps:
            self.rows.step(steps[chord.key])
        elif chord.key == "Enter" and self.rows.marked is not None:
            self._run(self.rows.marked)
        return True

    def _run(self, number: int) -> None:
        option = self._options[number]
        if option.enabled:
            self.popup.close_then(option.run)
