"""Gains that change slowly: smoothed without delay, and never faster than told.

A gain curve has a value in dB every so many seconds and is a straight line between them. All here
looks to both sides alike, so that a gain is where its reason is and not behind it.

Axis letters: P points of the curve, T frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["GainCurve", "slew_limited", "smoothed"]

# A Gaussian is cut off at this many standard deviations.
_REACH_SIGMAS = 4.0

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GainCurve:
    """A gain over time.

    Parameters
    ----------
    gains_db : ndarray, shape (points,)
        float64, one or more.
    begin_s : float
        The time of the first point. Before it and after the last the gain stays.
    step_s : float
        From point to point.
    """

    gains_db: _Values
    begin_s: float
    step_s: float

    def at(self, times_s: _Values) -> _Values:
        """Return the gain (dB) at each time; the same for the same time, whatever else is asked."""
        points = self.begin_s + self.step_s * np.arange(self.gains_db.size)
        return np.asarray(np.interp(times_s, points, self.gains_db), np.float64)

    def factors(self, begin: int, end: int, sample_rate: int) -> _Values:
        """Return the factor for each of the frames begin … end."""
        return np.asarray(10.0 ** (self.at(np.arange(begin, end) / sample_rate) / 20.0), np.float64)


def smoothed(values: _Values, sigma: float, weights: _Values | None = None) -> _Values:
    """Return the average about each point, weighted by a Gaussian of `sigma` points.

    Parameters
    ----------
    values : ndarray, shape (points,)
        The curve.
    sigma : float
        Standard deviation in points; more is smoother.
    weights : ndarray, shape (points,), optional
        How much each point counts. Where none near counts, the nearest that do give the value; where
        none counts at all it is 0.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    counts = np.ones(values.size) if weights is None else weights
    if not values.size or not counts.any():
        return np.zeros(values.size)
    reach = max(1, round(min(_REACH_SIGMAS * sigma, values.size - 1.0)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-9)) ** 2)
    size = next_fast_len(values.size + 2 * reach, real=True)
    spectrum = rfft(kernel, size)
    top, bottom = (
        irfft(rfft(row, size) * spectrum, size)[reach : reach + values.size]
        for row in (values * counts, counts)
    )
    known = bottom > 1e-9 * kernel.sum()
    points = np.arange(values.size)
    return np.asarray(np.interp(points, points[known], top[known] / bottom[known]), np.float64)


def slew_limited(values: _Values, step: float, *, side: Literal["below", "above", "between"]) -> _Values:
    """Return a curve that changes by at most `step` from point to point, near the given one.

    Parameters
    ----------
    values : ndarray, shape (points,)
        The curve.
    step : float
        The most that it may change.
    side : {"below", "above", "between"}
        The highest such curve that never exceeds the given one, the lowest that never falls short of
        it, or the mean of both.
    """
    if not values.size:
        return values.copy()
    if side == "between":
        return 0.5 * (slew_limited(values, step, side="below") + slew_limited(values, step, side="above"))
    if side == "above":
        return -slew_limited(-values, step, side="below")
    # From each point a cone opens upwards; the lowest of them all is the curve.
    slope = step * np.arange(values.size)
    from_left = np.minimum.accumulate(values - slope) + slope
    from_right = np.minimum.accumulate((values + slope)[::-1])[::-1] - slope
    return np.asarray(np.minimum(values, np.minimum(from_left, from_right)), np.float64)
