"""What every repair gives: the repaired sound, and what was taken away, to be heard by itself.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nodegraph import Audio, Samples, new_samples

__all__ = ["Repaired", "blended", "untouched"]


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


def untouched(audio: Audio) -> Repaired:
    """Return the outputs of a repair that found nothing to do: the input itself, and silence."""
    silence = new_samples(audio.channels, audio.frames)
    # A new file is silent already; writing that again would take as long as a repair.
    if not isinstance(silence, np.memmap):
        silence.fill(0.0)
    return Repaired(audio, Audio.trusted(silence, audio.sample_rate))
