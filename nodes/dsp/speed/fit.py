"""How well a recording's partials are explained by modulations that all of them share.

The pitch of a partial is that of its note, plus what all do together, plus what the player does.
Notes are unknown and drop out: each track's weighted mean is taken off. Points count by their
errors, tracks by how much they go their own way, and what is far off counts little (Student's t).

Axis letters: T STFT frames.

References
----------
K. L. Lange, R. J. A. Little, J. M. G. Taylor, Robust statistical modeling using the t distribution,
J. Am. Stat. Assoc. 84(408), 1989: the weights.
N. R. Lomb, Least-squares frequency analysis of unequally spaced data, Astrophys. Space Sci. 39,
1976: the power of a line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nodes.dsp.speed.partials import Partials, window_response

__all__ = ["Fit", "Grid", "design_of", "prominence_of"]

# Error of a point besides the disagreement of its bands (cents).
_POINT_CENTS = 1.0
# Degrees of freedom of the t distribution that errors are taken to have: 4 lets far points count little.
_FREEDOM = 4.0
# A single point adds no more than this to the estimate of how much its track goes its own way (cents).
_FAR_CENTS = 50.0
# What a spectrum is around a line is looked up over this share of its rate, and this much at least.
_AROUND = 0.5
_AROUND_HZ = 0.6
# So many neighbours share it.
_SHARING = 4
# Columns of the design that are worked on in one go, between two looks at the cancel button.
_COLUMNS = 64

_Values = npt.NDArray[np.float64]
_Counts = npt.NDArray[np.int64]
_Check = Callable[[], None]


class Fit:
    """The points, what they count for, and what is left of them."""

    def __init__(self, partials: Partials, taken_off: _Values) -> None:
        self.partials = partials
        self.cents = partials.cents - taken_off[partials.frame]
        self.starts = np.flatnonzero(np.diff(partials.track, prepend=-1))
        self.counts = np.diff(self.starts, append=partials.track.size)
        self.variance = _POINT_CENTS**2 + partials.spread_cents**2
        self.weights = 1.0 / self.variance
        self.left = self.cents

    def reweight(self, model: _Values | None, *, keep: bool = False) -> None:
        """Take off a model, shape (frames,), and weigh the points anew by what is left of them."""
        left = self.cents if model is None else self.cents - model[self.partials.frame]
        self.left = self._without_notes(left)
        if keep:
            return
        squares = self.left * self.left
        own = np.add.reduceat(np.minimum(squares, _FAR_CENTS**2), self.starts) / np.maximum(
            self.counts - 1, 1
        )
        variance = self.variance + np.repeat(own, self.counts)
        self.weights = (_FREEDOM + 1.0) / (_FREEDOM + squares / variance) / variance
        self.left = self._without_notes(left)

    def _without_notes(self, left: _Values) -> _Values:
        sums = np.add.reduceat(self.weights, self.starts)
        means = np.add.reduceat(self.weights * left, self.starts) / sums
        return np.asarray(left - np.repeat(means, self.counts))

    def by_frame(self, values: _Values) -> _Values:
        """Return the sums of values of points over each frame, shape (frames,)."""
        return np.asarray(np.bincount(self.partials.frame, values, self.partials.frames), np.float64)

    def by_track(self, design: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the design's weighted sum over each track, over the root of the track's weight."""
        from scipy.sparse import csr_array

        ends = np.append(self.starts, self.partials.track.size)
        shape = (self.starts.size, self.partials.frames)
        sums = csr_array((self.weights.astype(design.real.dtype), self.partials.frame, ends), shape) @ design
        return np.asarray(sums / np.sqrt(np.add.reduceat(self.weights, self.starts))[:, np.newaxis])


def design_of(partials: Partials, rates_hz: Sequence[float]) -> _Values:
    """Return cosine and sine of each rate as seen through the window, shape (frames, 2 · rates)."""
    rates = np.asarray(rates_hz, np.float64)
    turns = 2.0 * np.pi * np.outer(np.arange(partials.frames) * partials.hop_s, rates)
    both = (
        np.stack([np.cos(turns), np.sin(turns)], axis=2)
        * window_response(rates, partials.window_s)[:, np.newaxis]
    )
    return both.reshape(partials.frames, -1)


class Grid:
    """Rates at even distances, and how much the points know of a line at each.

    What is known hardly changes while lines are taken off, but for a factor common to all rates: it
    is worked out once.
    """

    def __init__(self, fit: Fit, lowest_hz: float, highest_hz: float, step_hz: float, check: _Check) -> None:
        from scipy.fft import next_fast_len

        hop_s, frames = fit.partials.hop_s, fit.partials.frames
        self.size = next_fast_len(max(frames, math.ceil(1.0 / (step_hz * hop_s))))
        self.bins = np.arange(
            math.ceil(lowest_hz * self.size * hop_s), 1 + int(highest_hz * self.size * hop_s)
        )
        self.rates = self.bins / (self.size * hop_s)
        # cos² and sin² are half the weight and half the wave of the double rate.
        weight = fit.by_frame(fit.weights)
        double = self._spectrum(weight, 2 * self.bins)
        known = 0.5 * np.stack([weight.sum() + double.real, weight.sum() - double.real, double.imag])
        turns = 2j * np.pi / self.size * np.arange(frames)[:, np.newaxis]
        steps = np.exp(turns * np.arange(min(_COLUMNS, self.bins.size))).astype(np.complex64)
        for begin in range(0, self.bins.size, _COLUMNS):
            check()
            part = slice(begin, min(begin + _COLUMNS, self.bins.size))
            first = np.exp(turns * self.bins[begin]).astype(np.complex64)
            tracks = fit.by_track(first * steps[:, : part.stop - begin])
            # The points' information less what goes into the unknown notes.
            known[0, part] -= (tracks.real**2).sum(axis=0)
            known[1, part] -= (tracks.imag**2).sum(axis=0)
            known[2, part] -= (tracks.real * tracks.imag).sum(axis=0)
        self.known = known

    def power(self, fit: Fit) -> _Values:
        """Return how much of what is left each rate would explain, alone."""
        score = self._spectrum(fit.by_frame(fit.weights * fit.left), self.bins)
        c, s = score.real, score.imag
        cc, ss, cs = self.known
        return np.asarray((ss * c * c - 2.0 * cs * c * s + cc * s * s) / np.maximum(cc * ss - cs * cs, 1e-30))

    def _spectrum(self, values: _Values, bins: _Counts) -> npt.NDArray[np.complex128]:
        from scipy.fft import fft

        return np.asarray(fft(values, self.size)[bins % self.size].conj())


def prominence_of(power: _Values, rates: _Values, length_s: float) -> _Values:
    """Return each rate's power over the median of what is around it, but not of its own peak."""
    step = rates[1] - rates[0]
    group = np.arange(rates.size) // _SHARING
    centres = np.minimum(_SHARING * np.arange(group[-1] + 1) + _SHARING // 2, rates.size - 1)
    nearest = 1 + _SHARING // 2 + int(1.0 / (length_s * step))
    furthest = np.maximum(_AROUND * rates[centres], _AROUND_HZ) / step
    # Widths in steps of a quarter of an octave, so that rates of one width are done together.
    furthest = np.round(2.0 ** (np.round(4.0 * np.log2(furthest)) / 4.0)).astype(np.int64)
    around = np.full(centres.size, np.inf)
    for width in np.unique(furthest):
        distances = np.arange(nearest, min(int(width), rates.size - 1) + 1)
        if not distances.size:
            continue
        alike = furthest == width
        centre = centres[alike, np.newaxis]
        # Beyond the ends the other side counts twice.
        before, after = centre - distances, centre + distances
        before, after = np.where(before < 0, after, before), np.where(after >= rates.size, before, after)
        both = np.clip(np.concatenate([before, after], axis=1), 0, rates.size - 1)
        around[alike] = np.median(power[both], axis=1)
    return np.asarray(power / np.maximum(around[group], 1e-30))
