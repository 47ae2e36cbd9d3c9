"""The row of buttons at the foot of a dialog: one is chosen, Enter presses it, arrows choose another."""

from __future__ import annotations

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.look.colours import Colour, Colours
from nodegraph.editor.work.asking import Choice
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["ButtonRow"]

_LEAST_WIDTH, _HEIGHT, _PADDING = 96, 34, 16


class ButtonRow:
    """Buttons, right-aligned.

    Parameters
    ----------
    studio : Studio
        For colours and sizes.
    choices : tuple of Choice
        From left to right.
    default, cancel : str
        Names of those that Enter and Escape press.
    press : callable
        Takes the name of the one that was pressed.
    """

    def __init__(
        self,
        studio: Studio,
        choices: tuple[Choice, ...],
        default: str,
        cancel: str,
        press: Callable[[str], None],
    ) -> None:
        self._studio, self._choices, self._press = studio, choices, press
        self._cancel = cancel
        self._at = next(i for i, choice in enumerate(choices) if choice.name == default)
        self._items: list[Tag] = []
        self._space: Tag = 0
        self._width = 0

    def build(self, parent: Tag, width: float) -> None:
        """Make the buttons in a row of that width (pixels)."""
        scale = self._studio.scale
        self._width = round(width)
        dpg.add_spacer(height=round(10 * scale), parent=parent)
        row = dpg.add_group(horizontal=True, parent=parent)
        self._space = dpg.add_spacer(width=0, parent=row)
        self._items = [
            dpg.add_button(
                label=choice.text,
                parent=row,
                height=round(_HEIGHT * scale),
                user_data=choice.name,
                callback=lambda _sender, _data, name: self._press(name),
            )
            for choice in self._choices
        ]
        self._show()

    def take(self, chord: Chord) -> bool:
        """Do what a key does; return whether it does something."""
        match str(chord):
            case "Enter":
                self._press(self._choices[self._at].name)
            case "Escape":
                self._press(self._cancel)
            case "Tab" | "Right":
                self._choose(self._at + 1)
            case "Shift+Tab" | "Left":
                self._choose(self._at - 1)
            case _:
                return False
        return True

    def update(self) -> None:
        """Push the buttons to the right once their widths are known."""
        widths = [dpg.get_item_rect_size(item)[0] for item in self._items]
        if not all(widths):
            return
        least = round(_LEAST_WIDTH * self._studio.scale)
        for item, width in zip(self._items, widths, strict=True):
            if width < least:
                dpg.configure_item(item, width=least)
        gap = 8 * self._studio.scale
        space = max(self._width - sum(max(width, least) for width in widths) - gap * len(widths), 0)
        if dpg.get_item_width(self._space) != round(space):
            dpg.configure_item(self._space, width=round(space))

    def _choose(self, index: int) -> None:
        self._at = index % len(self._choices)
        self._show()

    def _show(self) -> None:
        colours = self._studio.colours
        for index, (item, choice) in enumerate(zip(self._items, self._choices, strict=True)):
            chosen = index == self._at
            face = colours.accent if chosen else colours.raised
            text = colours.on_accent if chosen else colours.text
            if choice.style == "danger":
                face, text = (colours.bad, colours.panel) if chosen else (colours.raised, colours.bad)
            dpg.bind_item_theme(item, _theme(colours, face, text, self._studio.scale))


def _theme(colours: Colours, face: Colour, text: Colour, scale: float) -> Tag:
    """Return a button's theme. One per look: themes are never given back."""
    tag = f"theme.choice.{face}.{text}.{scale}"
    if dpg.does_item_exist(tag):
        return tag
    plain = face == colours.raised
    with dpg.theme(tag=tag):
        for enabled in (True, False):
            with dpg.theme_component(dpg.mvButton, enabled_state=enabled):
                dpg.add_theme_color(dpg.mvThemeCol_Button, face if enabled else colours.raised)
                dpg.add_theme_color(dpg.mvThemeCol_ButtonHovered, colours.hovered if plain else face)
                dpg.add_theme_color(dpg.mvThemeCol_ButtonActive, colours.border if plain else face)
                dpg.add_theme_color(dpg.mvThemeCol_Text, text if enabled else colours.quiet)
                dpg.add_theme_style(dpg.mvStyleVar_FrameBorderSize, 1 if plain else 0)
                dpg.add_theme_style(dpg.mvStyleVar_FramePadding, _PADDING * scale, 6 * scale)
    return tag
