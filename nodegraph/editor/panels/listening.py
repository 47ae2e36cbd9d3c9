"""The listening panel: what a port gives to hear, seen, measured and compared."""

from __future__ import annotations

from typing import cast

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.desk import Topic
from nodegraph.editor.listen.player import Player
from nodegraph.editor.panels.listening_actions import add_actions
from nodegraph.editor.panels.listening_faces import Faces, make_faces
from nodegraph.editor.panels.listening_glass import Glass
from nodegraph.editor.panels.listening_meters import Meters
from nodegraph.editor.panels.listening_settings import PictureSettings
from nodegraph.editor.panels.listening_spectrogram import Ground, look_of
from nodegraph.editor.panels.listening_transport import Transport
from nodegraph.editor.panels.listening_wave import Waves
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.space.rooms import Pictures, Rooms, controls, rooms
from nodegraph.editor.space.strip import Passage, Seek, Strip
from nodegraph.editor.space.timeline import Span
from nodegraph.editor.work.hearing import Sounds
from nodegraph.editor.work.listening import Listening
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["ListeningPanel"]

_ZOOM_STEP = 1.25
_PAN_SHARE = 0.1
_LEFT, _MIDDLE = 0, 2


class ListeningPanel:
    """The lower pane of the window.

    Parameters
    ----------
    studio : Studio
        What it shares with the other parts.
    player : Player
        Plays what is heard.
    sounds : Sounds
        Where sounds come from.
    """

    def __init__(self, studio: Studio, player: Player, sounds: Sounds) -> None:
        self.studio = studio
        self.listening = Listening(studio, player, sounds)
        player.volume_db = studio.settings.volume_db
        self.span: Span | None = None
        self._watch = studio.desk.watch()
        self._settings = PictureSettings(studio)
        self._transport = Transport(studio, self._settings.show)
        self._waves, self._ground, self._glass = Waves(), Ground(), Glass()
        self._meters = Meters(self._set_volume)
        self._strip = Strip()
        self._pane = Pane(0, 0, 800, 292)
        self._rooms: Rooms | None = None
        self._faces: Faces | None = None
        self._drawn: dict[str, tuple[object, ...]] = {}
        self._wheel = 0.0
        self._held: str = ""
        self._over = False
        self._pulled = 0.0
        self._cursor_at: tuple[object, ...] = ()
        add_actions(self)

    # --- Part -------------------------------------------------------------------------------------

    def build(self, parent: Tag) -> None:
        """See Part."""
        if self._faces is not None:
            for theme in vars(self._faces).values():
                dpg.delete_item(theme)
        colours, scale = self.studio.colours, self.studio.scale
        self._faces = make_faces(colours, scale)
        self._ground.build(parent, scale)
        self._waves.build(parent, self._faces, scale)
        self._glass.build(parent, colours, scale)
        self._meters.build(parent, colours, scale, self.studio.settings.volume_db)
        self._transport.build(parent, self._faces, self.listening)
        self._settings.build()
        if dpg.does_item_exist("listening.wheel"):
            dpg.delete_item("listening.wheel")
        with dpg.handler_registry(tag="listening.wheel"):
            dpg.add_mouse_wheel_handler(callback=self._wheeled)

    def place(self, pane: Pane) -> None:
        """See Part."""
        self._pane = pane
        scale = self.studio.scale
        stand = controls(pane.width, pane.height, scale, one_row=self._transport.width_of_words)
        self._transport.stand = stand
        self._rooms = rooms(pane.width, pane.height, scale, self._pictures, two_rows=stand == "rows")
        for part in (self._ground, self._waves, self._glass, self._meters, self._transport):
            part.place(self._rooms)
        self._drawn, self._cursor_at = {}, ()

    def update(self) -> None:
        """See Part."""
        self.listening.update()
        changed = self._watch.take()
        if self._rooms is None:
            return
        if Topic.SETTINGS in changed:
            self.place(self._pane)
        self._follow()
        self._use_mouse(self._rooms)
        self._draw(self._rooms)
        self._transport.update()
        self._meters.update(self.listening, self._rooms)

    def close(self) -> None:
        """End what goes on behind."""
        self.listening.close()

    # --- what is seen ------------------------------------------------------------------------------

    @property
    def _pictures(self) -> Pictures:
        chosen = self.studio.settings.pictures
        return cast("Pictures", chosen) if chosen in ("waveform", "spectrogram") else "both"

    def zoom(self, factor: float, at_s: float | None = None) -> None:
        """See more or less of the sound; around where playback is, by default."""
        if self.span is not None:
            at_s = self.listening.player.position_s if at_s is None else at_s
            if not self.span.begin_s <= at_s <= self.span.end_s:
                at_s = (self.span.begin_s + self.span.end_s) / 2
            self.span = self.span.zoomed(factor, at_s)

    def zoom_out_fully(self) -> None:
        """See all of the sound."""
        if self.span is not None:
            self.span = Span.whole(self.span.first_s, self.span.last_s, self.span.sample_rate)

    def _follow(self) -> None:
        """Keep the view when another sound is heard, and turn the page when playback leaves it."""
        extent = self.listening.extent
        if extent is None:
            self.span = None
            return
        if self.span is None:
            self.span = Span.whole(*extent)
        elif (self.span.first_s, self.span.last_s, self.span.sample_rate) != extent:
            self.span = self.span.within(*extent)
        if self.listening.player.playing and not self._held:
            at_s = self.listening.player.position_s
            if extent[0] <= at_s <= extent[1]:
                self.span = self.span.following(at_s)

    def _draw(self, rooms: Rooms) -> None:
        heard, desk, colours = self.listening, self.studio.desk, self.studio.colours
        if self._changed("ground", heard.revision, self.span):
            self._ground.draw(heard, self.span, rooms, colours)
        if self._changed("waves", heard.revision, heard.envelopes, self.span):
            self._waves.draw(heard, self.span, rooms, colours)
        if self._changed("picture", heard.revision, heard.spectra, self.span, look_of(self.studio.settings)):
            self._ground.paint(heard, self.span, rooms)
        if self._changed("marks", desk.region, heard.looping, self.span):
            self._glass.mark(desk.region, heard.looping, self.span, rooms, colours)
        self._glass.say(heard, rooms, colours)
        at = (heard.player.position_s, self.span)
        if at != self._cursor_at:
            self._cursor_at = at
            self._glass.move_cursor(heard.player.position_s, self.span, rooms)

    def _changed(self, what: str, *key: object) -> bool:
        if self._drawn.get(what) == key:
            return False
        self._drawn[what] = key
        return True

    # --- the mouse ----------------------------------------------------------------------------------

    def _wheeled(self, _sender: Tag, notches: float) -> None:
        if self._glass.hovered:
            self._wheel += notches

    def _use_mouse(self, rooms: Rooms) -> None:
        wheel, self._wheel = self._wheel, 0.0
        # While a button is down nothing but the plot below counts as hovered: what was before does.
        hovered = self._glass.hovered
        over = hovered or self._over
        if not any(dpg.is_mouse_button_down(button) for button in (_LEFT, _MIDDLE)):
            self._over = hovered
        if self.span is None or not (over or self._held):
            self._glass.read(None, self.listening, self.span, rooms, self.studio.colours)
            return
        x, y = self._glass.pointer()
        inside = x - (rooms.overview.x - rooms.glass.x)
        if wheel:
            self._use_wheel(wheel, inside, y, rooms)
        self._use_buttons(inside, y, rooms)
        self._glass.read((x, y) if hovered else None, self.listening, self.span, rooms, self.studio.colours)

    def _use_wheel(self, notches: float, x: float, y: float, rooms: Rooms) -> None:
        assert self.span is not None
        if dpg.is_key_down(dpg.mvKey_LShift) or dpg.is_key_down(dpg.mvKey_RShift):
            self.span = self.span.panned(-notches * _PAN_SHARE * self.span.seconds)
            return
        seen = self._whole if y < rooms.overview.height else self.span
        self.span = self.span.zoomed(_ZOOM_STEP**notches, seen.clamped(seen.at(x, rooms.overview.width)))

    @property
    def _whole(self) -> Span:
        assert self.span is not None
        return Span.whole(self.span.first_s, self.span.last_s, self.span.sample_rate)

    def _use_buttons(self, x: float, y: float, rooms: Rooms) -> None:
        assert self.span is not None
        width = rooms.overview.width
        left, middle = dpg.is_mouse_button_down(_LEFT), dpg.is_mouse_button_down(_MIDDLE)
        if not self._held:
            self._begin(x, y, left, middle, rooms)
        elif self._held == "pan":
            self.span = self.span.panned(-(x - self._pulled) / width * self.span.seconds)
            self._pulled, self._held = x, "pan" if middle else ""
        elif self._held == "overview":
            self.span = self.span.centred(self._whole.clamped(self._whole.at(x, width)))
            self._held = "overview" if left else ""
        elif self._held == "strip":
            asked = (
                self._strip.move(x, self.span, width) if left else self._strip.release(x, self.span, width)
            )
            self._do(asked)
            self._held = "strip" if left else ""
        elif not (left or middle):
            self._held = ""

    def _begin(self, x: float, y: float, left: bool, middle: bool, rooms: Rooms) -> None:
        assert self.span is not None
        if dpg.is_mouse_button_double_clicked(_LEFT):
            self._do(self._strip.double_click())
            self._held = "done"
        elif dpg.is_mouse_button_clicked(_LEFT):
            if y < rooms.overview.height and not self.span.is_whole:
                self._held = "overview"
            else:
                seen = self._whole if y < rooms.overview.height else self.span
                self._strip.press(x, seen, rooms.overview.width, self.studio.desk.region)
                self._held = "strip"
        elif dpg.is_mouse_button_clicked(_MIDDLE):
            self._held, self._pulled = "pan", x

    def _do(self, asked: Seek | Passage | None) -> None:
        if isinstance(asked, Seek):
            self.listening.player.seek(asked.at_s)
        elif asked is not None:
            self.listening.select(asked.region)

    def _set_volume(self, volume_db: float, released: bool) -> None:
        self.listening.player.volume_db = volume_db
        if released:
            self.studio.prefer(volume_db=max(volume_db, -120.0))
