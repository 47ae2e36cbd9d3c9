"""Window: opens it, divides it among its parts, draws frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.desk import Topic
from nodegraph.editor.panels.fields import typing
from nodegraph.editor.panels.styling import FONTS, load_fonts, make_theme
from nodegraph.editor.space.panes import Pane, divide
from nodegraph.editor.window.doorbell import Doorbell
from nodegraph.editor.window.keys import Keys
from nodegraph.editor.window.menu import MenuBar
from nodegraph.editor.window.notices import Notices
from nodegraph.editor.window.splitters import Splitters
from nodegraph.editor.window.status import StatusLine
from nodegraph.editor.window.toolbar import Toolbar, title_of
from nodegraph.editor.window.tour import Tour
from nodegraph.editor.words import Language
from nodegraph.editor.work.part import Part, Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["MENU_HEIGHT", "Window"]

# Between frames (s): while something moves; while a text cursor blinks; and after a second in which nothing
# did, until somebody touches the window. What runs out by itself, such as a notice, is late by no more.
_BUSY_S, _BLINK_S, _IDLE_S = 1 / 60, 1 / 8, 1 / 2
_AWAKE_S = 1.0
MENU_HEIGHT = 27.0
"""Of the menu bar, in pixels at 100 %."""


@dataclass(frozen=True)
class _Looks:
    """The settings after whose change everything is made anew."""

    language: Language
    theme: str
    scale: float
    keys: object


class Window:
    """The window.

    Parameters
    ----------
    studio : Studio
        What its parts share.
    parts : mapping of pane to Part
        What stands in the panes "left", "canvas", "right", "bottom".
    overlays : sequence of Part
        What has no pane: dialogs, the start page. Their place is all below the menu bar.
    on_close : callable
        The user wants to close the window.
    """

    def __init__(
        self,
        studio: Studio,
        parts: dict[str, Part],
        overlays: Sequence[Part] = (),
        *,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self.studio = studio
        self.parts: dict[str, Part] = {"toolbar": Toolbar(studio), **parts, "status": StatusLine(studio)}
        self.overlays = overlays
        self._menu, self._notices = MenuBar(studio), Notices(studio)
        self.tour = Tour(studio)
        studio.actions.add(*self.tour.actions())
        self._keys = Keys(studio, typing)
        self._splitters = Splitters(studio, self.lay_out)
        self._on_close = on_close or self.quit
        self._watch = studio.desk.watch()
        self._panes: dict[str, Tag] = {}
        self._looks = self._looks_now()
        self._awake_until = 0.0
        self._mouse = (0.0, 0.0)
        self._size = (0, 0)
        self._title = ""
        self.running = False

    # --- opening -----------------------------------------------------------------------------

    def open(self, title: str = "Regroove") -> None:
        """Show the window."""
        dpg.create_context()
        dpg.configure_app(manual_callback_management=True)
        width, height = self.studio.settings.window
        dpg.create_viewport(title=title, width=width, height=height, disable_close=True)
        dpg.setup_dearpygui()
        dpg.add_window(
            tag="root",
            no_scrollbar=True,
            no_bring_to_front_on_focus=True,
            menubar=True,
            no_scroll_with_mouse=True,
        )
        dpg.set_primary_window("root", True)
        # A primary window gets its scroll bar back.
        dpg.configure_item("root", no_scrollbar=True)
        self._build()
        dpg.set_exit_callback(self._on_close)
        self._keys.build()
        dpg.show_viewport()
        self.running = True
        self.stir()

    def _build(self) -> None:
        load_fonts(self.studio.scale)
        dpg.bind_font(FONTS.regular)
        dpg.bind_theme(make_theme(self.studio.colours, self.studio.scale))
        dpg.delete_item("root", children_only=True)
        self._menu.build("root")
        for name, part in self.parts.items():
            self._panes[name] = dpg.add_child_window(
                parent="root", tag=f"pane.{name}", border=False, no_scrollbar=name not in ("left", "right")
            )
            part.build(self._panes[name])
        for overlay in self.overlays:
            overlay.build("root")
        self.lay_out()

    def lay_out(self) -> None:
        """Give each part its place."""
        width, height = self._size = _client_size()
        scale = self.studio.scale
        panes = divide(width, height, MENU_HEIGHT * scale, self._splitters.sizes, scale)
        self._splitters.panes = panes
        self.studio.canvas = panes["canvas"].whole
        for name, part in self.parts.items():
            dpg.configure_item(self._panes[name], show=name in panes)
            if name in panes:
                self._place(self._panes[name], panes[name])
                part.place(panes[name])
        below_menu = Pane(0, round(MENU_HEIGHT * scale), width, height - round(MENU_HEIGHT * scale))
        for overlay in self.overlays:
            overlay.place(below_menu)
        self._notices.place(panes["canvas"])
        self.tour.place(panes)

    @staticmethod
    def _place(item: Tag, pane: Pane) -> None:
        pane = pane.whole
        dpg.configure_item(item, pos=(pane.x, pane.y), width=pane.width, height=pane.height)

    def _looks_now(self) -> _Looks:
        settings = self.studio.settings
        return _Looks(settings.language, settings.theme, settings.ui_scale, (settings.preset, settings.keys))

    # --- frames ------------------------------------------------------------------------------

    def pump(self) -> None:
        """Draw a frame and do what has come in since the last one."""
        dpg.render_dearpygui_frame()
        self._keys.update()
        jobs = dpg.get_callback_queue()
        if jobs:
            self.stir()
            dpg.run_callbacks(jobs)
        if self.studio.inbox.drain():
            self.stir()
        self.studio.runner.update()
        self._splitters.update()
        if self._size != _client_size():
            self.lay_out()
            self.stir()
        self._follow(self._watch.take())
        self._menu.update()
        for name, part in self.parts.items():
            if dpg.is_item_shown(self._panes[name]):
                part.update()
        for overlay in self.overlays:
            overlay.update()
        self._notices.update()
        self.tour.update()

    def _follow(self, changed: Topic) -> None:
        """Take in what has changed on the desk, and the settings."""
        if changed:
            self.stir()
        if Topic.SETTINGS in changed:
            sizes, self._splitters.sizes = self._splitters.sizes, dict(self.studio.settings.panes)
            if self._looks != self._looks_now():
                self._looks = self._looks_now()
                self._build()
            elif self._splitters.sizes != sizes:
                self.lay_out()
        if changed & (Topic.FILE | Topic.DOCUMENT):
            self._tell_title()

    def _tell_title(self) -> None:
        """Let the system's list of windows tell what is open in this one."""
        title = f"{title_of(self.studio.desk)} – Regroove"
        if title != self._title:
            self._title = title
            dpg.set_viewport_title(title)

    def stir(self) -> None:
        """Draw at full speed for a while."""
        self._awake_until = time.monotonic() + _AWAKE_S

    def _is_busy(self) -> bool:
        mouse = tuple(dpg.get_mouse_pos(local=False))
        if mouse != self._mouse or any(dpg.is_mouse_button_down(button) for button in range(3)):
            self._mouse = (mouse[0], mouse[1])
            self.stir()
        return time.monotonic() < self._awake_until

    def run(self, busy: Callable[[], bool] = lambda: False) -> None:
        """Draw until the window is closed.

        Parameters
        ----------
        busy : callable
            Whether something moves by itself: sound is playing.
        """
        with Doorbell() as bell:
            self.studio.inbox.on_post = bell.ring
            while self.running and dpg.is_dearpygui_running():
                begin = time.perf_counter()
                self.pump()
                is_busy = busy() or self._is_busy()
                period = _BUSY_S if is_busy else _BLINK_S if typing() else _IDLE_S
                rest = max(0.0, period - (time.perf_counter() - begin))
                if is_busy:
                    time.sleep(rest)
                elif bell.wait(rest) == "input":
                    self.stir()

    def quit(self) -> None:
        """Let `run` end."""
        self.running = False

    def close(self) -> None:
        """Take the window off the screen, and remember its size."""
        self.running = False
        size = (dpg.get_viewport_width(), dpg.get_viewport_height())
        if size != self.studio.settings.window:
            self.studio.prefer(window=size)
        dpg.stop_dearpygui()
        dpg.destroy_context()

    def shot(self, path: Path) -> None:
        """Write a picture of the next frame to a PNG file."""
        dpg.output_frame_buffer(str(path))


def _client_size() -> tuple[int, int]:
    return dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
