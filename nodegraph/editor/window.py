"""Window: opens it, divides it among its parts, draws frames, hands keys to actions."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.desk import Topic
from nodegraph.editor.panels.styling import Fonts, load_fonts, make_theme
from nodegraph.editor.space.panes import divide
from nodegraph.editor.work.part import Part, Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Window"]

# Frames per second while something moves, and after a second in which nothing did.
_BUSY_S, _IDLE_S = 1 / 60, 1 / 12
_AWAKE_S = 1.0


class Window:
    """The window.

    Parameters
    ----------
    studio : Studio
        What its parts share.
    parts : mapping of pane to Part
        What stands in each pane of `divide`.
    """

    def __init__(self, studio: Studio, parts: dict[str, Part]) -> None:
        self.studio, self.parts = studio, parts
        self._watch = studio.desk.watch()
        self._panes: dict[str, Tag] = {}
        self._fonts: Fonts | None = None
        self._awake_until = 0.0
        self._open = False

    def open(self, title: str = "Regroove") -> None:
        """Show the window."""
        dpg.create_context()
        dpg.configure_app(manual_callback_management=True)
        width, height = self.studio.settings.window
        dpg.create_viewport(title=title, width=width, height=height, disable_close=True)
        dpg.setup_dearpygui()
        self._fonts = load_fonts(self.studio.scale)
        dpg.add_window(tag="root", no_scrollbar=True, no_bring_to_front_on_focus=True)
        dpg.set_primary_window("root", True)
        dpg.set_viewport_resize_callback(self.lay_out)
        self._build()
        dpg.show_viewport()
        self._open = True

    def _build(self) -> None:
        assert self._fonts is not None
        dpg.bind_font(self._fonts.regular)
        dpg.bind_theme(make_theme(self.studio.colours, self.studio.scale))
        dpg.delete_item("root", children_only=True)
        for name, part in self.parts.items():
            self._panes[name] = dpg.add_child_window(
                parent="root", tag=f"pane.{name}", border=False, no_scrollbar=True
            )
            part.build(self._panes[name])
        self.lay_out()

    def lay_out(self) -> None:
        """Give each part its place."""
        width, height = dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
        panes = divide(width, height, 0, self.studio.settings.panes, self.studio.scale)
        for name, part in self.parts.items():
            shown = name in panes
            dpg.configure_item(self._panes[name], show=shown)
            if shown:
                pane = panes[name]
                dpg.configure_item(
                    self._panes[name],
                    pos=(int(pane.x), int(pane.y)),
                    width=int(pane.width),
                    height=int(pane.height),
                )
                part.place(pane)

    def pump(self) -> None:
        """Draw a frame and do what has come in since the last one."""
        dpg.render_dearpygui_frame()
        jobs = dpg.get_callback_queue()
        if jobs:
            self.stir()
            dpg.run_callbacks(jobs)
        if self.studio.inbox.drain():
            self.stir()
        changed = self._watch.take()
        if Topic.SETTINGS in changed:
            self._build()
        for part in self.parts.values():
            part.update()

    def stir(self) -> None:
        """Draw at full speed for a while."""
        self._awake_until = time.monotonic() + _AWAKE_S

    def run(self, busy: Callable[[], bool] = lambda: False) -> None:
        """Draw until the window is closed."""
        while self._open and dpg.is_dearpygui_running():
            begin = time.perf_counter()
            self.pump()
            period = _BUSY_S if busy() or time.monotonic() < self._awake_until else _IDLE_S
            time.sleep(max(0.0, period - (time.perf_counter() - begin)))

    def close(self) -> None:
        """Close the window."""
        self._open = False
        dpg.stop_dearpygui()
        dpg.destroy_context()

    def shot(self, path: Path) -> None:
        """Write a picture of the next frame to a PNG file."""
        dpg.output_frame_buffer(str(path))
