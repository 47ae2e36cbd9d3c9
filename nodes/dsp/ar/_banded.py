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
# So many rows of the matrix share one pass over another.
_ROWS = 8

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
        factor, rights = factor_of(lags, at, trust[near:far])
        found = solve(factor, rights, asked)
        values[first:last] = found[first - near : last - near]
        if soft:
            own = variance_of(factor, rights)
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
    """Return the transposed Cholesky factor, and for each row the column after its last.

    Column j of row i stands at i % 8 + j − i, so that eight rows begin at one column; what is around
    the band is zero.
    """
    order, count = lags.size - 1, at.size
    # Samples further apart than the order do not meet.
    rights = np.searchsorted(at, at + order, "right")
    band = np.max(rights - np.arange(count)) - 1
    factor = np.zeros((_whole(count), band + 1 + 2 * _ROWS))
    width, flat = factor.shape[1], factor.reshape(-1)
    row, shares = np.zeros(band + 1 + _ROWS), np.zeros(_ROWS)
    first = 0
    for i in range(count):
        length = rights[i] - i
        here = at[i : i + length]
        row[0] = lags[0] * (1.0 + _RIDGE) + trust[i]
        for j in range(1, length):
            row[j] = lags[here[j] - here[0]]
        while rights[first] <= i:
            first += 1
        for k in range(first // _ROWS * _ROWS, i, _ROWS):
            above = flat[k * width + i - k :]
            for p in range(_ROWS):
                shares[p] = above[p * width]
            _take(row, shares, above, width, _whole(rights[min(k + _ROWS, i) - 1] - i))
        own = factor[i, i % _ROWS : i % _ROWS + length]
        own[0] = np.sqrt(max(row[0], _RIDGE * lags[0]))
        for j in range(1, length):
            own[j] = row[j] / own[0]
    return factor, rights


@compiled
def solve(factor: Array, rights: Indices, asked: Array) -> Array:
    """Solve with the factor and with its transpose."""
    count, found = rights.size, asked.copy()
    for i in range(count):
        row, rest = factor[i, i % _ROWS : i % _ROWS + rights[i] - i], found[i : rights[i]]
        value = rest[0] / row[0]
        for k in range(1, row.size):
            rest[k] -= value * row[k]
        rest[0] = value
    for i in range(count - 1, -1, -1):
        row, rest = factor[i, i % _ROWS : i % _ROWS + rights[i] - i], found[i : rights[i]]
        total = 0.0
        for k in range(1, row.size):
            total += row[k] * rest[k]
        rest[0] = (rest[0] - total) / row[0]
    return found


@compiled
def variance_of(factor: Array, rights: Indices) -> Array:
    """Return the diagonal of the inverse, from the last row to the first (Takahashi's equations)."""
    count, band = rights.size, factor.shape[1] - 1 - 2 * _ROWS
    # Both halves of the inverse, as far as the band: column j of row i at the middle + i % 8 + j − i.
    middle = band + _ROWS
    inverse = np.zeros((factor.shape[0], middle + band + 1 + 2 * _ROWS))
    width, flat = inverse.shape[1], inverse.reshape(-1)
    result, shares, row = np.zeros(count), np.zeros(band + 3 * _ROWS), np.zeros(band + 1 + _ROWS)
    for i in range(count - 1, -1, -1):
        length = rights[i] - i - 1
        own = factor[i, i % _ROWS : i % _ROWS + length + 1]
        begin = (i + 1) // _ROWS * _ROWS
        lead = i + 1 - begin
        shares[:lead] = 0.0
        for j in range(length):
            shares[lead + j] = own[1 + j] / own[0]
        shares[lead + length : lead + length + _ROWS] = 0.0
        row[: _whole(length)] = 0.0
        for k in range(begin, i + 1 + length, _ROWS):
            below = flat[k * width + middle + i + 1 - k :]
            _take(row, shares[k - begin : k - begin + _ROWS], below, width, _whole(length))
        value = 1.0 / own[0] ** 2
        for j in range(length):
            value -= shares[lead + j] * row[j]
        for j in range(i + 1, rights[i]):
            inverse[i, middle + i % _ROWS + j - i] = row[j - i - 1]
            inverse[j, middle + j % _ROWS + i - j] = row[j - i - 1]
        inverse[i, middle + i % _ROWS] = value
        result[i] = value
    return result


@compiled
def _whole(length: int) -> int:
    """Return a length raised to a multiple of eight."""
    return (length + _ROWS - 1) // _ROWS * _ROWS


@compiled
def _take(row: Array, shares: Array, rows: Array, width: int, length: int) -> None:
    """Subtract from a row its shares of eight others, which lie `width` apart, in one pass."""
    s0, s1, s2, s3 = shares[0], shares[1], shares[2], shares[3]
    s4, s5, s6, s7 = shares[4], shares[5], shares[6], shares[7]
    # Unsigned, as a place that may be negative keeps the compiler from using vectors.
    w1 = np.uint64(width)
    w2, w3, w4 = w1 + w1, w1 + w1 + w1, w1 + w1 + w1 + w1
    w5, w6, w7 = w4 + w1, w4 + w2, w4 + w3
    for t in range(np.uint64(length)):
        row[t] -= (
            (s0 * rows[t] + s1 * rows[w1 + t])
            + (s2 * rows[w2 + t] + s3 * rows[w3 + t])
            + (s4 * rows[w4 + t] + s5 * rows[w5 + t])
            + (s6 * rows[w6 + t] + s7 * rows[w7 + t])
        )
