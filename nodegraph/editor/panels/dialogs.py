"""Dialogs: one at a time above a shade that nothing below can be clicked through.

Not DearPyGui's modal windows: those close each other, and Escape does not close them. A dialog is a
card in a window as large as the viewport; a dialog that another one asks for lies above it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.panels.button_row import ButtonRow
from nodegraph.editor.panels.fields import text_field, words
from nodegraph.editor.panels.file_dialog import FileDialog
from nodegraph.editor.panels.styling import FONTS, card_theme
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.words import _
from nodegraph.editor.work.asking import Choice, Picking, Question
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Dialogs", "Sheet"]

_QUESTION_WIDTH, _PADDING = 460, 22
_DARKNESS = 120


class Sheet(Protocol):
    """What a dialog shows."""

    @property
    def width(self) -> float:
        """Of the card's inside, in pixels at 100 %."""

    def build(self, parent: Tag) -> None:
        """Make its items; again after the language, the theme or the scale has changed."""

    def take(self, chord: Chord) -> bool:
        """Do what a key does; return whether it does something."""

    def update(self) -> None:
        """Bring what is shown up to date: called once per frame."""

    def dropped(self) -> None:
        """Let go of what it holds: it was taken off the screen."""


@dataclass
class _Shown:
    sheet: Sheet
    shade: Tag
    card: Tag


class Dialogs:
    """Puts dialogs on the screen: a Part without a pane.

    Parameters
    ----------
    studio : Studio
        Gets this as its `dialogs`.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._stack: list[_Shown] = []
        self._waiting: deque[Sheet] = deque()
        studio.dialogs = self

    # --- Asking ------------------------------------------------------------------------------

    @property
    def showing(self) -> bool:
        """Whether the user is being asked something."""
        return bool(self._stack)

    def ask(self, question: Question, answer: Callable[[str], None], *, above: bool = False) -> None:
        """Ask a question; `above` for one that a dialog on the screen asks."""

        def done(name: str) -> None:
            self.close(sheet)
            answer(name)

        sheet = _QuestionSheet(self._studio, question, done)
        self.show(sheet, above=above)

    def enter(
        self, title: str, text: str, answer: Callable[[str | None], None], *, above: bool = False
    ) -> None:
        """Have a text entered, beginning with `text`."""

        def done(entered: str | None) -> None:
            self.close(sheet)
            answer(entered)

        sheet = _EntrySheet(self._studio, title, text, done)
        self.show(sheet, above=above)

    def pick(self, picking: Picking, answer: Callable[[Path | None], None], *, above: bool = False) -> None:
        """Have a file or folder picked."""

        def done(path: Path | None) -> None:
            self.close(sheet)
            answer(path)

        sheet = FileDialog(self._studio, picking, self, done)
        self.show(sheet, above=above)

    # --- any sheet -----------------------------------------------------------------------------

    def show(self, sheet: Sheet, *, above: bool = False) -> None:
        """Put a sheet on the screen; unless it goes above, it waits until the others are gone."""
        if self._stack and not above:
            self._waiting.append(sheet)
            return
        if not self._stack:
            self._studio.takers.append(self._take)
        self._stack.append(self._make(sheet))

    def close(self, sheet: Sheet) -> None:
        """Take a sheet off the screen, and show the one that waits; or have it not wait any more."""
        if sheet in self._waiting:
            self._waiting.remove(sheet)
            return
        shown = next((each for each in self._stack if each.sheet is sheet), None)
        if shown is None:
            return
        self._stack.remove(shown)
        shown.sheet.dropped()
        dpg.delete_item(shown.shade)
        if not self._stack:
            self._studio.takers.remove(self._take)
            if self._waiting:
                self.show(self._waiting.popleft())

    # --- Part --------------------------------------------------------------------------------

    def build(self, parent: Tag) -> None:
        """See Part."""
        for number, shown in enumerate(self._stack):
            if dpg.does_item_exist(shown.shade):
                dpg.delete_item(shown.shade)
            self._stack[number] = self._make(shown.sheet)

    def place(self, pane: Pane) -> None:
        """See Part."""

    def update(self) -> None:
        """See Part."""
        for shown in tuple(self._stack):
            if shown in self._stack:
                self._centre(shown)
                shown.sheet.update()

    def _take(self, chord: Chord) -> bool:
        """Keep all keys from what lies below."""
        self._stack[-1].sheet.take(chord)
        return True

    def _make(self, sheet: Sheet) -> _Shown:
        scale = self._studio.scale
        shade = dpg.add_window(
            no_title_bar=True,
            no_resize=True,
            no_move=True,
            no_scrollbar=True,
            no_scroll_with_mouse=True,
            no_saved_settings=True,
            pos=(0, 0),
            width=dpg.get_viewport_client_width(),
            height=dpg.get_viewport_client_height(),
        )
        dpg.bind_item_theme(shade, _shade_theme())
        card = dpg.add_child_window(
            parent=shade,
            width=round((sheet.width + 2 * _PADDING) * scale),
            auto_resize_y=True,
            border=True,
            no_scrollbar=True,
        )
        dpg.bind_item_theme(card, card_theme(scale, _PADDING, 10))
        sheet.build(card)
        return _Shown(sheet, shade, card)

    def _centre(self, shown: _Shown) -> None:
        width, height = dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
        dpg.configure_item(shown.shade, width=width, height=height)
        card_width, card_height = dpg.get_item_rect_size(shown.card)
        # A little above the middle looks like the middle.
        place = [max((width - card_width) // 2, 0), max(round((height - card_height) * 0.45), 0)]
        if dpg.get_item_pos(shown.card) != place:
            dpg.set_item_pos(shown.card, place)


def _shade_theme() -> Tag:
    tag = "theme.shade"
    if not dpg.does_item_exist(tag):
        with dpg.theme(tag=tag), dpg.theme_component(dpg.mvWindowAppItem):
            dpg.add_theme_color(dpg.mvThemeCol_WindowBg, (0, 0, 0, _DARKNESS))
            dpg.add_theme_style(dpg.mvStyleVar_WindowBorderSize, 0)
            dpg.add_theme_style(dpg.mvStyleVar_WindowRounding, 0)
            dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, 0, 0)
    return tag


# --- sheets -----------------------------------------------------------------------------------------------


class _QuestionSheet:
    width = _QUESTION_WIDTH

    def __init__(self, studio: Studio, question: Question, done: Callable[[str], None]) -> None:
        self._studio, self._question = studio, question
        self._buttons = ButtonRow(studio, question.choices, question.default, question.cancel, done)

    def build(self, parent: Tag) -> None:
        colours, question = self._studio.colours, self._question
        width = round(self.width * self._studio.scale)
        head = dpg.add_group(horizontal=True, parent=parent)
        if question.icon:
            colour = colours.warning if question.icon == "triangle-alert" else colours.accent
            words(head, ICONS[question.icon], colour=colour, font=FONTS.icons)
        words(head, question.title, font=FONTS.title)
        dpg.add_spacer(height=round(4 * self._studio.scale), parent=parent)
        words(parent, question.text, wrap=width)
        if question.details:
            words(parent, question.details, colour=colours.quiet, font=FONTS.small, wrap=width)
        self._buttons.build(parent, width)

    def take(self, chord: Chord) -> bool:
        return self._buttons.take(chord)

    def update(self) -> None:
        self._buttons.update()

    def dropped(self) -> None:
        pass


class _EntrySheet:
    width = _QUESTION_WIDTH

    def __init__(self, studio: Studio, title: str, text: str, done: Callable[[str | None], None]) -> None:
        self._studio, self._title, self._text, self._done = studio, title, text, done
        choices = (Choice("cancel", _("Cancel")), Choice("ok", _("OK")))
        self._buttons = ButtonRow(studio, choices, "ok", "cancel", self._pressed)
        self._field: Tag = 0

    def build(self, parent: Tag) -> None:
        words(parent, self._title, font=FONTS.title)
        dpg.add_spacer(height=round(4 * self._studio.scale), parent=parent)
        self._field = text_field(parent, self._text, callback=self._typed)
        dpg.focus_item(self._field)
        self._buttons.build(parent, self.width * self._studio.scale)

    def _typed(self, _sender: Tag, text: str) -> None:
        self._text = text

    def _pressed(self, name: str) -> None:
        text = dpg.get_value(self._field).strip()
        if name == "cancel":
            self._done(None)
        elif text:
            self._done(text)

    def take(self, chord: Chord) -> bool:
        # Arrows move in the text.
        return str(chord) not in ("Left", "Right") and self._buttons.take(chord)

    def update(self) -> None:
        self._buttons.update()

    def dropped(self) -> None:
        pass
