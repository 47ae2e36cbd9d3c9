"""Rounding to whole numbers with triangular dither that depends on the place alone.

Rounding without dither distorts quiet sounds; noise of two independent uniform sources of one step
each makes the error's mean and power independent of the sound. The noise of a frame follows from
the seed, the channel and the frame's place, so that blocks of any size give the same file.

Axis letters: C channels, T frames.

References
----------
S. P. Lipshitz, R. A. Wannamaker, J. Vanderkooy, "Quantization and dither: a theoretical survey",
J. Audio Eng. Soc. 40(5), 1992, section 5 (TPDF).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nodegraph import Samples

__all__ = ["is_on_grid", "quantised", "triangular_noise"]

# Frames of noise that are drawn together. Part of what a seed means: never change it.
_CELL_FRAMES = 1 << 14


def is_on_grid(samples: Samples, bits: int) -> bool:
    """Tell whether whole numbers of `bits` bits hold every sample exactly."""
    scale = np.float32(1 << (bits - 1))
    # Scaling by a power of two is exact in float32.
    scaled = samples * scale
    inside = bool((scaled >= -scale).all() and (scaled <= scale - 1).all())
    return inside and bool((scaled == np.rint(scaled)).all())


def quantised(samples: Samples, begin: int, *, bits: int, seed: int | None) -> npt.NDArray[np.int32]:
    """Round samples to whole numbers; what is above full scale stops there.

    Parameters
    ----------
    samples : ndarray, shape (channels, frames)
        Full scale is 1.0.
    begin : int
        The first frame's place in the whole signal.
    bits : int
        Up to 24.
    seed : int, optional
        Of the dither; None rounds without.

    Returns
    -------
    ndarray, shape (channels, frames)
        −2**(bits−1) to 2**(bits−1) − 1.
    """
    scale = 1 << (bits - 1)
    # float64: at 24 bits a float32 has no room for a fraction of a step.
    steps = samples.astype(np.float64) * scale
    if seed is not None:
        steps += triangular_noise(samples.shape[0], begin, samples.shape[1], seed=seed)
    # floor(x + 1/2) rather than rint: rounding to even would favour even codes.
    steps += 0.5
    np.floor(steps, out=steps)
    return np.clip(steps, -scale, scale - 1, out=steps).astype(np.int32)


def triangular_noise(channels: int, begin: int, frames: int, *, seed: int) -> npt.NDArray[np.float64]:
    """Return noise of triangular density between −1 and 1 (steps), independent between channels."""
    result = np.empty((channels, frames), np.float64)
    end = begin + frames
    for channel in range(channels):
        for cell in range(begin // _CELL_FRAMES, -(-end // _CELL_FRAMES)):
            first = cell * _CELL_FRAMES
            low, high = max(begin, first), min(end, first + _CELL_FRAMES)
            # Philox counts: every (cell, channel) is a stream of its own, reached without the others.
            generator = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, cell, channel]))
            uniform = generator.random((2, _CELL_FRAMES), dtype=np.float32)
            part = uniform[:, low - first : high - first].astype(np.float64)
            result[channel, low - begin : high - begin] = part[0] - part[1]
    return result
