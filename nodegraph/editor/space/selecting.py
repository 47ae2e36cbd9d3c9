"""Selecting: by clicks and by a box that is pulled open."""

from __future__ import annotations

from typing import Protocol

from nodegraph.document import Place
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.space.hit import Hit
from nodegraph.editor.space.overlay import Overlay
from nodegraph.editor.space.surface import Held, Surface

__all__ = ["Drag", "Lasso", "is_selected", "select_hit", "selection_of"]


class Drag(Protocol):
    """A gesture between press and release, once the pointer has moved."""

    def move(self, place: Place, held: Held) -> Overlay:
        """Follow the pointer; return what is drawn over the canvas."""

    def release(self, place: Place, held: Held) -> None:
        """End it where the pointer is."""

    def cancel(self) -> None:
        """End it as if it had not begun."""


def selection_of(hit: Hit) -> Selection:
    """Return what is selected by a click on something."""
    if hit.node_id is not None:
        return Selection(nodes=frozenset({hit.node_id}))
    if hit.link is not None:
        return Selection(links=frozenset({hit.link}))
    if hit.what in ("frame", "frame_edge"):
        return Selection(frames=frozenset({hit.index}))
    if hit.what in ("note", "note_edge"):
        return Selection(notes=frozenset({hit.index}))
    return Selection()


def is_selected(selection: Selection, hit: Hit) -> bool:
    """Return whether what was hit is selected already."""
    one = selection_of(hit)
    return bool(one) and one == _both(one, selection)


def select_hit(surface: Surface, hit: Hit, held: Held) -> None:
    """Select what was hit; with Shift add it, or take it away if it is selected."""
    desk = surface.desk
    one = selection_of(hit)
    if not held.shift:
        desk.select(one)
    elif is_selected(desk.selection, hit):
        desk.select(_without(desk.selection, one))
    else:
        desk.select(_either(desk.selection, one))


class Lasso:
    """Selects what a box touches while it is pulled open; Shift adds it, Ctrl takes it away."""

    def __init__(self, surface: Surface, begin: Place) -> None:
        self._surface, self._begin = surface, begin
        self._before = surface.desk.selection

    def move(self, place: Place, held: Held) -> Overlay:
        """See Drag."""
        (x0, y0), (x1, y1) = self._begin, place
        box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        inside = self._surface.scene.inside(box)
        if held.shift:
            inside = _either(self._before, inside)
        elif held.ctrl:
            inside = _without(self._before, inside)
        self._surface.desk.select(inside)
        return Overlay(lasso=box)

    def release(self, place: Place, held: Held) -> None:
        """See Drag."""
        self.move(place, held)

    def cancel(self) -> None:
        """See Drag."""
        self._surface.desk.select(self._before)


def _either(a: Selection, b: Selection) -> Selection:
    return Selection(a.nodes | b.nodes, a.links | b.links, a.frames | b.frames, a.notes | b.notes)


def _both(a: Selection, b: Selection) -> Selection:
    return Selection(a.nodes & b.nodes, a.links & b.links, a.frames & b.frames, a.notes & b.notes)


def _without(a: Selection, b: Selection) -> Selection:
    return Selection(a.nodes - b.nodes, a.links - b.links, a.frames - b.frames, a.notes - b.notes)
