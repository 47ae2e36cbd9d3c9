"""Walking: from node to node and from port to port by keys, so that links are made without a mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from nodegraph.document import Place
from nodegraph.editor.desk.actions import Action
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.desk.edits_links import PortEnd, first_link, legal_ends, link, unlink, without_links
from nodegraph.editor.desk.outline_text import node_name
from nodegraph.editor.desk.states import PortRef
from nodegraph.editor.space.scene import Scene
from nodegraph.editor.words import N_, _
from nodegraph.editor.words.names import port_name
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import Link, NodeId

__all__ = ["Walking"]

Way = Literal["left", "right", "up", "down"]

# What lies aside counts so much more than what lies ahead.
_ASIDE = 2.0


class Walking:
    """Goes from node to node, and links by keys.

    Parameters
    ----------
    studio : Studio
        Where it goes.

    Attributes
    ----------
    mark : PortRef or None
        The output from which `link_to` links; where none is marked, the one that is listened to.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.mark: PortRef | None = None

    def actions(self) -> tuple[Action, ...]:
        """Return all that can be done here."""
        ways: tuple[tuple[Way, str], ...] = (
            ("left", N_("Go to what feeds it")),
            ("right", N_("Go to what it feeds")),
            ("up", N_("Go up")),
            ("down", N_("Go down")),
        )
        return (
            *(self._go_action(way, title) for way, title in ways),
            Action("node.link_from", N_("Link from here"), self.link_from, self._one, group=4),
            Action("node.link_to", N_("Link to here"), self.link_to, self._one, group=4),
        )

    def _go_action(self, way: Way, title: str) -> Action:
        go: Callable[[], None] = lambda: self.go(way)  # noqa: E731 - one of four
        return Action(f"edit.go_{way}", title, go, group=8, listed=False)

    def _one(self) -> bool:
        return self._selected() is not None

    def _selected(self) -> NodeId | None:
        """Return the node that is selected alone, or None."""
        nodes = self._studio.desk.selection.nodes
        return next(iter(nodes)) if len(nodes) == 1 else None

    @property
    def _scene(self) -> Scene:
        self._studio.scene.catch_up(self._studio.desk.document)
        return self._studio.scene

    # --- from node to node -------------------------------------------------------------------

    def go(self, way: Way) -> None:
        """Select the next node: along a link to the left and right, else the nearest that way."""
        scene = self._scene
        if not scene.ids:
            return
        here = self._selected() or next(iter(sorted(self._studio.desk.selection.nodes)), None)
        if here is None:
            left, top, right, bottom = self._studio.view.box
            there: NodeId | None = _nearest(scene, ((left + right) / 2, (top + bottom) / 2), None)
        else:
            there = self._along(here, way) or _nearest(scene, _middle(scene, here), way)
        if there is not None:
            self._studio.desk.select(Selection(frozenset({there})))
            self._studio.view = self._studio.view.showing(scene.box_of(there))

    def _along(self, here: NodeId, way: Way) -> NodeId | None:
        scene = self._scene
        graph = scene.document.graph
        if way == "left":
            links = sorted(
                graph.incoming(here), key=lambda each: scene.port_place(here, "input", each.target_port)[1]
            )
            return links[0].source if links else None
        if way == "right":
            found = {each.target for each in graph.outgoing(here)}
            return min(found, key=lambda node_id: (scene.positions[node_id][1], node_id), default=None)
        return None

    # --- links -------------------------------------------------------------------------------

    def link_from(self) -> None:
        """Mark an output of the selected node; again, the next one."""
        node_id, desk = self._selected(), self._studio.desk
        spec = desk.library.get(desk.document.graph.nodes[node_id].kind) if node_id else None
        if node_id is None or spec is None:
            return
        names = [port.name for port in spec.outputs]
        name = node_name(desk.document, node_id)
        if not names:
            desk.tell(_("{name} has no output.").format(name=name))
            return
        at = -1
        if self.mark is not None and self.mark.node_id == node_id and self.mark.port in names:
            at = names.index(self.mark.port)
        self.mark = PortRef(node_id, names[(at + 1) % len(names)])
        text = _("A link will begin at {name}, {port}. Select the node that it goes to.")
        desk.tell(text.format(name=name, port=port_name(self.mark.port)))

    def link_to(self) -> None:
        """Link the marked output to the selected node; again, to its next input that fits."""
        node_id, desk = self._selected(), self._studio.desk
        graph = desk.document.graph
        source = self.mark if self.mark and self.mark.node_id in graph.nodes else desk.monitor
        if node_id is None:
            return
        if source is None or source.node_id not in graph.nodes:
            desk.tell(_("Mark an output first: select its node and choose “Link from here”."))
            return
        before = next(
            (each for each in graph.outgoing(source.node_id) if _is_between(each, source, node_id)), None
        )
        new = self._next_link(source, node_id, before)
        if new is None:
            name = node_name(desk.document, node_id)
            desk.tell(_("No further input of {name} takes this link.").format(name=name), "warning")
            return
        document = unlink(desk.document, [before]) if before is not None else desk.document
        desk.edit(link(document, new, desk.library), _("Link"))

    def _next_link(self, source: PortRef, node_id: NodeId, before: Link | None) -> Link | None:
        """Return the first link that can be, or the one after that which is there."""
        desk = self._studio.desk
        end: PortEnd = (source.node_id, "output", source.port)
        if before is None:
            return first_link(desk.document.graph, end, node_id, desk.library)
        legal = legal_ends(without_links(desk.document.graph, [before]), end, desk.library)
        shape = self._scene.shapes[node_id]
        names = [port.name for port in shape.ports if (node_id, port.side, port.name) in legal]
        if before.target_port not in names or len(names) < 2:
            return None
        name = names[(names.index(before.target_port) + 1) % len(names)]
        return Link(source.node_id, source.port, node_id, name)


def _is_between(each: Link, source: PortRef, target: NodeId) -> bool:
    return each.source_port == source.port and each.target == target


def _middle(scene: Scene, node_id: NodeId) -> Place:
    left, top, right, bottom = scene.box_of(node_id)
    return (left + right) / 2, (top + bottom) / 2


def _nearest(scene: Scene, place: Place, way: Way | None) -> NodeId | None:
    """Return the nearest node in a direction; with None the nearest of all."""

    def cost(node_id: NodeId) -> float | None:
        x, y = _middle(scene, node_id)
        dx, dy = x - place[0], y - place[1]
        match way:
            case None:
                return abs(dx) + abs(dy)
            case "left" | "right":
                ahead, aside = (dx if way == "right" else -dx), abs(dy)
            case _:
                ahead, aside = (dy if way == "down" else -dy), abs(dx)
        return ahead + _ASIDE * aside if ahead > 1.0 else None

    costs = {node_id: found for node_id in scene.ids if (found := cost(node_id)) is not None}
    return min(costs, key=lambda node_id: (costs[node_id], node_id), default=None)
