"""Gestures: what the mouse does on the canvas. Plain Python: whoever polls the mouse calls this.

A press chooses what a drag would be; nothing begins before the pointer has moved a little, so that a
click stays a click. Edits go to the desk, one step of the history per gesture.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from nodegraph.document import Place
from nodegraph.editor.space.hit import Hit
from nodegraph.editor.space.overlay import Overlay
from nodegraph.editor.space.selecting import Drag, Lasso, is_selected, select_hit
from nodegraph.editor.space.surface import NOTHING_HELD, Asks, Held, PortEnd, Surface

__all__ = ["NOTHING_HELD", "Asks", "Button", "Gestures", "Held", "PortEnd", "Surface"]

Button = Literal["left", "right"]
"""The middle button and the wheel move the view: no gesture."""

# The pointer moves so far before a press becomes a drag (pixels).
_SLACK = 4.0


class Gestures:
    """What the mouse does on the canvas.

    Parameters
    ----------
    surface : Surface
        What it works on.

    Attributes
    ----------
    overlay : Overlay
        What is drawn over the canvas now.
    hit : Hit
        What lies under the pointer.
    """

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self.overlay = Overlay()
        self.hit = Hit("nothing")
        self._pressed: tuple[Button, Place, Held] | None = None
        self._drag: Drag | None = None

    @property
    def busy(self) -> bool:
        """Whether a button is down or a drag goes on: Escape cancels it then."""
        return self._pressed is not None

    def press(self, place: Place, button: Button, held: Held = NOTHING_HELD) -> None:
        """Begin a gesture."""
        if self.busy:
            self.cancel()
        self.hit = self.surface.hit(place)
        self._pressed = button, place, held
        if button == "left" and not held.shift and not is_selected(self.surface.desk.selection, self.hit):
            select_hit(self.surface, self.hit, held)

    def move(self, place: Place, held: Held = NOTHING_HELD) -> None:
        """Follow the pointer, with or without a button."""
        if self._pressed is None:
            self._hover(place)
            return
        _button, begin, at_press = self._pressed
        if self._drag is None:
            slack = _SLACK / self.surface.view().zoom
            if max(abs(place[0] - begin[0]), abs(place[1] - begin[1])) < slack:
                return
            self._drag = self._begin(begin, at_press)
        if self._drag is not None:
            self.overlay = self._drag.move(place, held)

    def release(self, place: Place, button: Button, held: Held = NOTHING_HELD) -> None:
        """End a gesture."""
        if self._pressed is None or self._pressed[0] != button:
            return
        drag, self._drag, self._pressed = self._drag, None, None
        if drag is not None:
            drag.release(place, held)
        else:
            self._click(place, button, held)
        self._hover(place)

    def double_click(self, place: Place, held: Held = NOTHING_HELD) -> None:
        """Do what a double click means there."""
        self.hit = hit = self.surface.hit(place)
        asks = self.surface.asks
        if hit.what == "nothing":
            asks.search(place, None)
        elif hit.what == "title" and hit.node_id is not None:
            asks.rename(hit.node_id)
        elif hit.what == "param" and hit.node_id is not None and hit.param is not None:
            asks.edit_param(hit.node_id, hit.param)
        elif hit.what == "frame":
            asks.rename_frame(hit.index)
        elif hit.what == "note":
            asks.edit_note(hit.index)

    def cancel(self) -> bool:
        """End the gesture as if it had not begun; return whether there was one."""
        if not self.busy:
            return False
        drag, self._drag, self._pressed = self._drag, None, None
        if drag is not None:
            drag.cancel()
        self.overlay = Overlay()
        return True

    # --- parts -------------------------------------------------------------------------------

    def _begin(self, begin: Place, held: Held) -> Drag | None:
        return Lasso(self.surface, begin) if self.hit.what == "nothing" else None

    def _click(self, place: Place, button: Button, held: Held) -> None:
        if button == "right":
            if not is_selected(self.surface.desk.selection, self.hit):
                select_hit(self.surface, self.hit, NOTHING_HELD)
            self.surface.asks.menu(place, self.hit)
        else:
            select_hit(self.surface, self.hit, held)

    def _hover(self, place: Place) -> None:
        self.hit = hit = self.surface.hit(place)
        port = None
        if hit.node_id is not None and hit.side is not None and hit.port is not None:
            port = (hit.node_id, hit.side, hit.port)
        link = hit.link if hit.what in ("link", "route") else None
        seen = replace(Overlay(), hovered_node=hit.node_id, hovered_port=port, hovered_link=link)
        if seen != self.overlay:
            self.overlay = seen
