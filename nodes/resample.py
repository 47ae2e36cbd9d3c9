"""Changing the sample rate."""

from __future__ import annotations

from typing import Annotated

from nodegraph import Audio, Progress, Range, no_progress, node
from nodes.dsp.rate import at_rate

__all__ = ["resample"]


@node(version=1, reshapes=True)
def resample(
    audio: Audio,
    *,
    sample_rate: Annotated[int, Range(8000, 192_000, "log")] = 44100,
    progress: Progress = no_progress,
) -> Audio:
    """Change the sample rate; pitch, tempo and level stay as they are.

    Parameters
    ----------
    audio : Audio
        Any sound.
    sample_rate : int, Hz
        More keeps higher tones: everything above about half of it is lost. 44100 Hz is the CD's rate,
        48000 Hz that of video, 96000 Hz an archive's. At the sound's own rate nothing changes.
    progress : Progress
        Told after every piece.

    Returns
    -------
    audio : Audio
        Same channels, at the new rate, not delayed; frames × new rate / old rate, rounded.

    Raises
    ------
    AudioError
        If the sound is so loud that the result is no longer finite.
    Cancelled
        If the user cancelled.

    References
    ----------
    J. O. Smith, "Digital Audio Resampling Home Page", CCRMA, 2002 (band-limited interpolation).
    R. Sykes, libsoxr, https://sourceforge.net/projects/soxr.
    """
    return at_rate(audio, sample_rate, progress=progress)
