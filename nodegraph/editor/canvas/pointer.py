"""Pointer: polls the mouse. It moves the view by itself and hands everything else to the gestures."""

from __future__ import annotations

import time
from typing import Literal

import dearpygui.dearpygui as dpg

from nodegraph.document import Place
from nodegraph.editor.canvas.minimap import Minimap
from nodegraph.editor.canvas.plot import Plot
from nodegraph.editor.space.gestures import Gestures, Held
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Pointer"]

_LEFT, _RIGHT, _MIDDLE = dpg.mvMouseButton_Left, dpg.mvMouseButton_Right, dpg.mvMouseButton_Middle
_NOTCH = 1.15
_NOTCH_PIXELS = 60.0
# A drag so near to an edge (pixels) moves the view, the faster the nearer (pixels per second).
_EDGE, _SPEED = 28.0, 900.0
_WHEEL: Tag = "canvas.wheel"

_Mode = Literal["idle", "pan", "minimap", "left", "right", "spent"]
"""What the mouse does: nothing, moves the view, makes a gesture with a button, or a double click's rest."""


class Pointer:
    """Polls the mouse.

    Parameters
    ----------
    studio : Studio
        Holds the view.
    plot : Plot
        What is under the mouse.
    minimap : Minimap
        Lies over it.
    """

    def __init__(self, studio: Studio, plot: Plot, minimap: Minimap) -> None:
        self._studio, self._plot, self._minimap = studio, plot, minimap
        self.pane = Pane(0, 0, 1, 1)
        self.place: Place = (0.0, 0.0)
        self.inside = self.over_map = False
        self.rests_since = time.monotonic()
        self._mode: _Mode = "idle"
        self._pixel = (-1.0, -1.0)
        self._wheel = 0.0
        self._clock = time.monotonic()
        # A drag that begins near an edge moves the view only after it has left the edge.
        self._left_edge = False
        if dpg.does_item_exist(_WHEEL):
            dpg.delete_item(_WHEEL)
        registry = dpg.add_handler_registry(tag=_WHEEL)
        dpg.add_mouse_wheel_handler(parent=registry, callback=self._turned)

    def _turned(self, _sender: Tag, notches: float) -> None:
        self._wheel += notches

    @property
    def busy(self) -> bool:
        """Whether a button is held on the canvas."""
        return self._mode != "idle"

    def update(self, gestures: Gestures) -> None:
        """Take in what the mouse has done since the last frame."""
        now = time.monotonic()
        seconds, self._clock = min(now - self._clock, 0.1), now
        px, py = dpg.get_mouse_pos(local=False)
        moved = (px - self._pixel[0], py - self._pixel[1])
        self._pixel = (px, py)
        self.over_map = self._minimap.contains(px, py)
        self.inside = self._plot.hovered and not self.over_map
        if self._mode == "idle":
            self._begin(gestures, over_map=self.over_map)
        if self._mode == "pan":
            self._studio.view = self._studio.view.panned(*moved)
        elif self._mode == "minimap":
            self._studio.view = self._minimap.jumped(self._studio.view, px, py)
        self._turn()
        if self._mode in ("left", "right") and gestures.hit.what != "param":
            self._pull_view(seconds)
        place = self._place()
        if moved != (0.0, 0.0) or place != self.place:
            self.rests_since = now
        self._follow(gestures, place)

    def _place(self) -> Place:
        return self._studio.view.to_canvas(self._pixel[0] - self.pane.x, self._pixel[1] - self.pane.y)

    # --- buttons -----------------------------------------------------------------------------

    def _begin(self, gestures: Gestures, *, over_map: bool) -> None:
        """See whether a button was pressed."""
        left, right = dpg.is_mouse_button_clicked(_LEFT), dpg.is_mouse_button_clicked(_RIGHT)
        middle = dpg.is_mouse_button_clicked(_MIDDLE)
        if not (left or right or middle):
            return
        self.rests_since = self._clock
        if over_map and left:
            self._mode = "minimap"
        if not self.inside:
            return
        place = self._place()
        if middle or (left and dpg.is_key_down(dpg.mvKey_Spacebar)):
            self._mode = "pan"
        elif left and dpg.is_mouse_button_double_clicked(_LEFT):
            self._mode = "spent"
            gestures.double_click(place, _held())
        else:
            self._mode = "left" if left else "right"
            self._left_edge = False
            gestures.press(place, self._mode, _held())

    def _follow(self, gestures: Gestures, place: Place) -> None:
        """Hand on where the pointer is, and that a button was released."""
        before, self.place = self.place, place
        if self._mode in ("left", "right"):
            gestures.move(place, _held())
            button = _LEFT if self._mode == "left" else _RIGHT
            if not dpg.is_mouse_button_down(button):
                released: Literal["left", "right"] = "left" if self._mode == "left" else "right"
                self._mode = "idle"
                gestures.release(place, released, _held())
        elif self._mode != "idle":
            if not any(dpg.is_mouse_button_down(button) for button in (_LEFT, _MIDDLE)):
                self._mode = "idle"
        elif self.inside and place != before:
            gestures.move(place, _held())

    # --- the view ----------------------------------------------------------------------------

    def _turn(self) -> None:
        """Zoom with the wheel, or move the view with Shift (across) or Alt (along)."""
        notches, self._wheel = self._wheel, 0.0
        if not notches or not (self.inside or self.busy):
            return
        view, held = self._studio.view, _held()
        if held.shift or held.alt:
            by = notches * _NOTCH_PIXELS * self._studio.scale
            self._studio.view = view.panned(by if held.shift else 0.0, by if held.alt else 0.0)
            return
        at = self._pixel[0] - self.pane.x, self._pixel[1] - self.pane.y
        self._studio.view = view.zoomed(_NOTCH**notches, *at)

    def _pull_view(self, seconds: float) -> None:
        """Move the view while something is dragged to the edge of the canvas."""
        edge = _EDGE * self._studio.scale
        dx, dy = (
            _outside(at - begin, size, edge)
            for at, begin, size in zip(
                self._pixel,
                (self.pane.x, self.pane.y),
                (self.pane.width, self.pane.height),
                strict=True,
            )
        )
        if dx == dy == 0:
            self._left_edge = True
        elif self._left_edge:
            step = _SPEED * self._studio.scale * seconds
            self._studio.view = self._studio.view.panned(-dx * step, -dy * step)


def _outside(at: float, size: float, edge: float) -> float:
    """Return how far a pixel is in the edge of a pane: −1 to 1, 0 where it is not."""
    if at < edge:
        return max(-1.0, (at - edge) / edge)
    return min(1.0, (at - size + edge) / edge) if at > size - edge else 0.0


def _held() -> Held:
    def down(*codes: int) -> bool:
        return any(dpg.is_key_down(code) for code in codes)

    return Held(
        ctrl=down(dpg.mvKey_LControl, dpg.mvKey_RControl),
        shift=down(dpg.mvKey_LShift, dpg.mvKey_RShift),
        alt=down(dpg.mvKey_LAlt, dpg.mvKey_RAlt),
    )
