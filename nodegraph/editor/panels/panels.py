"""Panels: puts palette, outline, inspector, search and the sheets together, and registers what they do."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from nodegraph.document import Place
from nodegraph.editor.canvas.sights import Sights
from nodegraph.editor.desk.actions import Action
from nodegraph.editor.desk.edits import set_param
from nodegraph.editor.panels.additions import AdditionsSheet
from nodegraph.editor.panels.asks import CanvasAsks
from nodegraph.editor.panels.cheat_sheet import CheatSheet
from nodegraph.editor.panels.help_page import HelpPage
from nodegraph.editor.panels.inspect_node import Remedies
from nodegraph.editor.panels.inspector import Inspector
from nodegraph.editor.panels.left import LeftPane
from nodegraph.editor.panels.outline import Outline
from nodegraph.editor.panels.palette import Palette
from nodegraph.editor.panels.preferences import Preferences
from nodegraph.editor.panels.search import Search
from nodegraph.editor.space.shape import HEAD, WIDTH
from nodegraph.editor.words import N_, _
from nodegraph.editor.words.names import param_name
from nodegraph.editor.work.additions import Additions
from nodegraph.editor.work.asking import FileType, Picking
from nodegraph.editor.work.part import Part
from nodegraph.editor.work.studio import Studio
from nodegraph.graph import NodeId
from nodegraph.param import Param

__all__ = ["Panels"]

_SOUNDS = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff")


class Panels:
    """What stands beside the canvas and over it.

    Parameters
    ----------
    studio : Studio
        What the parts share.
    sights : Sights
        Moves the view to a node that was found.

    Attributes
    ----------
    parts : dict of str to Part
        For the panes "left" and "right".
    asks : CanvasAsks
        Answers the canvas' gestures.
    additions : AdditionsSheet
        What can be added to this computer.
    """

    def __init__(self, studio: Studio, sights: Sights) -> None:
        self._studio = studio
        self.search = Search(studio, sights.go_to)
        self.asks = CanvasAsks(studio, self.search, studio.to_screen, self.pick_file)
        self.help, self.keys, self.preferences = HelpPage(studio), CheatSheet(studio), Preferences(studio)
        sheets = (self.help.sheet, self.keys.sheet, self.preferences.sheet)
        self._left = LeftPane(
            studio, Palette(studio, self._add), Outline(studio, sights.go_to, self._edit), sheets
        )
        self.additions = AdditionsSheet(studio, Additions(studio))
        remedies = Remedies(self.additions.ask, self.asks.swap_with)
        self.inspector = Inspector(studio, self.pick_file, studio.runner.value, remedies)
        self.parts: dict[str, Part] = {"left": self._left, "right": self.inspector}
        self._register()

    # --- places ------------------------------------------------------------------------------

    def pointed(self) -> Place | None:
        """Return the place of the canvas under the pointer, or None if it is elsewhere."""
        x, y = dpg.get_mouse_pos(local=False)
        return self._studio.seen_at((x, y))

    def _pointer(self) -> Place:
        """Return the place of the canvas under the pointer, or the middle of what is seen."""
        return self.pointed() or self._studio.view.middle

    # --- what they do ------------------------------------------------------------------------

    def _add(self, kind: str, at: tuple[float, float] | None) -> None:
        """Add a node where it was dropped on the screen, or in the middle of what is seen."""
        self.search.remember(kind)
        x, y = self._studio.view.middle if at is None else self._studio.to_canvas(at)
        self.asks.add(kind, self._free((x - WIDTH / 2, y - HEAD / 2)))

    def _free(self, place: Place) -> Place:
        """Return a place at which no other node begins: several that are added at once are all seen."""
        x, y = place
        taken = set(self._studio.desk.document.positions.values())
        while (x, y) in taken:
            x, y = x + HEAD, y + HEAD
        return x, y

    def pick_file(self, node_id: NodeId, param: Param) -> None:
        """Let the user pick a file for a parameter."""
        desk, library = self._studio.desk, self._studio.library

        def take(path: object) -> None:
            if path is not None:
                document = set_param(desk.document, node_id, param.name, str(path), library)
                desk.edit(document, _("Change {name}").format(name=param_name(param.name)))

        saving = param.type == "output_file"
        picking = Picking(
            "save" if saving else "open",
            _("Where to write") if saving else _("Choose a file"),
            _("Choose"),
            types=(FileType(_("Sound files"), _SOUNDS), FileType(_("All files"))),
        )
        self._studio.dialogs.pick(picking, take)

    def _selected(self) -> NodeId | None:
        nodes = self._studio.desk.selection.nodes
        return next(iter(nodes)) if len(nodes) == 1 else None

    def _edit(self) -> None:
        if (node_id := self._selected()) is not None:
            self.asks.params(node_id)

    def _help(self) -> None:
        if (node_id := self._selected()) is not None:
            self.help.open(self._studio.desk.document.graph.nodes[node_id].kind)

    def _swap(self) -> None:
        if (node_id := self._selected()) is not None:
            self.asks.swap(node_id)

    def _rename(self) -> None:
        if (node_id := self._selected()) is not None:
            self.asks.rename(node_id)

    def _toggle_pane(self, name: str) -> None:
        panes = dict(self._studio.settings.panes)
        if panes.get(name) == 0:
            del panes[name]
        else:
            panes[name] = 0.0
        self._studio.prefer(panes=panes)

    def _is_shown(self, name: str) -> bool:
        return self._studio.settings.panes.get(name) != 0

    def _register(self) -> None:
        def one() -> bool:
            return self._selected() is not None

        self._studio.actions.add(
            Action(
                "node.add",
                N_("Add a node…"),
                lambda: self.asks.search(self._pointer(), None),
                icon="plus",
            ),
            Action("node.swap", N_("Swap with another node…"), self._swap, one, group=1),
            Action("node.rename", N_("Rename…"), self._rename, one, group=1),
            Action("node.edit", N_("Edit a parameter…"), self._edit, one, group=1),
            Action("node.help", N_("Help for this node"), self._help, one, group=9),
            Action("edit.find", N_("Find a node…"), self.search.nodes, icon="search", group=5),
            Action("edit.preferences", N_("Preferences…"), self.preferences.open, icon="settings", group=9),
            Action("edit.additions", N_("Extras and models…"), self.additions.open, icon="package", group=9),
            Action("view.commands", N_("Search for a command…"), self.search.commands, icon="command"),
            Action("view.palette", N_("Nodes to add"), lambda: self._left.show("palette"), group=8),
            Action("view.outline", N_("Outline"), lambda: self._left.show("outline"), group=8),
            Action(
                "view.left",
                N_("Left pane"),
                lambda: self._toggle_pane("left"),
                checked=lambda: self._is_shown("left"),
                group=8,
            ),
            Action(
                "view.inspector",
                N_("Inspector"),
                lambda: self._toggle_pane("right"),
                checked=lambda: self._is_shown("right"),
                group=8,
            ),
            Action("help.keys", N_("Keys"), self.keys.open, icon="keyboard"),
        )
