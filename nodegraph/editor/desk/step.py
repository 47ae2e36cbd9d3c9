"""Step: one gesture, one step of the history, however many pictures it takes."""

from __future__ import annotations

from nodegraph.document import Document
from nodegraph.editor.desk.desk import Desk

__all__ = ["Step"]


class Step:
    """One step of the history while it is being made.

    Parameters
    ----------
    desk : Desk
        Where it is made.
    label : str
        What is being done, as shown in the menu.

    Attributes
    ----------
    base : Document
        The document before.
    """

    def __init__(self, desk: Desk, label: str) -> None:
        self._desk, self._label, self._key = desk, label, object()
        desk.history.close_step()
        self.base = desk.document

    def show(self, document: Document, label: str | None = None) -> None:
        """Put the document on the desk as it would be if the gesture ended now."""
        self._desk.edit(document, label or self._label, self._key)

    def keep(self) -> None:
        """End the step; one that changed nothing leaves no trace."""
        if self._desk.document == self.base:
            self.drop()
        else:
            self._desk.history.close_step()

    def drop(self) -> None:
        """End the step as if it had never been."""
        self._desk.abandon(self._key)
