"""Dropping: what becomes of files that are dropped on the window."""

from __future__ import annotations

from pathlib import Path

import dearpygui.dearpygui as dpg

from nodegraph.document import Place
from nodegraph.editor.desk.files import add_loads, sort_dropped
from nodegraph.editor.panels.file_drop import FileDrop
from nodegraph.editor.panels.filing import Filing
from nodegraph.editor.panels.start_page import StartPage
from nodegraph.editor.space.panes import Pane
from nodegraph.editor.words import N_, _
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Dropping"]


class Dropping:
    """A Part without a pane: takes dropped files.

    Parameters
    ----------
    studio : Studio
        Its desk gets load nodes for sounds.
    filing : Filing
        Opens graphs.
    start_page : StartPage
        Asks what a recording is, while it is shown.
    """

    def __init__(self, studio: Studio, filing: Filing, start_page: StartPage) -> None:
        self._studio, self._filing, self._start_page = studio, filing, start_page
        self._drop = FileDrop(lambda paths: studio.inbox.post(lambda: self.take(paths)))
        self._attached = False

    def build(self, parent: Tag) -> None:
        """See Part."""

    def place(self, pane: Pane) -> None:
        """See Part."""

    def update(self) -> None:
        """See Part."""
        if not self._attached:
            # The window of the operating system is there only once it is shown.
            self._attached = True
            self._drop.attach()

    def take(self, paths: tuple[Path, ...]) -> None:
        """Load sounds where they were dropped, or open a graph as a new document."""
        if self._studio.dialogs.showing:
            return
        dropped, desk = sort_dropped(paths), self._studio.desk
        for path in dropped.others:
            desk.tell(_("“{name}” is neither a sound nor a graph.").format(name=path.name), "warning")
        if dropped.documents:
            if len(dropped.documents) > 1:
                desk.tell(_("Only one graph can be open: the first of those that were dropped."))
            self._filing.open_path(dropped.documents[0], untitled=True)
        elif self._studio.start_page_shown and dropped.sounds:
            self._start_page.choose_for(dropped.sounds[0])
        elif dropped.sounds:
            document, _added = add_loads(desk.document, dropped.sounds, self._where(), self._studio.library)
            desk.edit(document, N_("Add recordings"))

    def _where(self) -> Place:
        """Return the place of the canvas below the pointer, or the middle of what is seen."""
        x, y = dpg.get_mouse_pos(local=False)
        return self._studio.seen_at((x, y)) or self._studio.view.middle
