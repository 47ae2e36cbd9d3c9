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

__all__ = [
    "Array",
    "Flags",
    "Grid",
    "Models",
    "compiled",
    "fit_models",
    "hann",
    "least_errors",
    "prediction_errors",
]

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# Share of its power that is added to a signal as white noise before a model is fitted: keeps the
# recursion stable where a tone is predicted perfectly, 90 dB below the sound.
_WHITE = 1e-9
# Power (full scale²) that keeps digital silence from dividing by zero.
_TINY = 1e-20
# Frames beyond the order that a pass over eight weights may read.
_SPARE = 7
# What the compiler may do to sums: see `compiled`.
_LOOSE = {"contract", "reassoc", "nsz"}


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
        float64, a₀ = 1: the error at t is Σ aₖ x(t − k). All zero where no model was asked for.
    energy : ndarray, shape (models,)
        float64: the sum of squared errors in the window that each model was fitted to.
    """

    grid: Grid
    weights: Array
    energy: Array


def hann(grid: Grid) -> Array:
    """Return the window in which models are fitted, shape (2 · hop,)."""
    return np.asarray(np.sin(np.pi * (np.arange(2 * grid.hop) + 0.5) / (2 * grid.hop)) ** 2)


def fit_models(signal: Array, grid: Grid, *, hops: Flags | None = None, old: Models | None = None) -> Models:
    """Fit one model to every hop by the autocorrelation method.

    Parameters
    ----------
    signal : ndarray, shape (frames,)
        float64, beginning at a multiple of the hop; silence is assumed around it.
    grid : Grid
        Where models stand.
    hops : ndarray, shape (models,), optional
        bool: which models are asked for; all by default.
    old : Models, optional
        What the others are.

    Returns
    -------
    Models
        ⌈frames / hop⌉ of them, each stable.

    References
    ----------
    J. Makhoul, "Linear prediction: a tutorial review", Proc. IEEE 63(4), 1975: autocorrelation method
    and the Levinson-Durbin recursion (section II).
    """
    count = -(-signal.size // grid.hop)
    wanted = np.ones(count, np.bool_) if hops is None else hops
    weights = np.zeros((count, grid.order + 1)) if old is None else old.weights.copy()
    energy = np.zeros(count) if old is None else old.energy.copy()
    half = grid.hop // 2
    padded = np.zeros((count + 1) * grid.hop + 2 * grid.hop)
    padded[half : half + signal.size] = signal
    _loops().fit(padded, hann(grid), wanted, weights, energy)
    return Models(grid, weights, energy)


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
    return _loops().errors(_padded(signal, models), models.weights, models.grid.hop, signal.size)


def least_errors(signal: Array, models: Models) -> Array:
    """Return the lesser magnitude of the two that `prediction_errors` would give, shape (frames,)."""
    return _loops().least(_padded(signal, models), models.weights, models.grid.hop, signal.size)


def _padded(signal: Array, models: Models) -> Array:
    beyond = models.grid.order + _SPARE
    padded = np.zeros(signal.size + 2 * beyond)
    padded[beyond : beyond + signal.size] = signal
    return padded


# --- loops over samples --------------------------------------------------------------------------


def compiled(function: Callable[..., Any]) -> Any:
    """Return a loop over samples as machine code that releases the GIL.

    Products may be fused with sums and sums taken in several strands, in an order that depends on the
    length of the loop alone: the same stretch of sound gives the same bits in any block.
    """
    from numba import njit

    return njit(cache=True, nogil=True, fastmath=_LOOSE)(function)


@dataclass(frozen=True)
class _Loops:
    fit: Callable[[Array, Array, Flags, Array, Array], None]
    errors: Callable[[Array, Array, int, int], tuple[Array, Array]]
    least: Callable[[Array, Array, int, int], Array]


@lru_cache(maxsize=1)
def _loops() -> _Loops:
    from numba.extending import register_jitable

    register_jitable(fastmath=_LOOSE)(_foresee)
    return _Loops(compiled(_fit), compiled(_errors), compiled(_least))


def _fit(padded: Array, window: Array, wanted: Flags, weights: Array, energy: Array) -> None:
    """Autocorrelate every wanted windowed stretch and solve for its model by Levinson's recursion."""
    length = window.size
    hop = length // 2
    order = weights.shape[1] - 1
    stretch = np.zeros(length + order + 8)
    lags = np.zeros(order + 1)
    last = np.zeros(order + 1)
    for n in range(wanted.size):
        if not wanted[n]:
            continue
        for i in range(length):
            stretch[i] = window[i] * padded[n * hop + i]
        lags[:] = 0.0
        # Lags run innermost, so that vectors hold many of them; eight samples share one pass over
        # them (what stands beyond the stretch is zero).
        for i in range(0, length, 8):
            v0, v1, v2, v3 = stretch[i], stretch[i + 1], stretch[i + 2], stretch[i + 3]
            v4, v5, v6, v7 = stretch[i + 4], stretch[i + 5], stretch[i + 6], stretch[i + 7]
            part = stretch[i : i + order + 8]
            for k in range(order + 1):
                lags[k] += (
                    (v0 * part[k] + v1 * part[k + 1])
                    + (v2 * part[k + 2] + v3 * part[k + 3])
                    + (v4 * part[k + 4] + v5 * part[k + 5])
                    + (v6 * part[k + 6] + v7 * part[k + 7])
                )
        error = lags[0] * (1.0 + _WHITE) + _TINY
        model = weights[n]
        model[:] = 0.0
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
        energy[n] = error


def _errors(padded: Array, weights: Array, hop: int, frames: int) -> tuple[Array, Array]:
    forward, backward = np.zeros(frames), np.zeros(frames)
    for n in range(weights.shape[0]):
        if weights[n, 0] != 0.0:
            begin, end = n * hop, min(frames, (n + 1) * hop)
            _foresee(padded, weights[n], begin, forward[begin:end], backward[begin:end])
    return forward, backward


def _least(padded: Array, weights: Array, hop: int, frames: int) -> Array:
    result = np.zeros(frames)
    future = np.zeros(hop)
    for n in range(weights.shape[0]):
        if weights[n, 0] != 0.0:
            begin, end = n * hop, min(frames, (n + 1) * hop)
            past = result[begin:end]
            future[:] = 0.0
            _foresee(padded, weights[n], begin, past, future[: end - begin])
            for t in range(end - begin):
                past[t] = min(abs(past[t]), abs(future[t]))
    return result


def _foresee(padded: Array, weights: Array, begin: int, past: Array, future: Array) -> None:
    """Add the errors of a hop that begins at frame `begin`, predicted from before and from after."""
    order, length = weights.size - 1, past.size
    model = np.zeros(8 * (order // 8 + 1))
    model[: order + 1] = weights
    here = begin + order + _SPARE
    # Eight weights share one pass over the hop; beyond the order they are zero.
    for k in range(0, order + 1, 8):
        w0, w1, w2, w3 = model[k], model[k + 1], model[k + 2], model[k + 3]
        w4, w5, w6, w7 = model[k + 4], model[k + 5], model[k + 6], model[k + 7]
        before = padded[here - k - 7 : here - k + length]
        after = padded[here + k : here + k + length + 7]
        for t in range(length):
            past[t] += (
                (w0 * before[t + 7] + w1 * before[t + 6])
                + (w2 * before[t + 5] + w3 * before[t + 4])
                + (w4 * before[t + 3] + w5 * before[t + 2])
                + (w6 * before[t + 1] + w7 * before[t])
            )
        for t in range(length):
            future[t] += (
                (w0 * after[t] + w1 * after[t + 1])
                + (w2 * after[t + 2] + w3 * after[t + 3])
                + (w4 * after[t + 4] + w5 * after[t + 5])
                + (w6 * after[t + 6] + w7 * after[t + 7])
            )
