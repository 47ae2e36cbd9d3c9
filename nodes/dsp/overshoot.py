"""How far restored tops may be trusted, learnt by clipping a recording once more.

What cut off a short top, its surroundings tell well; a long one, the whole crest of a low note, they
tell badly, and a model that is wrong there is wrong always in the same direction: too high. Each
recording holds its own proof. Clip it once more, a little below its level, restore that in the same
way, and compare with what is known: below the old level the true wave, above it only that the wave
was above it. The share of the height by which this comes closest is the share to be trusted.

Axis letters: N sample frames.

References
----------
M. Stone, Cross-validatory choice and assessment of statistical predictions, J. Royal Statistical
Society B 36(2), 1974: a method judged by data that were hidden from it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["clipped_once_more", "held_back", "long_runs", "trusted_share"]

# How far below its level a recording is clipped once more (0.7 dB): the shapes are nearly the same.
_LOWER = 0.92
# Fewer hidden samples than this in long tops prove nothing.
_LEAST_HIDDEN = 64
# The shares of the height that are tried.
_SHARES = np.linspace(0.3, 1.0, 29)

_Wave = npt.NDArray[np.float32]
_Signs = npt.NDArray[np.int8]
_Flags = npt.NDArray[np.bool_]


def clipped_once_more(wave: _Wave, signs: _Signs) -> tuple[_Wave, _Signs]:
    """Return a wave clipped at a little below its clip levels, and what that cuts off.

    Parameters
    ----------
    wave : ndarray, shape (frames,)
        float32.
    signs : ndarray, shape (frames,)
        int8: 1 and −1 where it is clipped above and below, 0 elsewhere.

    Returns
    -------
    lower : ndarray, shape (frames,)
        float32. A side that was not clipped stays as it is.
    lower_signs : ndarray, shape (frames,)
        int8, of `lower`.
    """
    lower, lower_signs = wave.copy(), signs.copy()
    for side in (1, -1):
        own = signs == side
        if own.any():
            level = np.float32(_LOWER * np.median(side * wave[own]))
            cut = side * wave >= level
            lower[cut] = side * level
            lower_signs[cut] = side
    return lower, lower_signs


def long_runs(signs: _Signs, shortest: int) -> _Flags:
    """Return which samples are in clipped runs of at least `shortest` frames."""
    edges = np.concatenate([[0], np.flatnonzero(np.diff(signs)) + 1, [signs.size]])
    lengths = np.repeat(np.diff(edges), np.diff(edges))
    return np.asarray((signs != 0) & (lengths >= shortest))


def trusted_share(
    wave: _Wave, signs: _Signs, *, shortest: int, restore: Callable[[_Wave, _Signs], _Wave]
) -> float:
    """Return which share of the height of restored long tops comes closest to the truth.

    Parameters
    ----------
    wave, signs : ndarray, shape (frames,)
        The recording, and what is clipped in it.
    shortest : int
        Tops of this many frames are long.
    restore : callable
        Takes a wave and its signs and restores it.

    Returns
    -------
    float
        At most 1; 1 where there is too little to learn from.
    """
    lower, lower_signs = clipped_once_more(wave, signs)
    chosen = long_runs(lower_signs, shortest)
    if np.count_nonzero(chosen & (signs == 0)) < _LEAST_HIDDEN:
        return 1.0
    base, known = (array[chosen].astype(np.float64) for array in (lower, wave))
    height = restore(lower, lower_signs)[chosen] - base
    # Above the old level nothing is known: there all are cut to it before they are compared.
    top, bottom = _level(wave, signs, 1), -_level(wave, signs, -1)
    errors = [np.sum((np.clip(base + share * height, bottom, top) - known) ** 2) for share in _SHARES]
    return float(_SHARES[int(np.argmin(errors))])


def held_back(wave: _Wave, signs: _Signs, restored: _Wave, *, shortest: int, share: float) -> _Wave:
    """Return a restored wave whose long tops have `share` of their height."""
    lowered = wave + np.float32(share) * (restored - wave)
    return np.asarray(np.where(long_runs(signs, shortest), lowered, restored), np.float32)


def _level(wave: _Wave, signs: _Signs, side: int) -> float:
    """Return the level of a side, infinite if it is not clipped."""
    own = side * wave[signs == side]
    return float(own.max()) if own.size else float("inf")
