"""Mains hum as a sound of its own: found by its comb of harmonics, followed as the mains drift, rebuilt.

A hum is a fundamental that wanders slowly and harmonics that are locked to it, each of an amplitude
and phase that stay the same for a long time. Music in the same place does neither, so:

1. The recording is made narrow: hum ends long before the sample rate does.
2. In windows of 2 s every possible fundamental is given a score, by how far its harmonics stand
   out of their surroundings. The best path through the scores is the hum's rough course.
3. Along that course each harmonic is moved to 0 Hz. What is left of its motion is common to all,
   k times as fast at the k-th, and is taken out round by round until all of them stand still.
4. The amplitude of each harmonic is a mean over a long time in which moments with music count
   little (iteratively reweighted least squares). It stays only if a good part of the moments agrees.
5. The rebuilt hum is subtracted. Nothing is filtered: music between and on the harmonics stays, and
   nothing rings.

Steps 1 and 2 are in `nodes.dsp.hum_course`. The steps run over the whole recording on a fixed grid,
whatever blocks the result is written in.

Axis letters: C channels, T frames (narrow: N), B moments, K harmonics.

References
----------
P. Holland, R. Welsch, Robust regression using iteratively reweighted least-squares, Commun. Stat. A6,
1977.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Samples, no_progress
from nodes.dsp.hum_course import GRID_HZ, NARROW_PER_HZ, SEARCH_S, SEARCH_STEP_S, narrowed, rough_course

__all__ = ["Hum", "find_hum", "hum_of"]

_Values = npt.NDArray[np.float64]
_Waves = npt.NDArray[np.complex128]

# By how much the rough course may be off (Hz).
_ROUGH_ERROR_HZ = 0.1
# Step of the moments (s), and how many of them a moment is long.
_STEP_S = 0.25
_STEPS_PER_MOMENT = 4
# A course that runs along the edge of its range (Hz) for more than this share of the time has left it.
_EDGE_HZ = 0.05
_MOST_AT_EDGE = 0.1
# A search needs so many harmonics below its end.
_LEAST_HARMONICS = 3
# Shorter recordings tell hum and music not apart (s).
SHORTEST_S = 3.0
# Rounds of step 3: over how long (s) amplitudes are held together in each.
_ROUNDS_S = (3.0, 6.0, 12.0, 12.0)
_REWEIGHTINGS = 8
# A moment agrees when it is off by less than half of the amplitude; so many (share) have to. In noise,
# or in music that passes by, less than a tenth does.
_AGREEMENT = 0.5
_LEAST_AGREEING = 0.3
# A hum is believed when the shares of its lowest ten harmonics, less what chance gives each, add up to
# this. Chosen on the bench's development clips: hums 20 dB under the music that the search had found
# reached 2.4 to 5, music up to 1.9, but for one drone at 2.8.
_LOWEST = 10
_CHANCE = 0.07
_LEAST_SHARES = 2.1
# And a hum is there when the music is not: the quietest sixth of the moments is no quieter than this
# share of its amplitude. Chosen likewise: that drone reached about 0.5, most hums 0.7 to 1.
_QUIET = 0.15
_LEAST_QUIET = 0.62


@dataclass(frozen=True, eq=False)
class Hum:
    """A hum, rebuilt.

    Parameters
    ----------
    step : float
        Frames from one moment to the next; moment 0 is at `first`.
    first : float
        Frame of the first moment.
    phase, slope : ndarray, shape (moments,)
        Phase of the fundamental (radians), and what it gains per moment.
    waves : ndarray, shape (channels, moments, harmonics)
        complex128, amplitude and phase of each harmonic, against the fundamental's.
    mean_hz : float
        Its mean frequency.
    level_db : float
        Its power, in dB of full scale.
    """

    step: float
    first: float
    phase: _Values
    slope: _Values
    waves: _Waves
    mean_hz: float
    level_db: float


def find_hum(
    audio: Audio,
    *,
    searches: tuple[tuple[tuple[float, float], ...], ...],
    harmonics_hz: float,
    hold_s: float,
    progress: Progress = no_progress,
) -> Hum | None:
    """Find the hum of a recording, or None where there is none.

    Parameters
    ----------
    audio : Audio
        The recording.
    searches : tuple of tuple of (float, float)
        Ranges in which the fundamental is looked for (Hz). The loudest hum of the first search that
        finds one is returned; the next search is made only where the one before finds none.
    harmonics_hz : float
        Up to where harmonics are looked for.
    hold_s : float
        For how long the harmonics keep their amplitudes.
    progress : Progress
        Told after every second or so.
    """
    rate = audio.sample_rate
    harmonics_hz = min(harmonics_hz, 0.45 * rate)
    if audio.seconds < SHORTEST_S or harmonics_hz < _LEAST_HARMONICS * max(map(max, searches[0])):
        return None
    factor = max(1, int(rate / (NARROW_PER_HZ * harmonics_hz)))
    narrow = narrowed(audio, factor, harmonics_hz, progress.part(0.0, 0.3))
    begin, step = 0.3, 0.7 / sum(map(len, searches))
    for ranges in searches:
        found = []
        for lowest_hz, highest_hz in ranges:
            grid = np.arange(lowest_hz, highest_hz + GRID_HZ, GRID_HZ)
            part = progress.part(begin, begin + step)
            hum = _hum_in(_Narrow(narrow, factor, rate), grid, (harmonics_hz, hold_s), part)
            found += [] if hum is None else [hum]
            begin += step
        if found:
            return max(found, key=lambda hum: hum.level_db)
    return None


@dataclass(frozen=True, eq=False)
class _Narrow:
    """The narrow recording: every `factor`-th sample of one of that rate (Hz)."""

    samples: Samples
    factor: int
    full_rate: int


def _hum_in(narrow: _Narrow, grid: _Values, reach: tuple[float, float], progress: Progress) -> Hum | None:
    """Return the hum whose fundamental is on the grid (Hz); `reach` is `harmonics_hz` and `hold_s`."""
    harmonics_hz, hold_s = reach
    rate = narrow.full_rate / narrow.factor
    course = rough_course(narrow.samples, rate, grid, harmonics_hz, progress.part(0.0, 0.3))
    at_edge = (course < grid[0] + _EDGE_HZ) | (course > grid[-1] - _EDGE_HZ)
    if at_edge.mean() > _MOST_AT_EDGE:
        return None
    moments = _Moments.over(narrow.samples.shape[1], rate, course)
    count = int(harmonics_hz / course.max())
    still = _standing_still(_moved_to_zero(narrow.samples, moments, count, progress.part(0.3, 1.0)), progress)
    kept = _believed(still.waves, _held(still.waves, hold_s)[0])
    if kept is None:
        return None
    phase = moments.phase(moments.middles) + still.rest
    cycles_per_moment = float(phase[-1] - phase[0]) / (2.0 * np.pi * max(1, phase.size - 1))
    return Hum(
        step=float(moments.hop * narrow.factor),
        first=moments.size / 2.0 * narrow.factor,
        phase=phase,
        slope=np.gradient(phase),
        waves=kept,
        mean_hz=cycles_per_moment * rate / moments.hop,
        level_db=10.0 * float(np.log10(np.mean(np.sum(np.abs(kept) ** 2, axis=2)) / 2.0)),
    )


# --- 3: standing still ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Moments:
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
    def over(cls, samples: int, rate: float, course: _Values) -> _Moments:
        hop = int(_STEP_S * rate)
        size = _STEPS_PER_MOMENT * hop
        count = 1 + (samples - size) // hop
        middles = (np.arange(course.size) * int(SEARCH_STEP_S * rate) + SEARCH_S * rate / 2) / rate
        smooth = np.convolve(np.pad(course, 2, mode="edge"), [0.1, 0.2, 0.4, 0.2, 0.1], "valid")
        knots = np.asarray(np.arange(-(-samples // hop) + 1) * float(hop), np.float64)
        step_phase = np.interp(knots / rate, middles, smooth) / rate * 2.0 * np.pi
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


def _moved_to_zero(narrow: Samples, moments: _Moments, harmonics: int, progress: Progress) -> _Waves:
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
class _Still:
    """Harmonics that stand still, and the motion that was taken out of them (radians of the fundamental)."""

    waves: _Waves
    rest: _Values


def _standing_still(waves: _Waves, progress: Progress) -> _Still:
    harmonics = np.arange(1, waves.shape[2] + 1)
    rest = _common_motion(waves)
    for held_s in _ROUNDS_S:
        progress.check()
        still = waves * np.exp(-1j * rest[:, np.newaxis] * harmonics)
        amplitudes, spread = _held(still, held_s)
        rest = rest + _remaining_motion(still, amplitudes, spread)
    return _Still(waves * np.exp(-1j * rest[:, np.newaxis] * harmonics), rest)


def _common_motion(waves: _Waves) -> _Values:
    """Return the phase (radians of the fundamental) by which all harmonics move, from moment to moment."""
    magnitude = np.abs(waves) + 1e-12
    # A moment that is louder than usual has music in it.
    weight = 1.0 / np.maximum(magnitude, np.median(magnitude, axis=1, keepdims=True))
    steps = (waves[:, 1:] * weight[:, 1:] * np.conj(waves[:, :-1] * weight[:, :-1])).sum(axis=0)
    smooth = _along_time(steps, 8)
    limit = 2.0 * np.pi * _ROUGH_ERROR_HZ * _STEP_S
    return np.concatenate([[0.0], np.cumsum(_best_turn(smooth, limit, 81))])


def _remaining_motion(still: _Waves, amplitudes: _Waves, spread: _Values) -> _Values:
    """Return the phase by which the harmonics of each moment are ahead of their amplitudes."""
    off = np.abs(still - amplitudes) ** 2 / spread
    # Student's weights: what is far off is music.
    match = still * np.conj(amplitudes) / (spread * (1.0 + off))
    smooth = _along_time(match.sum(axis=0), 2)
    found = _best_turn(smooth, 0.6, 121)
    return np.asarray(_along_time(found[:, np.newaxis], 1)[:, 0], np.float64)


def _best_turn(waves: _Waves, limit: float, count: int) -> _Values:
    """Return for each row the turn d that makes Σ Re(wave_k · e^(−i k d)) largest, |d| ≤ limit."""
    harmonics = np.arange(1, waves.shape[1] + 1)
    turns = np.linspace(-limit, limit, count)
    table = np.exp(-1j * turns[:, np.newaxis] * harmonics)
    found = (waves @ table.T).real
    best = np.clip(np.argmax(found, axis=1), 1, count - 2)
    rows = np.arange(len(waves))
    below, at, above = found[rows, best - 1], found[rows, best], found[rows, best + 1]
    bend = below - 2.0 * at + above
    shift = np.where(bend < 0.0, 0.5 * (below - above) / np.where(bend < 0.0, bend, 1.0), 0.0)
    return np.asarray(turns[best] + np.clip(shift, -1.0, 1.0) * (turns[1] - turns[0]), np.float64)


# --- 4: amplitudes --------------------------------------------------------------------------------------


def _held(still: _Waves, held_s: float) -> tuple[_Waves, _Values]:
    """Return the robust mean of each harmonic over `held_s`, and how far usual moments are off, squared."""
    reach = max(2, round(held_s / _STEP_S / 2.0))
    weight = 1.0 / (np.abs(still) + 1e-9)
    amplitudes = _along_time(still * weight, reach) / _along_time(weight, reach)
    for _ in range(_REWEIGHTINGS):
        off = np.abs(still - amplitudes) ** 2
        usual = np.quantile(off, 0.3, axis=1, keepdims=True) + 1e-18
        weight = 1.0 / (usual + off)
        amplitudes = _along_time(still * weight, reach) / _along_time(weight, reach)
    return amplitudes, np.broadcast_to(usual, still.shape)


def _believed(still: _Waves, amplitudes: _Waves) -> _Waves | None:
    """Return the amplitudes of the harmonics with which enough of the moments agree, else zero.

    None if all of them together are no hum.
    """
    size = np.abs(amplitudes)
    share = (np.abs(still - amplitudes) < _AGREEMENT * size).mean(axis=1)
    low = share.max(axis=0)[:_LOWEST]
    quiet = np.quantile(np.abs(still), _QUIET, axis=1) / (size.mean(axis=1) + 1e-12)
    sure = np.maximum(low - _CHANCE, 0.0)
    if sure.sum() < _LEAST_SHARES:
        return None
    if np.average(quiet.min(axis=0)[:_LOWEST], weights=sure) < _LEAST_QUIET:
        return None
    return np.where(share[:, np.newaxis] >= _LEAST_AGREEING, amplitudes, 0.0)


def _along_time(values: Any, reach: int) -> Any:
    """Return weighted means over `reach` moments to either side: two running means, mirrored at the ends."""
    axis = values.ndim - 2
    reach = min(reach, values.shape[axis] - 1)
    for half in (reach - reach // 2, reach // 2):
        width = [(0, 0)] * values.ndim
        width[axis] = (half, half)
        padded = np.pad(values, width, mode="symmetric")
        sums = np.cumsum(padded, axis=axis)
        zero = np.zeros_like(np.take(sums, [0], axis=axis))
        sums = np.concatenate([zero, sums], axis=axis)
        count = values.shape[axis]
        upper = np.take(sums, np.arange(2 * half + 1, 2 * half + 1 + count), axis=axis)
        lower = np.take(sums, np.arange(count), axis=axis)
        values = (upper - lower) / (2 * half + 1)
    return values


# --- 5: the hum itself ----------------------------------------------------------------------------------


def hum_of(hum: Hum, begin: int, end: int) -> Samples:
    """Return the hum in the frames begin … end, shape (channels, end − begin)."""
    result = np.zeros((hum.waves.shape[0], end - begin), np.float32)
    for row, waves in zip(result, hum.waves, strict=True):
        _loop()(row, (begin - hum.first, hum.step), hum.phase, hum.slope, waves)
    return result


_Loop = Callable[[npt.NDArray[np.float32], tuple[float, float], _Values, _Values, _Waves], None]


@lru_cache(maxsize=1)
def _loop() -> _Loop:
    from numba import njit

    compiled: Any = njit(cache=True, nogil=True)(_sound)
    return compiled  # type: ignore[no-any-return]


def _sound(
    row: npt.NDArray[np.float32],
    place: tuple[float, float],
    phase: _Values,
    slope: _Values,
    waves: _Waves,
) -> None:
    """Write the hum; `place` is how many frames the row begins after moment 0, and a moment's length."""
    moments, harmonics = waves.shape
    after, step = place
    for n in range(row.size):
        at = (after + n) / step
        m = int(min(max(np.floor(at), 0), moments - 2))
        x = at - m
        if x < 0.0:
            angle, share = phase[0] + slope[0] * x, 0.0
        elif x > 1.0:
            angle, share = phase[m + 1] + slope[m + 1] * (x - 1.0), 1.0
        else:
            # Hermite's cubic: phase and frequency run on without a break.
            rise = phase[m + 1] - phase[m]
            c = 3.0 * rise - 2.0 * slope[m] - slope[m + 1]
            d = slope[m] + slope[m + 1] - 2.0 * rise
            angle, share = phase[m] + x * (slope[m] + x * (c + x * d)), x
        turn = complex(np.cos(angle), np.sin(angle))
        power = turn
        total = 0.0
        for k in range(harmonics):
            wave = waves[m, k] + share * (waves[m + 1, k] - waves[m, k])
            total += wave.real * power.real - wave.imag * power.imag
            power *= turn
        row[n] = total
