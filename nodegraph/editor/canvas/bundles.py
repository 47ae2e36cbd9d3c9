"""Bundles: items of a layer, hidden together where none of them is in sight.

DearPyGui looks at every item of a group that is shown, also at those that are hidden; at a thousand
nodes that alone costs a millisecond per frame. It does not look into a hidden group.
"""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from nodegraph.editor.canvas.pen import Pen

__all__ = ["Bundles", "Member"]

_MOST = 24


class _Bundle:
    def __init__(self, layer: Pen) -> None:
        self.pen = layer.group(shown=False)
        self.members = self.shown = 0

    def count(self, by: int) -> None:
        """Take in that members were shown or hidden."""
        before, self.shown = self.shown, self.shown + by
        if (before > 0) != (self.shown > 0):
            dpg.configure_item(self.pen.parent, show=self.shown > 0)


class Member:
    """A place for one node or link in a bundle; hidden at first."""

    def __init__(self, bundle: _Bundle) -> None:
        self._bundle = bundle
        bundle.members += 1
        self.pen = bundle.pen.group(shown=False)
        self.shown = False

    def show(self, shown: bool) -> None:
        """Show or hide what was drawn."""
        if shown != self.shown:
            self.shown = shown
            dpg.configure_item(self.pen.parent, show=shown)
            self._bundle.count(1 if shown else -1)

    def remove(self) -> None:
        """Remove what was drawn."""
        self.show(shown=False)
        dpg.delete_item(self.pen.parent)
        self._bundle.members -= 1


class Bundles:
    """The items of a layer. Those that came later lie above.

    Parameters
    ----------
    layer : Pen
        Where they are drawn.
    """

    def __init__(self, layer: Pen) -> None:
        self._layer = layer
        self._last: _Bundle | None = None

    def join(self) -> Member:
        """Return a place for another item, above all others."""
        if self._last is None or self._last.members >= _MOST:
            self._last = _Bundle(self._layer)
        return Member(self._last)
