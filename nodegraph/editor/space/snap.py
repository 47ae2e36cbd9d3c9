"""Snap: what is dragged lines up with what is near, else with the grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodegraph.document import Place
from nodegraph.editor.desk.edits_canvas import GRID
from nodegraph.editor.space.view import Box

__all__ = ["NEAR", "Snap", "snap", "to_grid"]

NEAR = 6.0
"""From how far something lines up (pixels)."""

# Ends, and middles: the lines of a box along one axis, as columns of (begin, end).
_LINES = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])


@dataclass(frozen=True)
class Snap:
    """How far something moves to line up.

    Parameters
    ----------
    dx, dy : float
        In canvas units.
    guides : tuple of Box
        Lines along which it lines up then; at most one across and one down.
    """

    dx: float = 0.0
    dy: float = 0.0
    guides: tuple[Box, ...] = ()


def to_grid(place: Place) -> Place:
    """Return the nearest place on the grid."""
    return round(place[0] / GRID) * GRID, round(place[1] / GRID) * GRID


def snap(box: Box, others: npt.NDArray[np.float64], near: float = NEAR) -> Snap:
    """Return how a box lines up.

    Parameters
    ----------
    box : Box
        Of what is dragged, where the pointer has it.
    others : ndarray, shape (boxes, 4)
        What it may line up with.
    near : float
        From how far, in canvas units.

    Returns
    -------
    Snap
        Along each axis to the nearest edge or middle within reach, else to the grid.
    """
    dx, at_x = _nearest(box[0], box[2], others[:, [0, 2]], near)
    dy, at_y = _nearest(box[1], box[3], others[:, [1, 3]], near)
    moved = (box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy)
    guides: list[Box] = []
    if at_x is not None:
        begin, end = _reach(moved[1], moved[3], others[_on(others[:, [0, 2]], at_x)][:, [1, 3]])
        guides.append((at_x, begin, at_x, end))
    if at_y is not None:
        begin, end = _reach(moved[0], moved[2], others[_on(others[:, [1, 3]], at_y)][:, [0, 2]])
        guides.append((begin, at_y, end, at_y))
    return Snap(dx, dy, tuple(guides))


def _nearest(
    begin: float, end: float, others: npt.NDArray[np.float64], near: float
) -> tuple[float, float | None]:
    """Return how far to move along one axis, and on which line that is; None for the grid."""
    if len(others):
        own = _LINES @ (begin, end)
        lines = (others @ _LINES.T).ravel()
        gaps = lines[None, :] - own[:, None]
        flat = int(np.abs(gaps).argmin())
        gap = float(gaps.flat[flat])
        if abs(gap) <= near:
            return gap, float(lines[flat % len(lines)])
    return round(begin / GRID) * GRID - begin, None


def _on(others: npt.NDArray[np.float64], line: float) -> npt.NDArray[np.bool_]:
    """Return which boxes have a line there."""
    on: npt.NDArray[np.bool_] = (np.abs(others @ _LINES.T - line) < 1e-6).any(axis=1)
    return on


def _reach(begin: float, end: float, others: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return how long a guide is: over all that lines up."""
    return min(begin, float(others[:, 0].min())), max(end, float(others[:, 1].max()))
