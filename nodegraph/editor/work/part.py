"""Part: what every part of the window is to the window."""

from __future__ import annotations

from typing import Protocol

from nodegraph.editor.space.panes import Pane

__all__ = ["Part", "Tag"]

Tag = int | str
"""How DearPyGui names an item."""


class Part(Protocol):
    """A part of the window. It watches the desk by itself."""

    def build(self, parent: Tag) -> None:
        """Make its items, once, and again after the language, the theme or the scale has changed."""

    def place(self, pane: Pane) -> None:
        """Take its place in the window."""

    def update(self) -> None:
        """Bring what is shown up to date: called once per frame."""
