"""The glass over the pictures: where playback is, what is selected, what the pointer shows; and the mouse."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from nodegraph.editor.listen.frequencies import hz_at
from nodegraph.editor.listen.reading import level_db
from nodegraph.editor.look.colours import Colours, on_top_of
from nodegraph.editor.look.typesetting import fitting, text_width
from nodegraph.editor.panels.listening_faces import Sheet
from nodegraph.editor.panels.listening_spectrogram import look_of
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.space.rooms import Rooms
from nodegraph.editor.space.timeline import Span, clock
from nodegraph.editor.words import _, told
from nodegraph.editor.words.values import decimal
from nodegraph.editor.work.listening import Listening
from nodegraph.editor.work.part import Tag

__all__ = ["Glass"]

_SMALL, _BASE = 13.0, 15.0
_REGION_ALPHA = 34


class Glass:
    """What is drawn over the pictures."""

    def __init__(self) -> None:
        self._list: Tag = 0
        self._scale = 1.0
        self._said: tuple[object, ...] = ()
        self._read = ""

    def build(self, parent: Tag, colours: Colours, scale: float) -> None:
        """Make its items."""
        self._scale, self._said, self._read = scale, (), ""
        self._sheet = Sheet(parent, "listening.glass")
        self._list = self._sheet.tag
        self._marks = dpg.add_draw_layer(parent=self._list)
        self._cursor = dpg.draw_line(
            (0, 0), (0, 0), color=(*colours.text, 255), parent=self._list, show=False
        )
        self._small_cursor = dpg.draw_line(
            (0, 0), (0, 0), color=(*colours.text, 255), parent=self._list, show=False
        )
        for line in (self._cursor, self._small_cursor):
            dpg.configure_item(line, thickness=max(1.0, 1.5 * scale))
        self._readout = dpg.add_draw_layer(parent=self._list)
        self._words = dpg.add_draw_layer(parent=self._list)

    def place(self, rooms: Rooms) -> None:
        """Take its place."""
        self._sheet.place(rooms.glass)

    @property
    def hovered(self) -> bool:
        """Whether the pointer is over it, and nothing between."""
        return bool(dpg.is_item_hovered(self._list))

    def pointer(self) -> tuple[float, float]:
        """Return where the pointer is, from its top left corner."""
        x, y = dpg.get_mouse_pos(local=False)
        left, top = dpg.get_item_rect_min(self._list)
        return x - left, y - top

    # --- where playback is -------------------------------------------------------------------------

    def move_cursor(self, at_s: float, span: Span | None, rooms: Rooms) -> None:
        """Put both cursors where playback is."""
        if span is None:
            for line in (self._cursor, self._small_cursor):
                dpg.configure_item(line, show=False)
            return
        left = rooms.overview.x - rooms.glass.x
        width = rooms.overview.width
        whole = Span.whole(span.first_s, span.last_s, span.sample_rate)
        x, small = left + span.x(at_s, width), left + whole.x(at_s, width)
        top, bottom = rooms.overview.height, rooms.glass.height
        inside = left - 1 <= x <= left + width + 1
        dpg.configure_item(self._cursor, p1=(x, top), p2=(x, bottom), show=inside)
        dpg.configure_item(self._small_cursor, p1=(small, 0), p2=(small, top), show=top > 0)

    # --- what is selected and seen -----------------------------------------------------------------

    def mark(
        self,
        region: tuple[float, float] | None,
        looping: bool,
        span: Span | None,
        rooms: Rooms,
        colours: Colours,
    ) -> None:
        """Show the region, and in the overview the passage that is seen."""
        dpg.delete_item(self._marks, children_only=True)
        if span is None:
            return
        left, width = rooms.overview.x - rooms.glass.x, rooms.overview.width
        whole = Span.whole(span.first_s, span.last_s, span.sample_rate)
        if region is not None:
            colour = colours.accent if looping else colours.quiet
            for seen, top, bottom in (
                (whole, 0.0, rooms.overview.height),
                (span, rooms.overview.height, rooms.glass.height),
            ):
                x0, x1 = (left + min(max(seen.x(each, width), 0), width) for each in region)
                if x1 > x0 and bottom > top:
                    self._band(x0, x1, top, bottom, colour)
        if not span.is_whole and rooms.overview.height:
            x0, x1 = left + whole.x(span.begin_s, width), left + whole.x(span.end_s, width)
            x1 = max(x1, x0 + 3 * self._scale)
            high = rooms.overview.height
            for begin, end in ((left, x0), (x1, left + width)):
                shade = (*colours.panel, 150)
                dpg.draw_rectangle(
                    (begin, 0), (end, high), color=(0, 0, 0, 0), fill=shade, parent=self._marks
                )
            dpg.draw_rectangle(
                (x0, 0.5),
                (x1, high - 0.5),
                color=(*colours.text, 255),
                rounding=2 * self._scale,
                thickness=self._scale,
                parent=self._marks,
            )

    def _band(self, x0: float, x1: float, top: float, bottom: float, colour: tuple[int, int, int]) -> None:
        fill = (*colour, _REGION_ALPHA)
        dpg.draw_rectangle((x0, top), (x1, bottom), color=(0, 0, 0, 0), fill=fill, parent=self._marks)
        for x in (x0, x1):
            dpg.draw_line(
                (x, top), (x, bottom), color=(*colour, 255), thickness=1.5 * self._scale, parent=self._marks
            )

    # --- words ---------------------------------------------------------------------------------------

    def say(self, listening: Listening, rooms: Rooms, colours: Colours) -> None:
        """Tell what is being made, why there is nothing, and that it is only a preview."""
        said = self._to_say(listening)
        key = (said, rooms)
        if key == self._said:
            return
        self._said = key
        dpg.delete_item(self._words, children_only=True)
        badge, sentence, fraction = said
        pictures = rooms.pictures
        x, y = pictures.x - rooms.glass.x, pictures.y - rooms.glass.y
        if badge:
            self._chip(x + 8 * self._scale, y + 6 * self._scale, badge, colours)
        if sentence:
            self._sentence(Pane(x, y, pictures.width, pictures.height), sentence, fraction, colours)

    @staticmethod
    def _to_say(listening: Listening) -> tuple[str, str, float | None]:
        heard = listening.chosen
        if heard is None:
            return "", _("Click an output port to hear it."), None
        if heard.sound is None:
            return "", told(heard.reason) or _("Nothing has been made here yet."), heard.fraction
        if not heard.sound.preview:
            return "", "", None
        seconds = decimal(f"{heard.sound.audio.seconds:.1f}".removesuffix(".0"))
        if heard.fraction is None:
            return _("Preview of {seconds} s").format(seconds=seconds), "", None
        return (
            _("Preview of {seconds} s · whole recording {percent} %").format(
                seconds=seconds, percent=round(heard.fraction * 100)
            ),
            "",
            None,
        )

    def _chip(self, x: float, y: float, text: str, colours: Colours) -> None:
        size, edge = _BASE * self._scale, 8 * self._scale
        wide = text_width(text, size) + 2 * edge
        high = size + 8 * self._scale
        fill = (*colours.warning, 255)
        dpg.draw_rectangle(
            (x, y), (x + wide, y + high), color=fill, fill=fill, rounding=high / 2, parent=self._words
        )
        ink = (*on_top_of(colours.warning), 255)
        dpg.draw_text((x + edge, y + 3 * self._scale), text, size=size, color=ink, parent=self._words)

    def _sentence(self, room: Pane, text: str, fraction: float | None, colours: Colours) -> None:
        size = _BASE * self._scale
        line = fitting(text, size, room.width - 40 * self._scale)
        wide = text_width(line, size)
        x, y = room.x + (room.width - wide) / 2, room.y + room.height / 2 - size
        pad = 10 * self._scale
        dpg.draw_rectangle(
            (x - pad, y - pad),
            (x + wide + pad, y + size + pad + (12 * self._scale if fraction is not None else 0)),
            color=(*colours.border, 255),
            fill=(*colours.panel, 245),
            rounding=6 * self._scale,
            parent=self._words,
        )
        dpg.draw_text((x, y - 1), line, size=size, color=(*colours.text, 255), parent=self._words)
        if fraction is not None:
            self._progress(x, y + size + 7 * self._scale, wide, fraction, colours)

    def _progress(self, x: float, y: float, width: float, fraction: float, colours: Colours) -> None:
        high = 5 * self._scale
        for share, colour in ((1.0, colours.field), (min(max(fraction, 0.02), 1.0), colours.accent)):
            dpg.draw_rectangle(
                (x, y),
                (x + width * share, y + high),
                color=(*colour, 255),
                fill=(*colour, 255),
                rounding=high / 2,
                parent=self._words,
            )

    # --- what is under the pointer --------------------------------------------------------------------

    def read(
        self,
        place: tuple[float, float] | None,
        listening: Listening,
        span: Span | None,
        rooms: Rooms,
        colours: Colours,
    ) -> None:
        """Tell time, frequency and level under the pointer."""
        text = _reading(place, listening, span, rooms) if place and span else ""
        if text == self._read:
            return
        self._read = text
        dpg.delete_item(self._readout, children_only=True)
        if not text:
            return
        size, pad = _SMALL * self._scale, 5 * self._scale
        wide = text_width(text, size)
        pictures = rooms.pictures
        right = pictures.x - rooms.glass.x + pictures.width - 6 * self._scale
        y = pictures.y - rooms.glass.y + 6 * self._scale
        dpg.draw_rectangle(
            (right - wide - 2 * pad, y),
            (right, y + size + pad),
            color=(*colours.border, 255),
            fill=(*colours.panel, 235),
            rounding=4 * self._scale,
            parent=self._readout,
        )
        dpg.draw_text(
            (right - wide - pad, y + pad / 2 - 1),
            text,
            size=size,
            color=(*colours.text, 255),
            parent=self._readout,
        )


def _reading(place: tuple[float, float], listening: Listening, span: Span, rooms: Rooms) -> str:
    x, y = place[0] + rooms.glass.x, place[1] + rooms.glass.y
    source = listening.audible
    if source is None or not rooms.pictures.contains(x, y):
        return ""
    at_s = span.at(x - rooms.pictures.x, rooms.pictures.width)
    pane = rooms.spectrogram
    if pane is None or not pane.contains(x, y):
        return clock(at_s)
    look = look_of(listening.studio.settings)
    hz = float(hz_at(1 - (y - pane.y) / pane.height, look.scale, source.sample_rate))
    shown = decimal(f"{hz / 1000:.2f}") + " kHz" if hz >= 1000 else f"{hz:.0f} Hz"
    level = decimal(f"{max(level_db(source, at_s, hz), -150.0):.0f}")
    return f"{clock(at_s)}   {shown}   {level} dB"
