"""True peak: how high the sound swings between its samples, where a converter will follow it.

A signal of 0 dBFS samples can reach +3 dB and more between them. The recommendation's own filter
(4 points per frame) may read up to 0.7 dB too low near the band's end; here there are 16. What lies
between two samples depends near the band's end on who interpolates: a sharp filter hears all of the
last octave, a gentle one lets in some of its image. Both kinds are offered, as a limiter has to
hold against either. The loop runs in numba, which releases the GIL, in single precision, each sum
in one fixed order: a result does not depend on where a block begins.

Axis letters: C channels, T frames.

References
----------
ITU-R BS.1770-5, Algorithms to measure audio programme loudness and true-peak audio level, 2023,
Annex 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nodegraph import Progress, Samples, no_progress
from nodes.dsp.overlap_add import Block, cut_blocks

__all__ = ["CONTEXT_FRAMES", "GENTLE", "SHARP", "Interpolator", "interpolated_peaks", "true_peaks"]

# Points per frame. Between two of them a tone at the band's end hides 0.04 dB: 20 log10 cos(π / 32).
_PHASES = 16
# Frames that are summed together, so that the sums stay in registers.
_TILE = 64

_Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Interpolator:
    """A Kaiser-windowed sinc.

    Parameters
    ----------
    taps : int
        Frames that one point is made of; a multiple of four, as the loop takes four at a time.
    kaiser_beta : float
        More damps the images further and begins to fade the treble earlier.
    """

    taps: int
    kaiser_beta: float


SHARP = Interpolator(taps=32, kaiser_beta=9.0)
"""Flat within 0.1 dB up to 0.43 of the sample rate, images below −90 dB."""

GENTLE = Interpolator(taps=20, kaiser_beta=14.0)
"""Fades from 0.35 of the sample rate on, as short meters and many converters do."""

CONTEXT_FRAMES = max(SHARP.taps, GENTLE.taps) // 2
"""How far a point between two samples looks to either side, in frames."""


def interpolated_peaks(
    shown: Samples,
    begin: int,
    count: int,
    *,
    interpolators: Sequence[Interpolator] = (SHARP,),
    over: float = 0.0,
    beyond: Literal["silence", "silence or mirror"] = "silence",
) -> _Values:
    """Return how high the sound swings between each frame and the next, in its loudest channel.

    Parameters
    ----------
    shown : ndarray, shape (channels, frames)
        The sound with `CONTEXT_FRAMES` of context, less only where the signal begins or ends.
    begin, count : int
        The frames to answer for, counted from the first one shown; −1 is the frame before it.
    interpolators : sequence of Interpolator
        The highest reading of any counts.
    over : float
        Where the sound surely stays below this magnitude, 0 may be told instead: that is quicker.
    beyond : {"silence", "silence or mirror"}
        What lies before the signal's first frame and after its last. Some resamplers, ffmpeg's among
        them, mirror the signal there and read up to 0.5 dB more where it begins or ends abruptly.

    Returns
    -------
    ndarray, shape (count,)
        Entry i is the largest magnitude from frame begin + i up to, not including, the next frame.
    """
    highest = np.zeros(-(-count // _TILE) * _TILE, np.float32)
    for interpolator in interpolators:
        kernel, bound = _kernel(interpolator)
        # A point between frames n and n + 1 is made of the frames from n + 1 − taps/2 to n + taps/2.
        first = begin - interpolator.taps // 2 + 1
        last = first + highest.size + _TILE
        for row in shown:
            at_an_end = first < 0 or begin + count + interpolator.taps // 2 > row.size
            for padded in _extended(row, first, last, mirrored=at_an_end and beyond != "silence"):
                by_tile = np.abs(padded).reshape(-1, _TILE).max(axis=1)
                loud = np.maximum(by_tile[:-1], by_tile[1:]) * bound >= over
                _loop()(padded, kernel, loud, highest)
    return highest[:count]


def _extended(row: _Values, first: int, last: int, *, mirrored: bool) -> Iterator[_Values]:
    """Yield the frames first … last of a row, with silence and, if wanted, mirrored beyond its ends."""
    inside = row[max(0, first) : max(0, last)]
    before, after = max(0, -first), last - first - max(0, -first) - inside.size
    yield np.pad(inside, (before, after))
    if mirrored and inside.size:
        # As libswresample does: about the first frame, and behind the last.
        ahead = np.pad(inside, (before, 0), "reflect")
        yield np.pad(ahead, (0, after), "symmetric")


def true_peaks(samples: Samples, *, progress: Progress = no_progress) -> npt.NDArray[np.float64]:
    """Measure the true peak of each channel.

    Parameters
    ----------
    samples : ndarray, shape (channels, frames)
        The signal, of any length.
    progress : Progress
        Told after every block.

    Returns
    -------
    ndarray, shape (channels,)
        Magnitudes, full scale 1.0; never below the largest sample.
    """
    channels, total = samples.shape
    highest = np.zeros(channels)

    def measure(block: Block) -> tuple[int, list[float]]:
        shown = samples[:, block.outer_begin : block.outer_end]
        begin, count = block.inner.start, block.end - block.begin
        peaks = []
        for row in shown:
            # The samples are among the points: nothing below the largest of them is the answer.
            floor = float(np.abs(row[block.inner]).max())
            between = interpolated_peaks(row[np.newaxis], begin, count, over=floor)
            peaks.append(max(floor, float(between.max())))
        return block.end, peaks

    for done, peaks in progress.map(measure, cut_blocks(total, channels, context_frames=CONTEXT_FRAMES)):
        highest = np.maximum(highest, peaks)
        progress(done / total)
    return highest


@lru_cache(maxsize=4)
def _kernel(interpolator: Interpolator) -> tuple[_Values, float]:
    """Return the taps, shape (phases, taps), and the most that they can raise a signal."""
    half, beta = interpolator.taps // 2, interpolator.kaiser_beta
    at = np.arange(1 - half, half + 1) - np.arange(_PHASES)[:, np.newaxis] / _PHASES
    window = np.i0(beta * np.sqrt(1.0 - (at / half) ** 2)) / np.i0(beta)
    kernel = (np.sinc(at) * window).astype(np.float32)
    # Phase 0 is the sample itself, exactly.
    kernel[0] = at[0] == 0
    # The sums are rounded: a little more than the sum of the taps' magnitudes.
    return kernel, 1.001 * float(np.abs(kernel).sum(axis=1).max())


@lru_cache(maxsize=1)
def _loop() -> Callable[[_Values, _Values, npt.NDArray[np.bool_], _Values], None]:
    from numba import njit

    compiled: Any = njit(cache=True, nogil=True)(_raise_to_peaks)
    return compiled  # type: ignore[no-any-return]


def _raise_to_peaks(padded: _Values, kernel: _Values, loud: npt.NDArray[np.bool_], highest: _Values) -> None:
    """Raise `highest` to the magnitudes of the points after each frame, in the tiles that are loud."""
    phases, taps = kernel.shape
    sums = np.empty(_TILE, np.float32)
    for tile in range(loud.size):
        if not loud[tile]:
            continue
        begin = tile * _TILE
        out = highest[begin : begin + _TILE]
        for phase in range(phases):
            sums[:] = 0
            # Four taps in one go, over a constant number of frames: only so does LLVM use vector
            # instructions, and not load and store every sum for every tap.
            for k in range(0, taps, 4):
                a, b, c, d = (
                    kernel[phase, k],
                    kernel[phase, k + 1],
                    kernel[phase, k + 2],
                    kernel[phase, k + 3],
                )
                x = padded[begin + k : begin + k + _TILE + 3]
                for i in range(_TILE):
                    sums[i] += (a * x[i] + b * x[i + 1]) + (c * x[i + 2] + d * x[i + 3])
            for i in range(_TILE):
                out[i] = max(out[i], abs(sums[i]))
