"""What every repair gives: the repaired sound, and what was taken away, to be heard by itself.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodegraph import Audio, Progress, Samples, no_progress
from nodes.dsp.overlap_add import Block, map_blocks

__all__ = ["Repaired", "blended", "repaired"]


class Repaired(NamedTuple):
    """The outputs of a repair node.

    Parameters
    ----------
    audio : Audio
        The repaired sound: same channels, frames and rate.
    removed : Audio
        Input − audio, sample by sample: what the repair took away.
    """

    audio: Audio
    removed: Audio


def blended(original: Samples, restored: Samples, strength: float) -> tuple[Samples, Samples]:
    """Return (audio, removed) of a stretch of sound, so that audio + removed is the original.

    Parameters
    ----------
    original, restored : ndarray, shape (channels, frames)
        Before and after the repair. Where they are equal the original stays, bit for bit.
    strength : float
        0 takes nothing away, 1 all that the repair would.
    """
    removed = np.asarray((original.astype(np.float64) - restored) * strength, np.float32)
    return np.asarray(original.astype(np.float64) - removed, np.float32), removed


def repaired(
    audio: Audio, restored: Samples, *, strength: float = 1.0, progress: Progress = no_progress
) -> Repaired:
    """Return a repair's outputs from the whole restored signal.

    Parameters
    ----------
    audio : Audio
        The input.
    restored : ndarray, shape (channels, frames)
        After the repair at full strength; perhaps memory-mapped.
    strength : float
        See `blended`.
    progress : Progress
        Told after every block.
    """

    def blend(shown: Samples, block: Block) -> tuple[Samples, Samples]:
        return blended(shown, restored[:, block.begin : block.end], strength)

    kept, removed = map_blocks(
        audio.samples, blend, outputs=(audio.channels, audio.channels), progress=progress
    )
    return Repaired(Audio.trusted(kept, audio.sample_rate), Audio.trusted(removed, audio.sample_rate))
