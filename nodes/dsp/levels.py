"""Peaks, powers and the offset of a recording, over stretches of 50 ms and as a whole.

Sums are taken over the stretches and then exactly (`math.fsum`), so that no figure depends on where a
block begins.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, Progress, no_progress
from nodes.dsp.difference import stretch_frames
from nodes.dsp.overlap_add import Block, cut_blocks

__all__ = ["Levels", "dbfs", "decibels", "measure_levels"]

# The noise floor is the level that this share of the stretches stays below (%): the pauses.
_PAUSES_PERCENT = 5.0
# Stretches below are digital silence, not noise (dBFS): under the rounding of 20 bits.
_DIGITAL_SILENCE_DBFS = -120.0

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Levels:
    """Levels of stretches of 50 ms, and of the whole.

    Parameters
    ----------
    times_s : ndarray, shape (stretches,)
        Where each begins.
    peaks, squares : ndarray, shape (stretches,)
        Highest magnitude, and mean square over all channels.
    highest, lowest : ndarray, shape (channels,)
        Of the whole.
    powers : ndarray, shape (channels,)
        Mean square of the whole.
    common : float | None
        Mean product of the two channels, where there are two.
    offset_percent : float | None
        The largest mean of any channel, with its sign; None for no sound at all.
    """

    times_s: _Values
    peaks: _Values
    squares: _Values
    highest: _Values
    lowest: _Values
    powers: _Values
    common: float | None
    offset_percent: float | None

    @property
    def peak(self) -> float:
        """The highest magnitude."""
        return float(max(self.highest.max(), -self.lowest.min()))

    @property
    def noise_floor_dbfs(self) -> float | None:
        """The level of the pauses; None where all is digital silence."""
        level = decibels(self.squares)
        level = level[level > _DIGITAL_SILENCE_DBFS]
        return float(np.percentile(level, _PAUSES_PERCENT)) if level.size else None


def measure_levels(audio: Audio, *, progress: Progress = no_progress) -> Levels:
    """Return the levels of a recording."""
    stretch = stretch_frames(audio)

    def take(block: Block) -> tuple[int, tuple[_Values, ...]]:
        part = audio.samples[:, block.begin : block.end].astype(np.float64)
        starts = np.arange(0, part.shape[1], stretch)
        highest = np.maximum.reduceat(part, starts, axis=1)
        lowest = np.minimum.reduceat(part, starts, axis=1)
        sums = [np.add.reduceat(product, starts, axis=1) for product in (part, part * part)]
        both = np.add.reduceat(part[:1] * part[-1:], starts, axis=1)
        return block.end, (highest, lowest, *sums, both)

    found: list[tuple[_Values, ...]] = []
    for done, values in progress.map(take, cut_blocks(audio.frames, audio.channels, align_frames=stretch)):
        found.append(values)
        progress(done / audio.frames)
    if not found:
        none, silent = np.zeros(0), np.zeros(audio.channels)
        return Levels(none, none, none, silent, silent, silent, None, None)
    highest, lowest, sums, squares, both = (np.concatenate(rows, axis=1) for rows in zip(*found, strict=True))
    lengths = np.minimum(stretch, audio.frames - stretch * np.arange(highest.shape[1]))
    return Levels(
        times_s=np.arange(highest.shape[1]) * stretch / audio.sample_rate,
        peaks=np.maximum(highest, -lowest).max(axis=0),
        squares=squares.sum(axis=0) / (lengths * audio.channels),
        highest=highest.max(axis=1),
        lowest=lowest.min(axis=1),
        powers=np.array([math.fsum(row) / audio.frames for row in squares]),
        common=math.fsum(both[0]) / audio.frames if audio.channels == 2 else None,
        offset_percent=max((100.0 * math.fsum(row) / audio.frames for row in sums), key=abs),
    )


def decibels(power: _Values) -> _Values:
    """Return 10 log10 of each power, NaN where there is none."""
    found: _Values = np.full(power.shape, np.nan)
    np.log10(power, out=found, where=power > 0.0)
    return 10.0 * found


def dbfs(magnitude: float) -> float | None:
    """Return a magnitude (full scale 1.0) in dB, None for nothing."""
    return 20.0 * math.log10(magnitude) if magnitude > 0.0 else None
