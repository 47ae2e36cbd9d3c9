"""Reports of measuring nodes: numbers as a table, curves as small plots."""

from __future__ import annotations

import dearpygui.dearpygui as dpg
import numpy as np

from nodegraph.audio import Curve, Measure, Report
from nodegraph.editor.panels.fields import heading, words
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.words import told
from nodegraph.editor.words.names import kind_name
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["add_report"]

# More points than pixels only cost time.
_MOST_POINTS = 600
_PLOT_HEIGHT = 130.0


def add_report(studio: Studio, parent: Tag, report: Report) -> None:
    """Add a report to a pane."""
    heading(studio, parent, told(report.title))
    table = dpg.add_table(
        parent=parent, header_row=False, policy=dpg.mvTable_SizingStretchProp, pad_outerX=False
    )
    dpg.add_table_column(parent=table, init_width_or_weight=0.6)
    dpg.add_table_column(parent=table, init_width_or_weight=0.4)
    for measure in report.measures:
        row = dpg.add_table_row(parent=table)
        words(row, _named(studio, measure.name), colour=studio.colours.quiet)
        words(row, _shown(studio, measure))
    for curve in report.curves:
        _add_curve(studio, parent, curve)


def _named(studio: Studio, name: str) -> str:
    """Return a measure's name; that of a repair that is advised is the node's."""
    return kind_name(name) if name in studio.library.specs else told(name)


def _shown(studio: Studio, measure: Measure) -> str:
    if isinstance(measure.value, (int, float)):
        return told(str(measure)).replace("-", "−")
    return ", ".join(_named(studio, part) for part in str(measure).split(", "))


def _add_curve(studio: Studio, parent: Tag, curve: Curve) -> None:
    unit = f" ({curve.y_unit})" if curve.y_unit else ""
    words(parent, told(curve.name) + unit, colour=studio.colours.quiet, font=FONTS.small)
    step = max(1, -(-curve.x.size // _MOST_POINTS))
    x, y = curve.x[::step], curve.y[::step]
    plot = dpg.add_plot(
        parent=parent,
        width=-1,
        height=round(_PLOT_HEIGHT * studio.scale),
        no_menus=True,
        no_box_select=True,
        no_mouse_pos=True,
        no_title=True,
    )
    logarithmic = curve.x_unit == "Hz" and x.size > 0 and x[-1] > 1000
    scale = dpg.mvPlotScale_Log10 if logarithmic else dpg.mvPlotScale_Linear
    dpg.add_plot_axis(dpg.mvXAxis, parent=plot, label=curve.x_unit, scale=scale, no_highlight=True)
    axis = dpg.add_plot_axis(dpg.mvYAxis, parent=plot, no_highlight=True)
    known = np.isfinite(y) & (x > 0) if logarithmic else np.isfinite(y)
    dpg.add_line_series(x[known].tolist(), y[known].tolist(), parent=axis)
