"""Autoregressive models: each sample as a weighted sum of the ones before it, plus a small surprise.

Over some 20 ms a musical sound is well predicted by such a model; damage is not. The surprise (the
prediction error) shows where a click is, and the model fills in what lies under it.

Models stand on a grid of hops that is fixed to the signal, and each number is summed in one fixed
order, so that a block of a long signal sees the very models that the whole signal would have. The
loops run in numba, which releases the GIL, and are compiled when first needed.

Axis letters: T frames of sound, N models (hops), P order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Grid", "Models", "fit_models", "prediction_errors"]

Array = npt.NDArray[np.float64]

# Share of its power that is added to a signal as white noise before a model is fitted: keeps the
# recursion stable where a tone is predicted perfectly, 90 dB below the sound.
_WHITE = 1e-9
# Power (full scale²) that keeps digital silence from dividing by zero.
_TINY = 1e-20


@dataclass(frozen=True)
class Grid:
    """Where models stand and how much they know.

    Parameters
    ----------
    hop : int
        Model n is for the frames n · hop … (n + 1) · hop, and is fitted to twice that stretch, in a
        Hann window about it.
    order : int
        How many samples back a model looks.
    """

    hop: int
    order: int


@dataclass(frozen=True, eq=False)
class Models:
    """The models of one channel.

    Parameters
    ----------
    grid : Grid
        Where they stand.
    weights : ndarray, shape (models, order + 1)
        float64, a₀ = 1: the error at t is Σ aₖ x(t − k).
    """

    grid: Grid
    weights: Array


def fit_models(signal: Array, grid: Grid) -> Models:
    """Fit one model to every hop by the autocorrelation method.

    Parameters
    ----------
    signal : ndarray, shape (frames,)
        float64, beginning at a multiple of the hop; silence is assumed around it.
    grid : Grid
        Where models stand.

    Returns
    -------
    Models
        ⌈frames / hop⌉ of them, each stable.

    References
    ----------
    J. Makhoul, "Linear prediction: a tutorial review", Proc. IEEE 63(4), 1975: autocorrelation method
    and the Levinson-Durbin recursion (section II).
    """
    window = np.sin(np.pi * (np.arange(2 * grid.hop) + 0.5) / (2 * grid.hop)) ** 2
    count = -(-signal.size // grid.hop)
    half = grid.hop // 2
    padded = np.zeros((count + 1) * grid.hop + 2 * grid.hop)
    padded[half : half + signal.size] = signal
    return Models(grid, _loops().fit(padded, window, count, grid.order))


def prediction_errors(signal: Array, models: Models) -> tuple[Array, Array]:
    """Return how much each sample surprises, predicted from those before it and from those after it.

    Parameters
    ----------
    signal : ndarray, shape (frames,)
        float64, beginning where the models do; silence is assumed around it.
    models : Models
        Of this signal, or of what it should be.

    Returns
    -------
    forward, backward : ndarray, shape (frames,)
        float64.
    """
    order, frames = models.grid.order, signal.size
    padded = np.zeros(frames + 2 * order)
    padded[order : order + frames] = signal
    return _loops().errors(padded, models.weights, models.grid.hop, frames)


# --- loops over samples --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Loops:
    fit: Callable[[Array, Array, int, int], Array]
    errors: Callable[[Array, Array, int, int], tuple[Array, Array]]


@lru_cache(maxsize=1)
def _loops() -> _Loops:
    from numba import njit

    compiled: Any = njit(cache=True, nogil=True)
    return _Loops(compiled(_fit), compiled(_errors))


def _fit(padded: Array, window: Array, count: int, order: int) -> Array:
    """Autocorrelate every windowed stretch and solve for its model by Levinson's recursion."""
    length = window.size
    hop = length // 2
    weights = np.zeros((count, order + 1))
    stretch = np.zeros(length + order)
    lags = np.zeros(order + 1)
    last = np.zeros(order + 1)
    for n in range(count):
        for i in range(length):
            stretch[i] = window[i] * padded[n * hop + i]
        lags[:] = 0.0
        # The inner loop runs over lags, each with a sum of its own: LLVM may use vectors.
        for i in range(length):
            value = stretch[i]
            for k in range(order + 1):
                lags[k] += value * stretch[i + k]
        error = lags[0] * (1.0 + _WHITE) + _TINY
        model = weights[n]
        model[0] = 1.0
        for i in range(1, order + 1):
            total = lags[i]
            for j in range(1, i):
                total += model[j] * lags[i - j]
            reflection = -total / error
            last[:] = model
            for j in range(1, i):
                model[j] = last[j] + reflection * last[i - j]
            model[i] = reflection
            error *= 1.0 - reflection * reflection
    return weights


def _errors(padded: Array, weights: Array, hop: int, frames: int) -> tuple[Array, Array]:
    order = weights.shape[1] - 1
    forward = np.zeros(frames)
    backward = np.zeros(frames)
    for n in range(weights.shape[0]):
        begin = n * hop
        end = min(frames, begin + hop)
        for k in range(order + 1):
            weight = weights[n, k]
            for t in range(begin, end):
                forward[t] += weight * padded[order + t - k]
            for t in range(begin, end):
                backward[t] += weight * padded[order + t + k]
    return forward, backward
