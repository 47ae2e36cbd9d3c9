"""Running medians along the first axis, made of element-wise minimum and maximum.

A median filter is the slowest step of median-based separation when it goes sample by sample (and
scipy's holds the interpreter lock, so that threads do not help). Here one comparison acts on whole
rows, in numpy's vector loops, which release the lock. Two tricks keep the comparisons few:

- Windows of neighbouring outputs share all but one value each. The two middle values of what they
  share, found once, bound both medians: median = clip(own value, lower middle, upper middle).
- The two middle values come from a sorting network from which every comparison that cannot reach
  them is struck out.

A median selects one of its input values, so the result is exact and the same on every machine.
Imports numpy only.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["running_median", "running_remedian"]

_Rows = npt.NDArray[np.float32]

# Values in one wire of the network: small enough that all wires together stay in a core's own
# cache, large enough that numpy's time per call does not count.
_WIRE_VALUES = 1 << 15


def running_median(rows: _Rows, length: int) -> _Rows:
    """Return the median of every `length` neighbouring rows, element by element.

    Parameters
    ----------
    rows : ndarray, shape (outputs + length − 1, width)
        float32, without NaN.
    length : int
        Odd, 1 or more.

    Returns
    -------
    ndarray, shape (outputs, width)
        Row i is the median of rows i … i + length − 1.

    Raises
    ------
    ValueError
        If `length` is even, or there are fewer rows than that.

    References
    ----------
    A. Adams, "Fast median filters using separable sorting networks", ACM Trans. Graph. 40(4), 2021:
    sharing work between neighbouring windows, and pruned networks.
    """
    outputs = rows.shape[0] - length + 1
    if length % 2 == 0 or length < 1 or outputs < 1:
        raise ValueError(f"A running median needs an odd length of at most {rows.shape[0]}, not {length}.")
    if length == 1:
        return rows.copy()
    width = rows.shape[1]
    result = np.empty((outputs, width), np.float32)
    step = max(16, _WIRE_VALUES // (outputs // 2 + 1))
    for begin in range(0, width, step):
        columns = slice(begin, min(width, begin + step))
        _median_of_columns(np.ascontiguousarray(rows[:, columns]), length, result[:, columns])
    return result


def running_remedian(rows: _Rows, length: int, times: int) -> _Rows:
    """Return the median of `times` medians of `length` rows each, side by side.

    It stands in for a running median of length × times rows at a fraction of the cost, and is as
    deaf to a few outliers.

    Parameters
    ----------
    rows : ndarray, shape (outputs + length × times − 1, width)
        float32, without NaN.
    length, times : int
        Odd, 1 or more.

    Returns
    -------
    ndarray, shape (outputs, width)
        Row i summarises rows i … i + length × times − 1.

    Raises
    ------
    ValueError
        If a length is even, or there are too few rows.

    References
    ----------
    P. Rousseeuw, G. Bassett, "The remedian: a robust averaging method for large data sets",
    J. Am. Stat. Assoc. 85(409), 1990.
    """
    medians = running_median(rows, length)
    outputs = rows.shape[0] - length * times + 1
    result = np.empty((outputs, rows.shape[1]), np.float32)
    # Rows that are `length` apart lie together in one of `length` interleaved runs.
    for phase in range(min(length, outputs)):
        result[phase::length] = running_median(
            medians[phase::length][: (outputs - 1 - phase) // length + times], times
        )
    return result


def _median_of_columns(rows: _Rows, length: int, result: _Rows) -> None:
    outputs = result.shape[0]
    pairs = (outputs + 1) // 2
    if outputs % 2:
        rows = np.concatenate([rows, rows[-1:]])
    # Outputs 2i and 2i + 1 share the length − 1 rows that follow row 2i.
    shared = [rows[1 + wire : 2 * pairs + wire : 2] for wire in range(length - 1)]
    low, high = _middle_two(shared)
    for own in (0, 1):
        values = rows[own * length :][: 2 * pairs : 2]
        into = result[own::2]
        np.minimum(np.maximum(values, low)[: len(into)], high[: len(into)], out=into)


def _middle_two(wires: list[_Rows]) -> tuple[_Rows, _Rows]:
    """Return the lower and the upper middle of an even number of arrays, element by element."""
    wires = list(wires)
    for first, second, wants_low, wants_high in _network(len(wires)):
        a, b = wires[first], wires[second]
        if wants_low:
            wires[first] = np.minimum(a, b)
        if wants_high:
            wires[second] = np.maximum(a, b)
    return wires[len(wires) // 2 - 1], wires[len(wires) // 2]


@lru_cache(maxsize=64)
def _network(count: int) -> tuple[tuple[int, int, bool, bool], ...]:
    """Return the comparisons that lead to the middle two: (first wire, second, low wanted, high wanted)."""
    wanted = {count // 2 - 1, count // 2}
    kept: list[tuple[int, int, bool, bool]] = []
    for first, second in reversed(_merge_exchange(count)):
        wants_low, wants_high = first in wanted, second in wanted
        if wants_low or wants_high:
            kept.append((first, second, wants_low, wants_high))
            wanted |= {first, second}
    return tuple(reversed(kept))


def _merge_exchange(count: int) -> list[tuple[int, int]]:
    """Return Batcher's sorting network for any count (Knuth, TAOCP vol. 3, 5.2.2, algorithm M)."""
    pairs: list[tuple[int, int]] = []
    top = 1 << max(0, (count - 1).bit_length() - 1)
    p = top
    while p > 0:
        q, r, d = top, 0, p
        while True:
            pairs += [(i, i + d) for i in range(count - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q // 2, p
        p //= 2
    return pairs
