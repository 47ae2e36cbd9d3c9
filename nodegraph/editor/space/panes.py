"""Panes: how the window is divided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["GAP", "PANES", "Pane", "card_beside", "divide"]

GAP = 6.0
"""Between panes, in pixels at 100 %: where they can be pulled."""

PANES: Mapping[str, float] = {"left": 232.0, "right": 316.0, "bottom": 292.0}
"""Widths, and the height of the lowest, at first; in pixels at 100 %."""

_TOOLBAR, _STATUS = 44.0, 28.0
_LEAST = {"left": 150.0, "right": 220.0, "bottom": 140.0}
_LEAST_CANVAS = 200.0
# How much is lost where a card covers the pane that it is about, the graph, or anything else.
_ABOUT, _GRAPH, _OTHER = 50.0, 3.0, 1.0
# Of the height for the lower pane, and of the width for those at the sides.
_MOST_PULLED: Mapping[str, float] = {"left": 1 / 3, "right": 1 / 3, "bottom": 0.7}
_MOST_AT_FIRST: Mapping[str, float] = {"left": 0.26, "right": 0.3, "bottom": 0.42}


@dataclass(frozen=True)
class Pane:
    """A part of the window, in pixels from its top left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def whole(self) -> Pane:
        """The same in whole pixels, as items are placed."""
        return Pane(int(self.x), int(self.y), int(self.width), int(self.height))

    def contains(self, px: float, py: float) -> bool:
        """Return whether a pixel lies in it."""
        return self.x <= px < self.x + self.width and self.y <= py < self.y + self.height

    def shared(self, other: Pane) -> float:
        """Return the area that two have in common."""
        wide = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        high = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(wide, 0.0) * max(high, 0.0)


def divide(
    width: float, height: float, top: float, sizes: Mapping[str, float], scale: float
) -> dict[str, Pane]:
    """Return where each part of the window lies.

    Parameters
    ----------
    width, height : float
        Of the window's inside, in pixels.
    top : float
        Where the menu bar ends, in pixels.
    sizes : mapping
        Of panes, as in PANES; 0 for one that is closed.
    scale : float
        Pixels on the screen per pixel at 100 %.

    Returns
    -------
    dict of str to Pane
        "toolbar", "left", "canvas", "right", "bottom", "status"; closed ones are missing.
    """
    gap = round(GAP * scale)
    toolbar = Pane(0, top, width, round(_TOOLBAR * scale))
    status = Pane(0, height - round(_STATUS * scale), width, round(_STATUS * scale))
    upper, lower = toolbar.y + toolbar.height, status.y
    # What nobody has pulled yet leaves most of a small window to the graph.
    left, right, bottom = (
        _size(name, sizes, scale, room * (_MOST_PULLED if name in sizes else _MOST_AT_FIRST)[name])
        for name, room in (("left", width), ("right", width), ("bottom", lower - upper))
    )
    canvas_bottom = lower - (bottom + gap if bottom else 0)
    x0 = gap + (left + gap if left else 0)
    x1 = width - gap - (right + gap if right else 0)
    panes = {
        "toolbar": toolbar,
        "canvas": Pane(x0, upper, max(x1 - x0, _LEAST_CANVAS), canvas_bottom - upper),
        "status": status,
    }
    if left:
        panes["left"] = Pane(gap, upper, left, canvas_bottom - upper)
    if right:
        panes["right"] = Pane(x1 + gap, upper, right, canvas_bottom - upper)
    if bottom:
        panes["bottom"] = Pane(gap, canvas_bottom + gap, width - 2 * gap, bottom)
    return panes


def _size(name: str, sizes: Mapping[str, float], scale: float, most: float) -> float:
    size = sizes.get(name, PANES[name])
    if size <= 0:
        return 0.0
    return float(round(min(max(size, _LEAST[name]) * scale, max(most, _LEAST[name] * scale * 0.6))))


def card_beside(name: str, panes: Mapping[str, Pane], width: float, height: float, gap: float) -> Pane:
    """Return where a card stands that is about a pane: what it is about is seen, and the graph if it can be.

    Parameters
    ----------
    name : str
        The pane that it is about; one that is closed stands for "canvas".
    panes : mapping of str to Pane
        As `divide` returns them: the card stays within them.
    width, height : float
        Of the card.
    gap : float
        Between the card and what it is about, and the edges of the window.
    """
    name = name if name in panes else "canvas"
    about = panes[name]
    right = max(pane.x + pane.width for pane in panes.values()) - gap - width
    lowest = max(pane.y + pane.height for pane in panes.values()) - gap - height
    highest = min(pane.y for pane in panes.values()) + gap

    def loss(card: Pane) -> float:
        weights = {name: _ABOUT, "canvas": _ABOUT if name == "canvas" else _GRAPH}
        return sum(weights.get(each, _OTHER) * card.shared(pane) for each, pane in panes.items())

    across = about.x, about.x + (about.width - width) / 2, about.x + about.width - width
    along = about.y + gap, about.y + (about.height - height) / 2, about.y + about.height - height - gap
    beside = [(x, y) for x in (about.x + about.width + gap, about.x - gap - width) for y in along]
    above = [(x, y) for y in (about.y + about.height + gap, about.y - gap - height) for x in across]
    inside = [(x, y) for y in reversed(along) for x in reversed(across)]
    cards = [
        Pane(max(min(x, right), gap), max(min(y, lowest), highest), width, height)
        for x, y in (*beside, *above, *inside)
    ]
    return min(cards, key=loss)
