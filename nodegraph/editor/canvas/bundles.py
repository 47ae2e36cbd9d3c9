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

    def leave(self, *, last: bool) -> None:
        """Take in that a member went; an empty bundle goes too, unless others may still join it."""
        self.members -= 1
        if not self.members and not last:
            dpg.delete_item(self.pen.parent)

    def count(self, by: int) -> None:
        """Take in that members were shown or hidden."""
        before, self.shown = self.shown, self.shown + by
        if (before > 0) != (self.shown > 0):
            dpg.configure_item(self.pen.parent, show=self.shown > 0)


class Member:
    """A place for one node or link in a bundle; hidden at first."""

    def __init__(self, bundles: Bundles, bundle: _Bundle) -> None:
        self._bundles, self._bundle = bundles, bundle
        bundle.members += 1
        self.pen = bundle.pen.group(shown=False)
        self.shown = False

    def show(self, shown: bool) -> None:
        """Show or hide what was drawn."""
        if shown != self.shown:
            self.shown = shown
            dpg.configure_item(self.pen.parent, show=shown)
            self._bundle.count(1 if shown else -1)

    def lift(self) -> None:
        """Put what was drawn above all others."""
        shown, before, self._bundle = self.shown, self._bundle, self._bundles.topmost()
        self._bundle.members += 1
        dpg.move_item(self.pen.parent, parent=self._bundle.pen.parent)
        if shown:
            before.count(-1)
            self._bundle.count(1)
        before.leave(last=before is self._bundle)

    def remove(self) -> None:
        """Remove what was drawn."""
        self.show(shown=False)
        dpg.delete_item(self.pen.parent)
        self._bundle.leave(last=self._bundle is self._bundles.last)


class Bundles:
    """The items of a layer. Those that came later lie above.

    Parameters
    ----------
    layer : Pen
        Where they are drawn.
    """

    def __init__(self, layer: Pen) -> None:
        self._layer = layer
        self.last: _Bundle | None = None

    def topmost(self) -> _Bundle:
        """Return the bundle in which the topmost item is to be drawn."""
        if self.last is None or self.last.members >= _MOST:
            self.last = _Bundle(self._layer)
        return self.last

    def join(self) -> Member:
        """Return a place for another item, above all others."""
        return Member(self, self.topmost())
