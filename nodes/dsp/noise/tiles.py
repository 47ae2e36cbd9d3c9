"""Tiles of the time-frequency plane: which window to believe where, and what slips through as noise.

Several STFT windows look at the same sound. Each averages, over tiles that cover the same seconds and
hertz in all of them, Stein's estimate of the error that its gains leave. From these come the share that
each window has in a tile, and from the power that the gains let through, whether there is anything in a
tile but noise. Sums run in a fixed order, so that block-wise equals whole-file, bit for bit.

Axis letters: T STFT frames, F bins.

References
----------
C. Stein, "Estimation of the mean of a multivariate normal distribution", Ann. Stat. 9(6), 1981.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from nodes.dsp.noise.suppression import Cells

__all__ = ["TILE_REACH", "Grid", "apply", "average", "measure", "ratios", "shares", "spread"]

# Weights of neighbouring tiles, in time and in frequency: risks are averaged over about 0.3 s × 2 kHz.
_TILE_WEIGHTS = (1.0, 2.0, 3.0, 2.0, 1.0)
# Tiles to either side that a block needs: those weights, the interpolation, and the windows' overlap.
TILE_REACH = 5
# Differences of a tile's risk (noise powers) at which a window counts clearly less.
_SOFTNESS = 0.025


@dataclass(frozen=True)
class Grid:
    """How many STFT frames and bins of a window make a tile."""

    frames: int
    bins: int


def ratios(spectra: npt.NDArray[np.complex64], noise: Cells, at: npt.NDArray[np.float32]) -> Cells:
    """Return the power of each cell in units of the noise power, on average over the channels.

    Parameters
    ----------
    spectra : ndarray, shape (channels, stft_frames, bins)
        complex64.
    noise : ndarray, shape (knots, bins)
        Noise power at equally spaced moments, linear between them.
    at : ndarray, shape (stft_frames,)
        Where the frames lie among them, in knots.

    Returns
    -------
    ndarray, shape (stft_frames, bins)
    """
    result = np.zeros(spectra.shape[1:], np.float32)
    for channel in spectra:
        _loops().add_power(np.ascontiguousarray(channel).view(np.float32), result)
    _loops().divide(result, noise, at, np.float32(len(spectra)))
    return result


def measure(snr: Cells, gain: Cells, grid: Grid) -> tuple[Cells, Cells]:
    """Return Stein's risk, and the power that the gains let through, on average over each tile.

    Both in units of the noise power, shape (tiles, tile bins). The risk is that of a gain that hardly
    depends on the cell's own noise: |(1 − G) X|² + 2 G − 1 (Stein 1981). `snr` and `gain` have the same
    shape; the last bin is in no tile.
    """
    shape = len(gain) // grid.frames, (gain.shape[1] - 1) // grid.bins
    risk, passed = np.empty(shape, np.float32), np.empty(shape, np.float32)
    _loops().measure(snr, gain, (grid.frames, grid.bins), risk, passed)
    return risk, passed


def average(tiles: Cells) -> Cells:
    """Return the weighted average over neighbouring tiles; in time, only where all of them are known."""
    half, total = len(_TILE_WEIGHTS) // 2, np.float32(sum(_TILE_WEIGHTS))
    bins = tiles.shape[1]
    mirrored = np.pad(tiles, ((0, 0), (half, half)), mode="symmetric")
    across = sum(np.float32(w / total) * mirrored[:, i : i + bins] for i, w in enumerate(_TILE_WEIGHTS))
    rows = len(tiles) - 2 * half
    return np.asarray(
        sum(np.float32(w / total) * np.asarray(across)[i : i + rows] for i, w in enumerate(_TILE_WEIGHTS)),
        np.float32,
    )


def shares(risk: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return how much each window contributes to each tile, from its risk, shape (windows, tiles, bins)."""
    above = risk - risk.min(axis=0)
    base = np.float32(1.0) / (np.float32(1.0) + above / np.float32(3.0 * _SOFTNESS))
    weights = base**4
    return np.asarray(weights / weights.sum(axis=0), np.float32)


def spread(tiles: Cells, grid: Grid, bins: int) -> Cells:
    """Return a window's values by tile and bin, linear between the middles of the tiles."""
    across = (np.arange(bins) + 0.5) / grid.bins - 0.5
    across = np.clip(across, 0.0, tiles.shape[1] - 1.0)
    low = np.minimum(across.astype(np.int64), max(0, tiles.shape[1] - 2))
    share = (across - low).astype(np.float32)
    return np.asarray(
        tiles[:, low] * (1 - share) + tiles[:, np.minimum(low + 1, tiles.shape[1] - 1)] * share, np.float32
    )


def apply(
    spectra: npt.NDArray[np.complex64], gain: Cells, heard: Cells, least: Cells, grid: Grid
) -> npt.NDArray[np.complex64]:
    """Return the spectra times their gains.

    Parameters
    ----------
    spectra : ndarray, shape (channels, stft_frames, bins)
        complex64, from one STFT frame before a block's first own one.
    gain : ndarray, shape (stft_frames, bins)
        Of each cell.
    heard : ndarray, shape (tiles, bins)
        How much of the gain counts, from the first tile that `average` gives for a block whose tiles
        begin `TILE_REACH` before it; linear in time between the middles of the tiles.
    least : ndarray, shape (tiles, bins)
        The gain that remains in any case.

    Returns
    -------
    ndarray, shape (channels, stft_frames, bins)
        complex64.
    """
    first = len(_TILE_WEIGHTS) // 2 - TILE_REACH
    at = ((np.arange(len(gain)) - 1) / grid.frames - 0.5 - first).astype(np.float32)
    result = np.empty(spectra.shape, np.complex64)
    for channel, into in zip(spectra, result, strict=True):
        source = np.ascontiguousarray(channel).view(np.float32)
        _loops().apply(source, gain, (heard, least), at, into.view(np.float32))
    return result


@dataclass(frozen=True)
class _Loops:
    add_power: Callable[[Cells, Cells], None]
    divide: Callable[[Cells, Cells, npt.NDArray[np.float32], np.float32], None]
    measure: Callable[[Cells, Cells, tuple[int, int], Cells, Cells], None]
    apply: Callable[[Cells, Cells, tuple[Cells, Cells], npt.NDArray[np.float32], Cells], None]


@lru_cache(maxsize=1)
def _loops() -> _Loops:
    from numba import njit

    # Without Python's check for division by zero, which would keep the loops from being vectorised.
    compiled: Any = njit(cache=True, nogil=True, error_model="numpy")
    return _Loops(compiled(_add_power), compiled(_divide), compiled(_measure), compiled(_apply))


def _add_power(parts: Cells, power: Cells) -> None:
    """Add |X|² of spectra whose real and imaginary parts alternate."""
    frames, bins = power.shape
    for t in range(frames):
        for f in range(bins):
            power[t, f] += parts[t, 2 * f] * parts[t, 2 * f] + parts[t, 2 * f + 1] * parts[t, 2 * f + 1]


def _divide(power: Cells, noise: Cells, at: npt.NDArray[np.float32], channels: np.float32) -> None:
    frames, bins = power.shape
    last = noise.shape[0] - 1
    for t in range(frames):
        place = min(max(at[t], np.float32(0.0)), np.float32(last))
        low = min(int(place), max(0, last - 1))
        high = min(low + 1, last)
        share = place - np.float32(low)
        rest = np.float32(1.0) - share
        for f in range(bins):
            power[t, f] /= channels * (noise[low, f] * rest + noise[high, f] * share)


def _measure(snr: Cells, gain: Cells, tile: tuple[int, int], risk: Cells, passed: Cells) -> None:
    step, wide = tile
    tiles, columns = risk.shape
    bins = columns * wide
    one, scale = np.float32(1.0), np.float32(1.0 / (step * wide))
    left, through = np.empty(bins, np.float32), np.empty(bins, np.float32)
    for tile_at in range(tiles):
        for f in range(bins):
            left[f] = 0
            through[f] = 0
        for t in range(tile_at * step, (tile_at + 1) * step):
            for f in range(bins):
                own, rest = gain[t, f], one - gain[t, f]
                left[f] += rest * rest * snr[t, f] + (own + own - one)
                through[f] += own * own * snr[t, f]
        for column in range(columns):
            error, power = np.float32(0.0), np.float32(0.0)
            for f in range(column * wide, (column + 1) * wide):
                error += left[f]
                power += through[f]
            risk[tile_at, column] = error * scale
            passed[tile_at, column] = power * scale


def _apply(
    parts: Cells, gain: Cells, limits: tuple[Cells, Cells], at: npt.NDArray[np.float32], result: Cells
) -> None:
    heard, least = limits
    frames, bins = gain.shape
    last = heard.shape[0] - 1
    for t in range(frames):
        place = min(max(at[t], np.float32(0.0)), np.float32(last))
        low = min(int(place), max(0, last - 1))
        high = min(low + 1, last)
        share = place - np.float32(low)
        rest = np.float32(1.0) - share
        for f in range(bins):
            counted = gain[t, f] * (heard[low, f] * rest + heard[high, f] * share)
            mask = max(counted, least[low, f] * rest + least[high, f] * share)
            result[t, 2 * f] = parts[t, 2 * f] * mask
            result[t, 2 * f + 1] = parts[t, 2 * f + 1] * mask
