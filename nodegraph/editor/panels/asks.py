"""Asks: what gestures on the canvas ask the user: which node, which value, which name; context menus."""

from __future__ import annotations

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from nodegraph.document import Place
from nodegraph.editor.desk import edits
from nodegraph.editor.desk.arithmetic import ArithmeticProblem
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.edits_canvas import rewrite
from nodegraph.editor.desk.edits_links import PortEnd, unlink
from nodegraph.editor.desk.entering import entered, range_text, text_to_edit
from nodegraph.editor.desk.keymap import chord_text
from nodegraph.editor.desk.outline_text import node_name
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.panels.entry import ChoiceList, Option, TextEntry
from nodegraph.editor.panels.search import Search
from nodegraph.editor.space.hit import Hit
from nodegraph.editor.space.shape import ROW
from nodegraph.editor.space.surface import Asks
from nodegraph.editor.words import _, told
from nodegraph.editor.words.names import choice_name, param_name
from nodegraph.editor.words.values import value_text
from nodegraph.editor.work.studio import Studio
from nodegraph.errors import ParameterError
from nodegraph.graph import NodeId
from nodegraph.param import Param, ParamValue
from nodegraph.spec import NodeSpec

__all__ = ["CanvasAsks"]

_NODE_MENU = (
    "node.edit",
    "node.rename",
    "node.swap",
    "node.bypass",
    "node.collapse",
    "run.selected",
    "listen.monitor",
    "listen.compare",
    "listen.removed",
    "edit.duplicate",
    "edit.copy",
    "edit.cut",
    "edit.delete",
    "edit.delete_heal",
    "node.frame",
    "node.help",
)
_CANVAS_MENU = (
    "node.add",
    "edit.paste",
    "edit.select_all",
    "node.comment",
    "view.fit_all",
    "view.arrange",
    "edit.find",
    "view.commands",
)
_LINK_MENU = ("edit.delete",)
_PART_MENU = ("edit.duplicate", "edit.copy", "edit.delete")


class CanvasAsks:
    """What gestures on the canvas ask the user.

    Parameters
    ----------
    studio : Studio
        Its document, scene and actions.
    search : Search
        Finds kinds of node.
    to_screen : callable
        Where a place on the canvas is on the screen.
    pick_file : callable
        (node id, parameter): lets the user pick a file.
    """

    def __init__(
        self,
        studio: Studio,
        search: Search,
        to_screen: Callable[[Place], Place],
        pick_file: Callable[[NodeId, Param], None],
    ) -> None:
        self._studio, self._search, self._to_screen = studio, search, to_screen
        self._pick_file = pick_file
        self.entry = TextEntry(studio)
        self.choices = ChoiceList(studio)

    def asks(self) -> Asks:
        """Return what gestures want to be given."""
        return Asks(
            search=self.search,
            edit_param=self.edit_param,
            choose=self.choose,
            rename=self.rename,
            rename_frame=self.rename_frame,
            edit_note=self.edit_note,
            menu=self.menu,
        )

    # --- nodes -------------------------------------------------------------------------------

    def search(self, place: Place, end: PortEnd | None) -> None:
        """Let the user find a node that is added at a place of the canvas, and linked to a port."""
        self._search.kinds(
            self._to_screen(place),
            lambda kind: self.add(kind, place, end),
            fits=lambda spec: end is None or self._fits(spec, end),
            hint=None if end is None else _("Search for a node that fits…"),
        )

    def add(self, kind: str, place: Place, end: PortEnd | None = None) -> None:
        """Add a node and select it."""
        desk, library = self._studio.desk, self._studio.library
        if end is None:
            document, node_id = edits.add_node(desk.document, kind, place, library)
        else:
            document, node_id = edits.add_linked(desk.document, kind, place, end, library)
        desk.edit(document, _("Add a node"))
        desk.select(Selection(frozenset({node_id})))

    def swap(self, node_id: NodeId) -> None:
        """Let the user put another kind of node in a node's place."""

        def swap_with(kind: str) -> None:
            self.swap_with(node_id, kind)

        name = node_name(self._studio.desk.document, node_id)
        self._search.kinds(
            self._title_place(node_id), swap_with, hint=_("Swap “{name}” with…").format(name=name)
        )

    def swap_with(self, node_id: NodeId, kind: str) -> None:
        """Put another kind of node in a node's place."""
        desk = self._studio.desk
        document, new = edits.swap(desk.document, node_id, kind, self._studio.library)
        desk.edit(document, _("Swap a node"))
        desk.select(Selection(frozenset({new})))

    def _fits(self, spec: NodeSpec, end: PortEnd) -> bool:
        """Return whether a kind has a port that could be linked to a port of the graph."""
        node_id, side, name = end
        other = self._studio.library.get(self._studio.desk.document.graph.nodes[node_id].kind)
        if other is None:
            return False
        if side == "output":
            output = other.output(name)
            return output is not None and any(issubclass(output.type, port.type) for port in spec.inputs)
        entry = other.input(name)
        return entry is not None and any(issubclass(port.type, entry.type) for port in spec.outputs)

    # --- parameters --------------------------------------------------------------------------

    def edit_param(self, node_id: NodeId, name: str) -> None:
        """Let the user change a parameter where it stands."""
        param = self._param(node_id, name)
        if param is None:
            return
        value = self._value(node_id, param)
        if param.type == "bool":
            self._set(node_id, name, not value)
        elif param.type == "choice":
            self.choose(node_id, name)
        elif param.type in ("input_file", "output_file"):
            self._pick_file(node_id, param)
        elif param.type != "per_track":
            unit = f" ({range_text(param)})" if param.range else ""
            self.entry.open(
                self._row_place(node_id, name),
                param_name(name) + unit,
                text_to_edit(param, value),
                lambda text: self._take_text(node_id, param, text),
            )

    def choose(self, node_id: NodeId, name: str) -> None:
        """Let the user choose a parameter's value from a list."""
        param = self._param(node_id, name)
        if param is None:
            return
        value = self._value(node_id, param)
        options = [
            Option(choice_name(choice), lambda choice=choice: self._set(node_id, name, choice))  # type: ignore[misc]
            for choice in param.choices
        ]
        marked = param.choices.index(str(value)) if value in param.choices else 0
        self.choices.open(self._row_place(node_id, name), options, marked=marked, width=216.0)

    def params(self, node_id: NodeId) -> None:
        """Let the user choose which parameter to edit: by keyboard, whatever its widget."""
        spec = self._studio.library.get(self._studio.desk.document.graph.nodes[node_id].kind)
        if spec is None:
            return
        options = [
            Option(
                param_name(param.name),
                lambda name=param.name: self.edit_param(node_id, name),  # type: ignore[misc]
                aside=value_text(param, self._value(node_id, param)),
            )
            for param in spec.params
        ]
        self.choices.open(self._title_place(node_id), options, width=300.0)

    def _take_text(self, node_id: NodeId, param: Param, text: str) -> str:
        try:
            self._set(node_id, param.name, entered(param, text))
        except (ArithmeticProblem, ParameterError) as error:
            return told(str(error))
        return ""

    def _set(self, node_id: NodeId, name: str, value: ParamValue) -> None:
        desk = self._studio.desk
        document = edits.set_param(desk.document, node_id, name, value, self._studio.library)
        desk.edit(document, _("Change {name}").format(name=param_name(name)))

    def _param(self, node_id: NodeId, name: str) -> Param | None:
        spec = self._studio.library.get(self._studio.desk.document.graph.nodes[node_id].kind)
        return next((param for param in spec.params if param.name == name), None) if spec else None

    def _value(self, node_id: NodeId, param: Param) -> ParamValue:
        found: ParamValue = self._studio.desk.document.graph.nodes[node_id].params.get(
            param.name, param.default
        )
        return found

    # --- names -------------------------------------------------------------------------------

    def rename(self, node_id: NodeId) -> None:
        """Let the user name a node."""
        desk = self._studio.desk

        def take(text: str) -> str:
            desk.edit(edits.rename(desk.document, node_id, text), _("Rename a node"))
            return ""

        name = node_name(desk.document, node_id)
        self.entry.open(self._title_place(node_id), _("Name of the node"), name, take)

    def rename_frame(self, index: int) -> None:
        """Let the user title a frame."""
        desk = self._studio.desk
        frame = desk.document.frames[index]

        def take(text: str) -> str:
            desk.edit(rewrite(desk.document, "frame", index, text), _("Title a frame"))
            return ""

        self.entry.open(self._to_screen((frame.x, frame.y)), _("Title of the frame"), frame.title, take)

    def edit_note(self, index: int) -> None:
        """Let the user write a note."""
        desk = self._studio.desk
        note = desk.document.notes[index]

        def take(text: str) -> str:
            desk.edit(rewrite(desk.document, "note", index, text), _("Write a comment"))
            return ""

        self.entry.open(
            self._to_screen((note.x, note.y)),
            _("Comment. Ctrl+Enter keeps it."),
            note.text,
            take,
            width=320.0,
            many_lines=True,
        )

    # --- menus -------------------------------------------------------------------------------

    def menu(self, place: Place, hit: Hit) -> None:
        """Show the menu of what lies at a place."""
        at = self._to_screen(place)
        if hit.what == "port" and hit.node_id and hit.side and hit.port:
            options = self._port_options(place, (hit.node_id, hit.side, hit.port))
        elif hit.node_id is not None:
            options = self._of(_NODE_MENU)
        elif hit.link is not None:
            options = self._of(_LINK_MENU)
        elif hit.what in ("frame", "frame_edge"):
            title = Option(_("Title of the frame…"), lambda: self.rename_frame(hit.index))
            options = [title, *self._of(_PART_MENU)]
        elif hit.what in ("note", "note_edge"):
            options = [Option(_("Write…"), lambda: self.edit_note(hit.index)), *self._of(_PART_MENU)]
        else:
            options = self._of(_CANVAS_MENU)
        self.choices.open(at, options)

    def _port_options(self, place: Place, end: PortEnd) -> list[Option]:
        desk = self._studio.desk
        node_id, side, port = end
        options = [Option(_("Add a node that fits…"), lambda: self.search(place, end))]
        graph = desk.document.graph
        if side == "output":
            ref = PortRef(node_id, port)
            options += [
                Option(_("Listen (A)"), lambda: desk.listen_to(ref, desk.compare)),
                Option(_("Compare with it (B)"), lambda: desk.listen_to(desk.monitor, ref)),
            ]
            links = [link for link in graph.outgoing(node_id) if link.source_port == port]
        else:
            links = [link for link in graph.incoming(node_id) if link.target_port == port]

        def remove() -> None:
            desk.edit(unlink(desk.document, links), _("Remove links"))

        return [*options, Option(_("Remove its links"), remove, enabled=bool(links))]

    def _of(self, names: tuple[str, ...]) -> list[Option]:
        """Return the lines of those actions that there are."""
        studio = self._studio
        return [
            Option(
                action.text,
                lambda name=action.name: studio.actions.do(name),  # type: ignore[misc]
                ", ".join(map(chord_text, studio.keymap.chords(action.name)[:1])),
                action.enabled(),
            )
            for action in (studio.actions[name] for name in names if name in studio.actions)
        ]

    # --- places ------------------------------------------------------------------------------

    def _title_place(self, node_id: NodeId) -> Place:
        self._studio.scene.catch_up(self._studio.desk.document)
        return self._seen(self._studio.scene.box_of(node_id)[:2])

    def _row_place(self, node_id: NodeId, name: str) -> Place:
        """Return where a parameter's row is on the screen: below it, so that it stays readable."""
        scene = self._studio.scene
        scene.catch_up(self._studio.desk.document)
        left, top, _right, bottom = scene.box_of(node_id)
        rows = {row.name: row.y for row in scene.shapes[node_id].params}
        y = top + rows[name] + ROW if name in rows else bottom
        return self._seen((left, y))

    def _seen(self, place: Place) -> Place:
        """Return a place of the canvas on the screen; where it is out of sight, the window's middle."""
        x, y = self._to_screen(place)
        width, height = dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
        return (x, y) if 0 <= x < width and 0 <= y < height else (width * 0.4, height * 0.3)
