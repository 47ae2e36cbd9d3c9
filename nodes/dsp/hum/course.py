"""Where the fundamental of a hum runs, roughly: the first steps of finding it.

The recording is made narrow, as hum ends long before the sample rate does. Then every possible
fundamental gets a score in windows of 2 s, and the best path through the scores is the course. It is
good to a few hundredths of a hertz; `nodes.dsp.hum.search` does the rest by phase.

Axis letters: C channels, T frames (narrow: N), B moments, K harmonics.

References
----------
G. D. Forney, The Viterbi algorithm, Proc. IEEE 61(3), 1973. J. F. Kaiser, Nonrecursive digital filter
design using the I0-sinh window function, Proc. IEEE ISCAS, 1974.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, Samples, new_samples

__all__ = ["GRID_HZ", "NARROW_PER_HZ", "SEARCH_S", "SEARCH_STEP_S", "narrowed", "rough_course"]

_Values = npt.NDArray[np.float64]

# The narrow recording has at least this rate for each Hz of the highest harmonic.
NARROW_PER_HZ = 2.7
# Stop-band attenuation of the filter before it (dB), and the Kaiser window for it.
_STOP_DB = 80.0
_KAISER_BETA = 0.1102 * (_STOP_DB - 8.7)
# Window and step of the search (s), resolution of its spectrum (Hz) and of the fundamental (Hz).
SEARCH_S = 2.0
SEARCH_STEP_S = 0.5
_SEARCH_HZ = 0.25
GRID_HZ = 0.02
# A harmonic's surroundings (Hz to either side), and the most that it can say (nepers): a hum is there
# all the time, a bass note is loud but short.
_AROUND_HZ = 12.0
_MOST_SAID = 2.5
# How fast the fundamental may move from one step to the next (Hz). 1 % of 60 Hz in 3 s.
_FASTEST_STEP_HZ = 0.1
# Price of each 0.02 Hz of such motion (nepers): without it noise would be followed.
_MOTION_PRICE = 0.4


def narrowed(audio: Audio, factor: int, pass_hz: float, progress: Progress) -> Samples:
    """Return every `factor`-th sample of the low-passed recording; sample m stands at frame m · factor."""
    frames = -(-audio.frames // factor)
    result = new_samples(audio.channels, frames)
    taps = _low_pass(audio.sample_rate, factor, pass_hz)
    half = taps.size // 2
    # About half a second in one go: a cancel is felt at once.
    chunk = max(1, audio.sample_rate // (2 * factor))
    for begin in range(0, frames, chunk):
        end = min(frames, begin + chunk)
        low, high = begin * factor - half, (end - 1) * factor + half + 1
        shown = audio.samples[:, max(0, low) : high].astype(np.float64)
        lead = max(0, -low)
        shown = np.pad(shown, ((0, 0), (lead, high - low - lead - shown.shape[1])))
        stretches = np.lib.stride_tricks.sliding_window_view(shown, taps.size, axis=1)[:, ::factor]
        result[:, begin:end] = stretches @ taps
        progress(end / frames)
    return result


def _low_pass(rate: int, factor: int, pass_hz: float) -> _Values:
    if factor == 1:
        return np.ones(1)
    stop_hz = rate / factor - pass_hz
    count = int((_STOP_DB - 8.0) / (2.285 * 2.0 * np.pi * (stop_hz - pass_hz) / rate)) // 2
    n = np.arange(-count, count + 1)
    cut = (stop_hz + pass_hz) / rate
    taps: _Values = np.sinc(cut * n) * np.kaiser(n.size, _KAISER_BETA)
    return np.asarray(taps / taps.sum(), np.float64)


def rough_course(
    narrow: Samples, rate: float, grid: _Values, harmonics_hz: float, progress: Progress
) -> _Values:
    """Return the fundamental (Hz) every `SEARCH_STEP_S`, the first one `SEARCH_S` / 2 from the begin."""
    from scipy.fft import rfft

    size, hop = int(SEARCH_S * rate), int(SEARCH_STEP_S * rate)
    length = int(rate / _SEARCH_HZ)
    window = np.hanning(size + 1)[:-1]
    harmonics = np.arange(1, int(harmonics_hz / grid[-1]) + 1)
    bins = np.rint(grid[:, np.newaxis] * harmonics * (length / rate)).astype(np.int64)
    around = int(_AROUND_HZ / _SEARCH_HZ)
    count = 1 + (narrow.shape[1] - size) // hop
    scores = np.empty((count, grid.size), np.float32)
    for step in range(count):
        spectra = rfft(narrow[:, step * hop : step * hop + size] * window, length, axis=1)
        level = np.log((spectra.real**2 + spectra.imag**2).sum(axis=0) + 1e-20)
        sums = np.concatenate([[0.0], np.cumsum(np.pad(level, around, mode="reflect"))])
        above = level - (sums[2 * around + 1 :] - sums[: -2 * around - 1]) / (2 * around + 1)
        scores[step] = np.clip(above, 0.0, _MOST_SAID)[bins].sum(axis=1)
        progress(step / count)
    return np.asarray(grid[_best_path(scores, progress)], np.float64)


def _best_path(scores: npt.NDArray[np.float32], progress: Progress) -> npt.NDArray[np.int64]:
    count, width = scores.shape
    reach = round(_FASTEST_STEP_HZ / GRID_HZ)
    came = np.empty((count, width), np.int8)
    total = scores[0].astype(np.float64)
    for step in range(1, count):
        progress.check()
        padded = np.pad(total, reach, constant_values=-np.inf)
        moves = [padded[m : m + width] - _MOTION_PRICE * abs(m - reach) for m in range(2 * reach + 1)]
        best = np.argmax(moves, axis=0)
        came[step] = best - reach
        total = np.take_along_axis(np.array(moves), best[np.newaxis], 0)[0] + scores[step]
    path = np.empty(count, np.int64)
    path[-1] = np.argmax(total)
    for step in range(count - 1, 0, -1):
        path[step - 1] = path[step] + came[step, path[step]]
    return path
