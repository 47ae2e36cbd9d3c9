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

from nodes.dsp.speed.fit import Fit, Grid, design_of, prominence_of
from nodes.dsp.speed.partials import Partials

__all__ = ["Evidence", "Line", "Search", "deviation_cents", "find_lines", "fit_lines"]

_ROUNDS = 5
# Candidate rates are this share of 1/length apart.
_GRID = 0.4
# Stretches of time that are asked independently (s); for slow lines half a turn, and sixteen at least.
_STRETCH_S = 1.0
# … of which there must be so many.
_LEAST_STRETCHES = 3.5
# Candidates that are looked at beyond the lines that were found.
_MISSES = 4

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
    chance : float
        How often chance alone may make one as sure.
    least_cents, most_cents : float
        Effective amplitude: below, nothing is heard of it; above, it is music.
    """

    prominence: float
    sureness: float
    chance: float
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


# A disc may turn this much off its nominal speed, and usually does not by more than this.
TURN_TOLERANCE = 0.012
_TURN_DEVIATION = 0.004


@dataclass(frozen=True)
class Line:
    """A modulation of the pitch: cosine · cos(2π hz t) + sine · sin(2π hz t), in cents.

    `sureness` is as in Evidence, `chance` how often chance alone makes one as sure. `played` tells that
    musicians make it: it is no fault of the speed.
    """

    hz: float
    cosine: float
    sine: float
    sureness: float
    chance: float = 1.0
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
    step = _GRID / max(length_s, 1e-9)
    if not partials.tracks or search.highest_hz - lowest < 8.0 * step:
        return []
    times_s: _Values = np.arange(partials.frames, dtype=np.float64) * partials.hop_s
    fit = Fit(partials, deviation_cents(known, times_s))
    for _ in range(3):
        fit.reweight(None)
    grid = Grid(fit, lowest, search.highest_hz, step, check)
    rates = grid.rates
    found: list[Line] = []
    tried = np.zeros(rates.size, bool)
    power = grid.power(fit)
    prominence = prominence_of(power, rates, length_s)
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
        sure = last.sureness >= wanted.sureness and last.chance <= wanted.chance
        if sure and last.cents >= wanted.least_cents:
            # What is played stays in the fit, lest other lines stand in for it.
            played = [*(line.played for line in found), last.cents > wanted.most_cents]
            found = [replace(line, played=own) for line, own in zip(trial, played, strict=True)]
            power = grid.power(fit)
            prominence = prominence_of(power, rates, length_s)
        else:
            fit.weights = weights
            _take_off(fit, found)
    return found


def fit_lines(partials: Partials, rates_hz: Sequence[float], *, check: _Check) -> list[Line]:
    """Fit lines of known rates, whether they are there or not: their `sureness` tells.

    The first rate may be off by `TURN_TOLERANCE`; the others are its multiples and move with it.
    """
    length_s = partials.frames * partials.hop_s
    if not partials.tracks or length_s * rates_hz[0] < 2.0:
        return []
    fit = Fit(partials, np.zeros(partials.frames))
    for _ in range(3):
        fit.reweight(None)
    nominal = _refit(fit, rates_hz, check)[0][0]
    # The weights are now those of the fit: look around the nominal rate with them.
    _take_off(fit, ())
    factor = 1.0
    if length_s * rates_hz[0] > 8.0:
        low, high = ((1.0 + sign * TURN_TOLERANCE) * rates_hz[0] for sign in (-1, 1))
        grid = Grid(fit, low, high, (high - low) / 12.0, check)
        power = grid.power(fit)
        # The power over its variance is the logarithm of how likely a rate makes what was heard. How
        # likely machines turn at it counts, too, where a weak line alone would go astray.
        off = (grid.rates / rates_hz[0] - 1.0) / _TURN_DEVIATION
        likely = nominal.sureness * power / max(float(power.max()), 1e-30) - 0.5 * off * off
        factor = _between(likely, grid.rates, int(np.argmax(likely))) / rates_hz[0]
    return _refit(fit, [hz * factor for hz in rates_hz], check)[0]


def _take_off(fit: Fit, lines: Sequence[Line]) -> None:
    """Leave of the points what lines do not explain; the lines are as seen through the window."""
    design = design_of(fit.partials, [line.hz for line in lines])
    amplitudes = np.array([[line.cosine, line.sine] for line in lines]).reshape(-1)
    fit.reweight(design @ amplitudes if lines else None, keep=True)


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


def _refit(fit: Fit, rates_hz: Sequence[float], check: _Check) -> tuple[list[Line], _Values]:
    """Fit lines together, robustly; return them and the weights as they were before."""
    weights = fit.weights
    fit.reweight(None, keep=True)
    design = design_of(fit.partials, rates_hz)
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
        line = Line(float(hz), cosine, sine, 0.0)
        sureness, chance = _sureness(fit, design @ inverse[:, own], line)
        lines.append(replace(line, sureness=sureness, chance=chance))
    return lines, weights


def _sureness(fit: Fit, influence: _Values, line: Line) -> tuple[float, float]:
    """Return a line's power over its variance, from the scatter between stretches of time (Huber 1967).

    With it, how often chance alone makes it as large (F distribution). `influence`, shape (frames, 2),
    is how much each frame moves the line's two amplitudes.
    """
    shortest = min(_STRETCH_S, fit.partials.frames * fit.partials.hop_s / 16.0)
    stretch = max(1, round(max(shortest, 0.5 / line.hz) / fit.partials.hop_s))
    starts = np.arange(0, fit.partials.frames, stretch)
    scores = np.add.reduceat(influence * fit.by_frame(fit.weights * fit.left)[:, np.newaxis], starts, axis=0)
    weight = np.add.reduceat(fit.by_frame(fit.weights), starts)
    # How many stretches there are in effect; with few, their scatter says little.
    effective = weight.sum() ** 2 / max(float((weight * weight).sum()), 1e-30)
    if effective < _LEAST_STRETCHES:
        return 0.0, 1.0
    variance = scores.T @ scores * effective / (effective - 2.0)
    amplitude = np.array([line.cosine, line.sine])
    power = float(amplitude @ np.linalg.pinv(variance, hermitian=True) @ amplitude) / 2.0
    if not np.isfinite(power):
        return 0.0, 1.0
    freedom = effective - 2.0
    return power, (1.0 + 2.0 * power / freedom) ** (-0.5 * freedom)
