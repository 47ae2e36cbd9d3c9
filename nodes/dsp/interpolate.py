"""Fill in missing samples so that an autoregressive model is surprised as little as possible.

Least squares: of all values that the missing samples could have, take those with the smallest sum of
squared prediction errors. All that is missing near a hop is solved for at once: the equations'
matrix is banded (samples further apart than the model's order do not meet), so that a Cholesky
factorisation costs the number of missing samples times the square of the order, however they lie.

As the model comes from the very sound that has the holes, fitting and filling are repeated.

Axis letters: T frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from nodes.dsp.ar import Array, Grid, Models, fit_models, prediction_errors

__all__ = ["Spans", "filled", "frames_in"]

Spans = npt.NDArray[np.int64]
"""int64, shape (spans, 2): first frame, and the frame after the last; sorted, apart from each other."""

# Share by which the matrix's diagonal is raised, so that rounding does not make it singular where a
# pure tone is predicted perfectly.
_RIDGE = 1e-9
# The span's hop is where its middle lies; missing samples up to this many hops around a hop are
# solved for together with its own.
_AROUND_HOPS = 0.5
# What was added is judged over so many frames to either side.
_BESIDE = 2
# A sample counts at most so many times as much as its prediction.
_MOST_TRUST = 1e3
# Power (full scale²) that keeps digital silence from dividing by zero.
_TINY = 1e-20

_Indices = npt.NDArray[np.int64]


def frames_in(spans: Spans, frames: int) -> npt.NDArray[np.bool_]:
    """Return which frames lie in a span, shape (frames,)."""
    steps = np.zeros(frames + 1, np.int8)
    np.add.at(steps, spans[:, 0], 1)
    np.add.at(steps, spans[:, 1], -1)
    return np.cumsum(steps[:-1], dtype=np.int8) > 0


def filled(
    signal: Array,
    spans: Spans,
    grid: Grid,
    *,
    rounds: int = 2,
    soft_rounds: int = 0,
    guess: Array | None = None,
) -> Array:
    """Replace what lies in the spans by what the sound around them leads one to expect.

    Parameters
    ----------
    signal : ndarray, shape (frames,)
        float64, beginning at a multiple of the grid's hop.
    spans : Spans
        What is missing.
    grid : Grid
        Of the models that fill it in. Spans are no longer than its hop.
    rounds : int
        How often the model is fitted to the result of the last round.
    soft_rounds : int
        How many rounds follow in which the samples count for what they are worth: where little was
        added to the sound, as at the edges of a span, most of them is kept.
    guess : ndarray, shape (frames,), optional
        A first idea of the sound, for the first model; by default the spans are silent in it.

    Returns
    -------
    ndarray, shape (frames,)
        The signal, bit for bit outside the spans.

    References
    ----------
    A. Janssen, R. Veldhuis, L. Vries, "Adaptive interpolation of discrete-time signals that can be
    modeled as autoregressive processes", IEEE Trans. ASSP 34(2), 1986, eq. 8 to 12.
    S. Godsill, P. Rayner, Digital Audio Restoration, Springer 1998, section 5.2 (LSAR) and chapter 9
    (clicks of finite variance).
    """
    result = signal.copy()
    if not len(spans):
        return result
    inside = frames_in(spans, signal.size)
    result[inside] = 0.0 if guess is None else guess[inside]
    missing = np.flatnonzero(inside)
    owner = _owners(spans, missing, grid.hop)
    given = signal[missing]
    trust = np.zeros(missing.size)
    for number in range(rounds + soft_rounds):
        models = fit_models(result, grid)
        if number >= rounds:
            trust = _trust(result, given, missing, inside, models)
        result[missing] = _solved(
            result, given=given, trust=trust, missing=missing, owner=owner, models=models
        )
    return result


def _owners(spans: Spans, missing: _Indices, hop: int) -> _Indices:
    """Return the hop that fills each missing frame: all of a span by its middle, so that it has no seam."""
    lengths = spans[:, 1] - spans[:, 0]
    middles = np.repeat((spans[:, 0] + spans[:, 1]) // 2, lengths)
    return np.asarray(np.where(np.repeat(lengths, lengths) <= hop, middles, missing) // hop)


def _trust(
    estimate: Array, given: Array, missing: _Indices, inside: npt.NDArray[np.bool_], models: Models
) -> Array:
    """Return how the power of the surprise compares with that of what was added, at each missing frame."""
    hop = models.grid.hop
    forward, _ = prediction_errors(estimate, models)
    count = models.weights.shape[0]
    power = np.zeros(count * hop)
    power[: estimate.size] = np.where(inside, 0.0, forward * forward)
    sound = np.zeros(count * hop)
    sound[: estimate.size] = ~inside
    known = sound.reshape(count, hop).sum(axis=1)
    surprise = power.reshape(count, hop).sum(axis=1) / np.maximum(1.0, known)
    added = np.zeros(estimate.size + 2 * _BESIDE)
    added[missing + _BESIDE] = (given - estimate[missing]) ** 2
    nearby = np.mean([added[missing + k] for k in range(2 * _BESIDE + 1)], axis=0)
    return np.asarray(np.minimum(_MOST_TRUST, surprise[missing // hop] / (nearby + _TINY)))


def _solved(
    estimate: Array, *, given: Array, trust: Array, missing: _Indices, owner: _Indices, models: Models
) -> Array:
    """Return the missing samples, each as the hop that owns it finds it."""
    order, hop = models.grid.order, models.grid.hop
    padded = np.zeros(estimate.size + 2 * order)
    padded[order : order + estimate.size] = estimate
    around = round(_AROUND_HOPS * hop)
    values = np.zeros(missing.size)
    for n in np.unique(owner):
        near = slice(*np.searchsorted(missing, (n * hop - around, (n + 1) * hop + around)))
        model, at = models.weights[n], missing[near]
        wanted = _loops().wanted(padded[at[0] : at[-1] + 1 + 2 * order], model, at - at[0])
        found = _loops().solve(model, at, trust[near], wanted + trust[near] * given[near])
        own = owner[near] == n
        values[near][own] = found[own]
    return values


# --- loops over samples --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Loops:
    wanted: Callable[[Array, Array, _Indices], Array]
    solve: Callable[[Array, _Indices, Array, Array], Array]


@lru_cache(maxsize=1)
def _loops() -> _Loops:
    from numba import njit

    compiled: Any = njit(cache=True, nogil=True)
    return _Loops(compiled(_wanted), compiled(_solve))


def _wanted(sound: Array, model: Array, at: _Indices) -> Array:
    """Return the equations' right side: what the known samples ask of those at `at`.

    `sound` has `order` frames more on both sides than the missing ones span (Godsill & Rayner 1998,
    eq. 5.13).
    """
    order = model.size - 1
    length = sound.size - 2 * order
    known = sound.copy()
    for t in at:
        known[t + order] = 0.0
    errors = np.zeros(length + order)
    for k in range(order + 1):
        for t in range(length + order):
            errors[t] += model[k] * known[t + order - k]
    result = np.zeros(at.size)
    for i in range(at.size):
        for k in range(order + 1):
            result[i] -= model[k] * errors[at[i] + k]
    return result


def _solve(model: Array, at: _Indices, trust: Array, wanted: Array) -> Array:
    """Solve the banded equations by a Cholesky factor, row i of which holds columns i − band … i."""
    order, count = model.size - 1, at.size
    lags = np.zeros(order + 1)
    for k in range(order + 1):
        for i in range(order + 1 - k):
            lags[k] += model[i] * model[i + k]
    # The first column of each row: samples further apart than the order do not meet.
    lefts = np.searchsorted(at, at - order)
    band = np.max(np.arange(count) - lefts)
    factor = np.zeros((count, band + 1))
    found = wanted.copy()
    for i in range(count):
        row, left = factor[i], lefts[i]
        for j in range(left, i):
            value = lags[at[i] - at[j]]
            for k in range(max(left, j - band), j):
                value -= row[band - i + k] * factor[j, band - j + k]
            row[band - i + j] = value / factor[j, band]
        value = lags[0] * (1.0 + _RIDGE) + trust[i]
        for k in range(left, i):
            value -= row[band - i + k] ** 2
            found[i] -= row[band - i + k] * found[k]
        row[band] = np.sqrt(max(value, _RIDGE * lags[0]))
        found[i] /= row[band]
    for i in range(count - 1, -1, -1):
        found[i] /= factor[i, band]
        for k in range(lefts[i], i):
            found[k] -= factor[i, band - i + k] * found[i]
    return found
