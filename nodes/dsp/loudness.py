"""Loudness after ITU-R BS.1770-5 and EBU R 128, for recordings of any length.

pyloudnorm's `integrated_loudness` takes a whole recording as one array of float64 and copies it:
four times an hour of stereo is 5 GB, and it knows no more than five channels. So the work is shared.
Ours is what grows with the length: one pass filters the sound (a loop in numba with carried state:
the result does not depend on where a block begins) and keeps its energy in steps of 10 ms, a single
number for all channels together. pyloudnorm's is what makes it a standard: the K-weighting filters
are designed by it, and its meter does the blocks, both gates and the average on the energies, handed
over as a tiny signal of one value per 100 ms. The result equals its answer for the whole recording.

Short-term and momentary loudness and the loudness range follow EBU Tech 3341 and 3342.

Axis letters: C channels, T frames.

References
----------
ITU-R BS.1770-5, Algorithms to measure audio programme loudness and true-peak audio level, 2023,
Annexes 1 and 3. EBU R 128 (2023); EBU Tech 3341, Loudness metering (2023); EBU Tech 3342, Loudness
range (2023). C. Steinmetz, J. Reiss, pyloudnorm: A simple yet flexible loudness meter in Python, 2021.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, no_progress
from nodes.dsp.overlap_add import cut_blocks

__all__ = ["Energies", "integrated_lufs", "loudness_range_lu", "measure_energies", "window_lufs"]

# Energies are kept in steps of this many per second. Tech 3341, cases 13 and 14, need a maximum of
# the momentary loudness that does not miss a 400 ms burst by more than a few milliseconds.
_STEPS_PER_S = 100
# Gating blocks of 400 ms, one every 100 ms (BS.1770-5, Annex 1, eq. 3).
_STEPS_PER_HOP = 10
_HOPS_PER_BLOCK = 4
# BS.1770-5, Annex 1, eq. 2: makes a 0 dBFS 997 Hz sine in one channel read −3.01 LUFS.
_OFFSET_DB = -0.691
# Nothing below counts in the integrated loudness or in the range (BS.1770-5 eq. 5; Tech 3342).
_GATE_LUFS = -70.0
# Tech 3342: the range is taken between these percentiles of what is above a gate at −20 LU.
_RANGE_GATE_LU = -20.0
_RANGE_PERCENTILES = (10.0, 95.0)
_SHORT_TERM_S = 3.0
# The shelf of the K-weighting lies at 1.7 kHz and has to fit below half the rate (Hz).
_LOWEST_RATE = 4000
# The K-weighting as analogue prototypes (gain dB, Q, Hz), by B. De Man (Evaluation of
# implementations of the EBU R128 loudness measurement, AES 145, 2018). At 48 kHz they give the
# recommendation's own coefficients; pyloudnorm's default ones are an approximation.
_SHELF = (3.99984385397, 0.7071752369554193, 1681.9744509555319)
_HIGH_PASS = (0.0, 0.5003270373253953, 38.13547087613982)
# BS.1770-5, Annex 1, table 3, and Annex 3: speakers at the side count 1.41, the LFE not at all.
_SURROUND = 1.41
_WEIGHTS: dict[int, tuple[float, ...]] = {
    4: (1.0, 1.0, _SURROUND, _SURROUND),  # L R Ls Rs
    5: (1.0, 1.0, 1.0, _SURROUND, _SURROUND),  # L R C Ls Rs
    6: (1.0, 1.0, 1.0, 0.0, _SURROUND, _SURROUND),  # L R C LFE Ls Rs
    8: (1.0, 1.0, 1.0, 0.0, 1.0, 1.0, _SURROUND, _SURROUND),  # L R C LFE, back, side
}

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Energies:
    """The K-weighted energy of a recording, step by step.

    Parameters
    ----------
    sums : ndarray, shape (steps,)
        Sum of the weighted squares of each whole step of 10 ms, all channels together.
    frames : ndarray, shape (steps,)
        How many frames each step has; they differ by one where the rate is no multiple of 100 Hz.
    """

    sums: _Values
    frames: _Values

    def windows(self, steps: int, every: int = 1) -> _Values:
        """Return the mean square of each stretch of that many steps, one beginning at every `every`."""
        begin = np.arange(0, max(0, self.sums.size - steps + 1), every)
        squares, frames = (np.concatenate([[0.0], np.cumsum(row)]) for row in (self.sums, self.frames))
        # The difference of two large sums may fall below zero by its rounding.
        found = np.maximum(squares[begin + steps] - squares[begin], 0.0)
        means: _Values = found / (frames[begin + steps] - frames[begin])
        return means


def measure_energies(audio: Audio, *, progress: Progress = no_progress) -> Energies | None:
    """Filter a recording by the K-weighting and return its energies, or None below 4 kHz rate."""
    rate = audio.sample_rate
    if rate < _LOWEST_RATE:
        return None
    borders = np.arange(audio.frames * _STEPS_PER_S // rate + 1, dtype=np.int64) * rate // _STEPS_PER_S
    sums = np.zeros((audio.channels, borders.size - 1))
    weights = _WEIGHTS.get(audio.channels, (1.0,) * audio.channels)
    sections, states = _k_weighting(rate), np.zeros((audio.channels, 2, 2))
    progress(0.0)
    for block in cut_blocks(audio.frames, audio.channels):
        first = int(np.searchsorted(borders, block.begin, side="right")) - 1
        ends = borders[first + 1 :] - block.begin
        for weight, row, state, energy in zip(weights, audio.samples, states, sums, strict=True):
            if weight:
                _loop()(row[block.begin : block.end], sections, state, ends, energy[first:])
        progress(block.end / audio.frames)
    total = np.zeros(borders.size - 1)
    for weight, energy in zip(weights, sums, strict=True):
        total += weight * energy
    return Energies(total, np.diff(borders).astype(np.float64))


def integrated_lufs(energies: Energies) -> float | None:
    """Return the gated loudness of the whole, or None where it is shorter than 400 ms or silent."""
    hops = energies.windows(_STEPS_PER_HOP, every=_STEPS_PER_HOP)
    if hops.size < _HOPS_PER_BLOCK:
        return None
    blocks = np.convolve(hops, np.full(_HOPS_PER_BLOCK, 1.0 / _HOPS_PER_BLOCK), "valid")
    if _lufs(blocks.max(keepdims=True))[0] <= _GATE_LUFS:
        return None
    from pyloudnorm import Meter

    # A block of 0.5 s at 8 Hz is 4 values and a step is 1, without any rounding: pyloudnorm then
    # cuts the blocks of 400 ms that the hops stand for. No filter: they are weighted already.
    meter = Meter(2 * _HOPS_PER_BLOCK, filter_class="custom", block_size=0.5)
    # Digital silence would be the logarithm of 0.
    return float(meter.integrated_loudness(np.sqrt(np.maximum(hops, 1e-30))))


def window_lufs(energies: Energies, seconds: float) -> tuple[_Values, _Values]:
    """Return the loudness of a sliding window: 3 s is short-term, 0.4 s momentary.

    Returns
    -------
    ends : ndarray, shape (windows,)
        The time of each window's end in s, every 10 ms; empty where the sound is shorter than one.
    lufs : ndarray, shape (windows,)
        −inf in digital silence.
    """
    steps = round(seconds * _STEPS_PER_S)
    lufs = _lufs(energies.windows(steps))
    return (steps + np.arange(lufs.size)) / _STEPS_PER_S, lufs


def loudness_range_lu(energies: Energies) -> float | None:
    """Return the loudness range, or None where no 3 s are above the gate."""
    lufs = _lufs(energies.windows(round(_SHORT_TERM_S * _STEPS_PER_S), every=_STEPS_PER_HOP))
    lufs = lufs[lufs >= _GATE_LUFS]
    if not lufs.size:
        return None
    mean = 10.0 * math.log10(float(np.mean(10.0 ** (lufs / 10.0))))
    low, high = np.percentile(lufs[lufs >= mean + _RANGE_GATE_LU], _RANGE_PERCENTILES)
    return float(high - low)


def _lufs(mean_squares: _Values) -> _Values:
    silent = mean_squares <= 0.0
    found: _Values = _OFFSET_DB + 10.0 * np.log10(np.where(silent, 1.0, mean_squares))
    found[silent] = -math.inf
    return found


def _k_weighting(rate: int) -> _Values:
    """Return the two sections, each as b0 b1 b2 a1 a2."""
    from pyloudnorm import IIRfilter

    filters = IIRfilter(*_SHELF, rate, "high_shelf_DeMan"), IIRfilter(*_HIGH_PASS, rate, "high_pass_DeMan")
    return np.array([[*section.b, *section.a[1:]] for section in filters], dtype=np.float64)


_Loop = Callable[[npt.NDArray[np.float32], _Values, _Values, npt.NDArray[np.int64], _Values], None]


@lru_cache(maxsize=1)
def _loop() -> _Loop:
    from numba import njit

    compiled: Any = njit(cache=True, nogil=True)(_add_energies)
    return compiled  # type: ignore[no-any-return]


def _add_energies(
    row: npt.NDArray[np.float32],
    sections: _Values,
    state: _Values,
    ends: npt.NDArray[np.int64],
    sums: _Values,
) -> None:
    """Filter a row and add its squares to the steps, which end where `ends` says, counted in the row."""
    b0, b1, b2, a1, a2 = sections[0]
    c0, c1, c2, d1, d2 = sections[1]
    p, q, r, s = state[0, 0], state[0, 1], state[1, 0], state[1, 1]
    n = 0
    for step in range(ends.size):
        total = sums[step]
        end = min(row.size, ends[step])
        for i in range(n, end):
            # Transposed direct form II, twice.
            x = np.float64(row[i])
            y = b0 * x + p
            p = b1 * x - a1 * y + q
            q = b2 * x - a2 * y
            z = c0 * y + r
            r = c1 * y - d1 * z + s
            s = c2 * y - d2 * z
            total += z * z
        sums[step] = total
        n = end
        if n == row.size:
            break
    state[0, 0], state[0, 1], state[1, 0], state[1, 1] = p, q, r, s
