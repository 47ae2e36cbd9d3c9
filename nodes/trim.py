"""Cutting a stretch out of a recording."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt

from nodegraph import Audio, ParameterError, Progress, Range, new_samples, no_progress, node
from nodes.dsp.overlap_add import Block, cut_blocks

__all__ = ["trim"]

# A week of sound (s).
_LONGEST_S = 604_800


@node(version=1, reshapes=True, neutral={"start_s": 0.0, "end_s": None, "fade_ms": 0.0})
def trim(
    audio: Audio,
    *,
    start_s: Annotated[float, Range(0, _LONGEST_S)] = 0.0,
    end_s: Annotated[float, Range(0, _LONGEST_S)] | None = None,
    fade_ms: Annotated[float, Range(0, 5000)] = 0.0,
    progress: Progress = no_progress,
) -> Audio:
    """Keep the stretch between two times and drop the rest.

    Parameters
    ----------
    audio : Audio
        Any sound.
    start_s : float, s
        Where the kept stretch begins: more drops more of the beginning.
    end_s : float, s, optional
        Where it ends, measured from the beginning of the sound: less drops more of the end. None, or
        a time behind the end, keeps everything to the end.
    fade_ms : float, ms
        Over how long the stretch fades in at its start and out at its end: more is softer, 0 cuts
        hard and leaves every kept sample as it is.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Same channels and rate; both times rounded to the nearest frame.

    Raises
    ------
    ParameterError
        If the stretch begins behind the end of the sound, or does not begin before it ends.
    Cancelled
        If the user cancelled.
    """
    begin, end = _stretch(audio, start_s, end_s, progress)
    fade = min(round(fade_ms * audio.sample_rate / 1000), (end - begin) // 2)
    if (begin, end, fade) == (0, audio.frames, 0):
        progress(1.0)
        return audio
    result = new_samples(audio.channels, end - begin)

    def copy(block: Block) -> int:
        part = audio.samples[:, begin + block.begin : begin + block.end]
        if block.begin < fade or block.end > block.total - fade:
            part = part * _ramp(block, fade)
        result[:, block.begin : block.end] = part
        return block.end

    for done in progress.map(copy, cut_blocks(end - begin, audio.channels)):
        progress(done / (end - begin))
    return Audio.trusted(result, audio.sample_rate)


def _stretch(audio: Audio, start_s: float, end_s: float | None, progress: Progress) -> tuple[int, int]:
    """Return first frame and end of the stretch."""
    begin = round(start_s * audio.sample_rate)
    if begin > audio.frames or begin == audio.frames > 0:
        raise ParameterError(
            f"trim: start_s is {start_s:g} s but the sound is only {audio.seconds:.3f} s long. "
            "Choose an earlier start."
        )
    if end_s is None:
        return begin, audio.frames
    if end_s <= start_s:
        raise ParameterError(
            f"trim: start_s is {start_s:g} s but end_s is {end_s:g} s. Choose a start before the end."
        )
    end = round(end_s * audio.sample_rate)
    if end > audio.frames:
        progress.note(f"end_s is {end_s:g} s but the sound ends at {audio.seconds:.3f} s: kept to its end.")
    return begin, min(end, audio.frames)


def _ramp(block: Block, fade: int) -> npt.NDArray[np.float32]:
    """Return the gain of each frame: a raised cosine over `fade` frames at either end."""
    place = np.arange(block.begin, block.end, dtype=np.float64)
    # Between the frames, so that neither end is exactly 0 and both ends mirror each other.
    nearest = np.minimum(place, block.total - 1 - place) + 0.5
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.minimum(nearest / fade, 1.0)), dtype=np.float32)
