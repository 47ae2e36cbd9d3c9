"""Styling: the theme and the fonts, as DearPyGui takes them."""

from __future__ import annotations

from pathlib import Path

import dearpygui.dearpygui as dpg

import nodegraph.editor.look
from nodegraph.editor.look.colours import Colour, Colours, mixed
from nodegraph.editor.look.typefaces import FONTS, Fonts
from nodegraph.editor.work.part import Tag

__all__ = [
    "FONTS",
    "Fonts",
    "accent_theme",
    "flat_theme",
    "load_fonts",
    "make_theme",
    "on_theme",
    "sheet_theme",
    "text_width",
]

_FOLDER = Path(nodegraph.editor.look.__file__).parent / "fonts"
_BASE, _SMALL, _TITLE = 16, 14, 20


def load_fonts(scale: float) -> Fonts:
    """Load the fonts that are shipped; their names leave those of another scale."""

    def font(tag: Tag, file: str, size: float) -> None:
        dpg.add_font(str(_FOLDER / file), round(size * scale), parent="fonts", tag=tag)

    if dpg.does_item_exist("fonts"):
        # A font that was drawn with cannot be deleted (the process ends); only the names move on.
        for name in (FONTS.regular, FONTS.small, FONTS.bold, FONTS.title, FONTS.icons, "fonts"):
            dpg.remove_alias(str(name))
    dpg.add_font_registry(tag="fonts")
    font(FONTS.regular, "Inter-Regular.otf", _BASE)
    font(FONTS.small, "Inter-Regular.otf", _SMALL)
    font(FONTS.bold, "Inter-SemiBold.otf", _BASE)
    font(FONTS.title, "Inter-SemiBold.otf", _TITLE)
    font(FONTS.icons, "lucide-subset.ttf", _BASE)
    return FONTS


def text_width(text: str, font: Tag) -> float:
    """Return how wide a text is drawn (pixels); an estimate before the first frame."""
    size = dpg.get_text_size(text, font=font)
    return float(size[0]) if size else 8.5 * len(text)


def make_theme(colours: Colours, scale: float) -> Tag:
    """Return the theme of everything but the canvas."""
    theme: Tag = dpg.add_theme()
    with dpg.theme_component(dpg.mvAll, parent=theme):
        for target, colour in _colours(colours).items():
            dpg.add_theme_color(target, (*colour, 255))
        # ImGui draws a dark line beside every frame otherwise.
        dpg.add_theme_color(dpg.mvThemeCol_BorderShadow, (0, 0, 0, 0))
        for target, sizes in _SIZES.items():
            dpg.add_theme_style(target, *(size * scale for size in sizes))
    for kind in (dpg.mvInputFloat, dpg.mvCheckbox):
        with dpg.theme_component(kind, parent=theme, enabled_state=False):
            dpg.add_theme_color(dpg.mvThemeCol_Text, (*colours.quiet, 255))
            for part in (dpg.mvThemeCol_FrameBg, dpg.mvThemeCol_FrameBgHovered, dpg.mvThemeCol_FrameBgActive):
                dpg.add_theme_color(part, (*colours.panel, 255))
    return theme


def accent_theme(c: Colours) -> Tag:
    """Return the theme of the one button that one is meant to press."""
    return _button_theme(c.accent, c.on_accent, c.quiet, c.raised)


def flat_theme(c: Colours) -> Tag:
    """Return the theme of buttons in a bar: no frame, dimmed where they can do nothing."""
    return _button_theme(c.panel, c.text, c.border, c.panel)


def card_theme(scale: float, padding: float, rounding: float) -> Tag:
    """Return the theme of a card, by its padding and the radius of its corners at 100 %."""
    tag = f"theme.card.{scale}.{padding}.{rounding}"
    if not dpg.does_item_exist(tag):
        with dpg.theme(tag=tag), dpg.theme_component(dpg.mvChildWindow):
            dpg.add_theme_style(dpg.mvStyleVar_WindowPadding, padding * scale, padding * scale)
            dpg.add_theme_style(dpg.mvStyleVar_ChildRounding, rounding * scale)
    return tag


def sheet_theme(c: Colours) -> Tag:
    """Return the theme of a window that lies over others: its edge is seen on a panel too."""
    tag = f"theme.sheet.{c.panel}"
    if not dpg.does_item_exist(tag):
        with dpg.theme(tag=tag), dpg.theme_component(dpg.mvWindowAppItem):
            dpg.add_theme_color(dpg.mvThemeCol_WindowBg, c.panel)
            dpg.add_theme_color(dpg.mvThemeCol_PopupBg, c.panel)
            dpg.add_theme_color(dpg.mvThemeCol_Border, mixed(c.border, c.quiet, 0.45))
    return tag


def on_theme(c: Colours) -> Tag:
    """Return the theme of a button in a bar for what is switched on."""
    return _button_theme(c.raised, c.accent, c.border, c.panel)


def _button_theme(face: Colour, text: Colour, dimmed: Colour, resting: Colour) -> Tag:
    theme: Tag = dpg.add_theme()
    with dpg.theme_component(dpg.mvButton, parent=theme):
        dpg.add_theme_color(dpg.mvThemeCol_Button, (*face, 255))
        dpg.add_theme_color(dpg.mvThemeCol_Text, (*text, 255))
        dpg.add_theme_style(dpg.mvStyleVar_FrameBorderSize, 0)
    with dpg.theme_component(dpg.mvButton, parent=theme, enabled_state=False):
        dpg.add_theme_color(dpg.mvThemeCol_Text, (*dimmed, 255))
        for part in (dpg.mvThemeCol_Button, dpg.mvThemeCol_ButtonHovered, dpg.mvThemeCol_ButtonActive):
            dpg.add_theme_color(part, (*resting, 255))
        dpg.add_theme_style(dpg.mvStyleVar_FrameBorderSize, 0)
    return theme


def _colours(c: Colours) -> dict[int, Colour]:
    return {
        dpg.mvThemeCol_WindowBg: c.window,
        dpg.mvThemeCol_ChildBg: c.panel,
        dpg.mvThemeCol_PopupBg: c.panel,
        dpg.mvThemeCol_MenuBarBg: c.panel,
        dpg.mvThemeCol_Border: c.border,
        # Else it is a black line beside the border.
        dpg.mvThemeCol_BorderShadow: c.panel,
        dpg.mvThemeCol_Separator: c.border,
        dpg.mvThemeCol_Text: c.text,
        dpg.mvThemeCol_TextDisabled: c.quiet,
        dpg.mvThemeCol_FrameBg: c.raised,
        dpg.mvThemeCol_FrameBgHovered: c.hovered,
        dpg.mvThemeCol_FrameBgActive: c.hovered,
        dpg.mvThemeCol_Button: c.raised,
        dpg.mvThemeCol_ButtonHovered: c.hovered,
        dpg.mvThemeCol_ButtonActive: c.border,
        dpg.mvThemeCol_Header: c.raised,
        dpg.mvThemeCol_HeaderHovered: c.hovered,
        dpg.mvThemeCol_HeaderActive: c.hovered,
        dpg.mvThemeCol_SliderGrab: c.accent,
        dpg.mvThemeCol_SliderGrabActive: c.accent,
        dpg.mvThemeCol_CheckMark: c.accent,
        dpg.mvThemeCol_ScrollbarBg: c.panel,
        dpg.mvThemeCol_ScrollbarGrab: mixed(c.border, c.quiet, 0.35),
        dpg.mvThemeCol_ScrollbarGrabHovered: mixed(c.border, c.quiet, 0.7),
        dpg.mvThemeCol_ScrollbarGrabActive: c.quiet,
        dpg.mvThemeCol_TextSelectedBg: c.fill,
        dpg.mvThemeCol_PlotHistogram: c.good,
    }


_SIZES: dict[int, tuple[float, ...]] = {
    dpg.mvStyleVar_WindowPadding: (10, 10),
    dpg.mvStyleVar_FramePadding: (8, 5),
    dpg.mvStyleVar_ItemSpacing: (8, 6),
    dpg.mvStyleVar_ItemInnerSpacing: (8, 4),
    dpg.mvStyleVar_CellPadding: (4, 2),
    dpg.mvStyleVar_FrameRounding: (5,),
    dpg.mvStyleVar_ChildRounding: (6,),
    dpg.mvStyleVar_PopupRounding: (6,),
    dpg.mvStyleVar_WindowRounding: (6,),
    dpg.mvStyleVar_GrabRounding: (4,),
    dpg.mvStyleVar_GrabMinSize: (12,),
    dpg.mvStyleVar_ScrollbarSize: (12,),
    dpg.mvStyleVar_ScrollbarRounding: (6,),
    dpg.mvStyleVar_WindowBorderSize: (1,),
    dpg.mvStyleVar_FrameBorderSize: (1,),
}
