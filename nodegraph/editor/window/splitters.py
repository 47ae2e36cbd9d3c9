"""Splitters: the gaps between panes can be pulled, and are remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from nodegraph.editor.space.panes import GAP, Pane
from nodegraph.editor.work.studio import Studio

__all__ = ["Splitters"]


@dataclass(frozen=True)
class _Pull:
    name: str
    begin: float
    size: float


class Splitters:
    """Watches the mouse over the gaps.

    Parameters
    ----------
    studio : Studio
        Its settings keep the sizes.
    on_pull : callable
        Called after each change of a size.
    """

    def __init__(self, studio: Studio, on_pull: Callable[[], None]) -> None:
        self._studio, self._on_pull = studio, on_pull
        self._pull: _Pull | None = None
        self.panes: dict[str, Pane] = {}
        self.sizes: dict[str, float] = dict(studio.settings.panes)

    def gaps(self) -> dict[str, Pane]:
        """Return where the gaps lie: by the pane that they change."""
        gap = GAP * self._studio.scale
        found = {}
        if (left := self.panes.get("left")) is not None:
            found["left"] = Pane(left.x + left.width, left.y, gap, left.height)
        if (right := self.panes.get("right")) is not None:
            found["right"] = Pane(right.x - gap, right.y, gap, right.height)
        if (bottom := self.panes.get("bottom")) is not None:
            found["bottom"] = Pane(bottom.x, bottom.y - gap, bottom.width, gap)
        return found

    def update(self) -> None:
        """Follow the mouse."""
        px, py = dpg.get_mouse_pos(local=False)
        if self._pull is None:
            if dpg.is_mouse_button_clicked(dpg.mvMouseButton_Left) and not self._studio.covered:
                self._begin(px, py)
            return
        if not dpg.is_mouse_button_down(dpg.mvMouseButton_Left):
            self._pull = None
            self._studio.prefer(panes=self.sizes)
            return
        place = py if self._pull.name == "bottom" else px
        moved = (place - self._pull.begin) / self._studio.scale
        grows = 1 if self._pull.name == "left" else -1
        size = max(1.0, self._pull.size + grows * moved)
        if size != self.sizes.get(self._pull.name):
            self.sizes[self._pull.name] = size
            self._on_pull()

    def _begin(self, px: float, py: float) -> None:
        for name, gap in self.gaps().items():
            if gap.contains(px, py):
                pane = self.panes[name]
                size = (pane.height if name == "bottom" else pane.width) / self._studio.scale
                self._pull = _Pull(name, py if name == "bottom" else px, size)
