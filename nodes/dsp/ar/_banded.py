"""Banded equations of missing samples, as machine code: imported only where sound is filled in.

The functions call each other without Python in between, so that threads do not wait for one another.

Axis letters: T frames, M missing samples, G groups of them that are solved for together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nodes.dsp.ar.model import Array, compiled

__all__ = ["asked_of", "factor_of", "lags_of", "solve", "solve_groups", "variance_of"]

# Share by which the matrix's diagonal is raised, so that rounding does not make it singular where a
# pure tone is predicted perfectly.
_RIDGE = 1e-9

Indices = npt.NDArray[np.int64]


@compiled
def solve_groups(
    padded: Array, weights: Array, where: Indices, unknown: tuple[Indices, Array, Array], soft: bool
) -> tuple[Array, Array]:
    """Return the missing samples and, if `soft`, their variance as a share of the surprise's power.

    Parameters
    ----------
    padded : ndarray, shape (order + frames + order,)
        The sound.
    weights : ndarray, shape (groups, order + 1)
        The model of each group.
    where : ndarray, shape (groups, 4)
        int64: which of the missing samples are its own (first, last), and which it sees (near, far).
    unknown : tuple of three ndarray, each of shape (missing,)
        The missing frames, how much each sample as it was given counts, and that times the sample.
    soft : bool
        Whether the variances are wanted.
    """
    missing, trust, pulls = unknown
    values, variance = np.zeros(missing.size), np.zeros(missing.size)
    for group in range(where.shape[0]):
        first, last, near, far = where[group]
        lags = lags_of(weights[group])
        at = missing[near:far]
        asked = asked_of(padded, lags, at)
        for i in range(at.size):
            asked[i] += pulls[near + i]
        factor, lefts = factor_of(lags, at, trust[near:far])
        found = solve(factor, lefts, asked)
        values[first:last] = found[first - near : last - near]
        if soft:
            own = variance_of(factor, lefts)
            variance[first:last] = own[first - near : last - near]
    return values, variance


@compiled
def lags_of(model: Array) -> Array:
    """Return the autocorrelation of a model's weights."""
    lags = np.zeros(model.size)
    for k in range(model.size):
        total = 0.0
        for i in range(model.size - k):
            total += model[i] * model[i + k]
        lags[k] = total
    return lags


@compiled
def asked_of(padded: Array, lags: Array, at: Indices) -> Array:
    """Return the equations' right side: what the known samples ask of those at `at`.

    `padded` begins `order` frames before the frame 0 (Godsill & Rayner 1998, eq. 5.13).
    """
    order = lags.size - 1
    begin = at[0]
    sound = padded[begin : at[-1] + 2 * order + 1].copy()
    for t in at:
        sound[t - begin + order] = 0.0
    both = np.empty(2 * order + 1)
    both[order:] = lags
    both[: order + 1] = lags[::-1]
    result = np.zeros(at.size)
    for i in range(at.size):
        here = sound[at[i] - begin : at[i] - begin + 2 * order + 1]
        total = 0.0
        for k in range(2 * order + 1):
            total += both[k] * here[k]
        result[i] = -total
    return result


@compiled
def factor_of(lags: Array, at: Indices, trust: Array) -> tuple[Array, Indices]:
    """Return the Cholesky factor, row i of which holds columns i − band … i, and each row's first column."""
    order, count = lags.size - 1, at.size
    # Samples further apart than the order do not meet.
    lefts = np.searchsorted(at, at - order)
    band = np.max(np.arange(count) - lefts)
    factor = np.zeros((count, band + 1))
    for i in range(count):
        row, left = factor[i], lefts[i]
        for j in range(left, i):
            begin = max(left, lefts[j])
            mine, other = row[band - i + begin : band - i + j], factor[j, band - j + begin : band]
            total = 0.0
            for k in range(mine.size):
                total += mine[k] * other[k]
            row[band - i + j] = (lags[at[i] - at[j]] - total) / factor[j, band]
        value = lags[0] * (1.0 + _RIDGE) + trust[i]
        for k in range(band - i + left, band):
            value -= row[k] ** 2
        row[band] = np.sqrt(max(value, _RIDGE * lags[0]))
    return factor, lefts


@compiled
def solve(factor: Array, lefts: Indices, asked: Array) -> Array:
    """Solve with the factor and with its transpose."""
    count, band = factor.shape[0], factor.shape[1] - 1
    found = asked.copy()
    for i in range(count):
        for k in range(lefts[i], i):
            found[i] -= factor[i, band - i + k] * found[k]
        found[i] /= factor[i, band]
    for i in range(count - 1, -1, -1):
        found[i] /= factor[i, band]
        for k in range(lefts[i], i):
            found[k] -= factor[i, band - i + k] * found[i]
    return found


@compiled
def variance_of(factor: Array, lefts: Indices) -> Array:
    """Return the diagonal of the inverse, from the last row to the first (Takahashi's equations)."""
    count, band = factor.shape[0], factor.shape[1] - 1
    inverse = np.zeros(factor.shape)
    column, product = np.zeros(count), np.zeros(count)
    last = count
    result = np.zeros(count)
    for i in range(count - 1, -1, -1):
        while lefts[last - 1] > i:
            last -= 1
        product[i + 1 : last] = 0.0
        for k in range(i + 1, last):
            column[k] = factor[k, band - k + i] / factor[i, band]
        for k in range(i + 1, last):
            weight, total = column[k], 0.0
            mine = inverse[k, band - k + i + 1 : band]
            for j in range(mine.size):
                product[i + 1 + j] += weight * mine[j]
                total += column[i + 1 + j] * mine[j]
            product[k] += total + weight * inverse[k, band]
        value = 1.0 / factor[i, band] ** 2
        for k in range(i + 1, last):
            inverse[k, band - k + i] = -product[k]
            value += column[k] * product[k]
        inverse[i, band] = value
        result[i] = value
    return result
