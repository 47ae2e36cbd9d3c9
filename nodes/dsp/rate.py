"""A sound at another sample rate, by soxr.

The conversion runs through one stream per sound in pieces of a fixed size, so that its result
depends neither on the blocks of a run nor on the length of the recording.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nodegraph import Audio, AudioError, Progress, Samples, new_samples, no_progress

__all__ = ["Converter", "at_rate", "frames_at"]

# soxr's best recipe: flat to 20 kHz and without audible error at 44.1 kHz. The lesser ones are a fifth
# faster at most (measured), which is no reason to offer them.
_RECIPE = "VHQ"
# Values (frames × channels) handed to soxr at a time; 10 to 20 ms of its work.
_PIECE_VALUES = 1 << 16


def frames_at(frames: int, old_rate: int, new_rate: int) -> int:
    """Return the length of a sound of so many frames at another rate, rounded."""
    # Whole numbers throughout: a float would be off by one frame for long recordings.
    return (2 * frames * new_rate + old_rate) // (2 * old_rate)


class Converter:
    """A change of the sample rate that takes a sound piece by piece, with an exact length.

    Parameters
    ----------
    old_rate, new_rate : int
        In Hz; where they are equal nothing changes.
    channels : int
        Of every piece.
    frames : int
        How many come out in all.
    """

    def __init__(self, old_rate: int, new_rate: int, channels: int, frames: int) -> None:
        self._left = frames
        self._stream: Any = None
        if old_rate != new_rate:
            import soxr

            self._stream = soxr.ResampleStream(old_rate, new_rate, channels, dtype="float32", quality=_RECIPE)

    def convert(self, piece: Samples, *, last: bool) -> Samples:
        """Return what has come out so far and not been returned, shape (channels, any number)."""
        if self._stream is not None:
            columns = self._stream.resample_chunk(np.ascontiguousarray(piece.T), last=last)
            piece = columns.reshape(-1, len(piece)).T
        # soxr's own length may differ by a frame from the rounded one.
        piece = piece[:, : self._left]
        self._left -= piece.shape[1]
        if last and self._left:
            piece = np.pad(piece, ((0, 0), (0, self._left)))
            self._left = 0
        return piece


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
        As many frames as `frames_at` says.

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
    frames = frames_at(audio.frames, audio.sample_rate, sample_rate)
    result = new_samples(audio.channels, frames)
    converter = Converter(audio.sample_rate, sample_rate, audio.channels, frames)
    size = max(1, _PIECE_VALUES // audio.channels)
    position = 0
    for begin in range(0, audio.frames, size):
        end = min(audio.frames, begin + size)
        piece = converter.convert(audio.samples[:, begin:end], last=end == audio.frames)
        if not np.isfinite(piece).all():
            raise AudioError(
                f"resample: the result near {position / sample_rate:.3f} s is louder than a 32-bit float "
                "can hold. Lower the sound before it."
            )
        result[:, position : position + piece.shape[1]] = piece
        position += piece.shape[1]
        progress(end / audio.frames)
    return Audio.trusted(result, sample_rate)
