"""The ground under waveforms: their lanes, rulers and axes; and the picture of the spectrogram.

The picture is a static texture, made anew when it changes: a dynamic one of this size is sent to the
graphics card in every frame, which costs 2 ms of each.
"""

from __future__ import annotations

from typing import Any, cast

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.settings import Settings
from nodegraph.editor.listen.frequencies import Scale, ticks
from nodegraph.editor.listen.spectrogram import Look
from nodegraph.editor.listen.spectrogram import Span as PictureSpan
from nodegraph.editor.look.colours import Colours
from nodegraph.editor.look.typesetting import text_width
from nodegraph.editor.panels.listening_faces import Sheet
from nodegraph.editor.panels.listening_wave import MOST_LANES
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.space.rooms import Rooms, lane_middles, lanes
from nodegraph.editor.space.timeline import Span, frequency_words, time_ticks
from nodegraph.editor.words import _
from nodegraph.editor.work.listening import Listening
from nodegraph.editor.work.part import Tag

__all__ = ["Ground", "look_of"]

_SMALL = 13.0
_CEILING_DB = -10.0
# −6 dB of full scale.
_HALF = 0.501
_LEAST_LANE = 70.0


def look_of(settings: Settings) -> Look:
    """Return how a user likes spectrograms."""
    scale = settings.frequencies if settings.frequencies in ("log", "linear", "mel") else "log"
    floor = min(max(settings.floor_db, -120.0), _CEILING_DB - 10)
    return Look(cast("Scale", scale), floor, _CEILING_DB, paper=settings.theme)


class Ground:
    """What lies under the waveforms."""

    def __init__(self) -> None:
        self._list: Tag = 0
        self._texture: Tag | None = None
        self._scale = 1.0

    def build(self, parent: Tag, scale: float) -> None:
        """Make its items."""
        self._scale = scale
        if self._texture is not None:
            dpg.delete_item(self._texture)
            self._texture = None
        if not dpg.does_item_exist("listening.textures"):
            dpg.add_texture_registry(tag="listening.textures")
        self._sheet = Sheet(parent, "listening.ground")
        self._list = self._sheet.tag
        self._under, self._picture, self._over = (dpg.add_draw_layer(parent=self._list) for _each in range(3))

    def place(self, rooms: Rooms) -> None:
        """Take its place."""
        self._sheet.place(rooms.glass)

    # --- lanes, rulers, axes ----------------------------------------------------------------------

    def draw(self, listening: Listening, span: Span | None, rooms: Rooms, colours: Colours) -> None:
        """Draw everything but the picture."""
        for layer in (self._under, self._over):
            dpg.delete_item(layer, children_only=True)
        for each in (rooms.overview, rooms.waveform, rooms.spectrogram):
            if each is not None and each.height:
                self._box(each, rooms.glass, colours)
        source = listening.audible
        if span is None or source is None:
            return
        self._ruler(span, rooms, colours)
        if rooms.waveform is not None:
            self._lanes(rooms.waveform, rooms.glass, min(source.channels, MOST_LANES), colours)
        if rooms.spectrogram is not None:
            self._frequencies(listening, rooms.spectrogram, rooms.glass, source.sample_rate, colours)

    def _box(self, pane: Pane, glass: Pane, colours: Colours) -> None:
        x, y = pane.x - glass.x, pane.y - glass.y
        dpg.draw_rectangle(
            (x, y),
            (x + pane.width, y + pane.height),
            color=(*colours.canvas, 255),
            fill=(*colours.canvas, 255),
            rounding=3 * self._scale,
            parent=self._under,
        )

    def _ruler(self, span: Span, rooms: Rooms, colours: Colours) -> None:
        left, top = rooms.ruler.x - rooms.glass.x, rooms.ruler.y - rooms.glass.y
        bottom = top + rooms.ruler.height
        size = _SMALL * self._scale
        for tick in time_ticks(span, rooms.ruler.width, 96 * self._scale):
            x = left + span.x(tick.at, rooms.ruler.width)
            high = (5 if tick.text else 3) * self._scale
            dpg.draw_line((x, bottom - high), (x, bottom), color=(*colours.border, 255), parent=self._over)
            wide = text_width(tick.text, size)
            if tick.text and x + wide / 2 <= left + rooms.ruler.width and x - wide / 2 >= 0:
                dpg.draw_text(
                    (x - wide / 2, top + 1),
                    tick.text,
                    size=size,
                    color=(*colours.quiet, 255),
                    parent=self._over,
                )
            if tick.text:
                self._down(x, rooms, colours)

    def _down(self, x: float, rooms: Rooms, colours: Colours) -> None:
        """Draw the ruler's line through the waveform."""
        if rooms.waveform is not None:
            top = rooms.waveform.y - rooms.glass.y
            dpg.draw_line(
                (x, top), (x, top + rooms.waveform.height), color=(*colours.grid, 255), parent=self._under
            )

    def _lanes(self, pane: Pane, glass: Pane, channels: int, colours: Colours) -> None:
        x, y = pane.x - glass.x, pane.y - glass.y
        count = lanes(channels, pane.height, self._scale)
        lane = pane.height / count
        for channel, share in enumerate(lane_middles(count)):
            middle = y + share * pane.height
            if channel:
                self._across(x, middle - lane / 2, pane.width, colours.border)
            self._across(x, middle, pane.width, colours.grid)
            self._label(x, middle, _lane_name(channel, channels, count), colours)
            if lane >= _LEAST_LANE * self._scale:
                for sign in (-1, 1):
                    at = middle + sign * _HALF * lane / 2
                    self._across(x, at, pane.width, colours.grid)
                    self._label(x, at, "−6 dB", colours)

    def _across(self, x: float, y: float, width: float, colour: tuple[int, int, int]) -> None:
        dpg.draw_line((x, y), (x + width, y), color=(*colour, 255), parent=self._under)

    def _label(self, right: float, middle: float, text: str, colours: Colours) -> None:
        size = _SMALL * self._scale
        at = (right - text_width(text, size) - 6 * self._scale, middle - size / 2 - 1)
        dpg.draw_text(at, text, size=size, color=(*colours.quiet, 255), parent=self._over)

    def _frequencies(
        self, listening: Listening, pane: Pane, glass: Pane, sample_rate: int, colours: Colours
    ) -> None:
        x, y = pane.x - glass.x, pane.y - glass.y
        size = _SMALL * self._scale
        marks = ticks(look_of(listening.studio.settings).scale, sample_rate)
        taken: list[float] = []
        # Decades first; what fits between them after.
        for hz, place in sorted(marks, key=lambda mark: (not f"{mark[0]:.0f}".startswith("1"), mark)):
            at = y + (1 - place) * pane.height
            if y + size / 2 <= at and all(abs(at - other) >= size * 1.3 for other in taken):
                taken.append(at)
                self._label(x, at, frequency_words(hz), colours)
                dpg.draw_line(
                    (x - 4 * self._scale, at), (x, at), color=(*colours.border, 255), parent=self._over
                )

    # --- the picture -------------------------------------------------------------------------------

    def paint(self, listening: Listening, span: Span | None, rooms: Rooms) -> None:
        """Show the picture that can be had now; a better one is made behind."""
        source, pane = listening.audible, rooms.spectrogram
        if span is None or source is None or pane is None:
            self._show(None, None)
            listening.spectrogram.forget()
            return
        wanted = PictureSpan(span.begin_s, span.end_s, int(pane.width), int(pane.height))
        picture = listening.spectrogram.picture(source, wanted, look_of(listening.studio.settings))
        self._show(
            picture.rgba, Pane(pane.x - rooms.glass.x, pane.y - rooms.glass.y, pane.width, pane.height)
        )

    def _show(self, rgba: Any, pane: Pane | None) -> None:
        old, self._texture = self._texture, None
        dpg.delete_item(self._picture, children_only=True)
        if old is not None:
            dpg.delete_item(old)
        if rgba is None or pane is None:
            return
        height, width = rgba.shape[:2]
        self._texture = dpg.add_static_texture(width, height, rgba.ravel(), parent="listening.textures")
        dpg.draw_image(
            self._texture,
            (pane.x, pane.y),
            (pane.x + pane.width, pane.y + pane.height),
            parent=self._picture,
        )


def _lane_name(lane: int, channels: int, lanes: int) -> str:
    """Return "L", "R", or the channel's number; "L+R", or the numbers, of channels in one lane."""
    if channels == 1:
        return ""
    names = (_("L"), _("R")) if channels == 2 else tuple(str(number + 1) for number in range(channels))
    if lanes == channels:
        return names[lane]
    return "+".join(names) if channels == 2 else f"{names[0]}–{names[-1]}"
