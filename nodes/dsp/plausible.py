"""Hold a restored wave within what an autoregressive model of its surroundings finds plausible.

Where little is missing, an autoregressive (AR) model of the sound around it knows much about a gap:
not only the likeliest wave in it, but also how far from that a wave may reasonably be. A sparse
solution sometimes overshoots there, most of all in the long gaps of a low voice. So each gap's wave
is drawn towards the likeliest one until its deviation is a plausible one, and left alone if it is so
already. The measure is the deviation's prediction error, in units of the model's own.

Axis letters: N sample frames, M missing samples.

References
----------
A. Janssen, R. Veldhuis, L. Vries, Adaptive interpolation of discrete-time signals that can be modeled
as autoregressive processes, IEEE Trans. ASSP 34(2), 1986 (eq. 12: the likeliest samples, and their
precision matrix). S. Godsill, P. Rayner, Digital Audio Restoration, Springer 1998, section 5.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["plausible"]

# Window (samples) per coefficient of the model: 160 in 46 ms at 44.1 kHz hold two octaves of voice.
_WINDOW_PER_COEFFICIENT = 13
# Windows of which more is missing (share) are left to the sparse solution: the model, fitted to a
# wave that is half invented, is too sure of itself.
_MOST_MISSING = 0.25
# How often the likeliest wave and the model are found from one another; from 3 on nothing is gained.
_ROUNDS = 3
# A deviation is plausible up to this many times the mean square prediction error.
_TOLERATED = 10.0
# White noise added to a model (share of power): keeps it invertible, 110 dB below the sound.
_WHITE = 1e-11
# Kept on the diagonal of a precision matrix against rounding.
_RIDGE = 1e-13
# A window with less power than this (full scale²) has no model.
_SILENT = 1e-12

_Wave = npt.NDArray[np.float32]
_Signs = npt.NDArray[np.int8]
_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Window:
    """One window's missing samples under its model.

    Parameters
    ----------
    missing : ndarray, shape (missing,)
        Where they are.
    likeliest : ndarray, shape (missing,)
        Their conditional mean.
    precision : ndarray, shape (missing, missing)
        Their precision matrix, times the variance of the prediction error.
    variance : float
        Of the prediction error where nothing is missing.
    """

    missing: npt.NDArray[np.int64]
    likeliest: _Values
    precision: _Values
    variance: float


def plausible(
    wave: _Wave, signs: _Signs, sparse: _Wave, *, window: int, check: Callable[[], None] = lambda: None
) -> _Wave:
    """Return the sparse solution, drawn towards the likeliest wave where it strays too far from it.

    Parameters
    ----------
    wave, sparse : ndarray, shape (frames,)
        float32: as clipped, and as restored.
    signs : ndarray, shape (frames,)
        int8: 1 and −1 where it was clipped above and below, 0 where it was not.
    window : int
        Window length in samples, a multiple of 4.
    check : callable
        Called for every window; raises to stop.

    Returns
    -------
    ndarray, shape (frames,)
        float32; what was not clipped is as in `wave`, clipped samples are at its level or beyond.
    """
    padded = np.pad(wave.astype(np.float64), window)
    sides = np.pad(signs, window)
    restored = np.pad(sparse.astype(np.float64), window)
    begins, few = _touched(sides, window)
    if not few.any():
        return sparse
    estimate = padded
    for turn in range(_ROUNDS):
        total, weight = np.zeros_like(padded), np.zeros_like(padded)
        for begin, trusted in zip(begins, few, strict=True):
            check()
            span = slice(begin, begin + window)
            part = restored[span]
            if trusted:
                part = _better(estimate[span], sides[span], part, turn == _ROUNDS - 1)
            total[span] += _hann(window) * part
            weight[span] += _hann(window)
        mean = total / np.maximum(weight, _RIDGE)
        bounded = np.where(sides > 0, np.maximum(mean, padded), np.minimum(mean, padded))
        estimate = np.where(sides == 0, padded, bounded)
    return np.asarray(estimate[window:-window], np.float32)


def _touched(sides: _Signs, window: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return where the windows with missing samples begin, and whether these are few."""
    counts = np.concatenate([[0], np.cumsum(sides != 0)])
    begins = np.arange(0, sides.size - window + 1, window // 4)
    missing = counts[begins + window] - counts[begins]
    begins, missing = begins[missing > 0], missing[missing > 0]
    return begins, missing <= _MOST_MISSING * window


def _better(estimate: _Values, sides: _Signs, restored: _Values, last: bool) -> _Values:
    """Return a window's likeliest wave, or in the last round the restored one as far as plausible."""
    result = restored.copy()
    view = _modelled(estimate, sides != 0)
    if view is None:
        return result
    if not last:
        result[view.missing] = view.likeliest
        return result
    deviation = result[view.missing] - view.likeliest
    gaps = np.split(np.arange(deviation.size), np.flatnonzero(np.diff(view.missing) > 1) + 1)
    for gap in gaps:
        own = deviation[gap]
        strain = float(own @ view.precision[np.ix_(gap, gap)] @ own) / (gap.size * view.variance)
        deviation[gap] *= min(1.0, np.sqrt(_TOLERATED / max(strain, _TOLERATED)))
    result[view.missing] = view.likeliest + deviation
    return result


def _modelled(wave: _Values, gone: npt.NDArray[np.bool_]) -> _Window | None:
    """Fit a model to a window and find its missing samples, as if the sound were silent beyond it."""
    from scipy.fft import irfft, rfft
    from scipy.linalg import cho_factor, cho_solve, solve_toeplitz

    size = wave.size
    order = size // _WINDOW_PER_COEFFICIENT
    spectrum = rfft(wave * _hann(size), 2 * size)
    lags = irfft(spectrum.real**2 + spectrum.imag**2)[: order + 1]
    if lags[0] <= _SILENT * size:
        return None
    lags[0] *= 1.0 + _WHITE
    model = np.concatenate([[1.0], -solve_toeplitz(lags[:order], lags[1:])])
    # The precision matrix is Toeplitz: the autocorrelation of the model's coefficients.
    row = np.zeros(size)
    row[: order + 1] = np.correlate(model, model, "full")[order:]
    missing = np.flatnonzero(gone)
    precision = row[np.abs(missing[:, None] - missing)]
    precision[np.diag_indices(missing.size)] += _RIDGE * row[0]
    response = rfft(np.concatenate([row, [0.0], row[:0:-1]]))
    known = np.where(gone, 0.0, wave)
    pull = -irfft(rfft(known, 2 * size) * response)[:size][missing]
    factor = cho_factor(precision, lower=True, check_finite=False)
    likeliest = cho_solve(factor, pull, check_finite=False)
    errors = irfft(rfft(wave, 2 * size) * rfft(model, 2 * size))[order:size]
    touched = np.convolve(gone, np.ones(order + 1))[order:size] > 0.5
    sound = errors[~touched]
    # Gaps everywhere: then the middle of all errors says how large they are (median to variance: 2.2).
    variance = np.mean(sound**2) if sound.size > order else 2.2 * np.median(errors**2)
    return _Window(missing, likeliest, precision, float(variance) + _SILENT)


def _hann(size: int) -> _Values:
    window: _Values = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)
    return window
