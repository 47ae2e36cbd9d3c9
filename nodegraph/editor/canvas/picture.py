"""Picture: the items of a whole scene. It draws what became different, and hides what is out of sight."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nodegraph.editor.canvas.bundles import Bundles
from nodegraph.editor.canvas.frame_drawing import draw_frame, draw_note
from nodegraph.editor.canvas.link_drawing import LinkPicture
from nodegraph.editor.canvas.node_drawing import NodePicture
from nodegraph.editor.canvas.plot import Plot
from nodegraph.editor.desk.desk import Desk, Selection
from nodegraph.editor.desk.states import NodeState, PortRef
from nodegraph.editor.look.colours import Colour, Colours, port_colour
from nodegraph.editor.space.course import Bezier
from nodegraph.editor.space.face import Level, NodeFace, face_of, level_of
from nodegraph.editor.space.scene import Scene, SceneChange
from nodegraph.editor.space.view import View
from nodegraph.graph import Link, NodeId

__all__ = ["Picture"]

# What reaches over a node's box: its ports and its shadow; below it, why it failed.
_OVERHANG = np.array([-9.0, -2.0, 9.0, 8.0])
_REASON = 80.0
# Nodes that come into sight are drawn for so long per frame; the others come with the next ones.
_BUDGET_S = 0.008


@dataclass
class _Rows:
    """Boxes of many items, and which of them are shown."""

    boxes: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    shown: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def inside(self, view: View) -> npt.NDArray[np.bool_]:
        left, top, right, bottom = view.box
        b = self.boxes
        result: npt.NDArray[np.bool_] = (
            (b[:, 2] > left) & (b[:, 0] < right) & (b[:, 3] > top) & (b[:, 1] < bottom)
        )
        return result


class Picture:
    """The items of a whole scene.

    Parameters
    ----------
    plot : Plot
        Where they are drawn.
    colours : Colours
        Of the theme.
    scene : Scene
        Where things lie.
    desk : Desk
        What is known and selected.
    """

    def __init__(self, plot: Plot, colours: Colours, scene: Scene, desk: Desk) -> None:
        self._layers, self._colours = plot.layers, colours
        self._node_bundles, self._link_bundles = Bundles(plot.layers["nodes"]), Bundles(plot.layers["links"])
        self._scene, self._desk = scene, desk
        self.nodes: dict[NodeId, NodePicture] = {}
        self.links: dict[Link, LinkPicture] = {}
        self._states: Mapping[NodeId, NodeState] = {}
        self._listened: Mapping[PortRef, str] = {}
        self._failed: frozenset[NodeId] = frozenset()
        self._seen: tuple[View, float] | None = None
        self._selection = Selection()
        self._hovered: Link | None = None
        self._node_rows, self._link_rows = _Rows(), _Rows()
        self._node_ids: tuple[NodeId, ...] = ()
        self._link_ids: tuple[Link, ...] = ()
        self._link_row: dict[Link, int] = {}
        self._levels: dict[NodeId, Level] = {}

    # --- following ---------------------------------------------------------------------------

    def follow(self, change: SceneChange) -> None:
        """Draw what became different in the document."""
        for node_id in change.removed & self.nodes.keys():
            self.nodes.pop(node_id).remove()
            self._levels.pop(node_id, None)
        for link in change.links_removed & self.links.keys():
            self.links.pop(link).remove()
        for node_id in change.added | change.changed:
            if node_id in self._scene.shapes:
                self._draw_node(node_id)
        for node_id in (change.moved - change.added) & self.nodes.keys():
            self.nodes[node_id].move_to(self._scene.positions[node_id])
        courses = self._scene.courses
        for link in change.links & courses.keys():
            if link in self.links:
                self.links[link].lead(courses[link])
            else:
                self.links[link] = LinkPicture(self._link_bundles, courses[link], self._colour(link))
        touched = change.changed | change.added
        self._dress(link for link in self.links if link in change.links or link.source in touched)
        if change.frames or change.notes:
            self._draw_frames_and_notes()
        if change:
            self._index(change)

    def draw_all(self) -> None:
        """Draw everything: the picture is new."""
        self._states, self._listened = self._desk.states, self._ears()
        for node_id in self._scene.shapes:
            self._draw_node(node_id)
        for link, curves in self._scene.courses.items():
            self.links[link] = LinkPicture(self._link_bundles, curves, self._colour(link))
        self._dress(self.links)
        self._draw_frames_and_notes()
        self._index(SceneChange())
        self.select(self._desk.selection)

    def know(self) -> None:
        """Draw nodes of which something else is known or heard than before."""
        states, listened = self._desk.states, self._ears()
        old, self._states = self._states, states
        heard, self._listened = self._listened, listened
        different = {node_id for node_id in self.nodes if states.get(node_id) != old.get(node_id)}
        links = [link for link in self.links if link.source in different]
        for ref in heard.keys() | listened.keys():
            if heard.get(ref) != listened.get(ref):
                different.add(ref.node_id)
        for node_id in different & self.nodes.keys():
            self._draw_node(node_id)
        self._dress(links)
        failed = frozenset(node_id for node_id, state in states.items() if state.status == "failed")
        if failed != self._failed:
            self._failed = failed
            self._index(SceneChange())

    def select(self, selection: Selection) -> None:
        """Show what is selected."""
        old, self._selection = self._selection, selection
        for node_id in (old.nodes ^ selection.nodes) & self.nodes.keys():
            self.nodes[node_id].select(node_id in selection.nodes)
        self._dress(old.links ^ selection.links)
        if (old.frames, old.notes) != (selection.frames, selection.notes):
            self._draw_frames_and_notes()

    def hover(self, link: Link | None) -> None:
        """Show which link the pointer is over."""
        if link != self._hovered:
            both = {each for each in (self._hovered, link) if each is not None}
            self._hovered = link
            self._dress(both)

    def _ears(self) -> dict[PortRef, str]:
        ears = {}
        if self._desk.compare is not None:
            ears[self._desk.compare] = "B"
        if self._desk.monitor is not None:
            ears[self._desk.monitor] = "A"
        return ears

    def _face(self, node_id: NodeId) -> NodeFace:
        return face_of(
            self._scene.document,
            node_id,
            self._scene.shapes[node_id],
            self._scene.library,
            state=self._states.get(node_id),
            listened=self._listened,
        )

    def _draw_node(self, node_id: NodeId) -> None:
        known = self.nodes.get(node_id)
        if known is None:
            place = self._scene.positions[node_id]
            known = self.nodes[node_id] = NodePicture(self._node_bundles, self._colours, place)
            known.select(node_id in self._selection.nodes)
        elif known.face is not None:
            known.redraw(self._face(node_id))

    def _colour(self, link: Link) -> Colour:
        port = self._scene.shapes[link.source].port("output", link.source_port)
        return port_colour(self._colours, port.type_name if port else "")

    def _dress(self, links: Iterable[Link]) -> None:
        nodes = self._scene.document.graph.nodes
        for link in links:
            if link not in self.links or link.source not in nodes:
                continue
            state = self._states.get(link.source)
            dimmed = nodes[link.source].bypassed or (state is not None and state.status == "failed")
            strong = link == self._hovered or link in self._selection.links
            self.links[link].appear(self._colour(link), dimmed=dimmed, strong=strong)

    def _draw_frames_and_notes(self) -> None:
        document, selection = self._scene.document, self._selection
        frames, notes = self._layers["frames"], self._layers["notes"]
        for layer in (frames, notes):
            layer.clear()
        for number, frame in enumerate(document.frames):
            draw_frame(frames, self._colours, frame, selected=number in selection.frames)
        for number, note in enumerate(document.notes):
            draw_note(notes, self._colours, note, selected=number in selection.notes)

    # --- what is in sight ----------------------------------------------------------------------

    def _index(self, change: SceneChange) -> None:
        """Bring the boxes up to date."""
        scene, self._seen = self._scene, None
        boxes = scene.boxes.reshape(-1, 4) + _OVERHANG
        for row, node_id in enumerate(scene.ids if self._failed else ()):
            if node_id in self._failed:
                boxes[row, 3] += _REASON
        if scene.ids != self._node_ids:
            self._stack(scene.ids)
        self._node_rows = _again(self._node_rows, self._node_ids, scene.ids, boxes)
        self._node_ids = scene.ids
        if len(self._link_row) == len(self.links) and self._link_row.keys() == self.links.keys():
            for link in change.links & self.links.keys():
                self._link_rows.boxes[self._link_row[link]] = _hull(self.links[link].curves)
            return
        links = tuple(self.links)
        hulls = np.array([_hull(self.links[link].curves) for link in links]).reshape(-1, 4)
        self._link_rows = _again(self._link_rows, self._link_ids, links, hulls)
        self._link_ids, self._link_row = links, {link: row for row, link in enumerate(links)}

    def _stack(self, ids: tuple[NodeId, ...]) -> None:
        """Draw nodes above each other as they lie in the scene: `nodes` is in the order of drawing."""
        drawn = {node_id: place for place, node_id in enumerate(self.nodes)}
        places = [drawn[node_id] for node_id in ids]
        # From the first one that lies too deep: all others already lie above each other.
        first = next((row for row in range(1, len(ids)) if places[row] < places[row - 1]), len(ids))
        for node_id in ids[first:]:
            self.nodes[node_id] = node = self.nodes.pop(node_id)
            node.lift()

    def see(self, view: View, scale: float) -> bool:
        """Show what is in sight and hide the rest; return whether some of it has still to be drawn.

        Parameters
        ----------
        view : View
            What is seen.
        scale : float
            Pixels on the screen per pixel at 100 %.
        """
        if self._seen == (view, scale):
            return False
        rows = self._node_rows
        inside = rows.inside(view)
        for row in np.flatnonzero(inside != rows.shown):
            self.nodes[self._node_ids[row]].show(bool(inside[row]))
        rows.shown = inside
        links = self._link_rows
        crossing = links.inside(view)
        for row in np.flatnonzero(crossing != links.shown):
            self.links[self._link_ids[row]].show(bool(crossing[row]))
        links.shown = crossing
        level = level_of(view.zoom, scale)
        for row in np.flatnonzero(crossing):
            self.links[self._link_ids[row]].look(level)
        unfinished = self._take_looks(np.flatnonzero(inside), level)
        self._seen = None if unfinished else (view, scale)
        return unfinished

    def _take_looks(self, rows: npt.NDArray[np.intp], level: Level) -> bool:
        end = time.perf_counter() + _BUDGET_S
        for row in rows:
            node_id = self._node_ids[row]
            if self._levels.get(node_id) != level:
                if time.perf_counter() > end:
                    return True
                node = self.nodes[node_id]
                if node.face is None:
                    node.redraw(self._face(node_id))
                node.look(level)
                self._levels[node_id] = level
        return False


def _again(
    rows: _Rows, old: tuple[object, ...], new: tuple[object, ...], boxes: npt.NDArray[np.float64]
) -> _Rows:
    """Return rows for other boxes; what was shown stays shown."""
    if old == new:
        return _Rows(boxes, rows.shown)
    shown = {each for each, is_shown in zip(old, rows.shown, strict=True) if is_shown}
    return _Rows(boxes, np.array([each in shown for each in new], dtype=bool))


def _hull(curves: tuple[Bezier, ...]) -> tuple[float, float, float, float]:
    xs = [x for curve in curves for x, _y in curve]
    ys = [y for curve in curves for _x, y in curve]
    return min(xs) - 6, min(ys) - 6, max(xs) + 6, max(ys) + 6
