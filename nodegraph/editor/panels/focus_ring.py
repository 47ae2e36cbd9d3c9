"""Focus ring: one of several items of a window is marked by a ring that keys move, and Enter presses it.

ImGui has a focus of its own for this, but only for the whole program at once: it would take arrows and
Space from the canvas. So the ring is drawn here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.keymap import Chord
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["FocusRing", "Stop"]

# The ring lies so far outside of its item, and is so thick (pixels at 100 %).
_AWAY, _THICK = 3.0, 2.5
# Sideways a stop counts as so much farther than ahead: Down stays in its column.
_ASIDE = 3.0
_WAYS = {"Right": (1, 0), "Left": (-1, 0), "Down": (0, 1), "Up": (0, -1)}

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Stop:
    """Where the ring can stand.

    Parameters
    ----------
    name : str
        Its identity: the same after the window has been filled anew.
    item : int or str
        What the ring lies around.
    press : callable
        What Enter does.
    """

    name: str
    item: Tag
    press: Callable[[], None]


class FocusRing:
    """A ring around one of the stops; none before the first key.

    Parameters
    ----------
    studio : Studio
        For the colour and the scale.
    window : int or str
        The window in which the stops are; it may scroll.
    """

    def __init__(self, studio: Studio, window: Tag) -> None:
        self._studio, self._window = studio, window
        self._stops: dict[str, Stop] = {}
        self.at: str | None = None
        self._ring: Tag = 0
        self._drawn: Box | None = None
        self._reveal = False

    def fill(self, stops: list[Stop]) -> None:
        """Take the stops of a window that was filled anew, in the order of Tab."""
        self._stops = {stop.name: stop for stop in stops}
        if self.at not in self._stops:
            self.at = None
        self._ring, self._drawn = 0, None

    def take(self, chord: Chord) -> bool:
        """Move the ring, or press what it lies around; return whether the key does that."""
        names = list(self._stops)
        key = str(chord)
        if key == "Enter" and self.at is not None:
            self._stops[self.at].press()
        elif key in ("Tab", "Shift+Tab"):
            step = 1 if key == "Tab" else -1
            first = 0 if step == 1 else -1
            self._go(names[first if self.at is None else (names.index(self.at) + step) % len(names)])
        elif key in _WAYS:
            self._go(names[0] if self.at is None else self._beside(self.at, _WAYS[key]))
        else:
            return False
        return True

    def update(self) -> None:
        """Keep the ring around its item, wherever that has been scrolled or laid."""
        if self.at is None or not dpg.get_item_rect_size(self._stops[self.at].item)[0]:
            return
        if self._reveal:
            self._reveal = False
            self._bring_into_sight(_box(self._stops[self.at].item))
        left, top, right, bottom = _box(self._stops[self.at].item)
        # What is drawn in a window begins where its first item does, and scrolls with it.
        x, y = dpg.get_item_rect_min(dpg.get_item_children(self._window, 1)[0])
        away = _AWAY * self._studio.scale
        box = left - x - away, top - y - away, right - x + away, bottom - y + away
        if box == self._drawn:
            return
        self._drawn = box
        corners = {"pmin": box[:2], "pmax": box[2:]}
        if self._ring:
            dpg.configure_item(self._ring, **corners)
            return
        self._ring = dpg.draw_rectangle(
            **corners,
            color=self._studio.colours.accent,
            thickness=_THICK * self._studio.scale,
            rounding=8 * self._studio.scale,
            parent=self._window,
        )

    def _go(self, name: str) -> None:
        self.at, self._reveal = name, True

    def _beside(self, name: str, way: tuple[int, int]) -> str:
        """Return the nearest stop in a direction, or the same one if there is none."""
        x, y = _middle(_box(self._stops[name].item))

        def distance(other: str) -> float:
            at = _middle(_box(self._stops[other].item))
            dx, dy = at[0] - x, at[1] - y
            ahead, aside = dx * way[0] + dy * way[1], abs(dx * way[1]) + abs(dy * way[0])
            return ahead + _ASIDE * aside if ahead > 1 else float("inf")

        nearest = min(self._stops, key=distance)
        return nearest if distance(nearest) < float("inf") else name

    def _bring_into_sight(self, box: Box) -> None:
        top = dpg.get_item_pos(self._window)[1]
        bottom = top + dpg.get_item_height(self._window)
        margin = 4 * _AWAY * self._studio.scale
        scroll = dpg.get_y_scroll(self._window)
        if box[1] - margin < top:
            dpg.set_y_scroll(self._window, max(scroll + box[1] - margin - top, 0))
        elif box[3] + margin > bottom:
            dpg.set_y_scroll(
                self._window, min(scroll + box[3] + margin - bottom, dpg.get_y_scroll_max(self._window))
            )


def _box(item: Tag) -> Box:
    left, top = dpg.get_item_rect_min(item)
    width, height = dpg.get_item_rect_size(item)
    return left, top, left + width, top + height


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
