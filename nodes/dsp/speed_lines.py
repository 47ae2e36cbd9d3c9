"""Steady modulations of the speed, found as what all partials of a recording do together.

The pitch of a partial is that of its note, plus the speed's deviation, plus what the player does:

    cents[track, frame] = note[track] + deviation[frame] + own[track, frame]

Notes are unknown and drop out. Whatever turns (a disc that is off centre, a capstan, an idler)
modulates the deviation with lines in its spectrum. Lines are taken one at a time, the clearest
first, in a robust fit: tracks that go their own way, as a voice with vibrato does among other
instruments, count for little, however loud they are. A line is believed only if

- it stands out of the spectrum around it, and
- it is there again and again: the error of its amplitude and phase is taken from how much the
  stretches of time disagree, not from how many points there are.

References
----------
S. J. Godsill and P. J. W. Rayner, The restoration of pitch variation defects in gramophone
recordings, IEEE WASPAA 1993: the common movement of all tracks as the estimate of the speed.
P. J. Huber, The behavior of maximum likelihood estimates under nonstandard conditions, Proc. 5th
Berkeley Symp. 1967: errors from the scatter of the scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nodes.dsp.partials import Partials, window_response

__all__ = ["Evidence", "Line", "Search", "deviation_cents", "find_lines", "fit_lines"]

# Error of a point besides the disagreement of its bands (cents).
_POINT_CENTS = 1.0
# Degrees of freedom of the t distribution that errors are taken to have: 4 lets far points count little.
_FREEDOM = 4.0
# A single point adds no more than this to the estimate of how much its track goes its own way (cents).
_FAR_CENTS = 50.0
_ROUNDS = 5
# Candidate rates are this share of 1/length apart.
_GRID = 0.4
# What a spectrum is around a line is looked up over this share of its rate, and this much at least.
_AROUND = 0.5
_AROUND_HZ = 0.6
# Stretches of time that are asked independently (s); for slow lines half a turn, and sixteen at least.
_STRETCH_S = 1.0
# … of which there must be so many.
_LEAST_STRETCHES = 3.5
# Candidates that are looked at beyond the lines that were found.
_MISSES = 4
# Columns of the design that are worked on in one go, between two looks at the cancel button.
_COLUMNS = 64

_Values = npt.NDArray[np.float64]
_Check = Callable[[], None]


@dataclass(frozen=True)
class Evidence:
    """What a line must have to be believed.

    Parameters
    ----------
    prominence : float
        How far its power stands above the median around it.
    sureness : float
        Its power over the variance of its estimate.
    least_cents, most_cents : float
        Effective amplitude: below, nothing is heard of it; above, it is music.
    """

    prominence: float
    sureness: float
    least_cents: float
    most_cents: float


@dataclass(frozen=True)
class Search:
    """Where lines are looked for.

    Parameters
    ----------
    lowest_hz, highest_hz : float
        The range of rates.
    turns_hz : tuple of float
        Rates of which it is known that machines turn at them, looked at first.
    known, free : callable
        Evidence asked for at a rate in Hz: of a known turn, of any other line.
    most : int
        How many lines at most.
    """

    lowest_hz: float
    highest_hz: float
    turns_hz: tuple[float, ...]
    known: Callable[[float], Evidence]
    free: Callable[[float], Evidence]
    most: int = 8


# A disc may turn this much off its nominal speed.
TURN_TOLERANCE = 0.012


@dataclass(frozen=True)
class Line:
    """A modulation of the pitch: cosine · cos(2π hz t) + sine · sin(2π hz t), in cents.

    `sureness` is as in Evidence. `played` tells that musicians make it: it is no fault of the speed.
    """

    hz: float
    cosine: float
    sine: float
    sureness: float
    played: bool = False

    @property
    def cents(self) -> float:
        """Effective amplitude."""
        return float(np.hypot(self.cosine, self.sine) / np.sqrt(2.0))


def deviation_cents(lines: Sequence[Line], times_s: _Values) -> _Values:
    """Return the sum of lines at times since the beginning of their stretch."""
    total = np.zeros(times_s.shape)
    for line in lines:
        turn = 2.0 * np.pi * line.hz * times_s
        total += line.cosine * np.cos(turn) + line.sine * np.sin(turn)
    return total


def find_lines(
    partials: Partials, search: Search, *, known: Sequence[Line] = (), check: _Check
) -> list[Line]:
    """Find the modulations that all partials share.

    Parameters
    ----------
    partials : Partials
        Of one stretch of sound, half a minute or so.
    search : Search
        Where to look.
    known : sequence of Line
        Modulations that were found before and are taken off first.
    check : callable
        Called many times a second; may raise to stop.

    Returns
    -------
    list of Line
        Also those that are played.
    """
    length_s = partials.frames * partials.hop_s
    lowest = max(search.lowest_hz, 3.0 / max(length_s, 1e-9))
    rates = np.arange(lowest, search.highest_hz, _GRID / max(length_s, 1e-9))
    if not partials.tracks or rates.size < 8:
        return []
    times_s: _Values = np.arange(partials.frames, dtype=np.float64) * partials.hop_s
    fit = _Fit(partials, deviation_cents(known, times_s))
    for _ in range(3):
        fit.reweight(None)
    grid = _design(partials, rates)
    found: list[Line] = []
    tried = np.zeros(rates.size, bool)
    power, prominence = _spectrum(fit, grid, rates, length_s, check)
    for _ in range(search.most + _MISSES):
        check()
        best = _candidate(rates, np.where(tried, 0.0, prominence), search)
        if best is None or len(found) == search.most:
            break
        index, wanted = best
        hz = _between(power, rates, index)
        tried |= np.abs(rates - hz) < 0.8 / length_s
        trial, weights = _refit(fit, [*(line.hz for line in found), hz], check)
        last = trial[-1]
        if last.sureness >= wanted.sureness and last.cents >= wanted.least_cents:
            # What is played stays in the fit, lest other lines stand in for it.
            played = [*(line.played for line in found), last.cents > wanted.most_cents]
            found = [replace(line, played=own) for line, own in zip(trial, played, strict=True)]
            power, prominence = _spectrum(fit, grid, rates, length_s, check)
        else:
            fit.weights = weights
            fit.use(found)
    return found


def fit_lines(partials: Partials, rates_hz: Sequence[float], *, check: _Check) -> list[Line]:
    """Fit lines of known rates, whether they are there or not: their `sureness` tells.

    The first rate may be off by `TURN_TOLERANCE`; the others are its multiples and move with it.
    """
    length_s = partials.frames * partials.hop_s
    if not partials.tracks or length_s * rates_hz[0] < 2.0:
        return []
    fit = _Fit(partials, np.zeros(partials.frames))
    for _ in range(3):
        fit.reweight(None)
    _refit(fit, rates_hz, check)
    # The weights are now those of the fit: look around the nominal rate with them.
    fit.use(())
    near = np.arange(-TURN_TOLERANCE, TURN_TOLERANCE + 1e-9, TURN_TOLERANCE / 6.0)
    power = _power(fit, _design(partials, rates_hz[0] * (1.0 + near)), check)
    factor = 1.0 + near[int(np.argmax(power))] if length_s * rates_hz[0] > 8.0 else 1.0
    return _refit(fit, [hz * factor for hz in rates_hz], check)[0]


class _Fit:
    """The points, what they count for, and what is left of them."""

    def __init__(self, partials: Partials, taken_off: _Values) -> None:
        self.partials = partials
        self.cents = partials.cents - taken_off[partials.frame]
        self.starts = np.flatnonzero(np.diff(partials.track, prepend=-1))
        self.counts = np.diff(self.starts, append=partials.track.size)
        self.variance = _POINT_CENTS**2 + partials.spread_cents**2
        self.weights = 1.0 / self.variance
        self.left = self.cents

    def use(self, lines: Sequence[Line]) -> None:
        """Leave of the points what lines do not explain; the lines are as seen through the window."""
        design = _design(self.partials, [line.hz for line in lines])
        amplitudes = np.array([[line.cosine, line.sine] for line in lines]).reshape(-1)
        self.reweight(design @ amplitudes if lines else None, keep=True)

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
        return np.asarray(np.bincount(self.partials.frame, values, self.partials.frames), np.float64)

    def by_track(self, design: _Values) -> _Values:
        """Return the design's weighted sum over each track, over the root of the track's weight."""
        from scipy.sparse import csr_array

        ends = np.append(self.starts, self.partials.track.size)
        shape = (self.starts.size, self.partials.frames)
        sums = csr_array((self.weights, self.partials.frame, ends), shape=shape) @ design
        return np.asarray(sums / np.sqrt(np.add.reduceat(self.weights, self.starts))[:, np.newaxis])


def _design(partials: Partials, rates_hz: Sequence[float] | _Values) -> _Values:
    """Return cosine and sine of each rate as seen through the window, shape (frames, 2 · rates)."""
    rates = np.asarray(rates_hz, np.float64)
    turns = 2.0 * np.pi * np.outer(np.arange(partials.frames) * partials.hop_s, rates)
    both = (
        np.stack([np.cos(turns), np.sin(turns)], axis=2)
        * window_response(rates, partials.window_s)[:, np.newaxis]
    )
    return both.reshape(partials.frames, -1)


def _power(fit: _Fit, grid: _Values, check: _Check) -> _Values:
    """Return how much of what is left each rate of a grid would explain, alone."""
    weight = fit.by_frame(fit.weights)
    score = fit.by_frame(fit.weights * fit.left)
    found = []
    for begin in range(0, grid.shape[1], _COLUMNS):
        check()
        part = grid[:, begin : begin + _COLUMNS]
        cosine, sine = part[:, 0::2], part[:, 1::2]
        tracks = fit.by_track(part)
        # The points' information less what goes into the unknown notes.
        cc = weight @ (cosine * cosine) - (tracks[:, 0::2] ** 2).sum(axis=0)
        ss = weight @ (sine * sine) - (tracks[:, 1::2] ** 2).sum(axis=0)
        cs = weight @ (cosine * sine) - (tracks[:, 0::2] * tracks[:, 1::2]).sum(axis=0)
        c, s = score @ cosine, score @ sine
        found.append((ss * c * c - 2.0 * cs * c * s + cc * s * s) / np.maximum(cc * ss - cs * cs, 1e-30))
    return np.concatenate(found)


def _spectrum(
    fit: _Fit, grid: _Values, rates: _Values, length_s: float, check: _Check
) -> tuple[_Values, _Values]:
    power = _power(fit, grid, check)
    around = np.empty_like(power)
    for index, hz in enumerate(rates):
        distance = np.abs(rates - hz)
        near = (distance <= max(_AROUND * hz, _AROUND_HZ)) & (distance > 1.0 / length_s)
        around[index] = np.median(power[near]) if near.any() else np.inf
    return power, power / np.maximum(around, 1e-30)


def _candidate(rates: _Values, prominence: _Values, search: Search) -> tuple[int, Evidence] | None:
    """Return the most prominent rate that is worth a look, those of known turns first."""
    # A line is a peak: what only rises towards the end of the range is not one.
    is_peak = np.zeros(rates.size, bool)
    is_peak[1:-1] = (prominence[1:-1] > prominence[:-2]) & (prominence[1:-1] >= prominence[2:])
    prominence = np.where(is_peak, prominence, 0.0)
    for hz in search.turns_hz:
        near = np.flatnonzero(np.abs(rates - hz) <= TURN_TOLERANCE * hz + 0.5 * (rates[1] - rates[0]))
        if near.size:
            index = int(near[np.argmax(prominence[near])])
            if prominence[index] >= search.known(hz).prominence:
                return index, search.known(hz)
    score = [p / search.free(float(hz)).prominence for hz, p in zip(rates, prominence, strict=True)]
    index = int(np.argmax(score))
    return (index, search.free(float(rates[index]))) if score[index] >= 1.0 else None


def _between(power: _Values, rates: _Values, index: int) -> float:
    """Return the rate of a peak between the points of the grid, by a parabola."""
    if not 0 < index < power.size - 1:
        return float(rates[index])
    before, here, after = power[index - 1 : index + 2]
    bend = before - 2.0 * here + after
    offset = 0.5 * (before - after) / bend if bend < 0.0 else 0.0
    return float(rates[index] + np.clip(offset, -0.5, 0.5) * (rates[1] - rates[0]))


def _refit(fit: _Fit, rates_hz: Sequence[float], check: _Check) -> tuple[list[Line], _Values]:
    """Fit lines together, robustly; return them and the weights as they were before."""
    weights = fit.weights
    fit.reweight(None, keep=True)
    design = _design(fit.partials, rates_hz)
    amplitudes: _Values = np.zeros(design.shape[1])
    inverse: _Values = np.eye(design.shape[1])
    for _ in range(_ROUNDS):
        check()
        tracks = fit.by_track(design)
        normal = design.T @ (design * fit.by_frame(fit.weights)[:, np.newaxis]) - tracks.T @ tracks
        inverse = np.asarray(np.linalg.pinv(normal, hermitian=True), np.float64)
        amplitudes = amplitudes + inverse @ (design.T @ fit.by_frame(fit.weights * fit.left))
        fit.reweight(design @ amplitudes)
    lines = []
    for number, hz in enumerate(rates_hz):
        own = slice(2 * number, 2 * number + 2)
        cosine, sine = map(float, amplitudes[own])
        sureness = _sureness(fit, design @ inverse[:, own], Line(float(hz), cosine, sine, 0.0))
        lines.append(Line(float(hz), cosine, sine, sureness))
    return lines, weights


def _sureness(fit: _Fit, influence: _Values, line: Line) -> float:
    """Return a line's power over its variance, from the scatter between stretches of time (Huber 1967).

    `influence`, shape (frames, 2), is how much each frame moves the line's two amplitudes.
    """
    shortest = min(_STRETCH_S, fit.partials.frames * fit.partials.hop_s / 16.0)
    stretch = max(1, round(max(shortest, 0.5 / line.hz) / fit.partials.hop_s))
    starts = np.arange(0, fit.partials.frames, stretch)
    scores = np.add.reduceat(influence * fit.by_frame(fit.weights * fit.left)[:, np.newaxis], starts, axis=0)
    weight = np.add.reduceat(fit.by_frame(fit.weights), starts)
    # How many stretches there are in effect; with few, their scatter says little.
    effective = weight.sum() ** 2 / max(float((weight * weight).sum()), 1e-30)
    if effective < _LEAST_STRETCHES:
        return 0.0
    variance = scores.T @ scores * effective / (effective - 2.0)
    amplitude = np.array([line.cosine, line.sine])
    power = float(amplitude @ np.linalg.pinv(variance, hermitian=True) @ amplitude) / 2.0
    return power if np.isfinite(power) else 0.0
