"""Loudness and true peak of a passage of any length, in blocks (ITU-R BS.1770-5, EBU Tech 3341).

The engine knows no nodes, so this is not the measuring node's code: that one keeps 10 ms steps for the
loudness range, this one needs only the 100 ms steps of the gate. Tests hold both to pyloudnorm.

Axis letters: C channels, T frames.

References
----------
ITU-R BS.1770-5, Algorithms to measure audio programme loudness and true-peak audio level, 2023, Annexes
1 to 3. EBU Tech 3341, Loudness metering, 2023. B. De Man, Evaluation of implementations of the EBU R128
loudness measurement, AES 145, 2018: the K-weighting for any rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nodegraph.audio import Samples
from nodegraph.editor.listen.background import Stop
from nodegraph.editor.listen.sound import Audible

__all__ = [
    "LOWEST_RATE",
    "SILENCE",
    "Energies",
    "blocks",
    "channel_weights",
    "integrated_lufs",
    "lufs_of",
    "measure_energies",
    "sliding",
    "true_peak",
    "weigh",
]

Energies = npt.NDArray[np.float64]
"""Mean square of each whole step of 100 ms, K-weighted, all channels together."""

SILENCE = -math.inf
"""The loudness and the level of digital silence."""

LOWEST_RATE = 4000
"""The shelf of the K-weighting lies at 1.7 kHz and has to fit below half the rate (Hz)."""

# BS.1770-5, Annex 1: blocks of 400 ms, one every 100 ms; both gates.
_STEPS_PER_S = 10
_STEPS_PER_BLOCK = 4
_OFFSET_DB = -0.691
_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
# De Man's analogue prototypes: gain (dB), Q, frequency (Hz).
_SHELF = (3.99984385397, 0.7071752369554193, 1681.9744509555319)
_HIGH_PASS = (0.0, 0.5003270373253953, 38.13547087613982)
# BS.1770-5, Annex 1, table 3, and Annex 3: speakers at the side count 1.41, the LFE not at all.
_WEIGHTS: Mapping[int, tuple[float, ...]] = {
    4: (1.0, 1.0, 1.41, 1.41),
    5: (1.0, 1.0, 1.0, 1.41, 1.41),
    6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41),
    8: (1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.41, 1.41),
}
# BS.1770-5, Annex 2, table 4: the interpolating filter, its first two phases; the others mirror them.
_PHASE_0 = (
    0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875, 0.1373291015625,
    0.9721679687500, -0.1022949218750, 0.0476074218750, -0.0266113281250, 0.0148925781250, -0.0083007812500,
)  # fmt: skip
_PHASE_1 = (
    -0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500, 0.4650878906250,
    0.7797851562500, -0.2003173828125, 0.1015625000000, -0.0582275390625, 0.0330810546875, -0.0189208984375,
)  # fmt: skip
# Frames that one product of matrices interpolates at once.
_TILE = 16
# So many products at once: few enough that the library of matrices does it on one thread.
_TILES = 128
# No point between samples is higher than so many times the highest sample around it: Σ|h| of the filter.
_MOST_SWING = 2.03
# Frames looked at in one go: 0.7 s, so that a measure can be cancelled at any time.
_BLOCK = 1 << 15


def blocks(source: Audible, begin: int, end: int, stop: Stop) -> Iterator[tuple[int, Samples]]:
    """Yield (first frame, samples) from `begin` to `end`; end early when `stop` says so."""
    for first in range(begin, end, _BLOCK):
        if stop():
            return
        yield first, source.read(first, min(first + _BLOCK, end))


def channel_weights(channels: int) -> npt.NDArray[np.float64]:
    """Return how much each channel counts."""
    return np.array(_WEIGHTS.get(channels, (1.0,) * channels))


def weigh(
    samples: Samples, sample_rate: int, state: npt.NDArray[np.float64] | None = None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Filter by the K-weighting.

    Parameters
    ----------
    samples : ndarray, shape (channels, frames)
        The next block.
    sample_rate : int
        In Hz.
    state : ndarray, optional
        What the last block left.

    Returns
    -------
    weighted : ndarray, shape (channels, frames)
    state : ndarray
        For the next block.
    """
    from scipy.signal import sosfilt

    if state is None:
        state = np.zeros((2, len(samples), 2))
    weighted, state = sosfilt(_k_weighting(sample_rate), samples.astype(np.float64), axis=-1, zi=state)
    return weighted, state


def measure_energies(
    source: Audible,
    begin: int,
    end: int,
    stop: Stop,
    *,
    progress: Callable[[float], None] = lambda _done: None,
    look: Callable[[int, int], None] = lambda _first, _last: None,
) -> Energies:
    """Return the energies of a passage, step by step; useless when it was stopped, 0 below `LOWEST_RATE`.

    Parameters
    ----------
    source : Sound or Difference
        Of any length.
    begin, end : int
        The passage (frames).
    stop, progress : callable
        Asked and told between blocks.
    look : callable
        Given the first frame of each block and that after its last: for who measures something else
        while the block is in the processor's cache.
    """
    rate = source.sample_rate
    borders = (
        begin + np.arange((end - begin) * _STEPS_PER_S // rate + 1, dtype=np.int64) * rate // _STEPS_PER_S
    )
    sums = np.zeros(borders.size)
    weights = channel_weights(source.channels)
    state = None
    for first, samples in blocks(source, begin, end, stop):
        if rate >= LOWEST_RATE:
            weighted, state = weigh(samples, rate, state)
            squares = np.square(weighted, out=weighted)
            _add(sums, borders, first, np.einsum("c,ct->t", weights, squares))
        last = first + samples.shape[1]
        look(first, last)
        progress((last - begin) / (end - begin))
    return sums[:-1] / np.diff(borders)


def _add(sums: Energies, borders: npt.NDArray[np.int64], first: int, squares: Energies) -> None:
    """Add the squares of a block to the steps that it lies in."""
    low, high = np.searchsorted(borders, (first, first + squares.size))
    starts = borders[low:high] - first
    # The block begins in the middle of a step, unless a step begins with it.
    if not starts.size or starts[0] > 0:
        starts, low = np.concatenate([[0], starts]), low - 1
    sums[low : low + starts.size] += np.add.reduceat(squares, starts)


def lufs_of(mean_square: float) -> float:
    """Return the loudness of a K-weighted mean square (BS.1770-5, Annex 1, eq. 2)."""
    return _OFFSET_DB + 10.0 * math.log10(mean_square) if mean_square > 0.0 else SILENCE


def integrated_lufs(energies: Energies) -> float | None:
    """Return the gated loudness, or None where it is shorter than 400 ms or silent."""
    means = sliding(energies, _STEPS_PER_BLOCK)
    loud = means[means > _mean_square(_GATE_LUFS)]
    if not loud.size:
        return None
    gate = _mean_square(lufs_of(float(loud.mean())) + _RELATIVE_GATE_LU)
    return lufs_of(float(loud[loud > gate].mean()))


def sliding(energies: Energies, steps: int) -> Energies:
    """Return the mean of each stretch of that many steps."""
    if energies.size < steps:
        return energies[:0]
    means: Energies = np.lib.stride_tricks.sliding_window_view(energies, steps).mean(axis=-1)
    return means


def _mean_square(lufs: float) -> float:
    return float(10.0 ** ((lufs - _OFFSET_DB) / 10.0))


def true_peak(samples: Samples, context: int = 0, above: float = 0.0) -> float:
    """Return how high the sound swings between its samples too, linear.

    Parameters
    ----------
    samples : ndarray, shape (channels, frames)
        With the 11 frames before the first that counts, as far as there are any.
    context : int
        How many frames of it are only context, at most 16.
    above : float
        A peak that is known already: what cannot exceed it is not looked at.
    """
    peak = max(above, float(np.max(np.abs(samples[:, context:]), initial=0.0)))
    taps = _interpolator().shape[0] - _TILE
    for row in samples:
        tiles = -(-row.size // _TILE)
        padded = np.zeros(tiles * _TILE + taps, np.float32)
        padded[taps : taps + row.size] = row
        highest = np.abs(padded[taps:]).reshape(tiles, _TILE).max(axis=1)
        highest[1:] = np.maximum(highest[1:], highest[:-1])
        windows = np.lib.stride_tricks.sliding_window_view(padded, taps + _TILE)[::_TILE]
        peak = max(peak, _highest_between(windows, highest, context, peak))
    return peak


def _highest_between(windows: Samples, highest: Samples, context: int, peak: float) -> float:
    """Return the highest point between samples, looking only where one may be above `peak`."""
    order = np.flatnonzero(highest * _MOST_SWING > peak)
    order = order[np.argsort(-highest[order])]
    for first in range(0, order.size, _TILES):
        tiles = order[first : first + _TILES]
        if highest[tiles[0]] * _MOST_SWING <= peak:
            break
        between = np.abs(windows[tiles] @ _interpolator()).reshape(tiles.size, _TILE, 4)
        # The points before the first frame whose whole past is known would ring at a cut.
        between[tiles == 0, :context] = 0.0
        peak = max(peak, float(between.max()))
    return peak


@lru_cache(maxsize=1)
def _interpolator() -> npt.NDArray[np.float32]:
    """Return the matrix that makes 4 points per frame of a tile's frames and those before them."""
    phases = np.array([_PHASE_0, _PHASE_1, _PHASE_1[::-1], _PHASE_0[::-1]])
    taps = phases.shape[1]
    matrix = np.zeros((taps - 1 + _TILE, _TILE, 4), np.float32)
    for frame in range(_TILE):
        matrix[frame : frame + taps, frame] = phases[:, ::-1].T
    return matrix.reshape(taps - 1 + _TILE, -1)


@lru_cache(maxsize=8)
def _k_weighting(sample_rate: int) -> npt.NDArray[np.float64]:
    """Return both filters as second-order sections."""
    from pyloudnorm import IIRfilter

    shelf = IIRfilter(*_SHELF, sample_rate, "high_shelf_DeMan")
    high_pass = IIRfilter(*_HIGH_PASS, sample_rate, "high_pass_DeMan")
    return np.array([[*each.b, *each.a] for each in (shelf, high_pass)], dtype=np.float64)
