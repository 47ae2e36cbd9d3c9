"""Inspector: the right pane: everything about what is selected, and its parameters."""

from __future__ import annotations

from collections.abc import Callable

import dearpygui.dearpygui as dpg

from nodegraph.editor.desk.desk import Topic
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.panels.inspect_document import DocumentSheet
from nodegraph.editor.panels.inspect_node import NodeSheet, Remedies
from nodegraph.editor.panels.inspect_rest import fill_link, fill_several
from nodegraph.editor.panels.params import ParamFields, PickFile
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio
from nodegraph.param import Param

__all__ = ["Inspector"]


def _nothing(_ref: PortRef) -> object:
    return None


# In a pane narrower than this, at 100 %, things that belong together stand above each other.
_NARROW = 290.0
_NO_REMEDIES = Remedies()


class Inspector:
    """The right pane: a Part.

    Parameters
    ----------
    studio : Studio
        Its document, selection and states.
    pick_file : PickFile
        Lets the user pick a file for a parameter.
    value : callable
        Returns what an output port gave, if it is known: reports are shown.
    remedies : Remedies
        Offered for a node that cannot run here.
    """

    def __init__(
        self,
        studio: Studio,
        pick_file: PickFile,
        value: Callable[[PortRef], object] = _nothing,
        remedies: Remedies = _NO_REMEDIES,
    ) -> None:
        self._studio, self._pick_file, self._value = studio, pick_file, value
        self._remedies = remedies
        self._watch = studio.desk.watch()
        self._built: object = None
        self._narrow, self._width = False, float("inf")
        self._params: ParamFields | None = None
        self._node: NodeSheet | None = None
        self._sheet: DocumentSheet | None = None

    def build(self, parent: Tag) -> None:
        """See Part."""
        dpg.add_child_window(parent=parent, tag="inspector", border=False, always_use_window_padding=True)
        self._built = None
        self._fill()

    def place(self, pane: Pane) -> None:
        """See Part."""
        self._width = pane.width
        narrow = pane.width < _NARROW * self._studio.scale
        if narrow != self._narrow:
            self._narrow = narrow
            self._fill(anew=self._built is not None)
        if self._sheet is not None:
            self._sheet.fit(pane.width)

    def update(self) -> None:
        """See Part."""
        if self._params is not None:
            self._params.update()
        changed = self._watch.take()
        if not changed:
            return
        if Topic.DOCUMENT in changed or Topic.SELECTION in changed:
            self._fill()
        if Topic.DOCUMENT in changed and self._params is not None:
            self._params.refresh()
        if self._node is not None and changed & (Topic.STATES | Topic.MONITOR | Topic.SOUNDS):
            self._node.refresh()
        if self._sheet is not None and changed & (Topic.RUN | Topic.DOCUMENT):
            self._sheet.refresh()

    # --- what is shown -----------------------------------------------------------------------

    def _shape(self) -> object:
        """Return what the items depend on; values of parameters and states are shown without new items."""
        desk = self._studio.desk
        document, selected = desk.document, desk.selection
        nodes = tuple(sorted(selected.nodes))
        if len(nodes) == 1:
            node = document.graph.nodes[nodes[0]]
            links = document.graph.incoming(nodes[0])
            return nodes, node.kind, node.bypassed, document.labels.get(nodes[0]), links
        if nodes:
            return nodes, tuple(document.graph.nodes[each].kind for each in nodes)
        if selected.links:
            return tuple(sorted(selected.links))
        return document.title, document.comment

    def _fill(self, *, anew: bool = False) -> None:
        shape = self._shape()
        if (shape == self._built and not anew) or not dpg.does_item_exist("inspector"):
            return
        self._built = shape
        self._finish()
        dpg.delete_item("inspector", children_only=True)
        desk = self._studio.desk
        nodes = sorted(desk.selection.nodes)
        if len(nodes) == 1:
            self._fill_node(nodes[0])
        elif nodes:
            self._add_params(
                nodes, self._common_params(nodes), fill_several(self._studio, "inspector", nodes)
            )
        elif desk.selection.links:
            fill_link(self._studio, "inspector", sorted(desk.selection.links))
        else:
            self._sheet = DocumentSheet(self._studio, self._width)
            self._sheet.build("inspector")

    def _finish(self) -> None:
        """Take what is still being typed: the fields are about to go."""
        for each in (self._params, self._node, self._sheet):
            if each is not None:
                each.finish()
        self._params, self._node, self._sheet = None, None, None

    def _fill_node(self, node_id: str) -> None:
        self._node = NodeSheet(self._studio, node_id, self._value, self._remedies, narrow=self._narrow)
        self._node.build("inspector")
        spec = self._studio.library.get(self._studio.desk.document.graph.nodes[node_id].kind)
        if spec is not None:
            self._add_params([node_id], list(spec.params), self._node.params_place)
        self._node.refresh()

    def _add_params(self, nodes: list[str], params: list[Param], parent: Tag) -> None:
        if params:
            self._params = ParamFields(self._studio, nodes, params, self._pick_file, stacked=self._narrow)
            self._params.build(parent)

    def _common_params(self, nodes: list[str]) -> list[Param]:
        """Return the parameters that all selected nodes have alike."""
        graph = self._studio.desk.document.graph
        specs = [self._studio.library.get(graph.nodes[each].kind) for each in nodes]
        if any(spec is None for spec in specs):
            return []
        first, *rest = [spec.params for spec in specs if spec is not None]

        def alike(param: Param, other: Param) -> bool:
            return (param.name, param.type, param.range, param.choices) == (
                other.name,
                other.type,
                other.range,
                other.choices,
            )

        return [
            param
            for param in first
            if param.type != "per_track" and all(any(alike(param, other) for other in each) for each in rest)
        ]
