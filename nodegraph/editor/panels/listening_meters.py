"""Meters of what is heard: momentary, short-term and integrated loudness, true peak; volume and device."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.editor.listen.loudness import lufs_of, measure_energies
from nodegraph.editor.listen.meters import live
from nodegraph.editor.listen.sound import Audible
from nodegraph.editor.look.colours import Colour, Colours
from nodegraph.editor.look.icons import ICONS
from nodegraph.editor.look.typesetting import fitting, text_width, wrapped
from nodegraph.editor.panels.listening_faces import Sheet
from nodegraph.editor.panels.styling import FONTS
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.space.rooms import MeterPlan, Rooms, meter_plan
from nodegraph.editor.words import N_, _
from nodegraph.editor.words.values import level_text
from nodegraph.editor.work.listening import Listening
from nodegraph.editor.work.part import Tag

__all__ = ["Meters"]

_SMALL = 13.0
# The volume stands so far below the meters, and what is said of the device below that.
_VOLUME_GAP, _REMARKS = 4.0, 34.0
_LOUDNESS = (-48.0, 0.0)
_PEAK = (-24.0, 3.0)
_TOO_HIGH_DBTP = -1.0
_QUIETEST_VOLUME_DB = -40.0
# Between two looks at the meters while it plays (s).
_LIVE_S = 0.06
_SHORT_TERM_S = 3.0
_SHORT_TERM_STEPS = 30


@dataclass(frozen=True)
class _Row:
    """One meter."""

    title: str
    unit: str
    scale: tuple[float, float]
    tick: float


_ROWS = (
    _Row(N_("Momentary"), "LUFS", _LOUDNESS, -23.0),
    _Row(N_("Short-term"), "LUFS", _LOUDNESS, -23.0),
    _Row(N_("Integrated"), "LUFS", _LOUDNESS, -23.0),
    _Row(N_("True peak"), "dBTP", _PEAK, _TOO_HIGH_DBTP),
)
# What one needs most where there is not room for all.
_BY_WEIGHT = (3, 2, 1, 0)


@dataclass
class _Drawn:
    """The items of one meter, and what they show."""

    top: float
    number: Tag
    bar: Tag
    shown: tuple[str, float, bool] = ("", -1.0, False)


class Meters:
    """Meters, volume, and what plays.

    Parameters
    ----------
    set_volume : callable
        Given the volume (dB), and whether the slider was let go.
    """

    def __init__(self, set_volume: Callable[[float, bool], None]) -> None:
        self._set_volume = set_volume
        self._scale, self._width = 1.0, 190.0
        self._drawn: dict[int, _Drawn] = {}
        self._plan = MeterPlan((), 0.0, 0.0, True)
        self._lines = 0
        self._looked = 0.0
        self._key: tuple[object, ...] = ()
        self._told = ""

    def build(self, parent: Tag, colours: Colours, scale: float, volume_db: float) -> None:
        """Make the items."""
        self._scale, self._colours, self._key, self._told = scale, colours, (), ""
        self._sheet = Sheet(parent, "listening.meters")
        self._list = self._sheet.tag
        self._icon = dpg.add_text(ICONS["volume-2"], parent=parent)
        dpg.bind_item_font(self._icon, FONTS.icons)
        self._slider = dpg.add_slider_float(
            parent=parent,
            tag="listening.volume",
            min_value=_QUIETEST_VOLUME_DB,
            max_value=0.0,
            default_value=max(volume_db, _QUIETEST_VOLUME_DB),
            format="%.0f dB",
            clamped=True,
            callback=lambda _sender, value: self._moved(value),
        )
        with dpg.tooltip(self._slider):
            dpg.add_text(_("Volume of everything that is heard here; it changes no file."))
            dpg.add_text("", tag="listening.device.hint", show=False)
        dpg.bind_item_font(self._slider, FONTS.small)
        self._remarks = Sheet(parent, "listening.device")
        self._device = self._remarks.tag

    def _moved(self, value: float) -> None:
        self._set_volume(-math.inf if value <= _QUIETEST_VOLUME_DB else value, False)

    def place(self, rooms: Rooms) -> None:
        """Take their place."""
        pane, s = rooms.meters, self._scale
        plan = meter_plan(pane.height, s, _BY_WEIGHT) if pane is not None else None
        for item in (self._icon, self._slider):
            dpg.configure_item(item, show=plan is not None and plan.volume)
        if pane is None or plan is None:
            self._sheet.place(None)
            self._remarks.place(None)
            return
        self._width, self._plan = pane.width, plan
        icon, below = 26 * s, pane.y + plan.height + _VOLUME_GAP * s
        top = below + _REMARKS * s
        self._sheet.place(Pane(pane.x, pane.y, pane.width, plan.height))
        dpg.configure_item(self._icon, pos=(int(pane.x), int(below)))
        dpg.configure_item(self._slider, pos=(int(pane.x + icon), int(below)), width=int(pane.width - icon))
        left = pane.y + pane.height - top
        self._lines = max(0, int(left // (_SMALL * s * 1.25)))
        self._remarks.place(Pane(pane.x, top, pane.width, left) if self._lines else None)
        self._build_rows()
        self._key, self._told = (), ""

    def _build_rows(self) -> None:
        dpg.delete_item(self._list, children_only=True)
        c, s = self._colours, self._scale
        self._drawn = {}
        for place, number in enumerate(self._plan.shown):
            row, top = _ROWS[number], place * self._plan.pitch
            room = self._width - text_width(f"−88.8 {row.unit}", _SMALL * s) - 6 * s
            title = fitting(_(row.title), _SMALL * s, room)
            dpg.draw_text((0, top), title, size=_SMALL * s, color=(*c.quiet, 255), parent=self._list)
            text = dpg.draw_text((0, top), "", size=_SMALL * s, color=(*c.text, 255), parent=self._list)
            y = self._bar_top(top)
            if not self._plan.bar:
                self._drawn[number] = _Drawn(top, text, 0)
                continue
            self._rectangle(0, y, self._width, c.field)
            bar = self._rectangle(0, y, 0, c.good)
            x = self._place_of(row.tick, row.scale)
            dpg.draw_line((x, y), (x, y + self._plan.bar), color=(*c.quiet, 255), parent=self._list)
            self._drawn[number] = _Drawn(top, text, bar)

    def _bar_top(self, top: float) -> float:
        return top + (_SMALL + 3) * self._scale

    def _rectangle(self, x: float, y: float, width: float, colour: Colour) -> Tag:
        tag: Tag = dpg.draw_rectangle(
            (x, y),
            (x + width, y + self._plan.bar),
            color=(0, 0, 0, 0),
            fill=(*colour, 255),
            rounding=2 * self._scale,
            parent=self._list,
        )
        return tag

    def _place_of(self, value: float, scale: tuple[float, float]) -> float:
        share = (value - scale[0]) / (scale[1] - scale[0])
        return min(max(share, 0.0), 1.0) * self._width

    # --- what they show -------------------------------------------------------------------------------

    def update(self, listening: Listening, rooms: Rooms) -> None:
        """Show what is heard now."""
        if dpg.is_item_deactivated_after_edit(self._slider):
            self._set_volume(listening.player.volume_db, True)
        if rooms.meters is None:
            return
        self._tell_device(listening)
        player, now = listening.player, time.monotonic()
        key = (listening.revision, listening.measures, player.position_s if player.playing else None)
        if key == self._key or (player.playing and now - self._looked < _LIVE_S):
            return
        self._key, self._looked = key, now
        source = listening.audible
        values = _values(listening, source) if source else (None,) * len(_ROWS)
        for number, drawn in self._drawn.items():
            self._show(_ROWS[number], drawn, values[number])

    def _show(self, row: _Row, drawn: _Drawn, value: float | None) -> None:
        alarming = row.unit == "dBTP" and value is not None and value > _TOO_HIGH_DBTP
        number = "–" if value is None else level_text(value)
        shown = (
            number if value is None else f"{number} {row.unit}",
            value if value is not None else -math.inf,
            alarming,
        )
        if shown == drawn.shown:
            return
        drawn.shown = shown
        c, s = self._colours, self._scale
        wide = text_width(shown[0], _SMALL * s)
        ink = c.bad if alarming else c.text
        place = self._width - wide, drawn.top
        dpg.configure_item(drawn.number, text=shown[0], pos=place, color=(*ink, 255))
        if not drawn.bar:
            return
        x = self._place_of(shown[1], row.scale) if shown[1] > -math.inf else 0.0
        y = self._bar_top(drawn.top)
        fill = (*(c.bad if alarming else c.good), 255)
        dpg.configure_item(drawn.bar, pmin=(0, y), pmax=(x, y + self._plan.bar), fill=fill, show=x > 0)

    def _tell_device(self, listening: Listening) -> None:
        device = listening.player.device
        text = device.why or listening.player.remark
        if text == self._told:
            return
        self._told = text
        dpg.delete_item(self._device, children_only=True)
        dpg.set_value("listening.device.hint", text)
        dpg.configure_item("listening.device.hint", show=bool(text))
        size = _SMALL * self._scale
        colour = self._colours.warning if device.why else self._colours.quiet
        # Where there is no room for the words they are told beside the pointer, and the colour says so.
        dpg.configure_item(self._icon, color=(*(colour if device.why else self._colours.text), 255))
        for number, line in enumerate(wrapped(text, size, self._width, self._lines)):
            place = (0, number * size * 1.25)
            dpg.draw_text(
                place, fitting(line, size, self._width), size=size, color=(*colour, 255), parent=self._device
            )


def _values(listening: Listening, source: Audible) -> tuple[float | None, ...]:
    """Return what each meter shows."""
    player, gain = listening.player, listening.gain_db
    known = listening.loudness
    momentary = known.momentary_lufs if known else None
    short_term = known.short_term_lufs if known else None
    integrated = known.integrated_lufs if known else None
    peak = known.true_peak_dbtp if known else None
    found = [each + gain if each is not None else None for each in (momentary, short_term, integrated, peak)]
    if player.playing:
        found[0] = live(source, player.position_s, gain).momentary_lufs
        found[1] = _short_term(source, player.position_s, gain)
    return tuple(found)


def _short_term(source: Audible, position_s: float, gain_db: float) -> float | None:
    """Return the loudness of the last 3 s, without gates (EBU Tech 3341); None before there are any."""
    end = round((position_s - source.begin_s) * source.sample_rate)
    begin = end - round(_SHORT_TERM_S * source.sample_rate)
    energies = measure_energies(source, max(begin, 0), max(end, 1), lambda: False)
    whole = energies.size >= _SHORT_TERM_STEPS
    return lufs_of(float(energies.mean())) + gain_db if whole else None
