"""Mains hum as a sound of its own: found by its comb of harmonics, followed as the mains drift, rebuilt.

A hum is a fundamental that wanders slowly and harmonics that are locked to it, each of an amplitude
and phase that stay the same for a long time. Music in the same place does neither, so:

1. The recording is made narrow: hum ends long before the sample rate does.
2. In windows of 2 s every possible fundamental is given a score, by how far its harmonics stand
   out of their surroundings. The best path through the scores is the hum's rough course.
3. Along that course each harmonic is moved to 0 Hz, and what is left of their common motion is taken
   out until all of them stand still.
4. The amplitude of each harmonic is a mean over a long time in which moments with music count
   little (iteratively reweighted least squares). It stays only if a good part of the moments agrees.
5. The rebuilt hum is subtracted. Nothing is filtered: music between and on the harmonics stays, and
   nothing rings.

Steps 1 and 2 are in `nodes.dsp.hum.course`, step 3 in `nodes.dsp.hum.still`. The steps run over the
whole recording on a fixed grid, whatever blocks the result is written in.

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
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Samples, no_progress
from nodes.dsp.hum.course import GRID_HZ, NARROW_PER_HZ, narrowed, rough_course
from nodes.dsp.hum.still import Moments, held, moved_to_zero, standing_still

__all__ = ["SHORTEST_S", "Hum", "Mains", "Search", "find_hum", "hum_of", "searches_for"]

Mains = Literal["auto", "50 Hz", "60 Hz", "any"]
"""Which mains: "auto" is either, up to 2 % off; "any" is 40 to 72 Hz."""

_Values = npt.NDArray[np.float64]
_Waves = npt.NDArray[np.complex128]

# A course that runs along the edge of its range (Hz) for more than this share of the time has left it.
_EDGE_HZ = 0.05
_MOST_AT_EDGE = 0.1
# A search needs so many harmonics below its end.
_LEAST_HARMONICS = 3
# Shorter recordings tell hum and music not apart (s).
SHORTEST_S = 3.0
# A moment agrees when it is off by less than half of the amplitude; so many (share) have to. In noise,
# or in music that passes by, less than a tenth does.
_AGREEMENT = 0.5
_LEAST_AGREEING = 0.3
# In recordings that are shorter than this (s) a held note stays as still as a hum does: the evidence has
# to be stronger by as much as they are shorter.
_LONG_S = 8.0
# The evidence for a hum is the sum of these shares of its lowest ten harmonics, less what chance gives.
_LOWEST = 10
_CHANCE = 0.07
# And a hum is there when the music is not: the quietest sixth of the moments is no quieter than this
# share of its amplitude. Chosen likewise: that drone reached about 0.5, most hums 0.7 to 1.
_QUIET = 0.15
_LEAST_QUIET = 0.62


# Where the fundamental is looked for (Hz), one search after the other: mains keep to a few tenths of a
# percent and tape machines to one or two, and a bass note is the less mistaken for a hum the narrower
# the range. "any" is for transfers at a wrong speed.
_Ranges = tuple[tuple[float, float], ...]
_50_HZ: tuple[_Ranges, _Ranges] = ((49.7, 50.3),), ((49.0, 51.0),)
_60_HZ: tuple[_Ranges, _Ranges] = ((59.64, 60.36),), ((58.8, 61.2),)
_SEARCHES = {
    "auto": (_50_HZ[0] + _60_HZ[0], _50_HZ[1] + _60_HZ[1]),
    "50 Hz": _50_HZ,
    "60 Hz": _60_HZ,
}
_ANY: _Ranges = tuple((hz, hz + 4.5) for hz in (40.0, 44.0, 48.0, 52.0, 56.0, 60.0, 64.0, 68.0))
# Evidence (harmonics of ten) on the bench's development clips: hums 20 dB under the music reached 2 to
# 6.5, music without one up to 1.8 at the mains' own rate and, held notes that are, up to 4.3 beside it.
_LEAST, _LEAST_OFF_SPEED = 2.1, 4.5


@dataclass(frozen=True)
class Search:
    """Ranges in which a hum is looked for.

    Parameters
    ----------
    ranges_hz : tuple of (float, float)
        Of the fundamental, each from its lowest to its highest (Hz).
    least_evidence : float
        How sure a hum has to be: how many of the lowest ten harmonics stand still all the time, each
        less what chance gives it.
    """

    ranges_hz: tuple[tuple[float, float], ...]
    least_evidence: float


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
    evidence : float
        See `Search`.
    """

    step: float
    first: float
    phase: _Values
    slope: _Values
    waves: _Waves
    mean_hz: float
    level_db: float
    evidence: float


def searches_for(mains: Mains) -> tuple[Search, ...]:
    """Return where a hum of these mains is looked for."""
    if mains == "any":
        return (Search(_ANY, _LEAST_OFF_SPEED),)
    at_mains, off_speed = _SEARCHES[mains]
    return Search(at_mains, _LEAST), Search(off_speed, _LEAST_OFF_SPEED)


def find_hum(
    audio: Audio,
    *,
    searches: tuple[Search, ...],
    harmonics_hz: float,
    hold_s: float,
    progress: Progress = no_progress,
) -> Hum | None:
    """Find the hum of a recording, or None where there is none.

    Parameters
    ----------
    audio : Audio
        The recording.
    searches : tuple of Search
        Where the fundamental is looked for. The surest hum of the first search that finds one is
        returned; the next search is made only where the one before finds none.
    harmonics_hz : float
        Up to where harmonics are looked for.
    hold_s : float
        For how long the harmonics keep their amplitudes.
    progress : Progress
        Told after every second or so.
    """
    rate = audio.sample_rate
    harmonics_hz = min(harmonics_hz, 0.45 * rate)
    if audio.seconds < SHORTEST_S or harmonics_hz < _LEAST_HARMONICS * max(map(max, searches[0].ranges_hz)):
        return None
    factor = max(1, int(rate / (NARROW_PER_HZ * harmonics_hz)))
    narrow = narrowed(audio, factor, harmonics_hz, progress.part(0.0, 0.3))
    doubt = max(1.0, _LONG_S / audio.seconds)
    begin, step = 0.3, 0.7 / sum(len(search.ranges_hz) for search in searches)
    for search in searches:
        found = []
        for lowest_hz, highest_hz in search.ranges_hz:
            grid = np.arange(lowest_hz, highest_hz + GRID_HZ, GRID_HZ)
            part = progress.part(begin, begin + step)
            hum = _hum_in(_Narrow(narrow, factor, rate), grid, (harmonics_hz, hold_s), part)
            found += [] if hum is None else [hum]
            begin += step
        surest = max(found, key=lambda hum: hum.evidence, default=None)
        if surest is not None and surest.evidence >= search.least_evidence * doubt:
            return surest
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
    moments = Moments.over(narrow.samples.shape[1], rate, course)
    count = int(harmonics_hz / course.max())
    course = moments.phase(moments.middles)
    waves = moved_to_zero(narrow.samples, moments, count, progress.part(0.3, 0.7))
    still = standing_still(waves, course, progress.part(0.7, 1.0))
    kept, evidence = _believed(still.waves, held(still.waves, hold_s, progress)[0])
    if not kept.any():
        return None
    phase = course + still.rest
    cycles_per_moment = float(phase[-1] - phase[0]) / (2.0 * np.pi * max(1, phase.size - 1))
    return Hum(
        step=float(moments.hop * narrow.factor),
        first=moments.size / 2.0 * narrow.factor,
        phase=phase,
        slope=np.gradient(phase),
        waves=kept,
        mean_hz=cycles_per_moment * rate / moments.hop,
        level_db=10.0 * float(np.log10(np.mean(np.sum(np.abs(kept) ** 2, axis=2)) / 2.0)),
        evidence=evidence,
    )


# --- 4: which harmonics ---------------------------------------------------------------------------------


def _believed(still: _Waves, amplitudes: _Waves) -> tuple[_Waves, float]:
    """Return the amplitudes of the harmonics with which enough of the moments agree, and the evidence."""
    size = np.abs(amplitudes)
    share = (np.abs(still - amplitudes) < _AGREEMENT * size).mean(axis=1)
    low = share.max(axis=0)[:_LOWEST]
    quiet = np.quantile(np.abs(still), _QUIET, axis=1) / (size.mean(axis=1) + 1e-12)
    sure = np.maximum(low - _CHANCE, 0.0)
    evidence = float(sure.sum())
    if evidence == 0.0 or np.average(quiet.min(axis=0)[:_LOWEST], weights=sure) < _LEAST_QUIET:
        return np.zeros_like(amplitudes), 0.0
    return np.where(share[:, np.newaxis] >= _LEAST_AGREEING, amplitudes, 0.0), evidence


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
