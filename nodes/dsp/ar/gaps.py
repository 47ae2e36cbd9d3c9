"""Fill a gap of some milliseconds from the sound on both sides of it.

A long autoregressive model, which knows each partial of the sound, is fitted to what stands before
and after the gap, and never to the gap. What fills the gap is what surprises this model least.

A gap is filled from a fixed stretch about it, so that it comes out the same whatever else is near.

Axis letters: T frames, P order.

References
----------
S. de Waele, P. M. T. Broersen, The Burg algorithm for segments, IEEE Trans. Signal Process. 48(10),
2000. A. Janssen, R. Veldhuis, L. Vries, Adaptive interpolation of discrete-time signals that can be
modeled as autoregressive processes, IEEE Trans. ASSP 34(2), 1986. O. Mokrý, P. Rajmic, On the use of
autoregressive methods for audio inpainting, EUSIPCO 2024.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from nodes.dsp.ar.model import Array

__all__ = ["fitted", "gap_filled"]

# Share of its power that is added to a sound before a model is fitted or solved with: 90 dB below it.
_WHITE = 1e-9
# Power (full scale²) that keeps digital silence from dividing by zero.
_TINY = 1e-20


def fitted(before: Array, after: Array, order: int) -> tuple[Array, float]:
    """Fit one autoregressive model to two stretches of sound, by Burg's method for segments.

    Parameters
    ----------
    before, after : ndarray, shape (frames,)
        float64; either may be empty.
    order : int
        How many samples back the model looks; less than the longer stretch has.

    Returns
    -------
    model : ndarray, shape (order + 1,)
        a₀ = 1: the surprise at t is Σ aₖ x(t − k).
    power : float
        Mean power of the surprise (full scale²).
    """
    return _loop()(np.ascontiguousarray(before), np.ascontiguousarray(after), order)


def gap_filled(before: Array, count: int, after: Array, order: int) -> Array:
    """Return the sound of a gap between two stretches.

    Parameters
    ----------
    before, after : ndarray, shape (frames,)
        float64, what stands directly on both sides; not both shorter than 2 samples.
    count : int
        Frames of the gap.
    order : int
        Of the model. Less is used where a side is shorter than this.

    Returns
    -------
    ndarray, shape (count,)
        float64.
    """
    from scipy.linalg import solve_toeplitz
    from scipy.signal import fftconvolve

    order = min(order, max(1, min(before.size, after.size) - 1))
    model, _ = fitted(before, after, order)
    # Least squares: the equations' matrix holds the model's own correlation, the right side what the
    # known samples within the model's reach ask of the gap (Janssen 1986, eq. 8 to 12).
    column = np.zeros(count)
    lags = fftconvolve(model, model[::-1])[order:]
    reach = min(count, lags.size)
    column[:reach] = lags[:reach]
    column[0] *= 1.0 + _WHITE
    known = np.zeros(count + 2 * order)
    left, right = before[-order:], after[:order]
    known[order - left.size : order] = left
    known[order + count : order + count + right.size] = right
    surprises = fftconvolve(known, model)[order : 2 * order + count]
    wanted = fftconvolve(surprises, model[::-1])[order : order + count]
    found: Array = -np.asarray(solve_toeplitz(column, wanted, check_finite=False), np.float64)
    return found


_Loop = Callable[[Array, Array, int], tuple[Array, float]]


@lru_cache(maxsize=1)
def _loop() -> _Loop:
    from numba import njit

    compiled: Any = njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})(_burg)
    return compiled  # type: ignore[no-any-return]


def _burg(before: Array, after: Array, order: int) -> tuple[Array, float]:
    """Both stretches lie in one array; what reaches from one into the other is left out."""
    first, count = before.size, before.size + after.size
    forward = np.concatenate((before, after))
    backward = forward.copy()
    model, last = np.zeros(order + 1), np.zeros(order + 1)
    model[0] = 1.0
    power = np.mean(forward * forward) + _TINY
    for step in range(1, order + 1):
        both, each = 0.0, _TINY
        for begin, end in ((step, first), (first + step, count)):
            for t in range(begin, end):
                both += forward[t] * backward[t - 1]
                each += forward[t] * forward[t] + backward[t - 1] * backward[t - 1]
        turn = -2.0 * both / (each * (1.0 + _WHITE))
        for begin, end in ((step, first), (first + step, count)):
            behind = backward[begin - 1] if begin < end else 0.0
            for t in range(begin, end):
                here = backward[t]
                backward[t] = behind + turn * forward[t]
                forward[t] += turn * behind
                behind = here
        last[:] = model
        for k in range(1, step + 1):
            model[k] = last[k] + turn * last[step - k]
        power *= 1.0 - turn * turn
    return model, float(power)
