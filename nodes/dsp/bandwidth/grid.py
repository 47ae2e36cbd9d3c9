"""Blocks of the length that a model knows, on a grid that is fixed to the sound, and how they are joined.

Neighbouring blocks overlap. The outer parts of the overlap are only seen, so that what a model does at
the ends of what it is shown is not heard; in the middle one block fades into the next. Two generated
sounds need not be alike: the fade keeps the power whatever they have in common.

Axis letters: C channels, T frames.

References
----------
M. Fink, M. Holters, U. Zölzer, Signal-matched power-complementary cross-fading and dry-wet mixing,
DAFx 2016 (the gains of a fade from how alike both sides are).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nodegraph import Samples

__all__ = ["Grid", "join"]

# 0.64 s and 0.16 s at 48 kHz: 0.24 s to either side are seen but not heard.
_OVERLAP_FRAMES, _FADE_FRAMES = 30_720, 7_680

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """Where the blocks of a sound lie.

    Parameters
    ----------
    total : int
        The sound's length (frames).
    block_frames : int
        Of every block, also the last, which silence fills up.
    overlap_frames, fade_frames : int
        By how much neighbours overlap, and in how much of its middle one fades into the other.
    """

    total: int
    block_frames: int
    overlap_frames: int = _OVERLAP_FRAMES
    fade_frames: int = _FADE_FRAMES

    @property
    def step_frames(self) -> int:
        """From the begin of a block to that of the next."""
        return self.block_frames - self.overlap_frames

    @property
    def count(self) -> int:
        """How many blocks there are; one for an empty sound, too."""
        return 1 + max(0, -(-(self.total - self.block_frames) // self.step_frames))

    @property
    def lead_frames(self) -> int:
        """From the begin of a block to that of its fade."""
        return (self.overlap_frames - self.fade_frames) // 2

    def begin(self, index: int) -> int:
        """Return the first frame of a block."""
        return index * self.step_frames

    def cut(self, samples: Samples, index: int) -> Samples:
        """Return one block, shape (channels, block_frames), with silence after the sound's end."""
        begin = self.begin(index)
        found = samples[:, begin : begin + self.block_frames]
        return np.pad(found, ((0, 0), (0, self.block_frames - found.shape[1])))

    @staticmethod
    def seed(seed: int, index: int) -> int:
        """Return the seed of a block, 32 bits: it depends on nothing but the user's seed and the place."""
        digest = hashlib.blake2b(f"{seed} {index}".encode(), digest_size=4).digest()
        return int.from_bytes(digest, "little")


def join(grid: Grid, block: Callable[[int], Sequence[_Values]], result: Samples) -> None:
    """Join blocks to a whole.

    Parameters
    ----------
    grid : Grid
        Where they lie.
    block : callable
        Takes a block's index and returns its parts, each of shape (channels, block_frames): the sound is
        their sum, and each part has a fade of its own.
    result : ndarray, shape (channels, total)
        Is filled.
    """
    lead, fade = grid.lead_frames, grid.fade_frames
    held: list[_Values] = []
    for index in range(grid.count):
        parts = block(index)
        begin, is_last = grid.begin(index), index + 1 == grid.count
        first = lead + fade if held else 0
        end = min(grid.total - begin, grid.block_frames if is_last else grid.step_frames + lead)
        result[:, begin + first : begin + end] = sum(part[:, first:end] for part in parts)
        if held:
            middle = slice(lead, lead + fade)
            joined = (_faded(old, new[:, middle]) for old, new in zip(held, parts, strict=True))
            result[:, begin + lead : begin + lead + fade] = sum(joined)
        after = grid.step_frames + lead
        held = [part[:, after : after + fade].copy() for part in parts]


def _faded(old: _Values, new: _Values) -> _Values:
    """Return one sound that becomes the other, at a power that stays: the same fade for all channels."""
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(old.shape[1]) + 0.5) / old.shape[1])
    powers = float(np.sum(old**2)) * float(np.sum(new**2))
    alike = min(1.0, max(0.0, float(np.sum(old * new)) / np.sqrt(powers))) if powers > 0.0 else 1.0
    # Alike, the gains add up to 1; strangers, their squares do.
    weight = 1.0 / np.sqrt(1.0 - 2.0 * (1.0 - alike) * rise * (1.0 - rise))
    return np.asarray(weight * (rise * new + (1.0 - rise) * old), np.float64)
