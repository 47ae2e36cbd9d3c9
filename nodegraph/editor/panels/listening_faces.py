"""How the controls of the listening panel look: on, off, and in the colours of A and B."""

from __future__ import annotations

from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.editor.look.colours import Colour, Colours, on_top_of
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.work.part import Tag

__all__ = ["Faces", "Sheet", "make_faces"]


@dataclass(frozen=True)
class Faces:
    """Themes of buttons.

    Parameters
    ----------
    plain, on : Tag
        A button, and one that is switched on.
    a, a_on, b, b_on, difference, difference_on : Tag
        What is heard: with an edge in its colour, filled where it is heard.
    plot : Tag
        A plot of which only the series are seen.
    """

    plain: Tag
    on: Tag
    a: Tag
    a_on: Tag
    b: Tag
    b_on: Tag
    difference: Tag
    difference_on: Tag
    plot: Tag


class Sheet:
    """A place to draw on. A drawlist ignores its own position; a group around it does not.

    Parameters
    ----------
    parent, tag : Tag
        Of the drawlist.
    """

    def __init__(self, parent: Tag, tag: str) -> None:
        self._group = dpg.add_group(parent=parent)
        self.tag: Tag = dpg.add_drawlist(1, 1, parent=self._group, tag=tag)

    def place(self, pane: Pane | None) -> None:
        """Take its place; None for none."""
        dpg.configure_item(self._group, show=pane is not None)
        if pane is not None:
            dpg.configure_item(self._group, pos=(int(pane.x), int(pane.y)))
            dpg.configure_item(self.tag, width=max(1, int(pane.width)), height=max(1, int(pane.height)))


def make_faces(colours: Colours, scale: float) -> Faces:
    """Make the themes for the colours in use."""
    c = colours

    def edged(colour: Colour) -> Tag:
        return _face(c.raised, c.hovered, c.text, (colour, c.quiet), 2 * scale)

    def filled(colour: Colour) -> Tag:
        return _face(colour, colour, on_top_of(colour), (colour, c.quiet), 2 * scale)

    return Faces(
        plain=_face(c.raised, c.hovered, c.text, (c.border, c.quiet), scale),
        on=_face(c.accent, c.accent, c.on_accent, (c.accent, c.quiet), scale),
        a=edged(c.wave_a),
        a_on=filled(c.wave_a),
        b=edged(c.wave_b),
        b_on=filled(c.wave_b),
        difference=edged(c.good),
        difference_on=filled(c.good),
        plot=_plot_theme(),
    )


def _face(face: Colour, hovered: Colour, text: Colour, others: tuple[Colour, Colour], width: float) -> Tag:
    """Make a theme; `others` are the colours of the edge, and of the text where nothing can be done."""
    edge, dimmed = others
    theme: Tag = dpg.add_theme()
    for enabled in (True, False):
        with dpg.theme_component(dpg.mvButton, parent=theme, enabled_state=enabled):
            dpg.add_theme_color(dpg.mvThemeCol_Button, (*face, 255 if enabled else 90))
            dpg.add_theme_color(dpg.mvThemeCol_ButtonHovered, (*hovered, 255 if enabled else 90))
            dpg.add_theme_color(dpg.mvThemeCol_ButtonActive, (*hovered, 255 if enabled else 90))
            dpg.add_theme_color(dpg.mvThemeCol_Border, (*edge, 255 if enabled else 90))
            dpg.add_theme_color(dpg.mvThemeCol_Text, (*(text if enabled else dimmed), 255))
            dpg.add_theme_style(dpg.mvStyleVar_FrameBorderSize, max(1.0, width))
    return theme


def _plot_theme() -> Tag:
    theme: Tag = dpg.add_theme()
    nothing = (0, 0, 0, 0)
    with dpg.theme_component(dpg.mvPlot, parent=theme):
        for target in (dpg.mvPlotCol_FrameBg, dpg.mvPlotCol_PlotBg, dpg.mvPlotCol_PlotBorder):
            dpg.add_theme_color(target, nothing, category=dpg.mvThemeCat_Plots)
        dpg.add_theme_style(dpg.mvPlotStyleVar_PlotPadding, 0, 0, category=dpg.mvThemeCat_Plots)
        dpg.add_theme_style(dpg.mvPlotStyleVar_PlotBorderSize, 0, category=dpg.mvThemeCat_Plots)
    return theme
