"""Channels picked, swapped, added: every mode is a small matrix.

Axis letters: C channels, T frames.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from nodegraph import Audio, AudioError, Progress, Samples, no_progress, node
from nodes.dsp.overlap_add import Block, map_blocks

__all__ = ["channels"]

_Mode = Literal["mono", "stereo", "left", "right", "swap", "mid_side", "left_right_from_mid_side"]

# A row per output channel, a factor per input channel. "mono" is made for any number of channels.
_MATRICES: dict[str, tuple[tuple[float, ...], ...]] = {
    "stereo": ((1.0,), (1.0,)),
    "left": ((1.0, 0.0),),
    "right": ((0.0, 1.0),),
    "swap": ((0.0, 1.0), (1.0, 0.0)),
    "mid_side": ((0.5, 0.5), (0.5, -0.5)),
    "left_right_from_mid_side": ((1.0, 1.0), (1.0, -1.0)),
}


@node(version=1, linked=True, reshapes=True)
def channels(audio: Audio, *, mode: _Mode = "mono", progress: Progress = no_progress) -> Audio:
    """Pick, swap or add channels.

    Parameters
    ----------
    audio : Audio
        Two channels for most modes; "mono" takes any number, "stereo" one or two.
    mode : {"mono", "stereo", "left", "right", "swap", "mid_side", "left_right_from_mid_side"}
        "mono" averages all channels, which quietens the noise of a mono record played in stereo by
        3 dB; "stereo" puts one channel on both sides; "left" and "right" keep that channel alone, for
        a record with one good groove wall; "swap" exchanges them; "mid_side" turns left and right
        into their middle and their difference, and "left_right_from_mid_side" turns those back.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Same frames and rate; one or two channels.

    Raises
    ------
    AudioError
        If the mode needs another number of channels.
    Cancelled
        If the user cancelled.
    """
    if (mode == "mono" and audio.channels == 1) or (mode == "stereo" and audio.channels == 2):
        progress(1.0)
        return audio
    matrix = _MATRICES.get(mode, ((1.0 / audio.channels,) * audio.channels,))
    _check_count(audio, mode, len(matrix[0]))

    def multiply(shown: Samples, block: Block) -> tuple[Samples]:
        result = np.empty((len(matrix), shown.shape[1]), np.float32)
        for row, factors in zip(result, matrix, strict=True):
            row[:] = _sum(shown, factors)
        return (result,)

    (samples,) = map_blocks(audio.samples, multiply, outputs=(len(matrix),), progress=progress)
    return Audio.trusted(samples, audio.sample_rate)


def _sum(shown: Samples, factors: tuple[float, ...]) -> Samples:
    picked = [(row, factor) for row, factor in zip(shown, factors, strict=True) if factor]
    if len(picked) == 1 and picked[0][1] == 1.0:
        only: Samples = picked[0][0]
        return only
    # In float64, in a fixed order: one rounding, the same for blocks of any size.
    total = np.zeros(shown.shape[1], np.float64)
    for row, factor in picked:
        total += row * np.float64(factor)
    return total.astype(np.float32)


def _check_count(audio: Audio, mode: str, needed: int) -> None:
    if audio.channels == needed:
        return
    if mode == "stereo":
        raise AudioError(
            f"channels: stereo needs 1 or 2 channels but the sound has {audio.channels}. "
            "Put a Channels node with mono before it."
        )
    found = "1 channel" if audio.channels == 1 else f"{audio.channels} channels"
    advice = "Put a Channels node with stereo before it." if audio.channels == 1 else "Choose mono."
    raise AudioError(f"channels: {mode} needs 2 channels but the sound has {found}. {advice}")
