"""The course of the level through a dropout: a slope down, a floor, a slope up.

Within a dip the sound is still there, times a gain. A short autoregressive model of the sound beside
it tells how loud its surprises are; divided by the right gain, the samples on a slope surprise that
model as much as those beside it do. So the slopes are where the samples are likeliest (maximum
likelihood), and the depth of the floor is how much weaker its surprises are.

Axis letters: T frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from nodes.dsp.ar.gaps import fitted
from nodes.dsp.ar.model import Array

__all__ = ["Dip", "dip_between"]

# Order of the models, which are fitted to the sound beside.
_ORDER = 32
# The longest slope (ms), and how often its ends are searched in turn.
_SLOPE_MS = 3.0
_ROUNDS = 3
# Slopes are divided by no less than this gain while they are searched.
_LEAST_GAIN = 0.02
# Surprises of more than so many times the usual power are strokes.
_STROKE = 12.0
# A floor whose level is below this share of what its surprises tell is the noise of the tape alone.
_NOT_SOUND = 0.5
# Noise in a hole (full scale, RMS) when it is digital silence: below 24 bits.
_SILENCE = 1e-8


@dataclass(frozen=True)
class Dip:
    """The gain of a dropout: 1 at `begin`, `depth` from `floor_begin` to `floor_end`, 1 at `end`."""

    begin: int
    floor_begin: int
    floor_end: int
    end: int
    depth: float

    def gain(self) -> Array:
        """Return the gain of the frames `begin` … `end`."""
        places = [self.begin, self.floor_begin, self.floor_end, self.end]
        values = [1.0, self.depth, self.depth, 1.0]
        return np.asarray(np.interp(np.arange(self.begin, self.end), places, values), np.float64)


def dip_between(signal: Array, hole: tuple[int, int], beside: tuple[int, int], sample_rate: int) -> Dip:
    """Return the dip about a hole.

    Parameters
    ----------
    signal : ndarray, shape (frames,)
        float64.
    hole : (int, int)
        First frame and the frame after the last at which the level is low.
    beside : (int, int)
        The frames of sound about it that no other dropout touches: from the first one to the hole,
        and from the hole to the frame after the last one.
    sample_rate : int
        Hz.
    """
    slope = max(2, round(_SLOPE_MS * sample_rate / 1000.0))
    begin, end = hole
    middle = (begin + end) // 2
    left = _Side.of(signal[beside[0] : middle], begin - beside[0], slope)
    right = _Side.of(signal[middle : beside[1]][::-1], beside[1] - end, slope)
    floor = signal[max(0, begin - _ORDER) : end]
    depth = float((left.share_of(floor) * right.share_of(floor)) ** 0.25)
    before, after = signal[beside[0] : max(beside[0], begin - slope)], signal[end + slope : beside[1]]
    power = float(np.sum(before**2) + np.sum(after**2)) / max(1, before.size + after.size)
    heard = float(np.sqrt(np.mean(signal[begin:end] ** 2) / (power + _SILENCE**2)))
    if heard < _NOT_SOUND * depth:
        depth = 0.0
    noise = max(_SILENCE, float(np.sqrt(np.median(signal[begin:end] ** 2))))
    down = left.slope(depth, noise, slope)
    up = right.slope(depth, noise, slope)
    return Dip(beside[0] + down[0], beside[0] + down[1], beside[1] - up[1], beside[1] - up[0], depth)


@dataclass(frozen=True, eq=False)
class _Side:
    """The sound up to the middle of a hole, in which the level is low from frame `low` on."""

    signal: Array
    low: int
    model: Array
    power: float

    @classmethod
    def of(cls, signal: Array, low: int, slope: int) -> _Side:
        known = signal[: max(2, low - slope)]
        order = min(_ORDER, known.size // 4)
        model, power = fitted(known, known[:0], order)
        return cls(np.ascontiguousarray(signal), low, model, power)

    def share_of(self, floor: Array) -> float:
        """Return the usual power of the surprises on the floor, as a share of those beside it."""
        surprises = np.convolve(floor, self.model, "valid")[max(0, _ORDER + 1 - self.model.size) :]
        inner = surprises[surprises.size // 8 : max(1, surprises.size - surprises.size // 8)] ** 2
        # The mean without strokes; the median of a squared Gaussian is 0.455 of its mean.
        usual = inner[inner <= _STROKE * np.median(inner) / 0.455]
        return min(1.0, float(np.mean(usual)) / self.power)

    def slope(self, depth: float, noise: float, longest: int) -> tuple[int, int]:
        """Return where the level begins to fall, and where it has reached the floor."""
        scale = (depth, np.sqrt(self.power), noise if depth < _LEAST_GAIN else 0.0)
        return _loops().search(self.signal, self.model, scale, self.low, longest)


_Scale = tuple[float, float, float]


@dataclass(frozen=True)
class _Loops:
    search: Callable[[Array, Array, _Scale, int, int], tuple[int, int]]


@lru_cache(maxsize=1)
def _loops() -> _Loops:
    from numba import njit

    compiled: Any = njit(cache=True, nogil=True)
    return _Loops(compiled(_search))


def _search(signal: Array, model: Array, scale: _Scale, low: int, longest: int) -> tuple[int, int]:
    """Return the likeliest begin and end of a slope: the end first, then the begin, and both anew."""
    depth, usual, noise = scale
    order = model.size - 1
    first, last = max(order, low - longest), min(signal.size, low + longest)
    restored = signal.copy()
    # The floor begins after the last sample that stands out of its noise.
    floor = signal.size - 1
    while floor > first + 1 and abs(signal[floor]) <= 4.0 * noise:
        floor -= 1
    start = np.array([max(first, low - longest // 2), min(last, floor + 1) if noise > 0.0 else low])
    place = start.copy()
    best = -np.inf
    for turn in range(3 * _ROUNDS):
        # The begin, the end, and both together.
        moves_begin, moves_end = turn % 3 != 1, turn % 3 != 0
        around = longest if turn < 2 else longest // 4
        start[:] = place
        for shift in range(-around, around + 1):
            begin = start[0] + shift if moves_begin else start[0]
            end = start[1] + shift if moves_end else start[1]
            if begin < first or end > last or end <= begin or end - begin > longest:
                continue
            likely = 0.0
            for t in range(first, last):
                share = min(1.0, max(0.0, (t - begin) / (end - begin)))
                gain = 1.0 + share * (depth - 1.0)
                restored[t] = signal[t] / max(gain, _LEAST_GAIN)
                wanted = 0.0
                for k in range(1, order + 1):
                    wanted -= model[k] * restored[t - k]
                variance = (gain * usual) ** 2 + noise * noise + 1e-24
                likely -= 0.5 * (np.log(variance) + (signal[t] - gain * wanted) ** 2 / variance)
            if likely > best:
                best = likely
                place[0], place[1] = begin, end
    return place[0], place[1]
