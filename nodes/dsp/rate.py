"""A sound at another sample rate, by soxr.

The conversion runs through one stream per sound in pieces of a fixed size, so that its result
depends neither on the blocks of a run nor on the length of the recording.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nodegraph import Audio, AudioError, Progress, Samples, new_samples, no_progress

__all__ = ["at_rate", "frames_at"]

# soxr's best recipe: flat to 20 kHz and without audible error at 44.1 kHz. The lesser ones are a fifth
# faster at most (measured), which is no reason to offer them.
_RECIPE = "VHQ"
# Values (frames × channels) handed to soxr at a time; 10 to 20 ms of its work.
_PIECE_VALUES = 1 << 16


def frames_at(sample_rate: int, audio: Audio) -> int:
    """Return the length of a sound at another rate, rounded."""
    # Whole numbers throughout: a float would be off by one frame for long recordings.
    return (2 * audio.frames * sample_rate + audio.sample_rate) // (2 * audio.sample_rate)


def at_rate(audio: Audio, sample_rate: int, *, progress: Progress = no_progress) -> Audio:
    """Return a sound at another rate, not delayed; at its own rate it stays as it is.

    Parameters
    ----------
    audio : Audio
        Any sound.
    sample_rate : int
        In Hz.
    progress : Progress
        Told after every piece.

    Returns
    -------
    Audio
        `frames_at` frames.

    Raises
    ------
    AudioError
        If the sound is so loud that the result is no longer finite.
    Cancelled
        If the user cancelled.
    """
    if sample_rate == audio.sample_rate:
        progress(1.0)
        return audio
    frames = frames_at(sample_rate, audio)
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
