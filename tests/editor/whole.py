"""The whole editor with a user in front of it: where things are, in pixels of the screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dearpygui.dearpygui as dpg
import numpy as np
from user import User

from nodegraph.document import Document, Place
from nodegraph.editor.canvas.canvas import Canvas
from nodegraph.editor.desk.edits_canvas import settled
from nodegraph.editor.panels.filing import Filing
from nodegraph.editor.space.face import face_of
from nodegraph.editor.space.scene import Scene
from nodegraph.editor.window.opening import make_window
from nodegraph.editor.window.window import Window
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import NodeId


@dataclass(frozen=True)
class Spot:
    """A node, and where its parts are seen."""

    canvas: Canvas
    node_id: NodeId

    def title(self) -> Place:
        return self.canvas.title_on_screen(self.node_id)

    def input(self, name: str = "audio") -> Place:
        return self.canvas.port_on_screen(self.node_id, "input", name)

    def output(self, name: str = "audio") -> Place:
        return self.canvas.port_on_screen(self.node_id, "output", name)

    def param(self, name: str) -> Place:
        return self.canvas.param_on_screen(self.node_id, name)


class Editor:
    """The whole window.

    Parameters
    ----------
    studio : Studio
        Its parts share it; the tour was seen.
    open_window : callable
        Opens a window and returns a user.
    """

    def __init__(self, studio: Studio, open_window: Callable[[Window], User]) -> None:
        self.studio, self.desk = studio, studio.desk
        self.window = make_window(studio)
        canvas = self.window.parts["canvas"]
        assert isinstance(canvas, Canvas)
        self.canvas = canvas
        (self.filing,) = (each for each in self.window.overlays if isinstance(each, Filing))
        self.user = open_window(self.window)
        self._closed = False

    def close(self) -> None:
        """End what goes on in the background."""
        if not self._closed:
            self._closed = True
            self.studio.runner.cancel()
            self.studio.player.close()
            self.filing.close()

    # --- documents -----------------------------------------------------------------------------

    @property
    def document(self) -> Document:
        return self.desk.document

    def open(self, document: Document) -> None:
        """Put a document on the desk, as if it had been opened."""
        self.studio.start_page_shown = False
        self.desk.open(document, None)
        self.user.frames(4)

    def only(self, kind: str) -> NodeId:
        """Return the only node of a kind."""
        (found,) = (name for name, node in self.document.graph.nodes.items() if node.kind == kind)
        return found

    def links(self) -> set[str]:
        """Return all links as texts: "load.audio > gain.audio"."""
        return {
            f"{link.source}.{link.source_port} > {link.target}.{link.target_port}"
            for link in self.document.graph.links
        }

    # --- places --------------------------------------------------------------------------------

    def node(self, node_id: NodeId) -> Spot:
        return Spot(self.canvas, node_id)

    def at(self, across: float, down: float) -> Place:
        """Return a pixel of the canvas: (0, 0) is its top left corner, (1, 1) the opposite one."""
        left, top = dpg.get_item_pos("pane.canvas")
        return (
            left + across * dpg.get_item_width("pane.canvas"),
            top + down * dpg.get_item_height("pane.canvas"),
        )

    def empty_place(self) -> Place:
        """Return a pixel of the canvas with nothing near it."""
        studio = self.studio
        for down in np.linspace(0.12, 0.8, 18):
            for across in np.linspace(0.06, 0.8, 24):
                pixel = self.at(float(across), float(down))
                x, y = self.canvas.to_canvas(pixel)
                around = ((x + dx, y + dy) for dx in (-30, 0, 30) for dy in (-30, 0, 30))
                if all(studio.scene.hit(place, studio.view.zoom).what == "nothing" for place in around):
                    return pixel
        raise AssertionError("nothing is empty")

    def row(self, tag: str, title: str) -> Place:
        """Return the middle of a row of a list by its title: `row("palette.row", "Gain")`."""
        for number in range(500):
            item = f"{tag}.{number}"
            if not dpg.does_item_exist(item):
                break
            if dpg.get_item_label(item) == title:
                return self.user.middle(item)
        raise AssertionError(f"there is no row {title!r} in {tag}")

    def palette_row(self, title: str) -> Place:
        """Return the middle of a kind in the palette; turn the wheel until it is seen."""
        left, top = dpg.get_item_pos("pane.left")
        middle = left + dpg.get_item_width("pane.left") / 2, top + dpg.get_item_height("pane.left") / 2
        lowest = top + dpg.get_item_height("pane.left") - 20
        for notches in (0, *[9] * 9, *[-2] * 40):
            if notches:
                self.user.wheel(*middle, notches)
                self.user.frames(2)
            x, y = self.row("palette.row", title)
            if top + 90 < y < lowest:
                return x, y
        raise AssertionError(f"{title} is never seen in the palette")

    def text_place(self, text: str) -> Place:
        """Return the middle of a text that is on the screen."""
        texts = (each for each in dpg.get_all_items() if dpg.get_item_type(each).endswith("mvText"))
        return self.user.middle(next(each for each in texts if dpg.get_value(each) == text))

    def state(self, node_id: NodeId) -> str:
        """Return what is known of a node: "clean", "failed" …."""
        state = self.desk.states.get(node_id)
        return state.status if state is not None else ""

    def wait_for(self, node_id: NodeId, status: str, timeout_s: float = 60.0) -> None:
        """Wait until a node has a status."""
        end = time.monotonic() + timeout_s
        while self.state(node_id) != status:
            assert time.monotonic() < end, f"{node_id} is not {status}: {self.desk.states}"
            self.user.frames(1)

    def button(self, title: str) -> int:
        """Return the newest button with a title."""
        return self._newest("mvButton", title)

    def checkbox(self, title: str) -> int:
        """Return the newest check box with a title."""
        return self._newest("mvCheckbox", title)

    def _newest(self, kind: str, title: str) -> int:
        items = (each for each in dpg.get_all_items() if dpg.get_item_type(each).endswith(kind))
        found = [each for each in items if dpg.get_item_label(each) == title and dpg.is_item_shown(each)]
        assert found, f"there is no {kind} {title!r}"
        return found[-1]

    # --- what a user does ------------------------------------------------------------------------

    def press(self, title: str) -> None:
        """Click a button."""
        self.user.frames(3)
        self.user.click_item(self.button(title))
        self.user.frames(3)

    def link(self, begin: Place, end: Place) -> None:
        """Pull a link with the mouse."""
        self.user.drag(begin, end)
        self.user.frames(2)

    def search(self, text: str) -> None:
        """Type into the search that is open, and take the first that is found."""
        self.user.frames(4)
        assert dpg.does_item_exist("finder.query"), "no search is open"
        self.user.type(text)
        self.user.frames(2)
        self.user.key("Enter")
        self.user.frames(3)

    def command(self, text: str) -> None:
        """Do something by the list of commands."""
        self.user.key("Ctrl+Shift+P")
        self.search(text)

    def enter(self, text: str) -> None:
        """Replace the text that is being edited, and take it."""
        self.user.frames(4)
        self.user.key("Ctrl+A")
        self.user.type(text)
        self.user.frames(1)
        self.user.key("Enter")
        self.user.frames(3)

    def says(self, text: str) -> bool:
        """Whether something is said: in a notice or in any text on the screen."""
        texts = (each for each in dpg.get_all_items() if dpg.get_item_type(each).endswith("mvText"))
        return any(text in str(dpg.get_value(each)) for each in texts) or any(
            text in notice.text for notice in self.desk.notices
        )

    def settle(self, timeout_s: float = 90.0) -> None:
        """Wait until nothing runs any more."""
        self.user.frames(3)
        self.user.wait(lambda: not self.studio.runner.busy, timeout_s, "the end of the run")
        self.user.frames(3)


def disagreements(editor: Editor) -> list[str]:
    """Return in what the document, the scene and what is drawn differ; [] if in nothing."""
    document, scene, picture = editor.document, editor.studio.scene, editor.canvas._picture
    wrong = []
    if scene.document is not document:
        return ["the scene is behind the document"]
    fresh = Scene(scene.library)
    fresh.follow(settled(document, scene.positions))
    graph = document.graph
    for what, drawn, wanted in (
        ("nodes drawn", picture.nodes.keys(), graph.nodes.keys()),
        ("links drawn", picture.links.keys(), set(graph.links)),
        ("shapes", dict(scene.shapes), dict(fresh.shapes)),
        ("courses", dict(scene.courses), dict(fresh.courses)),
        ("positions", dict(scene.positions), dict(fresh.positions)),
    ):
        if drawn != wanted:
            wrong.append(f"{what}: {_difference(drawn, wanted)}")
    if not np.array_equal(_by_id(scene), _by_id(fresh)):
        wrong.append("boxes")
    wrong += _drawn_wrongly(editor)
    return wrong


def _drawn_wrongly(editor: Editor) -> list[str]:
    """Return what items show something else than the scene has."""
    return [*_nodes_drawn_wrongly(editor), *_links_drawn_wrongly(editor), *_not_shown(editor)]


def _nodes_drawn_wrongly(editor: Editor) -> Iterator[str]:
    studio, scene, picture = editor.studio, editor.studio.scene, editor.canvas._picture
    for node_id in picture.nodes.keys() & scene.shapes.keys():
        drawn = picture.nodes[node_id]
        face = face_of(
            scene.document,
            node_id,
            scene.shapes[node_id],
            scene.library,
            state=studio.desk.states.get(node_id),
            listened=picture._ears(),
        )
        if drawn.face is not None and drawn.face != face:
            yield f"face of {node_id}: {drawn.face} is not {face}"
        if not dpg.does_item_exist(drawn._member.pen.parent):
            yield f"{node_id} has no items"
        if drawn._selected != (node_id in studio.desk.selection.nodes):
            yield f"{node_id} is selected or not"


def _links_drawn_wrongly(editor: Editor) -> Iterator[str]:
    for link, line in editor.canvas._picture.links.items():
        if line.curves != editor.studio.scene.courses.get(link):
            yield f"course of {link}"
        if not all(dpg.does_item_exist(part) for part in line._parts):
            yield f"{link} has no items"


def _not_shown(editor: Editor) -> Iterator[str]:
    scene, picture = editor.studio.scene, editor.canvas._picture
    left, top, right, bottom = editor.studio.view.box
    for node_id in scene.ids:
        x0, y0, x1, y1 = scene.box_of(node_id)
        inside = x0 < right and x1 > left and y0 < bottom and y1 > top
        if inside and not picture.nodes[node_id]._member.shown:
            yield f"{node_id} is in sight and not shown"


def _by_id(scene: Scene) -> np.ndarray:
    order = np.argsort(np.array(scene.ids, dtype=str)) if scene.ids else []
    return scene.boxes.reshape(-1, 4)[order]


def _difference(drawn: object, wanted: object) -> str:
    if isinstance(drawn, dict) and isinstance(wanted, dict):
        keys = [key for key in drawn.keys() | wanted.keys() if drawn.get(key) != wanted.get(key)]
        return ", ".join(f"{key}: {drawn.get(key)} is not {wanted.get(key)}" for key in keys[:3])
    return f"{sorted(map(str, set(drawn) ^ set(wanted)))[:5]}"  # type: ignore[call-overload]
