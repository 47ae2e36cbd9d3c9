"""View: which part of the canvas is seen, and how large."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nodegraph.document import Place

__all__ = ["LEAST_ZOOM", "MOST_ZOOM", "Box", "View", "between"]

LEAST_ZOOM, MOST_ZOOM = 0.05, 4.0

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class View:
    """Which part of the canvas is seen.

    Parameters
    ----------
    x, y : float
        What lies at the top left corner, in canvas units.
    zoom : float
        Pixels per canvas unit.
    width, height : float
        Of the canvas on the screen, in pixels.
    """

    x: float = -80.0
    y: float = -80.0
    zoom: float = 1.0
    width: float = 800.0
    height: float = 600.0

    @property
    def box(self) -> Box:
        """What is seen, in canvas units."""
        return self.x, self.y, self.x + self.width / self.zoom, self.y + self.height / self.zoom

    @property
    def middle(self) -> Place:
        """What lies in the middle of what is seen."""
        return self.to_canvas(self.width / 2, self.height / 2)

    def to_canvas(self, px: float, py: float) -> Place:
        """Return what lies at a pixel, counted from the canvas' top left corner."""
        return self.x + px / self.zoom, self.y + py / self.zoom

    def to_pixels(self, x: float, y: float) -> Place:
        """Return where a place is seen, in pixels from the canvas' top left corner."""
        return (x - self.x) * self.zoom, (y - self.y) * self.zoom

    def zoomed(self, factor: float, px: float, py: float) -> View:
        """Return the view `factor` times larger, with what lies at a pixel staying there."""
        zoom = min(MOST_ZOOM, max(LEAST_ZOOM, self.zoom * factor))
        x, y = self.to_canvas(px, py)
        return replace(self, zoom=zoom, x=x - px / zoom, y=y - py / zoom)

    def panned(self, dx: float, dy: float) -> View:
        """Return the view after the canvas was pulled by that many pixels."""
        return replace(self, x=self.x - dx / self.zoom, y=self.y - dy / self.zoom)

    def resized(self, width: float, height: float) -> View:
        """Return the view in a pane of another size; the top left corner stays."""
        return replace(self, width=max(1.0, width), height=max(1.0, height))

    def showing(self, box: Box, margin: float = 40.0) -> View:
        """Return the view pulled as little as needed for a box to be in it, with a margin in pixels."""
        room = margin / self.zoom
        left, top, right, bottom = self.box
        dx = min(box[0] - room - left, 0.0) or max(box[2] + room - right, 0.0)
        dy = min(box[1] - room - top, 0.0) or max(box[3] + room - bottom, 0.0)
        return replace(self, x=self.x + dx, y=self.y + dy)

    def fitted(self, box: Box, margin: float = 40.0, most: float = 1.25) -> View:
        """Return the view in which a box fills the canvas, with a margin in pixels.

        Parameters
        ----------
        box : Box
            What is to be seen.
        margin : float
            Around it, in pixels.
        most : float
            Zoom beyond which nothing is enlarged.
        """
        left, top, right, bottom = box
        wide, high = max(right - left, 1.0), max(bottom - top, 1.0)
        room = max(self.width - 2 * margin, 50.0), max(self.height - 2 * margin, 50.0)
        zoom = min(most, MOST_ZOOM, max(LEAST_ZOOM, min(room[0] / wide, room[1] / high)))
        x = (left + right) / 2 - self.width / zoom / 2
        y = (top + bottom) / 2 - self.height / zoom / 2
        return replace(self, x=x, y=y, zoom=zoom)


def between(begin: View, end: View, share: float) -> View:
    """Return a view on the way from one to another: `share` of the way, 0 to 1.

    The zoom grows by equal factors, and what is in the middle moves with it, as if one flew there.
    """
    zoom = begin.zoom * (end.zoom / begin.zoom) ** share
    # Near the larger zoom a step on the screen is a smaller step on the canvas.
    moved = share if begin.zoom == end.zoom else (1 / zoom - 1 / begin.zoom) / (1 / end.zoom - 1 / begin.zoom)
    (x0, y0), (x1, y1) = (view.to_canvas(view.width / 2, view.height / 2) for view in (begin, end))
    x, y = x0 + (x1 - x0) * moved, y0 + (y1 - y0) * moved
    return replace(end, x=x - end.width / zoom / 2, y=y - end.height / zoom / 2, zoom=zoom)
