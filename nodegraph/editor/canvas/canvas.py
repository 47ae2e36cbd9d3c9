"""Canvas: the part of the window in which the graph is drawn and edited."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from nodegraph.editor.space.panes import Pane
from nodegraph.editor.work.part import Tag
from nodegraph.editor.work.studio import Studio

__all__ = ["Canvas"]


class Canvas:
    """The part of the window in which the graph is drawn and edited.

    Parameters
    ----------
    studio : Studio
        What it shares with the other parts.
    """

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self._watch = studio.desk.watch()

    def build(self, parent: Tag) -> None:
        """See Part."""
        dpg.add_text("Canvas", parent=parent)

    def place(self, pane: Pane) -> None:
        """See Part."""
        self.studio.view = self.studio.view.resized(pane.width, pane.height)

    def update(self) -> None:
        """See Part."""
        self._watch.take()
