"""Course: the curve that a link takes, through the points of its route."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nodegraph.document import Place

__all__ = ["Bezier", "course", "distance", "sampled"]

Bezier = tuple[Place, Place, Place, Place]
"""A cubic Bézier curve: begin, two controls, end."""

_SAMPLES = 24
_LEAST_REACH = 30.0


def course(begin: Place, end: Place, via: Sequence[Place] = ()) -> tuple[Bezier, ...]:
    """Return the curves of a link: one for each part between its ends and the points of its route."""
    points = [begin, *via, end]
    return tuple(_part(a, b) for a, b in pairwise(points))


def _part(a: Place, b: Place) -> Bezier:
    # A link that goes back swings out further, so that one sees it come from the right side.
    reach = max(_LEAST_REACH, abs(b[0] - a[0]) * 0.5)
    return a, (a[0] + reach, a[1]), (b[0] - reach, b[1]), b


def sampled(curves: Sequence[Bezier]) -> npt.NDArray[np.float64]:
    """Return points along the curves.

    Returns
    -------
    ndarray, shape (points, 2)
        From the begin to the end.
    """
    t = np.linspace(0.0, 1.0, _SAMPLES)[:, None]
    s = 1.0 - t
    parts = []
    for curve in curves:
        a, b, c, d = np.asarray(curve, dtype=np.float64)
        parts.append(s**3 * a + 3 * s * s * t * b + 3 * s * t * t * c + t**3 * d)
    return np.concatenate(parts)


def distance(points: npt.NDArray[np.float64], place: Place) -> tuple[float, float]:
    """Return how far a place is from a polyline, and where on it (0 to 1) the nearest point lies.

    Parameters
    ----------
    points : ndarray, shape (points, 2)
        As `sampled` gives them.
    place : (x, y)
        The place.
    """
    a, b = points[:-1], points[1:]
    along = b - a
    length = np.maximum((along**2).sum(axis=1), 1e-12)
    t = np.clip(((np.asarray(place) - a) * along).sum(axis=1) / length, 0.0, 1.0)
    gaps = np.hypot(*(a + t[:, None] * along - place).T)
    nearest = int(gaps.argmin())
    return float(gaps[nearest]), (nearest + float(t[nearest])) / len(a)
