"""The waveforms: overview and lanes, as series of one plot whose coordinates are pixels.

A shade series with one point per pixel is by far the cheapest: 0.05 ms to change and 0.03 ms to draw,
against 2 ms for polylines and 30 ms for single lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dearpygui.dearpygui as dpg
import numpy as np
import numpy.typing as npt

from nodegraph.audio import Samples
from nodegraph.editor.listen.sound import Audible
from nodegraph.editor.look.colours import Colour, Colours
from nodegraph.editor.panels.listening_faces import Faces
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.space.rooms import Rooms, lane_middles, lanes
from nodegraph.editor.space.timeline import Span
from nodegraph.editor.work.listening import Listening
from nodegraph.editor.work.part import Tag

__all__ = ["MOST_LANES", "Waves"]

MOST_LANES = 8
"""More channels than this are not drawn, only heard."""

# A frame wider than this is drawn as a line; wider than the other, with a dot (pixels).
_LINE_FROM, _DOT_FROM = 2.0, 7.0
# Lines of two frames at either side are cut off by the plot.
_BEHIND_ALPHA = 105
_FULL = 0.94

_Points = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class _Layer:
    """A sound that is drawn."""

    source: Audible
    colour: Colour
    alpha: int


class Waves:
    """Overview and waveform."""

    def __init__(self) -> None:
        self._plot: Tag = 0
        self._axis: Tag = 0
        self._themes: dict[tuple[Colour, int], Tag] = {}
        self._series: list[Tag] = []
        self._used = 0

    def build(self, parent: Tag, faces: Faces, scale: float) -> None:
        """Make the plot."""
        self._scale = scale
        for theme in self._themes.values():
            dpg.delete_item(theme)
        self._themes, self._series = {}, []
        self._plot = dpg.add_plot(
            parent=parent,
            tag="listening.waves",
            no_title=True,
            no_menus=True,
            no_box_select=True,
            no_mouse_pos=True,
            no_frame=True,
            no_inputs=True,
            show=False,
        )
        bare = {
            "no_label": True,
            "no_tick_labels": True,
            "no_tick_marks": True,
            "no_gridlines": True,
            "no_menus": True,
            "no_initial_fit": True,
        }
        self._time_axis = dpg.add_plot_axis(dpg.mvXAxis, parent=self._plot, **bare)
        self._axis = dpg.add_plot_axis(dpg.mvYAxis, parent=self._plot, **bare)
        dpg.bind_item_theme(self._plot, faces.plot)

    def place(self, rooms: Rooms) -> None:
        """Take its place: from the overview down to the waveform."""
        last = rooms.waveform or rooms.overview
        place = Pane(
            rooms.overview.x,
            rooms.overview.y,
            rooms.overview.width,
            last.y + last.height - rooms.overview.y,
        )
        self._height = place.height
        dpg.configure_item(
            self._plot,
            pos=(int(place.x), int(place.y)),
            width=int(place.width),
            height=int(place.height),
            show=True,
        )
        dpg.set_axis_limits(self._time_axis, 0, place.width)
        dpg.set_axis_limits(self._axis, 0, place.height)

    def draw(self, listening: Listening, span: Span | None, rooms: Rooms, colours: Colours) -> None:
        """Draw what is heard, and behind it what it is compared with."""
        self._used = 0
        if span is not None:
            layers = _layers(listening, colours)
            for layer in layers[-1:] if rooms.overview.height else ():
                self._draw_overview(listening, layer, span, rooms)
            if rooms.waveform is not None:
                for layer in layers:
                    self._draw_lanes(listening, layer, span, rooms)
        for series in self._series[self._used :]:
            dpg.configure_item(series, show=False)

    # --- inside ----------------------------------------------------------------------------------

    def _draw_overview(self, listening: Listening, layer: _Layer, span: Span, rooms: Rooms) -> None:
        columns = max(2, int(rooms.overview.width))
        low, high = listening.pyramid(layer.source).envelope(span.first_s, span.last_s, columns)
        middle = self._height - rooms.overview.height / 2
        half = rooms.overview.height / 2 * _FULL
        lane = low.min(axis=0), high.max(axis=0)
        self._shade(layer, *_shape(*lane, middle, half))

    def _draw_lanes(self, listening: Listening, layer: _Layer, span: Span, rooms: Rooms) -> None:
        assert rooms.waveform is not None
        pyramid = listening.pyramid(layer.source)
        channels = min(layer.source.channels, MOST_LANES)
        count = lanes(channels, rooms.waveform.height, self._scale)
        half = rooms.waveform.height / count / 2 * _FULL
        middles = [rooms.waveform.height * (1 - share) for share in lane_middles(count)]
        per_frame = rooms.waveform.width / (span.seconds * layer.source.sample_rate)
        if per_frame >= _LINE_FROM:
            times, samples = pyramid.samples(span.begin_s, span.end_s)
            places = (times - span.begin_s) / span.seconds * rooms.waveform.width
            for channel in range(channels):
                middle = middles[min(channel, count - 1)]
                self._line(layer, places, middle + _clipped(samples[channel]) * half, per_frame >= _DOT_FROM)
            return
        low, high = pyramid.envelope(span.begin_s, span.end_s, max(2, int(rooms.waveform.width)))
        if count < channels:
            low, high = low.min(axis=0, keepdims=True), high.max(axis=0, keepdims=True)
        for channel, middle in enumerate(middles):
            self._shade(layer, *_shape(low[channel], high[channel], middle, half))

    def _shade(self, layer: _Layer, low: _Points, high: _Points) -> None:
        columns = np.arange(low.size) + 0.5
        self._next("mvAppItemType::mvShadeSeries", dpg.add_shade_series, [columns, low, high], layer)

    def _line(self, layer: _Layer, places: _Points, values: _Points, dots: bool) -> None:
        self._next("mvAppItemType::mvLineSeries", dpg.add_line_series, [places, values], layer)
        if dots:
            self._next("mvAppItemType::mvScatterSeries", dpg.add_scatter_series, [places, values], layer)

    def _next(self, kind: str, add, values: list[_Points], layer: _Layer) -> None:  # type: ignore[no-untyped-def]
        """Use the next series; make it where it is of another kind. Their order is that of drawing."""
        while self._used < len(self._series) and dpg.get_item_type(self._series[self._used]) != kind:
            for series in self._series[self._used :]:
                dpg.delete_item(series)
            del self._series[self._used :]
        if self._used == len(self._series):
            first = [value.tolist() for value in values]
            named = {"y2": first.pop()} if len(first) == 3 else {}
            self._series.append(add(*first, parent=self._axis, **named))
        series = self._series[self._used]
        dpg.set_value(series, [*values, *[np.empty(0)] * (5 - len(values))])
        dpg.configure_item(series, show=True)
        dpg.bind_item_theme(series, self._theme(layer.colour, layer.alpha))
        self._used += 1

    def _theme(self, colour: Colour, alpha: int) -> Tag:
        if (colour, alpha) not in self._themes:
            self._themes[colour, alpha] = _series_theme((*colour, alpha))
        return self._themes[colour, alpha]


def _layers(listening: Listening, colours: Colours) -> list[_Layer]:
    """Return what is drawn, the one that is heard last: it lies in front."""
    a, b = listening.player.sounds
    choice = listening.player.choice
    heard = listening.audible
    if heard is None:
        return []
    if choice == "difference":
        behind = [_Layer(a, colours.wave_a, _BEHIND_ALPHA)] if a else []
        return [*behind, _Layer(heard, colours.good, 255)]
    pairs = [(a, colours.wave_a), (b, colours.wave_b)]
    behind = [_Layer(each, colour, _BEHIND_ALPHA) for each, colour in pairs if each and each is not heard]
    return [*behind, _Layer(heard, colours.wave_b if choice == "b" else colours.wave_a, 255)]


def _clipped(values: Samples) -> Samples:
    """Keep what is above full scale in its lane."""
    clipped: Samples = np.clip(values, -1 / _FULL, 1 / _FULL)
    return clipped


def _shape(low: Samples, high: Samples, middle: float, half: float) -> tuple[_Points, _Points]:
    """Return the lower and the upper edge, a pixel apart at least: silence is a line."""
    below, above = middle + _clipped(low) * half, middle + _clipped(high) * half
    thin = np.maximum(1.0 - (above - below), 0.0) / 2
    return below.astype(np.float64) - thin, above.astype(np.float64) + thin


def _series_theme(colour: tuple[int, int, int, int]) -> Tag:
    theme: Tag = dpg.add_theme()
    plots = {"category": dpg.mvThemeCat_Plots}
    for kind in (dpg.mvShadeSeries, dpg.mvLineSeries, dpg.mvScatterSeries):
        with dpg.theme_component(kind, parent=theme):
            for target in (
                dpg.mvPlotCol_Fill,
                dpg.mvPlotCol_Line,
                dpg.mvPlotCol_MarkerFill,
                dpg.mvPlotCol_MarkerOutline,
            ):
                dpg.add_theme_color(target, colour, **plots)
            dpg.add_theme_style(dpg.mvPlotStyleVar_FillAlpha, 1.0, **plots)
            dpg.add_theme_style(dpg.mvPlotStyleVar_MarkerSize, 3.0, **plots)
            dpg.add_theme_style(dpg.mvPlotStyleVar_LineWeight, 1.5, **plots)
    return theme
