"""Partials: the single tones of which held notes are made, followed through time.

A bank of narrow analytic bands (an STFT) is looked at for peaks. The frequency of a peak is its
instantaneous frequency, found from a second transform with the window's derivative (reassignment),
which is exact for a steady tone between two bins. Peaks that follow each other are one track.

Noise has peaks, too. They wander with the window and not with the tape, so that they would pull
every estimate of a common movement towards none. Two things tell them from tones: they do not last,
and the bands around them disagree about the frequency. Tracks that fail on either are left out.

Axis letters: C channels, T STFT frames, F bins.

References
----------
F. Auger and P. Flandrin, Improving the readability of time-frequency and time-scale representations
by the reassignment method, IEEE Trans. Signal Process. 43(5), 1995, eq. 12.
R. McAulay and T. Quatieri, Speech analysis/synthesis based on a sinusoidal representation, IEEE
Trans. Acoust. Speech Signal Process. 34(4), 1986, section III: tracks of peaks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nodegraph import Samples

__all__ = ["CENTS", "Partials", "heard", "track_partials", "window_response"]

CENTS = 1200.0 / float(np.log(2.0))
"""Cents per unit of natural logarithm."""

# Where partials are looked for (Hz): below, notes are closer than a band is wide; above, there is
# little but noise on the records that need this.
_LOWEST_HZ = 80.0
_HIGHEST_HZ = 6000.0
# Peaks are looked at down to this power below the strongest of their frame, and in absolute terms.
_RELATIVE_POWER = 1e-6
_LEAST_POWER = 1e-9
# A track goes on in the next frame within this distance, per second (cents/s): more than the
# steepest slope of wow and less than a semitone per note of a fast run.
_STEP_CENTS_PER_S = 2500.0
# Peaks with bands that disagree by more (cents) are no tones.
_WORST_CENTS = 30.0
# A track must last so many windows …
_LEAST_WINDOWS = 3.2
# … and its bands must agree on average to this share of 1/window: steady tones are at 0.02 to 0.1,
# noise at 0.2.
_MOST_SPREAD = 0.12
_BATCH = 64
# The rate to which the sound is lowered at least (Hz), and how far what folds back is down (dB).
_LEAST_RATE_HZ = 13600.0
_ALIAS_DB = 80.0

Wave = npt.NDArray[np.float32]
_Values = npt.NDArray[np.float64]
_Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Partials:
    """Everything that is known of the pitch of a stretch of sound: points on tracks.

    Points are sorted by track, then by frame.

    Parameters
    ----------
    frame, track : ndarray, shape (points,)
        Which STFT frame and which track.
    cents : ndarray, shape (points,)
        Pitch over 1 Hz.
    spread_cents : ndarray, shape (points,)
        How much the bands around the peak disagree about it.
    frames, tracks : int
        Their numbers.
    hop_s, window_s : float
        From one STFT frame to the next, and how long each looks.
    """

    frame: _Counts
    track: _Counts
    cents: _Values
    spread_cents: _Values
    frames: int
    tracks: int
    hop_s: float
    window_s: float


def window_response(hz: _Values, window_s: float) -> _Values:
    """Return how much of a pitch modulation of that rate is left by a Hann window.

    To first order the instantaneous frequency of a band is the true one averaged over the window.
    """
    x = np.asarray(hz, np.float64) * window_s
    x = np.where(np.abs(x - 1.0) < 1e-6, 1.0 + 1e-6, x)
    return np.asarray(np.sinc(x) / (1.0 - x * x))


def heard(samples: Samples, sample_rate: int) -> tuple[Wave, float]:
    """Mix a stretch of sound to what partials are looked for in, and return that and its sample rate.

    The mixture is the one of the channels that holds most of their power, their first principal
    component, so that sound in opposite phase counts. The rate is as low as the highest partial lets
    it be: the work shrinks by as much.
    """
    from scipy.signal import firwin, kaiserord, upfirdn

    mono = samples[0]
    if samples.shape[0] > 1:
        power = np.asarray(samples @ samples.T, np.float64)
        mono = np.linalg.eigh(power)[1][:, -1].astype(np.float32) @ samples
    factor = int(sample_rate / _LEAST_RATE_HZ)
    if factor < 2:
        return mono, float(sample_rate)
    lower = sample_rate / factor
    taps, beta = kaiserord(_ALIAS_DB, (lower - 2.0 * _HIGHEST_HZ) / (0.5 * sample_rate))
    # A whole number of kept samples on each side of the middle.
    side = factor * (1 + taps // (2 * factor))
    lowpass = firwin(2 * side + 1, 0.5 * lower, window=("kaiser", beta), fs=sample_rate)
    kept = upfirdn(lowpass.astype(np.float32), mono, down=factor)
    first = side // factor
    return np.asarray(kept[first : first + 1 + (mono.size - 1) // factor]), lower


def track_partials(
    mono: Wave, sample_rate: float, *, window_s: float, hop_s: float, check: Callable[[], None]
) -> Partials:
    """Find the partials of a stretch of sound and follow them.

    Parameters
    ----------
    mono : ndarray, shape (frames,)
        The stretch, as `heard` gives it.
    sample_rate : float
        In Hz.
    window_s, hop_s : float
        Length and step of the analysis.
    check : callable
        Called many times a second; may raise to stop.
    """
    length = 2 * max(8, round(window_s * sample_rate / 2))
    hop = max(1, round(hop_s * sample_rate))
    count = 1 + mono.size // hop
    padded = np.pad(mono, (length // 2, length // 2 + hop))
    found = []
    for begin in range(0, count, _BATCH):
        check()
        stop = min(count, begin + _BATCH)
        shown = padded[begin * hop : (stop - 1) * hop + length]
        frame, cents, spread = _peaks(shown, sample_rate, length, hop)
        found.append((frame + begin, cents, spread))
    frame, cents, spread = (np.concatenate(parts) for parts in zip(*found, strict=True))
    check()
    hop_s, window_s = hop / sample_rate, length / sample_rate
    track, tracks = _tones(_link(frame, cents, _STEP_CENTS_PER_S * hop_s), cents, spread, hop_s, window_s)
    kept = np.flatnonzero(track >= 0)
    kept = kept[np.lexsort((frame[kept], track[kept]))]
    return Partials(
        frame=frame[kept],
        track=track[kept],
        cents=cents[kept],
        spread_cents=spread[kept],
        frames=count,
        tracks=tracks,
        hop_s=hop_s,
        window_s=window_s,
    )


def _peaks(shown: Wave, sample_rate: float, length: int, hop: int) -> tuple[_Counts, _Values, _Values]:
    from scipy.fft import next_fast_len, rfft

    size = next_fast_len(2 * length, real=True)
    at = (np.arange(length) + 0.5) / length
    window = (0.5 - 0.5 * np.cos(2.0 * np.pi * at)).astype(np.float32)
    slope = (np.pi / length * np.sin(2.0 * np.pi * at)).astype(np.float32)
    low = max(2, int(_LOWEST_HZ * size / sample_rate)) - 2
    high = max(low + 5, min(size // 2 + 1, int(_HIGHEST_HZ * size / sample_rate) + 3))
    rows = np.lib.stride_tricks.sliding_window_view(shown, length)[::hop]
    spectra = rfft(rows * window, size, axis=1)[:, low:high]
    slopes = rfft(rows * slope, size, axis=1)[:, low:high]
    frame, middle_bin = _peaks_loop()(spectra)
    around = middle_bin[:, np.newaxis] + np.arange(-1, 2)
    bands = spectra[frame[:, np.newaxis], around].astype(np.complex128)
    turning = slopes[frame[:, np.newaxis], around] * bands.conj()
    weights = bands.real**2 + bands.imag**2
    # Auger and Flandrin 1995, eq. 12: bin frequency − Im(X′ X*) / |X|².
    hz = ((low + around) / size - turning.imag / (weights + 1e-30) / (2.0 * np.pi)) * sample_rate
    weights /= weights.sum(axis=1, keepdims=True)
    mean = (weights * hz).sum(axis=1)
    spread = np.sqrt((weights * (hz - mean[:, np.newaxis]) ** 2).sum(axis=1))
    near = np.abs(mean * size / sample_rate - (low + middle_bin)) < 1.0
    near &= mean > _LOWEST_HZ
    spread = spread / np.maximum(mean, 1.0) * CENTS
    near &= spread < _WORST_CENTS
    return frame[near], np.log(mean[near]) * CENTS, spread[near]


@lru_cache(maxsize=1)
def _peaks_loop() -> Callable[[npt.NDArray[np.complex64]], tuple[_Counts, _Counts]]:
    from numba import njit

    compiled: Callable[[npt.NDArray[np.complex64]], tuple[_Counts, _Counts]] = njit(cache=True, nogil=True)(
        _highest
    )
    return compiled


def _highest(spectra: npt.NDArray[np.complex64]) -> tuple[_Counts, _Counts]:
    """Return frame and bin of the peaks: higher than two bins to either side, and loud enough."""
    frames, bins = spectra.shape
    frame, peak = np.empty(frames * bins // 3 + 1, np.int64), np.empty(frames * bins // 3 + 1, np.int64)
    power = np.empty(bins, np.float32)
    count = 0
    for n in range(frames):
        loudest = np.float32(0.0)
        for k in range(bins):
            power[k] = spectra[n, k].real * spectra[n, k].real + spectra[n, k].imag * spectra[n, k].imag
            loudest = max(loudest, power[k])
        least = max(np.float32(_RELATIVE_POWER) * loudest, np.float32(_LEAST_POWER))
        for k in range(2, bins - 2):
            here = power[k]
            before, after = max(power[k - 2], power[k - 1]), max(power[k + 1], power[k + 2])
            if here > least and here > before and here >= after:
                frame[count] = n
                peak[count] = k
                count += 1
    return frame[:count], peak[:count]


def _link(frame: _Counts, cents: _Values, step_cents: float) -> _Counts:
    """Return the track of each point: the nearest of the next frame follows, if the choice is mutual."""
    if not frame.size:
        return np.zeros(0, np.int64)
    # One number that sorts by frame, then pitch; frames lie further apart than any two pitches.
    apart = 1e6
    key = frame * apart + cents
    before = _nearest(key, key - apart)
    after = _nearest(key, key + apart)
    own = np.arange(key.size)
    follows = (np.abs(key[before] - (key - apart)) < step_cents) & (after[before] == own)
    root = np.where(follows, before, own)
    # Each round doubles how far back every point has found its beginning.
    while True:
        further = root[root]
        if np.array_equal(further, root):
            return np.asarray(root)
        root = further


def _nearest(key: _Values, wanted: _Values) -> _Counts:
    right = np.clip(np.searchsorted(key, wanted), 0, key.size - 1)
    left = np.clip(right - 1, 0, key.size - 1)
    return np.where(np.abs(key[left] - wanted) <= np.abs(key[right] - wanted), left, right)


def _tones(
    track: _Counts, cents: _Values, spread: _Values, hop_s: float, window_s: float
) -> tuple[_Counts, int]:
    """Return the tracks of points numbered from 0, −1 where the track is no tone, and how many are."""
    _, track, count = np.unique(track, return_inverse=True, return_counts=True)
    disagreement = spread / CENTS * np.exp(cents / CENTS) * window_s
    average = np.bincount(track, disagreement, count.size) / np.maximum(count, 1)
    tone = (count * hop_s >= _LEAST_WINDOWS * window_s) & (average < _MOST_SPREAD)
    number = np.where(tone, np.cumsum(tone) - 1, -1)
    return number[track], int(tone.sum())
