"""Changing the sample rate, by soxr.

The conversion runs through one stream per sound in pieces of a fixed size, so that its result
depends neither on the blocks of a run nor on the length of the recording.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from nodegraph import Audio, AudioError, Progress, Range, Samples, new_samples, no_progress, node

__all__ = ["resample"]

# soxr's best recipe: flat to 20 kHz and without audible error at 44.1 kHz. The lesser ones are a fifth
# faster at most (measured), which is no reason to offer them.
_RECIPE = "VHQ"
# Values (frames × channels) handed to soxr at a time; 10 to 20 ms of its work.
_PIECE_VALUES = 1 << 16


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
    if sample_rate == audio.sample_rate:
        progress(1.0)
        return audio
    # Whole numbers throughout: a float would be off by one frame for long recordings.
    frames = (2 * audio.frames * sample_rate + audio.sample_rate) // (2 * audio.sample_rate)
    result = new_samples(audio.channels, frames)
    position = 0
    for piece, done in _converted(audio, sample_rate):
        if not np.isfinite(piece).all():
            raise AudioError(
                f"resample: the result near {position / sample_rate:.3f} s is louder than a 32-bit float "
                "can hold. Lower the sound before it."
            )
        count = min(len(piece), frames - position)
        result[:, position : position + count] = piece[:count].T
        position += count
        progress(done)
    # soxr's own length may differ by a frame from the rounded one.
    result[:, position:] = 0.0
    return Audio.trusted(result, sample_rate)


def _converted(audio: Audio, sample_rate: int) -> Iterator[tuple[Samples, float]]:
    """Yield pieces of shape (piece frames, channels) and the share of the input behind them."""
    import soxr

    stream = soxr.ResampleStream(
        audio.sample_rate, sample_rate, audio.channels, dtype="float32", quality=_RECIPE
    )
    size = max(1, _PIECE_VALUES // audio.channels)
    for begin in range(0, audio.frames, size):
        end = min(audio.frames, begin + size)
        piece = np.ascontiguousarray(audio.samples[:, begin:end].T)
        converted = stream.resample_chunk(piece, last=end == audio.frames)
        yield converted.reshape(-1, audio.channels), end / audio.frames
