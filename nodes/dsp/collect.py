"""Put chunks of a decoder together into one result, whether or not its length is known before.

A header's word is no reason to take gigabytes: where the length is only a claim, the chunks go to
a temporary file first and the result is taken when the sound has really been seen.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable

import numpy as np

from nodegraph import Progress, Samples, new_samples, no_progress

__all__ = ["collect"]

# Up to this size a sound of unknown length waits in memory (bytes); above, in a temporary file.
_SPOOL_BYTES = 32 << 20
# Frames moved at one time from the temporary file to the result.
_MOVE_FRAMES = 1 << 16


def collect(
    chunks: Iterable[Samples], channels: int, *, frames: int | None, progress: Progress = no_progress
) -> Samples:
    """Return what `chunks` yields as one array.

    Parameters
    ----------
    chunks : iterable of ndarray, shape (chunk frames, channels)
        float32, interleaved as decoders deliver it. May be shorter in sum than `frames`.
    channels : int
        Number of channels.
    frames : int, optional
        The length that the result will have at most; None where nobody knows.
    progress : Progress
        Asked for a cancel between chunks.

    Returns
    -------
    ndarray, shape (channels, frames)
        From `new_samples`.

    Raises
    ------
    Cancelled
        If the user cancelled.
    OSError
        If the disk cannot hold it.
    """
    if frames is None:
        return _collect_unknown(chunks, channels, progress)
    result = new_samples(channels, frames)
    position = 0
    for chunk in chunks:
        taken = chunk[: frames - position]
        result[:, position : position + len(taken)] = taken.T
        position += len(taken)
        progress.check()
    return result if position == frames else _shortened(result, position, progress)


def _collect_unknown(chunks: Iterable[Samples], channels: int, progress: Progress) -> Samples:
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
        frames = 0
        for chunk in chunks:
            spool.write(np.ascontiguousarray(chunk, dtype=np.float32).tobytes())
            frames += len(chunk)
            progress.check()
        spool.seek(0)
        result = new_samples(channels, frames)
        for begin in range(0, frames, _MOVE_FRAMES):
            count = min(_MOVE_FRAMES, frames - begin)
            part = np.frombuffer(spool.read(4 * count * channels), np.float32)
            result[:, begin : begin + count] = part.reshape(count, channels).T
            progress.check()
    return result


def _shortened(samples: Samples, frames: int, progress: Progress) -> Samples:
    result = new_samples(samples.shape[0], frames)
    for begin in range(0, frames, _MOVE_FRAMES):
        end = min(frames, begin + _MOVE_FRAMES)
        result[:, begin:end] = samples[:, begin:end]
        progress.check()
    return result
