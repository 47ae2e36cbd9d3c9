"""Editing: the actions that change what is selected, for menus, keys and the list of commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from nodegraph.document import Document, Place
from nodegraph.editor.desk import edits, edits_canvas, edits_links, edits_parts
from nodegraph.editor.desk.actions import Action
from nodegraph.editor.desk.clipboard import Clip, copied, paste, read_clip
from nodegraph.editor.desk.desk import Selection
from nodegraph.editor.space.arrange import arrange, arranged
from nodegraph.editor.space.scene import Scene
from nodegraph.editor.space.snap import to_grid
from nodegraph.editor.space.view import Box
from nodegraph.editor.words import N_, _, ngettext
from nodegraph.editor.work.studio import Studio
from nodegraph.editor.work.walking import Walking
from nodegraph.errors import DocumentError
from nodegraph.graph import NodeId

__all__ = ["Clipboard", "Editing", "add_editing_actions"]

# From an original to its duplicate.
_ASIDE = (32.0, 32.0)
_FAR = 10


@dataclass(frozen=True)
class Clipboard:
    """The system's clipboard.

    Parameters
    ----------
    read : callable
        Returns its text.
    write : callable
        Takes a text.
    """

    read: Callable[[], str]
    write: Callable[[str], None]


def add_editing_actions(
    studio: Studio, clipboard: Clipboard, pointer: Callable[[], Place | None] = lambda: None
) -> Editing:
    """Register all editing actions that need no window of their own.

    Parameters
    ----------
    studio : Studio
        Takes them.
    clipboard : Clipboard
        Where to copy and from where to paste.
    pointer : callable
        Returns where on the canvas the pointer is, or None if it is elsewhere: there is pasted.
    """
    editing = Editing(studio, clipboard, pointer)
    walking = Walking(studio)
    studio.actions.add(*editing.actions(), *walking.actions())
    return editing


class Editing:
    """Changes what is selected. See `add_editing_actions`."""

    def __init__(self, studio: Studio, clipboard: Clipboard, pointer: Callable[[], Place | None]) -> None:
        self._studio, self._clipboard, self._pointer = studio, clipboard, pointer

    # --- what there is -----------------------------------------------------------------------

    @property
    def _scene(self) -> Scene:
        self._studio.scene.catch_up(self._studio.desk.document)
        return self._studio.scene

    @property
    def _selection(self) -> Selection:
        return self._studio.desk.selection

    def _settled(self) -> Document:
        """Return the document with a place for every node."""
        return edits_canvas.settled(self._studio.desk.document, self._scene.positions)

    def _boxes(self) -> dict[NodeId, Box]:
        """Return the boxes of the selected nodes."""
        scene = self._scene
        return {node_id: scene.box_of(node_id) for node_id in scene.ids if node_id in self._selection.nodes}

    def _edit(self, document: Document, label: str, selection: Selection | None = None) -> None:
        self._studio.desk.edit(document, label)
        if selection is not None:
            self._studio.desk.select(selection)

    # --- removing, duplicating, clipboard ----------------------------------------------------

    def delete(self) -> None:
        """Remove what is selected."""
        self._edit(edits.delete(self._studio.desk.document, self._selection), _("Delete"), Selection())

    def delete_heal(self) -> None:
        """Remove what is selected and carry on what went through it."""
        desk = self._studio.desk
        document = edits.delete_heal(desk.document, self._selection, desk.library)
        self._edit(document, _("Delete and reconnect"), Selection())

    def duplicate(self) -> None:
        """Put copies of what is selected beside it, and select them."""
        self._edit(
            *_labelled(
                edits_parts.duplicate(self._settled(), self._selection, _ASIDE, linked=False), _("Duplicate")
            )
        )

    def duplicate_linked(self) -> None:
        """Duplicate what is selected, fed by what feeds it."""
        made = edits_parts.duplicate(self._settled(), self._selection, _ASIDE, linked=True)
        self._edit(*_labelled(made, _("Duplicate with links")))

    def copy(self) -> None:
        """Put the text of what is selected into the clipboard."""
        self._clipboard.write(copied(self._settled(), self._selection))

    def cut(self) -> None:
        """Copy and delete."""
        self.copy()
        self._edit(edits.delete(self._studio.desk.document, self._selection), _("Cut"), Selection())

    def paste(self) -> None:
        """Put in what the clipboard holds."""
        self._paste(linked=False)

    def paste_linked(self) -> None:
        """Put in what the clipboard holds, fed by what fed it."""
        self._paste(linked=True)

    def _paste(self, *, linked: bool) -> None:
        desk = self._studio.desk
        try:
            clip = read_clip(self._clipboard.read(), desk.library)
        except DocumentError as error:
            desk.tell(str(error), "warning")
            return
        left, top, right, bottom = self._studio.view.box
        place = self._pointer() or ((left + right) / 2, (top + bottom) / 2)
        made = paste(self._settled(), self._laid(clip), to_grid(place), desk.library, linked=linked)
        self._edit(*_labelled(made, _("Paste")))

    def _laid(self, clip: Clip) -> Clip:
        """Return the clip with a place for every node."""
        scene = Scene(self._studio.library)
        scene.catch_up(clip.part)
        part = clip.part
        if not part.positions:
            part = replace(part, positions=arrange(part.graph, scene.shapes))
        return replace(clip, part=edits_canvas.settled(part, scene.positions))

    # --- selecting ---------------------------------------------------------------------------

    def select_all(self) -> None:
        """Select everything."""
        document = self._studio.desk.document
        self._studio.desk.select(
            Selection(
                nodes=frozenset(document.graph.nodes),
                frames=frozenset(range(len(document.frames))),
                notes=frozenset(range(len(document.notes))),
            )
        )

    def select_none(self) -> None:
        """Select nothing."""
        self._studio.desk.select(Selection())

    def select_upstream(self) -> None:
        """Add what feeds the selected nodes, however far away."""
        graph = self._studio.desk.document.graph
        self._studio.desk.select(Selection(frozenset(graph.ancestors(self._selection.nodes))))

    def select_downstream(self) -> None:
        """Add what the selected nodes feed, however far away."""
        graph = self._studio.desk.document.graph
        found = frozenset[NodeId]().union(
            *(edits_links.descendants(graph, node_id) for node_id in self._selection.nodes)
        )
        self._studio.desk.select(Selection(found))

    # --- nodes -------------------------------------------------------------------------------

    def bypass(self) -> None:
        """Bypass the selected nodes, or end it."""
        nodes = self._selection.nodes
        label = ngettext("Bypass a node", "Bypass nodes", len(nodes))
        self._edit(edits.toggle_bypass(self._studio.desk.document, nodes), label)

    def collapse(self) -> None:
        """Collapse the selected nodes, or unfold them."""
        nodes = self._selection.nodes
        label = ngettext("Collapse a node", "Collapse nodes", len(nodes))
        self._edit(edits.toggle_collapse(self._studio.desk.document, nodes), label)

    def frame(self) -> None:
        """Put a frame around the selected nodes, frames and notes."""
        document, selection = self._settled(), self._selection
        both = [document.frames[index] for index in selection.frames]
        notes = [document.notes[index] for index in selection.notes]
        boxes = list(self._boxes().values())
        boxes += [(each.x, each.y, each.x + each.width, each.y + each.height) for each in both]
        boxes += [(each.x, each.y, each.x + each.width, each.y + each.height) for each in notes]
        framed = edits_canvas.add_frame(document, edits_canvas.frame_around(boxes, _("Frame")))
        selected = Selection(frames=frozenset({len(framed.frames) - 1}))
        self._edit(framed, _("Add a frame"), selected)

    def comment(self) -> None:
        """Put an empty comment where the pointer is, or in the middle of what is seen."""
        left, top, right, bottom = self._studio.view.box
        place = self._pointer() or ((left + right) / 2, (top + bottom) / 2)
        document = edits_canvas.add_note(self._settled(), to_grid(place), _("Comment"))
        self._edit(document, _("Add a comment"), Selection(notes=frozenset({len(document.notes) - 1})))

    def pull_out(self) -> None:
        """Take the selected nodes out of their links, which are healed."""
        desk = self._studio.desk
        self._edit(edits_links.pull_out(desk.document, self._selection.nodes, desk.library), _("Pull out"))

    def unlink(self) -> None:
        """Remove the selected links, or else all links of the selected nodes."""
        graph, selection = self._studio.desk.document.graph, self._selection
        links = selection.links or frozenset(
            link for link in graph.links if selection.nodes & {link.source, link.target}
        )
        label = ngettext("Remove a link", "Remove links", len(links))
        self._edit(edits_links.unlink(self._studio.desk.document, links), label)

    def link_chain(self) -> None:
        """Link each selected node to the next, from the left to the right."""
        desk, boxes = self._studio.desk, self._boxes()
        ordered = sorted(boxes, key=lambda node_id: (boxes[node_id][0], boxes[node_id][1]))
        document = edits_links.connect_in_order(desk.document, ordered, desk.library)
        if document is desk.document:
            desk.tell(_("No output of these nodes fits a free input of the next."))
        self._edit(document, _("Link nodes in order"))

    # --- places ------------------------------------------------------------------------------

    def arrange(self) -> None:
        """Arrange the selected nodes, or all if there are not several."""
        scene, chosen = self._scene, self._selection.nodes
        document = arranged(
            scene.document, scene.shapes, scene.positions, chosen if len(chosen) > 1 else None
        )
        self._edit(document, _("Arrange"))

    def nudge(self, dx: int, dy: int) -> None:
        """Move what is selected by steps of the grid; steps of one kind after each other are one."""
        document = self._settled()
        scene = self._scene
        boxes = {node_id: scene.box_of(node_id) for node_id in scene.ids}
        moving = edits_canvas.carried_by(document, self._selection, boxes)
        grid = edits_canvas.GRID
        moved = edits_canvas.move(document, moving, dx * grid, dy * grid)
        self._studio.desk.edit(moved, _("Nudge"), merge=("nudge", moving))

    def align(self, how: edits_canvas.Alignment) -> None:
        """Align the selected nodes."""
        places = edits_canvas.aligned(self._boxes(), how)
        self._edit(edits_canvas.place_nodes(self._settled(), places), _("Align"))

    def distribute_across(self) -> None:
        """Make the gaps between the selected nodes equal, from left to right."""
        places = edits_canvas.distributed(self._boxes(), "across")
        self._edit(edits_canvas.place_nodes(self._settled(), places), _("Distribute"))

    def distribute_down(self) -> None:
        """Make the gaps between the selected nodes equal, from top to bottom."""
        places = edits_canvas.distributed(self._boxes(), "down")
        self._edit(edits_canvas.place_nodes(self._settled(), places), _("Distribute"))

    # --- actions -----------------------------------------------------------------------------

    def actions(self) -> tuple[Action, ...]:
        """Return all that can be done here."""
        return (*self._edit_actions(), *self._node_actions(), *self._place_actions(), *self._nudges())

    def _anything(self) -> bool:
        return bool(self._selection)

    def _bodies(self) -> bool:
        """Return whether something is selected that has a place."""
        selection = self._selection
        return bool(selection.nodes or selection.frames or selection.notes)

    def _nodes(self) -> bool:
        return bool(self._selection.nodes)

    def _several(self) -> bool:
        return len(self._selection.nodes) > 1

    def _more_than_two(self) -> bool:
        return len(self._selection.nodes) > 2

    def _edit_actions(self) -> tuple[Action, ...]:
        desk = self._studio.desk
        bodies, nodes, anything = self._bodies, self._nodes, self._anything
        return (
            Action(
                "edit.undo",
                N_("Undo"),
                desk.undo,
                lambda: desk.history.undo_label is not None,
                icon="undo-2",
                repeats=True,
            ),
            Action(
                "edit.redo",
                N_("Redo"),
                desk.redo,
                lambda: desk.history.redo_label is not None,
                icon="redo-2",
                repeats=True,
            ),
            Action("edit.cut", N_("Cut"), self.cut, bodies, icon="scissors", group=1),
            Action("edit.copy", N_("Copy"), self.copy, bodies, icon="copy", group=1),
            Action("edit.paste", N_("Paste"), self.paste, icon="clipboard", group=1),
            Action("edit.paste_linked", N_("Paste with links"), self.paste_linked, group=1),
            Action("edit.duplicate", N_("Duplicate"), self.duplicate, bodies, group=2),
            Action(
                "edit.duplicate_linked", N_("Duplicate with links"), self.duplicate_linked, nodes, group=2
            ),
            Action("edit.delete", N_("Delete"), self.delete, anything, icon="trash-2", group=3),
            Action("edit.delete_heal", N_("Delete and reconnect"), self.delete_heal, nodes, group=3),
            Action("edit.select_all", N_("Select all"), self.select_all, group=4),
            Action("edit.select_none", N_("Select nothing"), self.select_none, anything, group=4),
            Action("edit.select_upstream", N_("Select what feeds it"), self.select_upstream, nodes, group=4),
            Action(
                "edit.select_downstream", N_("Select what it feeds"), self.select_downstream, nodes, group=4
            ),
        )

    def _node_actions(self) -> tuple[Action, ...]:
        nodes = self._nodes
        return (
            Action("node.bypass", N_("Bypass"), self.bypass, nodes, self._all_bypassed, group=2),
            Action("node.collapse", N_("Collapse"), self.collapse, nodes, self._all_collapsed, group=2),
            Action("node.frame", N_("Frame around the selection"), self.frame, self._bodies, group=3),
            Action("node.comment", N_("Add a comment"), self.comment, group=3),
            Action("node.link_chain", N_("Link in order"), self.link_chain, self._several, group=4),
            Action("node.unlink", N_("Remove links"), self.unlink, self._anything, group=4),
            Action("node.pull_out", N_("Pull out of its links"), self.pull_out, nodes, group=4),
        )

    def _all_bypassed(self) -> bool:
        nodes = self._studio.desk.document.graph.nodes
        return self._nodes() and all(nodes[node_id].bypassed for node_id in self._selection.nodes)

    def _all_collapsed(self) -> bool:
        return self._nodes() and self._selection.nodes <= self._studio.desk.document.collapsed

    def _place_actions(self) -> tuple[Action, ...]:
        more = self._more_than_two
        ways: tuple[tuple[edits_canvas.Alignment, str], ...] = (
            ("left", N_("Align left")),
            ("centre", N_("Align centres")),
            ("right", N_("Align right")),
            ("top", N_("Align tops")),
            ("middle", N_("Align middles")),
            ("bottom", N_("Align bottoms")),
        )
        return (
            Action("view.arrange", N_("Arrange"), self.arrange, self._anything_there, group=2),
            *(self._align_action(how, title) for how, title in ways),
            Action("node.distribute_across", N_("Distribute across"), self.distribute_across, more, group=6),
            Action("node.distribute_down", N_("Distribute down"), self.distribute_down, more, group=6),
        )

    def _align_action(self, how: edits_canvas.Alignment, title: str) -> Action:
        return Action(f"node.align_{how}", title, lambda: self.align(how), self._several, group=6)

    def _anything_there(self) -> bool:
        return bool(self._studio.desk.document.graph.nodes)

    def _nudges(self) -> tuple[Action, ...]:
        ways = (
            ("left", N_("Nudge left"), N_("Nudge far left"), -1, 0),
            ("right", N_("Nudge right"), N_("Nudge far right"), 1, 0),
            ("up", N_("Nudge up"), N_("Nudge far up"), 0, -1),
            ("down", N_("Nudge down"), N_("Nudge far down"), 0, 1),
        )
        return tuple(
            action
            for way, near, far, dx, dy in ways
            for action in (
                self._nudge_action(way, near, dx, dy),
                self._nudge_action(f"{way}_far", far, dx * _FAR, dy * _FAR),
            )
        )

    def _nudge_action(self, way: str, title: str, dx: int, dy: int) -> Action:
        name = f"node.nudge_{way}"
        return Action(name, title, lambda: self.nudge(dx, dy), self._bodies, group=7, listed=False)


def _labelled(made: tuple[Document, Selection], label: str) -> tuple[Document, str, Selection]:
    document, selection = made
    return document, label, selection
