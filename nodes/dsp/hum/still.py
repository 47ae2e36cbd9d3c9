"""Make a hum stand still: the last step to its course, and how strong each of its harmonics is.

Along a rough course each harmonic is moved to 0 Hz. What is left of its motion is common to all, k
times as fast at the k-th: it is taken out round by round until all of them stand still. In each round
the harmonics are held together over some time by a robust mean, each moment tells by how much it is
ahead of that, and of all courses the smoothest one that agrees with the moments is taken. How much a
moment counts follows from its noise: where music is loud, the course runs on as it did before.

Everything runs over the whole recording on a fixed grid of moments, a few kilobytes for each second.

Axis letters: C channels, N narrow frames, B moments, K harmonics.

References
----------
P. Holland, R. Welsch, Robust regression using iteratively reweighted least-squares, Commun. Stat. A6,
1977. P. H. C. Eilers, A perfect smoother, Anal. Chem. 75(14), 2003 (eq. 4, with third differences).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from nodegraph import Progress, Samples
from nodes.dsp.hum.course import SEARCH_S, SEARCH_STEP_S

__all__ = ["Moments", "Still", "held", "moved_to_zero", "standing_still"]

_Values = npt.NDArray[np.float64]
_Waves = npt.NDArray[np.complex128]

# By how much the rough course may be off (Hz).
_ROUGH_ERROR_HZ = 0.1
# Step of the moments (s), and how many of them a moment is long.
_STEP_S = 0.25
_STEPS_PER_MOMENT = 4
# Over how long (s) amplitudes are held together in each round: first so briefly that a course that is
# still off does no harm, at last for longer than they are in the end.
_SEARCH_ROUNDS_S = (3.0, 6.0, 12.0, 24.0, 60.0)
_FINE_ROUNDS_S = (60.0, 60.0)
_REWEIGHTINGS = 8
# How far and how finely (radians of the fundamental) a round searches.
_FARTHEST, _TURNS = 0.6, 121
# Moments that are worked on in one go, so that a cancel is felt at once.
_GO = 2000
# How much the drift's rate changes from one moment to the next (radians, third difference of the phase,
# RMS): mains that swing by 0.02 Hz within 7 s change by 0.0011.
_RESTLESS = 0.003
# The 0.3 quantile of the squared distance, as a share of its mean, where it is Gaussian noise
# (exponential distribution: −ln 0.7), and in how many moments a sound is heard (Hann, 75 % overlap).
_QUANTILE, _QUANTILE_SHARE = 0.3, 0.357
_HEARD_TIMES = 2.0


@dataclass(frozen=True, eq=False)
class Moments:
    """The grid of moments in the narrow recording, and the phase of the fundamental at its samples.

    Moment b is the middle of samples b · hop … b · hop + size. The frequency runs straight from knot
    to knot (`at`, in samples), so that the phase between is exact.
    """

    size: int
    hop: int
    count: int
    at: _Values
    step_phase: _Values

    @classmethod
    def over(cls, samples: int, rate: float, course: _Values) -> Moments:
        """Return the moments of so many samples at `rate` (Hz), along a course of `rough_course`."""
        hop = int(_STEP_S * rate)
        size = _STEPS_PER_MOMENT * hop
        count = 1 + (samples - size) // hop
        middles = (np.arange(course.size) * int(SEARCH_STEP_S * rate) + SEARCH_S * rate / 2) / rate
        # A drift runs on at the ends, where no window has its middle.
        beyond = round(SEARCH_S / SEARCH_STEP_S)
        padded = np.pad(course, 2 + beyond, "reflect", reflect_type="odd")
        smooth = np.convolve(padded, [0.1, 0.2, 0.4, 0.2, 0.1], "valid")
        steps = np.arange(-beyond, course.size + beyond) * SEARCH_STEP_S + middles[0]
        knots = np.asarray(np.arange(-(-samples // hop) + 1) * float(hop), np.float64)
        step_phase = np.interp(knots / rate, steps, smooth) / rate * 2.0 * np.pi
        return cls(size, hop, count, knots, np.asarray(step_phase, np.float64))

    def phase(self, samples: _Values) -> _Values:
        """Return the phase of the fundamental (radians) at any samples."""
        steps = 0.5 * (self.step_phase[1:] + self.step_phase[:-1]) * self.hop
        before = np.concatenate([[0.0], np.cumsum(steps)])
        knot = np.clip((samples // self.hop).astype(np.int64), 0, self.at.size - 2)
        past = samples - self.at[knot]
        bend = (self.step_phase[knot + 1] - self.step_phase[knot]) / (2.0 * self.hop)
        found: _Values = before[knot] + past * (self.step_phase[knot] + past * bend)
        return found

    @property
    def middles(self) -> _Values:
        """Sample of each moment."""
        return np.asarray(np.arange(self.count) * float(self.hop) + self.size / 2.0, np.float64)


def moved_to_zero(narrow: Samples, moments: Moments, harmonics: int, progress: Progress) -> _Waves:
    """Return the amplitude and phase of each harmonic at each moment, shape (channels, moments, K)."""
    window = np.hanning(moments.size + 2)[1:-1].reshape(_STEPS_PER_MOMENT, moments.hop)
    quarters = (window * (2.0 / window.sum())).astype(np.float32)
    waves = np.zeros((narrow.shape[0], moments.count, harmonics), np.complex128)
    power = np.empty((harmonics, moments.hop), np.complex64)
    pieces = moments.count + _STEPS_PER_MOMENT - 1
    for piece in range(pieces):
        begin = piece * moments.hop
        turns = moments.phase(begin + np.arange(moments.hop, dtype=np.float64))
        power[0] = np.exp(-1j * turns)
        for k in range(1, harmonics):
            np.multiply(power[k - 1], power[0], out=power[k])
        shown = narrow[:, np.newaxis, begin : begin + moments.hop] * quarters
        found = shown @ power.real.T + 1j * (shown @ power.imag.T)
        # A piece is the last quarter of one moment, the third of the next, and so on.
        for quarter in range(_STEPS_PER_MOMENT):
            moment = piece - quarter
            if 0 <= moment < moments.count:
                waves[:, moment] += found[:, quarter]
        progress(piece / pieces)
    return waves


@dataclass(frozen=True, eq=False)
class Still:
    """Harmonics that stand still, and the motion that was taken out of them.

    Parameters
    ----------
    waves : ndarray, shape (channels, moments, harmonics)
        complex128.
    rest : ndarray, shape (moments,)
        Radians of the fundamental.
    """

    waves: _Waves
    rest: _Values


def standing_still(waves: _Waves, course: _Values, progress: Progress) -> Still:
    """Return the harmonics without their common motion.

    Parameters
    ----------
    waves : ndarray, shape (channels, moments, harmonics)
        Of `moved_to_zero`.
    course : ndarray, shape (moments,)
        Phase of the fundamental (radians) along which they were moved.
    progress : Progress
        Told after every round and asked many times within.
    """
    rest = _common_motion(waves, progress)
    rounds = [(held_s, False) for held_s in _SEARCH_ROUNDS_S] + [(held_s, True) for held_s in _FINE_ROUNDS_S]
    for number, (held_s, fine) in enumerate(rounds):
        still = _turned(waves, rest, progress)
        rest = rest + _remaining_motion(still, held_s, course + rest, fine=fine, progress=progress)
        progress((number + 1) / len(rounds))
    return Still(_turned(waves, rest, progress), rest)


def _turned(waves: _Waves, rest: _Values, progress: Progress) -> _Waves:
    """Return the harmonics turned back by k · rest."""
    result = np.empty_like(waves)
    harmonics = np.arange(1, waves.shape[2] + 1)
    for part in _goes(rest.size, progress):
        result[:, part] = waves[:, part] * np.exp(-1j * rest[part, np.newaxis] * harmonics)
    return result


def _goes(count: int, progress: Progress) -> Any:
    """Yield slices that cover `count` moments, asking between them whether the user cancelled."""
    for begin in range(0, count, _GO):
        progress.check()
        yield slice(begin, min(count, begin + _GO))


def _common_motion(waves: _Waves, progress: Progress) -> _Values:
    """Return the phase (radians of the fundamental) by which all harmonics move, from moment to moment."""
    usual = np.stack([np.median(np.abs(rows), axis=0) for rows in waves])[:, np.newaxis]
    steps = np.empty((waves.shape[1] - 1, waves.shape[2]), np.complex128)
    for part in _goes(len(steps), progress):
        near = waves[:, part.start : part.stop + 1]
        # A moment that is louder than usual has music in it.
        near = near / np.maximum(np.abs(near) + 1e-12, usual)
        steps[part] = (near[:, 1:] * np.conj(near[:, :-1])).sum(axis=0)
    limit = 2.0 * np.pi * _ROUGH_ERROR_HZ * _STEP_S
    return np.concatenate([[0.0], np.cumsum(_best_turn(_smoothed(steps, 8), limit, 81, progress))])


def _remaining_motion(
    still: _Waves, held_s: float, course: _Values, *, fine: bool, progress: Progress
) -> _Values:
    """Return the phase by which the harmonics of each moment are ahead, so that the course is smooth."""
    amplitudes, usual = held(still, held_s, progress)
    spread = usual / _QUANTILE_SHARE
    match = np.empty(still.shape[1:], np.complex128)
    known = np.empty(still.shape[1])
    squared = np.arange(1, still.shape[2] + 1) ** 2
    for part in _goes(len(match), progress):
        off = np.abs(still[:, part] - amplitudes[:, part]) ** 2 / spread
        # Student's weights: what is far off is music.
        weight = 2.0 / (_HEARD_TIMES * spread * (1.0 + off))
        match[part] = (weight * still[:, part] * np.conj(amplitudes[:, part])).sum(axis=0)
        known[part] = ((weight * np.abs(amplitudes[:, part]) ** 2).sum(axis=0) * squared).sum(axis=1)
    if fine:
        ahead = (match.imag * np.sqrt(squared)).sum(axis=1) / (known + 1e-12)
        ahead = np.clip(ahead, -_FARTHEST, _FARTHEST)
    else:
        ahead = _best_turn(_smoothed(match, 2), _FARTHEST, _TURNS, progress)
    return _smoothest(course, ahead, known)


def _smoothest(course: _Values, ahead: _Values, known: _Values) -> _Values:
    """Return what to add to the course so that it is smooth and near `ahead`, by Eilers' smoother.

    `known` is what is known about each moment, 1 / variance (1 / radian²).
    """
    from scipy.linalg import solveh_banded

    count = course.size
    if count < 4:
        return np.full(count, float(np.average(ahead, weights=known + 1e-12)))
    difference = np.array([-1.0, 3.0, -3.0, 1.0])
    bands = np.zeros((4, count))
    for lag in range(4):
        for i in range(4 - lag):
            bands[lag, i : i + count - 3] += difference[i] * difference[i + lag]
    bands /= _RESTLESS**2
    bands[0] += known + 1e-6
    bends = np.diff(course, 3) / _RESTLESS**2
    wanted = known * ahead
    for i in range(4):
        wanted[i : i + count - 3] -= difference[i] * bends
    found: _Values = solveh_banded(bands, wanted, lower=True, check_finite=False)
    return found


def _best_turn(waves: _Waves, limit: float, count: int, progress: Progress) -> _Values:
    """Return for each row the turn d that makes Σ Re(wave_k · e^(−i k d)) largest, |d| ≤ limit."""
    harmonics = np.arange(1, waves.shape[1] + 1)
    turns = np.linspace(-limit, limit, count)
    table = np.exp(-1j * turns[:, np.newaxis] * harmonics)
    result = np.empty(len(waves))
    for part in _goes(len(waves), progress):
        found = waves[part].real @ table.real.T - waves[part].imag @ table.imag.T
        best = np.clip(np.argmax(found, axis=1), 1, count - 2)
        rows = np.arange(len(found))
        below, at, above = found[rows, best - 1], found[rows, best], found[rows, best + 1]
        bend = below - 2.0 * at + above
        shift = np.where(bend < 0.0, 0.5 * (below - above) / np.where(bend < 0.0, bend, 1.0), 0.0)
        result[part] = turns[best] + np.clip(shift, -1.0, 1.0) * (turns[1] - turns[0])
    return result


# --- amplitudes -----------------------------------------------------------------------------------------


def held(still: _Waves, held_s: float, progress: Progress) -> tuple[_Waves, _Values]:
    """Return the robust mean of each harmonic over a time, and how far usual moments are off.

    Parameters
    ----------
    still : ndarray, shape (channels, moments, harmonics)
        Harmonics that stand still.
    held_s : float, s
        For how long they are taken to stay the same. Shorter recordings have one amplitude.
    progress : Progress
        Asked after every harmonic.

    Returns
    -------
    amplitudes : ndarray, shape (channels, moments, harmonics)
        complex128.
    usual : ndarray, shape (channels, 1, harmonics)
        The 0.3 quantile of the squared distance.
    """
    reach = max(2, round(held_s / _STEP_S / 2.0))
    amplitudes = np.empty_like(still)
    usual = np.empty((still.shape[0], 1, still.shape[2]))
    for channel in range(still.shape[0]):
        for k in range(still.shape[2]):
            progress.check()
            series = np.ascontiguousarray(still[channel, :, k])
            amplitudes[channel, :, k], usual[channel, 0, k] = _loop()(series, reach, _REWEIGHTINGS)
    return amplitudes, usual


def _smoothed(values: _Waves, reach: int) -> _Waves:
    """Return the means over `reach` moments to either side of every column."""
    columns = [_loop()(np.ascontiguousarray(column), reach, 0)[0] for column in values.T]
    return np.stack(columns, axis=1)


_Loop = Callable[[_Waves, int, int], tuple[_Waves, float]]


@lru_cache(maxsize=1)
def _loop() -> _Loop:
    from numba import njit

    compiled: Any = njit(cache=True, nogil=True)(_means)
    return compiled  # type: ignore[no-any-return]


def _means(series: _Waves, reach: int, times: int) -> tuple[_Waves, float]:
    """Return the means over `reach` values to either side, reweighted so many times.

    Each is two running means, mirrored at the ends.
    """
    count = series.size
    means = series.copy()
    weight = np.ones(count)
    if times > 0:
        weight = 1.0 / (np.abs(series) + 1e-9)
    widest = min(count, reach - reach // 2)
    sums = np.zeros(count + 2 * widest + 1, np.complex128)
    weights = np.zeros(sums.size)
    usual = 0.0
    for number in range(times + 1):
        top, bottom = series * weight, weight.copy()
        for wide in (reach - reach // 2, reach // 2):
            half = min(wide, count)
            for i in range(count + 2 * half):
                at = i - half
                if at < 0:
                    at = -1 - at
                elif at >= count:
                    at = 2 * count - 1 - at
                sums[i + 1] = sums[i] + top[at]
                weights[i + 1] = weights[i] + bottom[at]
            for i in range(count):
                top[i] = sums[i + 2 * half + 1] - sums[i]
                bottom[i] = weights[i + 2 * half + 1] - weights[i]
        for i in range(count):
            means[i] = top[i] / bottom[i]
        if number < times:
            off = np.abs(series - means) ** 2
            usual = np.quantile(off, _QUANTILE) + 1e-18
            weight = 1.0 / (usual + off)
    return means, usual
