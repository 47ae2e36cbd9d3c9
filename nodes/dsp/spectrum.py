"""The long-term average spectrum of a recording, and the frequency at which it ends.

Axis letters: C channels, T frames, F bins.

References
----------
P. D. Welch, The use of fast Fourier transform for the estimation of power spectra, IEEE Trans.
Audio Electroacoust. 15(2), 1967.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, no_progress
from nodes.dsp.overlap_add import Block, cut_blocks

__all__ = ["bandwidth_hz", "cutoff_hz", "long_term_spectrum"]

# Length of one window (s), rounded to a power of two: bins of 5 Hz, fine enough for hum.
_WINDOW_S = 0.186
# A band ends at a wall: a fall of this much (dB) between the sixth of an octave below it and the one
# above it, leaving out the edge itself. Music falls by 6 to 12 dB per octave, filters for the ear by
# less than 48; codecs and converters by 100 and more.
_WALL_DB = 16.0
_SIXTH_OCTAVE = 2.0 ** (1.0 / 6.0)
_EDGE = 1.03
# No wall is looked for below (Hz), where single notes stand further apart than a sixth of an octave;
# the telephone ends at 3400 Hz.
_LOWEST_END_HZ = 2500.0
# The edge itself is looked for in a spectrum smoothed over so many bins (80 Hz).
_SMOOTH_BINS = 15
# Powers this far below the strongest bin are not told apart (factor): 24-bit rounding.
_FLOOR = 1e-14

_Values = npt.NDArray[np.float64]


def long_term_spectrum(audio: Audio, *, progress: Progress = no_progress) -> tuple[_Values, _Values]:
    """Average the power of every frequency over a whole recording and all of its channels.

    Returns
    -------
    hz, power : ndarray, shape (bins,)
        A sine of full scale has a power of 1 in its bin; power is 0 everywhere in silence. Both
        are empty for an empty sound.
    """
    size = 1 << round(np.log2(max(2.0, _WINDOW_S * audio.sample_rate)))
    hop = size // 2
    # Only whole windows, but one at least.
    windows = max(1, 1 + (audio.frames - size) // hop) if audio.frames else 0
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    total = np.zeros(size // 2 + 1)

    def powers(block: Block) -> tuple[int, _Values]:
        shown = audio.samples[:, block.begin : block.outer_end]
        missing = max(0, size - shown.shape[1])
        padded = np.pad(shown, ((0, 0), (0, missing)))
        stretches = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)[:, ::hop]
        own = stretches[:, : min(windows - block.begin // hop, -(-(block.end - block.begin) // hop))]
        spectra = np.fft.rfft(own * window, axis=-1)
        squares = spectra.real.astype(np.float64) ** 2 + spectra.imag.astype(np.float64) ** 2
        return block.end, squares.mean(axis=0)

    blocks = cut_blocks(audio.frames, audio.channels, context_frames=size, align_frames=hop)
    for done, squares in progress.map(powers, blocks):
        # One by one: the sum is the same wherever a block begins.
        for row in squares:
            total += row
        progress(done / audio.frames)
    if not windows:
        return np.zeros(0), np.zeros(0)
    scale = (2.0 / float(window.sum())) ** 2 / windows
    return np.arange(total.size) * (audio.sample_rate / size), total * scale


def bandwidth_hz(hz: _Values, power: _Values) -> float | None:
    """Return the frequency at which a spectrum breaks off, as after a codec or a low sample rate.

    Parameters
    ----------
    hz, power : ndarray, shape (bins,)
        From `long_term_spectrum`.

    Returns
    -------
    float or None
        In Hz; half the sample rate where nothing breaks off; None for silence.
    """
    return _end_hz(hz, power, lambda falls: _deepest(falls, 0, falls.hz.size))


def cutoff_hz(hz: _Values, power: _Values) -> float | None:
    """Return the frequency above which a spectrum has nothing, not even noise, as above an encoder's filter.

    A recording may end by itself far below, and its noise go on up to here: this is the last place at
    which a spectrum breaks off, `bandwidth_hz` the one at which it breaks off the most.

    Parameters
    ----------
    hz, power : ndarray, shape (bins,)
        From `long_term_spectrum`.

    Returns
    -------
    float or None
        In Hz; half the sample rate where nothing breaks off; None for silence.
    """
    return _end_hz(hz, power, _last_wall)


@dataclass(frozen=True, eq=False)
class _Falls:
    """By how much a spectrum falls at each frequency, from `below` it to what is `above` it and beyond."""

    hz: _Values
    power: _Values
    below: _Values
    above: _Values
    fall_db: _Values
    possible: npt.NDArray[np.bool_]


def _end_hz(hz: _Values, power: _Values, choose: Callable[[_Falls], int]) -> float | None:
    """Return the middle of the wall that is chosen; the end of the spectrum where there is none."""
    falls = _falls(hz, power)
    if falls is None:
        return None
    return _middle(falls, choose(falls)) if falls.possible.any() else float(hz[-1])


def _deepest(falls: _Falls, first: int, stop: int) -> int:
    """Return where, from one bin up to another, the spectrum breaks off the most."""
    inside = slice(first, stop)
    return first + int(np.argmax(np.where(falls.possible[inside], falls.fall_db[inside], -np.inf)))


def _last_wall(falls: _Falls) -> int:
    last = int(np.flatnonzero(falls.possible)[-1])
    # The edge is as wide as the gap between the two sixths of an octave: its deepest place is near.
    first = int(np.searchsorted(falls.hz, falls.hz[last] / _SIXTH_OCTAVE))
    return _deepest(falls, first, last + 1)


def _falls(hz: _Values, power: _Values) -> _Falls | None:
    # A constant is no sound.
    hz, power = hz[1:], power[1:]
    if not power.size or power.max() <= 0.0:
        return None
    power = np.maximum(power, _FLOOR * power.max())
    least = _FLOOR * power.max()
    sums = np.concatenate([[0.0], np.cumsum(power)])

    def mean(low_hz: _Values, high_hz: _Values) -> _Values:
        low, high = np.searchsorted(hz, low_hz), np.searchsorted(hz, high_hz)
        found: _Values = np.maximum((sums[high] - sums[low]) / np.maximum(high - low, 1), least)
        return found

    below = mean(hz / _SIXTH_OCTAVE, hz / _EDGE)
    above = mean(hz * _EDGE, hz * _SIXTH_OCTAVE)
    # Beyond the wall nothing comes back: no sixth of an octave higher up is as strong again.
    beyond = np.maximum.accumulate(above[::-1])[::-1]
    fall_db = 10.0 * np.log10(below / beyond)
    # A wall right below half the sample rate leaves nothing above itself to be seen.
    possible = (hz >= _LOWEST_END_HZ) & (hz * _EDGE * _EDGE < hz[-1]) & (fall_db >= _WALL_DB)
    return _Falls(hz, power, below, above, fall_db, possible)


def _middle(falls: _Falls, wall: int) -> float:
    """Return where the level is half way down a wall; the fall is as deep over the width of its edge."""
    half_way = np.sqrt(falls.below[wall] * falls.above[wall])
    # Smoothed, as a single bin of the noise beyond may reach up to there.
    smooth = np.convolve(falls.power, np.ones(_SMOOTH_BINS) / _SMOOTH_BINS, "same")
    near = smooth[: np.searchsorted(falls.hz, falls.hz[wall] * _SIXTH_OCTAVE)]
    return float(falls.hz[np.flatnonzero(near >= half_way)[-1]])
