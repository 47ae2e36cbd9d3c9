"""Canvas: the part of the window in which the graph is drawn and edited."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from nodegraph.document import Place
from nodegraph.editor.canvas.hint_drawing import draw_invitation
from nodegraph.editor.canvas.minimap import Minimap
from nodegraph.editor.canvas.overlay_drawing import OverlayPicture
from nodegraph.editor.canvas.pen import Pen
from nodegraph.editor.canvas.picture import Picture
from nodegraph.editor.canvas.plot import Plot
from nodegraph.editor.canvas.pointer import Pointer
from nodegraph.editor.canvas.sights import Sights
from nodegraph.editor.desk.desk import Topic
from nodegraph.editor.desk.keymap import Chord, chord_text
from nodegraph.editor.space.corners import corner_for
from nodegraph.editor.space.gestures import Asks, Gestures, Surface
from nodegraph.editor.space.hints import hint_of
from nodegraph.editor.space.overlay import Overlay
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.space.scene import SceneChange
from nodegraph.editor.space.shape import HEAD, ROW, Side
from nodegraph.editor.space.view import Box, View
from nodegraph.editor.words import _
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import NodeId

__all__ = ["Canvas"]

# The pointer rests so long before it is told what lies under it (s).
_HINT_AFTER_S = 0.7


def _nothing(*_arguments: object) -> None:
    """Ask nobody."""


_NOBODY = Asks(**dict.fromkeys(Asks.__dataclass_fields__, _nothing))


class Canvas:
    """The part of the window in which the graph is drawn and edited.

    Parameters
    ----------
    studio : Studio
        What it shares with the other parts.
    sights : Sights, optional
        Moves the view, for others as well.

    Attributes
    ----------
    gestures : Gestures
        What the mouse does.
    sights : Sights
        Moves the view.
    """

    def __init__(self, studio: Studio, sights: Sights | None = None) -> None:
        self.studio = studio
        self.sights = sights or Sights(studio)
        self._watch = studio.desk.watch()
        self.gestures = Gestures(self._surface(_NOBODY))
        self._history: object = None
        self._dodged: object = None
        self._unfinished = False
        studio.actions.add(*self.sights.actions())
        # Popups come after it, so that they have Escape first.
        studio.takers.insert(0, self._take)

    def _take(self, chord: Chord) -> bool:
        """Let Escape end a gesture as if it had not begun."""
        return chord == Chord("Escape") and self.gestures.cancel()

    def _surface(self, asks: Asks) -> Surface:
        return Surface(self.studio.desk, self.studio.scene, asks, lambda: self.studio.view)

    def ask(self, asks: Asks) -> None:
        """Let gestures ask the window for its dialogs."""
        self.gestures = Gestures(self._surface(asks))

    # --- a part of the window ------------------------------------------------------------------

    def build(self, parent: Tag) -> None:
        """See Part."""
        studio, colours = self.studio, self.studio.colours
        self._plot = Plot(parent, colours)
        self._picture = Picture(self._plot, colours, studio.scene, studio.desk)
        self._invitation: Pen = self._plot.layers["overlay"].group()
        self._invited: View | None = None
        self._overlay = OverlayPicture(self._plot.layers["overlay"], colours, studio.scene)
        self._minimap = Minimap(parent, colours, studio.scale)
        self._pointer = Pointer(studio, self._plot, self._minimap)
        studio.scene.follow(studio.desk.document)
        self._picture.draw_all()
        self._pointer.pane = self.studio.canvas

    def place(self, pane: Pane) -> None:
        """See Part."""
        self._pointer.pane = pane = pane.whole
        self._dodged = None
        self.studio.view = self.studio.view.resized(pane.width, pane.height)
        self._minimap.place(pane)
        self._see()

    def update(self) -> None:
        """See Part."""
        studio, desk = self.studio, self.studio.desk
        self._pointer.update(self.gestures)
        topics = self._watch.take()
        if Topic.SELECTION in topics:
            studio.scene.catch_up(desk.document)
            studio.scene.lift(desk.selection.nodes)
        self._follow(studio.scene.follow(desk.document))
        if topics & (Topic.STATES | Topic.MONITOR):
            self._picture.know()
        if topics & (Topic.SELECTION | Topic.DOCUMENT):
            self._picture.select(desk.selection)
        if desk.history is not self._history:
            # Another document was opened.
            self._history = desk.history
            self.sights.fit_all(at_once=True)
        self.sights.update(interrupted=self._pointer.busy)
        self._see()
        self._show_overlay()
        self._dodge()
        self._minimap.update(studio.scene, studio.view, wanted=studio.settings.minimap)

    def _dodge(self) -> None:
        """Have the minimap stand where it hides neither what one works on nor, if it can be, anything."""
        studio, scene = self.studio, self.studio.scene
        dragging = self.gestures.busy
        # It stays while the view is moved, or the pointer is over it: one is about to use it.
        used = self._pointer.busy or self._pointer.over_map
        if self.sights.moving or (used and not dragging):
            return
        pointer = self._pointer.place if dragging else None
        key = studio.view, scene.document, studio.desk.selection, pointer
        if key == self._dodged:
            return
        self._dodged = key
        nodes = scene.boxes.reshape(-1, 4)
        chosen = [scene.box_of(each) for each in studio.desk.selection.nodes if each in scene.shapes]
        selected = np.array(chosen, dtype=np.float64).reshape(-1, 4)
        size, now = self._minimap.size, self._minimap.corner
        self._minimap.stand(corner_for(studio.view, size, nodes, selected, now=now, pointer=pointer))

    @property
    def busy(self) -> bool:
        """Whether it has to be drawn again soon: something moves, or is not all drawn yet."""
        return self.sights.moving or self._unfinished or self._pointer.busy

    def _follow(self, change: SceneChange) -> None:
        if change:
            self._picture.follow(change)
            self._minimap.touch()

    def _see(self) -> None:
        studio = self.studio
        self._plot.see(studio.view)
        self._unfinished = self._picture.see(studio.view, studio.scale)
        document = studio.desk.document
        empty = not (document.graph.nodes or document.frames or document.notes)
        if not empty and self._invited is not None:
            self._invitation.clear()
            self._invited = None
        elif empty and studio.view != self._invited:
            self._invited = studio.view
            draw_invitation(
                self._invitation, studio.colours, self._invitation_text(), studio.view, studio.scale
            )

    def _invitation_text(self) -> str:
        chords = self.studio.keymap.chords("node.add")
        if not chords:
            return _("Double-click to add a node, or drop an audio file.")
        text = _("Press {key} or double-click to add a node, or drop an audio file.")
        return text.format(key=chord_text(chords[0]))

    def _show_overlay(self) -> None:
        overlay = self.gestures.overlay
        if not (self._pointer.inside or self.gestures.busy):
            overlay = Overlay()
        elif not self.gestures.busy and time.monotonic() - self._pointer.rests_since > _HINT_AFTER_S:
            desk = self.studio.desk
            hint = hint_of(self.gestures.hit, desk.document, self.studio.library, desk.states)
            overlay = replace(overlay, reason=overlay.reason or hint)
        self._picture.hover(overlay.hovered_link)
        row = self._hovered_row() if self._pointer.inside or self.gestures.busy else None
        self._overlay.follow(overlay, self.studio.view, self._pointer.place, row, self.studio.scale)

    def _hovered_row(self) -> Box | None:
        """Return where the parameter lies that the pointer is over."""
        hit, scene = self.gestures.hit, self.studio.scene
        if hit.what not in ("param", "more") or hit.node_id is None or hit.node_id not in scene.shapes:
            return None
        left, top, right, _bottom = scene.box_of(hit.node_id)
        shape = scene.shapes[hit.node_id]
        rows = {row.name: row.y for row in shape.params}
        y = top + (rows.get(hit.param or "", shape.more_y) if hit.what == "param" else shape.more_y)
        return left, y, right, y + ROW

    # --- where things are on the screen --------------------------------------------------------

    def to_screen(self, place: Place) -> Place:
        """Return where a place of the canvas is seen, in pixels of the window."""
        return self.studio.to_screen(place)

    def to_canvas(self, pixel: Place) -> Place:
        """Return what place of the canvas is seen at a pixel of the window."""
        return self.studio.to_canvas(pixel)

    def port_on_screen(self, node_id: NodeId, side: Side, port: str) -> Place:
        """Return where a port is seen, in pixels of the window."""
        return self.to_screen(self.studio.scene.port_place(node_id, side, port))

    def title_on_screen(self, node_id: NodeId) -> Place:
        """Return where the middle of a node's title bar is seen, in pixels of the window."""
        left, top, right, _bottom = self.studio.scene.box_of(node_id)
        return self.to_screen(((left + right) / 2, top + HEAD / 2))

    def param_on_screen(self, node_id: NodeId, param: str) -> Place:
        """Return where the middle of a parameter's row is seen, in pixels of the window.

        Raises
        ------
        KeyError
            If the node does not show it.
        """
        left, top, right, _bottom = self.studio.scene.box_of(node_id)
        rows = {row.name: row.y for row in self.studio.scene.shapes[node_id].params}
        return self.to_screen(((left + right) / 2, top + rows[param] + ROW / 2))

    def minimap_on_screen(self, place: Place) -> Place:
        """Return where a place of the canvas is seen on the minimap, in pixels of the window."""
        return self._minimap.on_screen(place)
