"""Sights: moves the view to what one wants to see, and offers that as actions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from nodegraph.editor.desk.actions import Action
from nodegraph.editor.space.corners import clear_of_map, map_size
from nodegraph.editor.space.scene import Scene
from nodegraph.editor.space.view import Box, View, between
from nodegraph.editor.words import N_
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import NodeId

__all__ = ["Sights"]

# A flight takes so long (s): one sees where one comes from, and waits for nothing.
_FLIGHT_S = 0.15
_STEP = 1.25
_MARGIN = 32.0
# Nothing is shown larger than this only because it is alone.
_MOST = 1.1


class Sights:
    """Moves the view.

    Parameters
    ----------
    studio : Studio
        Holds the view.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._flight: tuple[View, View, float] | None = None

    @property
    def moving(self) -> bool:
        """Whether the view is on its way."""
        return self._flight is not None

    def update(self, *, interrupted: bool = False) -> None:
        """Go on with what has begun; the mouse interrupts it."""
        if interrupted:
            self._flight = None
        if self._flight is None:
            return
        begin, end, since = self._flight
        now = self._studio.view
        if (now.width, now.height) != (end.width, end.height):
            end = end.resized(now.width, now.height)
            self._flight = begin, end, since
        share = min(1.0, (time.monotonic() - since) / _FLIGHT_S)
        if share == 1.0:
            self._studio.view, self._flight = end, None
        else:
            # Fast at first, slow at the end.
            self._studio.view = between(begin, end, 1 - (1 - share) ** 3)

    def go(self, view: View, *, at_once: bool = False) -> None:
        """Show another part of the canvas; at once where the user likes no movement."""
        if at_once or not self._studio.settings.glide:
            self._studio.view, self._flight = view, None
        elif view != self._studio.view:
            self._flight = self._studio.view, view, time.monotonic()

    @property
    def _aim(self) -> View:
        """What will be seen when the flight is over."""
        return self._flight[1] if self._flight else self._studio.view

    @property
    def _scene(self) -> Scene:
        # A key may come in the same frame as the node that it is about.
        self._studio.scene.catch_up(self._studio.desk.document)
        return self._studio.scene

    # --- what one wants to see -----------------------------------------------------------------

    def fit_all(self, *, at_once: bool = False) -> None:
        """Show everything."""
        bounds = self._scene.extent()
        if bounds is None:
            scale = self._studio.scale
            self.go(replace(View(), width=self._aim.width, height=self._aim.height, zoom=scale), at_once=True)
        else:
            self.fit(bounds, self._scene.ids, at_once=at_once)

    def fit(self, box: Box, nodes: Iterable[NodeId], *, at_once: bool = False) -> None:
        """Show a box of the canvas as large as it fits; the minimap hides none of the nodes in it."""
        scale, aim = self._studio.scale, self._aim
        margin, most, size = _MARGIN * scale, _MOST * scale, map_size(scale)
        if self._studio.settings.minimap and size.fits(aim.width, aim.height):
            boxes = np.array([self._scene.box_of(each) for each in nodes], dtype=np.float64).reshape(-1, 4)
            self.go(clear_of_map(aim, box, boxes, size, margin=margin, most=most), at_once=at_once)
        else:
            self.go(aim.fitted(box, margin, most), at_once=at_once)

    def go_to(self, node_id: NodeId) -> None:
        """Bring a node into the middle, unless it is in sight."""
        left, top, right, bottom = self._scene.box_of(node_id)
        view = self._aim
        seen = view.box
        if left < seen[0] or top < seen[1] or right > seen[2] or bottom > seen[3]:
            x = (left + right - view.width / view.zoom) / 2
            y = (top + bottom - view.height / view.zoom) / 2
            self.go(replace(view, x=x, y=y))

    def fit_selection(self) -> None:
        """Show what is selected, or everything where nothing is."""
        scene, selection = self._scene, self._studio.desk.selection
        nodes = {*selection.nodes, *(end for link in selection.links for end in (link.source, link.target))}
        boxes = [box for box in (scene.bounds(nodes),) if box is not None]
        document = scene.document
        chosen = [document.frames[i] for i in selection.frames] + [document.notes[i] for i in selection.notes]
        boxes += [(each.x, each.y, each.x + each.width, each.y + each.height) for each in chosen]
        if not boxes:
            self.fit_all()
            return
        left, top, right, bottom = zip(*boxes, strict=True)
        self.fit((min(left), min(top), max(right), max(bottom)), nodes)

    def zoom_by(self, factor: float) -> None:
        """Show things that many times larger."""
        view = self._aim
        self.go(view.zoomed(factor, view.width / 2, view.height / 2))

    def reset_zoom(self) -> None:
        """Show things in their natural size."""
        self.zoom_by(self._studio.scale / self._aim.zoom)

    def toggle_minimap(self) -> None:
        """Show or hide the minimap."""
        self._studio.prefer(minimap=not self._studio.settings.minimap)

    def actions(self) -> tuple[Action, ...]:
        """Return what one can do with the view."""

        def zoom(factor: float) -> Callable[[], None]:
            return lambda: self.zoom_by(factor)

        def something() -> bool:
            return bool(self._studio.scene.ids)

        return (
            Action("view.fit_all", N_("Show everything"), self.fit_all, something, icon="maximize"),
            Action("view.fit_selection", N_("Show selection"), self.fit_selection, something),
            Action("view.zoom_in", N_("Zoom in"), zoom(_STEP), icon="zoom-in", group=1, repeats=True),
            Action("view.zoom_out", N_("Zoom out"), zoom(1 / _STEP), icon="zoom-out", group=1, repeats=True),
            Action("view.zoom_reset", N_("Zoom to 100 %"), self.reset_zoom, group=1),
            Action(
                "view.minimap",
                N_("Minimap"),
                self.toggle_minimap,
                checked=lambda: self._studio.settings.minimap,
                icon="map",
                group=2,
            ),
        )
