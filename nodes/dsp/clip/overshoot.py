"""How far restored long tops rise too high, learnt by clipping a recording once more.

Short tops are well told by what surrounds them; a long one, the whole crest of a low note, is not,
and there a model that is wrong is wrong always in the same way: too high, and the more so the higher.
With h the height that a top was given, in units of its clip level, h / (1 + o h) is a better guess,
where o, the overshoot, is 0 for one recording and 3 for another.

Each recording holds its own proof. Clip it once more, a little below its level, restore that in the
same way, and compare with what is known: below the old level the true wave, above it only that the
wave was above it. The o by which this comes closest is the one that was sought.

Axis letters: N sample frames, R clipped runs.

References
----------
M. Stone, Cross-validatory choice and assessment of statistical predictions, J. Royal Statistical
Society B 36(2), 1974: a method judged by data that were hidden from it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["clipped_once_more", "held_back", "learnt_overshoot"]

# How far below its level a recording is clipped once more (1.2 dB): little enough for tops of the same
# shape, enough for something to be hidden.
_LOWER = 0.87
# Fewer hidden samples than this in long tops prove nothing.
_LEAST_HIDDEN = 64
# The overshoots that are tried.
_OVERSHOOTS = (0.0, *np.geomspace(0.05, 8.0, 23))

_Wave = npt.NDArray[np.float32]
_Signs = npt.NDArray[np.int8]
_Values = npt.NDArray[np.float64]
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
            level = np.float32(_LOWER * np.max(side * wave[own]))
            cut = side * wave >= level
            lower[cut] = side * level
            lower_signs[cut] = side
    return lower, lower_signs


def learnt_overshoot(
    wave: _Wave, signs: _Signs, *, shortest: int, restore: Callable[[_Wave, _Signs], _Wave]
) -> float:
    """Return how far a way of restoring makes the long tops of a recording too high.

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
        0 or more; 0 where there is too little to learn from.
    """
    lower, lower_signs = clipped_once_more(wave, signs)
    runs = np.cumsum(np.diff(lower_signs, prepend=lower_signs[:1]) != 0)
    chosen = (lower_signs != 0) & (np.bincount(runs)[runs] >= shortest)
    if np.count_nonzero(chosen & (signs == 0)) < _LEAST_HIDDEN:
        return 0.0
    restored = restore(lower, lower_signs)
    base, known = (array[chosen].astype(np.float64) for array in (lower, wave))
    raised = restored[chosen] - base
    heights = _heights(lower, restored, runs)[chosen]
    # Above the old level nothing is known: there all are cut to it before they are compared.
    top = np.where(signs > 0, wave, _level(wave, signs, 1))[chosen]
    bottom = np.where(signs < 0, wave, -_level(wave, signs, -1))[chosen]
    errors = [
        np.sum((np.clip(base + raised / (1.0 + overshoot * heights), bottom, top) - known) ** 2)
        for overshoot in _OVERSHOOTS
    ]
    return float(_OVERSHOOTS[int(np.argmin(errors))])


def held_back(wave: _Wave, signs: _Signs, restored: _Wave, *, shortest: int, overshoot: float) -> _Wave:
    """Return a restored wave whose long tops are lowered by their overshoot.

    Parameters
    ----------
    wave, signs, restored : ndarray, shape (frames,)
        The recording, what is clipped in it, and what a model made of that.
    shortest : int
        Tops of this many frames are long; the others stay as they are.
    overshoot : float
        As `learnt_overshoot` returns it.
    """
    runs = np.cumsum(np.diff(signs, prepend=signs[:1]) != 0)
    chosen = (signs != 0) & (np.bincount(runs)[runs] >= shortest)
    lowered = wave + (restored - wave) / (1.0 + overshoot * _heights(wave, restored, runs))
    return np.asarray(np.where(chosen, lowered, restored), np.float32)


def _heights(wave: _Wave, restored: _Wave, runs: npt.NDArray[np.int64]) -> _Values:
    """Return for each sample how high its run was raised at most, in units of the clip level."""
    begins = np.flatnonzero(np.diff(runs, prepend=-1))
    raised = np.maximum.reduceat(np.abs(restored.astype(np.float64) - wave), begins)
    levels = np.maximum.reduceat(np.abs(wave), begins)
    return np.asarray((raised / np.maximum(levels, np.finfo(np.float32).tiny))[runs])


def _level(wave: _Wave, signs: _Signs, side: int) -> float:
    """Return the level of a side, infinite if it is not clipped."""
    own = side * wave[signs == side]
    return float(own.max()) if own.size else float("inf")
