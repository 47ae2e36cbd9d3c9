"""Plot: the item that everything is drawn in. It scales and moves its children by itself.

The view is ours: the limits of the axes are set after each change, and the plot takes no input.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import dearpygui.dearpygui as dpg

from nodegraph.editor.canvas.pen import Pen
from nodegraph.editor.look.colours import Colour, Colours, mixed
from nodegraph.editor.space.view import View
from nodegraph.editor.work.part import Tag

__all__ = ["LAYERS", "Plot"]

LAYERS = ("frames", "links", "notes", "nodes", "overlay")
"""From the lowest to the topmost."""

# Between lines of the grid, in canvas units; each bolder line takes the place of so many finer ones.
_STEP, _BOLDER = 40.0, 5
# Lines stand at least so far apart, in pixels.
_LEAST_PIXELS = 22.0
_X2 = dpg.mvMouseButton_X2
_BARE_AXIS = {
    "no_label": True,
    "no_tick_labels": True,
    "no_tick_marks": True,
    "no_menus": True,
    "no_highlight": True,
    "no_side_switch": True,
    "no_gridlines": True,
}


class Plot:
    """The item that everything is drawn in.

    Parameters
    ----------
    parent : int or str
        The pane.
    colours : Colours
        Of the theme.
    """

    def __init__(self, parent: Tag, colours: Colours) -> None:
        # An item with a place of its own never is hovered: this one stands first in the pane, in its corner.
        # Buttons that nobody has are given to what the plot would do by itself.
        self.tag: Tag = dpg.add_plot(
            parent=parent,
            no_title=True,
            no_menus=True,
            no_box_select=True,
            no_mouse_pos=True,
            no_frame=True,
            equal_aspects=True,
            pan_button=_X2,
            box_select_button=_X2,
            fit_button=_X2,
            context_menu_button=_X2,
            zoom_rate=0.0,
        )
        self._x: Tag = dpg.add_plot_axis(dpg.mvXAxis, parent=self.tag, **_BARE_AXIS)
        self._y: Tag = dpg.add_plot_axis(dpg.mvYAxis, parent=self.tag, invert=True, **_BARE_AXIS)
        dpg.bind_item_theme(self.tag, _theme(colours.canvas))
        self._grid = self._make_grid(colours)
        self._lines: tuple[float, int, int, int, int] | None = None
        root = Pen(dpg.add_draw_layer(parent=self.tag))
        self.layers: Mapping[str, Pen] = {name: root.group() for name in LAYERS}
        self._view: View | None = None
        self._size = (0, 0)

    def _make_grid(self, colours: Colours) -> tuple[Tag, ...]:
        """Make four series of lines: fine and bold, across and down. They stay one pixel wide."""
        series = []
        for colour in (mixed(colours.grid, colours.canvas, 0.45), colours.grid):
            theme = _line_theme(colour)
            for horizontal in (False, True):
                item = dpg.add_inf_line_series([0.0], parent=self._x, horizontal=horizontal)
                dpg.bind_item_theme(item, theme)
                series.append(item)
        return tuple(series)

    def see(self, view: View) -> bool:
        """Show a part of the canvas; return whether that is another one than before."""
        if view == self._view:
            return False
        self._view = view
        size = round(view.width), round(view.height)
        if size != self._size:
            self._size = size
            dpg.configure_item(self.tag, width=size[0], height=size[1])
        left, top, right, bottom = view.box
        dpg.set_axis_limits(self._x, left, right)
        dpg.set_axis_limits(self._y, top, bottom)
        self._rule(view)
        return True

    def _rule(self, view: View) -> None:
        """Draw the grid's lines, where others are seen than before."""
        step = _STEP
        while step * view.zoom < _LEAST_PIXELS:
            step *= _BOLDER
        bold = step * _BOLDER
        left, top, right, bottom = (math.floor(edge / bold) for edge in view.box)
        lines = (step, left, top, right, bottom)
        if lines == self._lines:
            return
        self._lines = lines
        for number, (first, last) in enumerate(((left, right + 1), (top, bottom + 1))):
            fine = [line * step for line in range(first * _BOLDER, last * _BOLDER) if line % _BOLDER]
            dpg.set_value(self._grid[number], [fine])
            dpg.set_value(self._grid[2 + number], [[line * bold for line in range(first, last + 1)]])

    @property
    def hovered(self) -> bool:
        """Whether the pointer is over it, and nothing lies between."""
        return bool(dpg.is_item_hovered(self.tag))


def _theme(ground: Colour) -> Tag:
    theme: Tag = dpg.add_theme()
    plots = dpg.mvThemeCat_Plots
    with dpg.theme_component(dpg.mvPlot, parent=theme):
        dpg.add_theme_style(dpg.mvPlotStyleVar_PlotPadding, 0, 0, category=plots)
        dpg.add_theme_style(dpg.mvPlotStyleVar_PlotBorderSize, 0, category=plots)
        for target in (dpg.mvPlotCol_PlotBg, dpg.mvPlotCol_FrameBg):
            dpg.add_theme_color(target, (*ground, 255), category=plots)
    return theme


def _line_theme(colour: Colour) -> Tag:
    theme: Tag = dpg.add_theme()
    plots = dpg.mvThemeCat_Plots
    with dpg.theme_component(dpg.mvInfLineSeries, parent=theme):
        dpg.add_theme_color(dpg.mvPlotCol_Line, (*colour, 255), category=plots)
        dpg.add_theme_style(dpg.mvPlotStyleVar_LineWeight, 1, category=plots)
    return theme
