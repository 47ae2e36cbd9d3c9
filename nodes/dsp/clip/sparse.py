"""Fill in what clipping cut off, by the sparsest spectra that fit what was left.

Music and speech are sparse in a short-time Fourier transform: few coefficients carry nearly all of
the energy, while clipping spreads energy over all of them. So the missing samples are sought such
that the spectra have few large coefficients, under two conditions that hold exactly: reliable samples
stay as they are, and a clipped one lies at or beyond the level at which it was cut.

The method is ADMM on a whole stretch of sound at once (analysis model, a tight frame), as in A-SPADE,
with a threshold that falls by a straight line in decibels in place of a count of coefficients that
rises: no sorting, and a loud and a quiet moment in one stretch each get what they need. No single
window length suits every sound, and each of the solutions errs in its own way; their mean is closer
to the truth than the best of them, by about 0.7 dB.

Axis letters: T STFT frames, F bins, N sample frames.

References
----------
S. Kitić, N. Bertin, R. Gribonval, Sparsity and cosparsity for audio declipping: a flexible non-convex
approach, LVA/ICA 2015 (algorithm 2, A-SPADE). P. Záviška, P. Rajmic, A. Ozerov, L. Rencker, A survey
and an extensive evaluation of popular audio declipping methods, IEEE JSTSP 15(1), 2021.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["HOPS_PER_WINDOW", "sparsest"]

# An overlap of two thirds: three windows of 35 to 140 ms come within 0.3 dB of four with three quarters,
# for half the work.
HOPS_PER_WINDOW = 3
# A Hann window's square, overlapped so, sums to this.
_OVERLAPPED_HANN_SQUARED = 9.0 / 8.0
# The threshold ends this far below the largest coefficient of each frame (dB).
_DEPTH_DB = 70.0
# No restored wave is higher than this many times its clip level (24 dB).
_HIGHEST = 16.0
# Keeps silent frames from having a threshold of zero (power; 200 dB below full scale).
_TINY = 1e-20

_Wave = npt.NDArray[np.float32]
_Signs = npt.NDArray[np.int8]


def sparsest(
    wave: _Wave,
    clipped: _Signs,
    *,
    windows: tuple[int, ...],
    iterations: int,
    start_db: float,
    check: Callable[[], None] = lambda: None,
) -> _Wave:
    """Return a wave with its clipped samples replaced, the mean of the solutions for several windows.

    Parameters
    ----------
    wave : ndarray, shape (frames,)
        float32.
    clipped : ndarray, shape (frames,)
        int8: 1 where the true value is the wave's or above, −1 where it is that or below, 0 where
        the wave is to be trusted.
    windows : tuple of int
        Window lengths in samples, even multiples of `HOPS_PER_WINDOW`.
    iterations : int
        For each window. Few keep close to the clipped wave, many follow the model further.
    start_db : float, dB
        How far below the largest coefficient of each frame the threshold begins. At 0 a single partial
        is followed first, and may rise too high; far below, little is followed at all.
    check : callable
        Called in every iteration; raises to stop.

    Returns
    -------
    ndarray, shape (frames,)
        float32; reliable samples unchanged, clipped ones at or beyond the wave's.
    """
    thresholds_db = -np.linspace(start_db, _DEPTH_DB, iterations)
    total = np.zeros(wave.size, np.float64)
    for window in windows:
        total += _solve(wave, clipped, window, thresholds_db, check)
    mean = (total / len(windows)).astype(np.float32)
    # Rounding must not move what is known.
    kept = np.where(clipped > 0, np.maximum(mean, wave), np.minimum(mean, wave))
    return np.asarray(np.where(clipped == 0, wave, kept), np.float32)


def _solve(
    wave: _Wave,
    clipped: _Signs,
    window: int,
    thresholds_db: npt.NDArray[np.float64],
    check: Callable[[], None],
) -> npt.NDArray[np.float32]:
    from scipy.fft import irfft, rfft

    loops = _loops()
    padded = np.pad(wave, window)
    signs = np.pad(clipped, window)
    begins = _touched(signs, window)
    hann = _tight_hann(window)
    furthest = np.float32(_HIGHEST) * padded
    low, high = (np.where(signs == side, furthest, padded) for side in (-1, 1))
    estimate = padded.copy()
    frames = np.empty((begins.size, window), np.float32)
    dual = np.zeros((begins.size, window + 2), np.float32)
    start = np.zeros(0, np.float32)
    for level_db in thresholds_db:
        check()
        loops.cut(estimate, begins, hann, frames)
        spectra = rfft(frames, axis=1, norm="ortho", overwrite_x=True)
        if not start.size:
            start = np.max(spectra.real**2 + spectra.imag**2, axis=1) + np.float32(_TINY)
        loops.keep_large(spectra.view(np.float32), dual, start * np.float32(10.0 ** (level_db / 10.0)))
        waves = irfft(spectra, window, axis=1, norm="ortho", overwrite_x=True)
        loops.put_together(waves, begins, hann, low, high, estimate)
    return np.asarray(estimate[window:-window])


def _touched(signs: _Signs, window: int) -> npt.NDArray[np.int64]:
    """Return where the windows begin that hold a clipped sample; the others would never change."""
    hop = window // HOPS_PER_WINDOW
    counts = np.concatenate([[0], np.cumsum(signs != 0)])
    begins = np.arange(0, signs.size - window + 1, hop)
    return begins[counts[begins + window] > counts[begins]]


@lru_cache(maxsize=16)
def _tight_hann(length: int) -> _Wave:
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)
    scaled: _Wave = (window / np.sqrt(_OVERLAPPED_HANN_SQUARED)).astype(np.float32)
    scaled.flags.writeable = False
    return scaled


# --- loops over samples --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Loops:
    cut: Callable[..., None]
    keep_large: Callable[..., None]
    put_together: Callable[..., None]


@lru_cache(maxsize=1)
def _loops() -> _Loops:
    from numba import njit

    # Sums may be reordered and products fused, so that all loops run in vector registers.
    compiled: Any = njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
    return _Loops(compiled(_cut), compiled(_keep_large), compiled(_put_together))


def _cut(wave: Any, begins: Any, window: Any, frames: Any) -> None:
    """Write the windowed stretches of `wave` to `frames`."""
    for t in range(begins.size):
        begin = begins[t]
        for n in range(window.size):
            frames[t, n] = wave[begin + n] * window[n]


def _keep_large(spectra: Any, dual: Any, least: Any) -> None:
    """Run one ADMM step in place: hard threshold, dual update, and what is to be synthesised.

    With c = spectra + dual, the kept part z is c above the threshold and 0 below; the dual becomes
    c − z; and z less the new dual is c above and −c below. Both arrays hold real and imaginary
    parts by turns; there are no branches, as these would keep the loop out of vector registers.
    """
    for t in range(spectra.shape[0]):
        frame, rest, least_power = spectra[t], dual[t], least[t]
        for k in range(spectra.shape[1] // 2):
            real = frame[2 * k] + rest[2 * k]
            imaginary = frame[2 * k + 1] + rest[2 * k + 1]
            large = real * real + imaginary * imaginary >= least_power
            frame[2 * k] = real if large else -real
            frame[2 * k + 1] = imaginary if large else -imaginary
            rest[2 * k] = np.float32(0.0) if large else real
            rest[2 * k + 1] = np.float32(0.0) if large else imaginary


def _put_together(  # noqa: PLR0917 (numba takes arguments by position)
    waves: Any, begins: Any, window: Any, low: Any, high: Any, estimate: Any
) -> None:
    """Overlap and add `waves`, then project: known samples, and clipped ones on their side."""
    estimate[:] = 0.0
    for t in range(begins.size):
        begin = begins[t]
        for n in range(window.size):
            estimate[begin + n] += waves[t, n] * window[n]
    for n in range(estimate.size):
        estimate[n] = min(max(estimate[n], low[n]), high[n])
