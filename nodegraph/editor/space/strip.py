"""Strip: what the mouse does on a picture whose width is time. Asks for nothing and draws nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nodegraph.editor.space.timeline import Span

__all__ = ["Passage", "Seek", "Strip"]

_GRAB = 5.0
"""How near to an edge of the region one must be to pull it, in pixels."""
_SLACK = 4.0
"""How far the mouse may move in a click, in pixels."""

Edge = Literal["begin", "end"]


@dataclass(frozen=True)
class Seek:
    """Play from here."""

    at_s: float


@dataclass(frozen=True)
class Passage:
    """Choose this passage; None for none."""

    region: tuple[float, float] | None


class Strip:
    """The gestures on a picture whose width is time: click, select, pull an edge.

    Places are pixels from its left side. It is told the span and the region each time, as both may
    change while the mouse is down.
    """

    def __init__(self) -> None:
        self._pressed: float | None = None
        self._fixed_s: float | None = None
        self._moved = False

    @property
    def busy(self) -> bool:
        """Whether the mouse is down on it."""
        return self._pressed is not None

    def edge(self, x: float, span: Span, width: float, region: tuple[float, float] | None) -> Edge | None:
        """Return the edge of the region that can be pulled at a place, or None."""
        if region is None:
            return None
        begin, end = (abs(span.x(each, width) - x) for each in region)
        if min(begin, end) > _GRAB:
            return None
        return "begin" if begin < end else "end"

    def press(self, x: float, span: Span, width: float, region: tuple[float, float] | None) -> None:
        """Begin a gesture."""
        self._pressed, self._moved = x, False
        edge = self.edge(x, span, width, region)
        if edge is None or region is None:
            self._fixed_s = span.clamped(span.at(x, width))
        else:
            self._moved = True
            self._fixed_s = region[1] if edge == "begin" else region[0]

    def move(self, x: float, span: Span, width: float) -> Passage | None:
        """Go on with it; return the passage that is selected so far."""
        if self._pressed is None or self._fixed_s is None:
            return None
        self._moved = self._moved or abs(x - self._pressed) > _SLACK
        if not self._moved:
            return None
        other = span.clamped(span.at(min(max(x, 0.0), width), width))
        begin, end = sorted((self._fixed_s, other))
        return Passage((begin, end)) if end - begin > 1 / span.sample_rate else None

    def release(self, x: float, span: Span, width: float) -> Seek | Passage | None:
        """End it; return what it asks for."""
        asked: Seek | Passage | None = self.move(x, span, width)
        if self._pressed is not None and not self._moved:
            asked = Seek(span.clamped(span.at(self._pressed, width)))
        self._pressed = self._fixed_s = None
        return asked

    def double_click(self) -> Passage:
        """Select nothing any more."""
        self._pressed = self._fixed_s = None
        return Passage(None)
