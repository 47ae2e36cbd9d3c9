"""Gain and mixing: the plainest nodes, and a model for the others."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nodegraph import Audio, AudioError, PerTrack, Progress, Range, Samples, new_samples, no_progress, node
from nodes.dsp.overlap_add import Block, cut_blocks, map_audio

__all__ = ["gain", "mix"]


@node(version=1, neutral={"gain_db": 0.0})
def gain(
    audio: Audio,
    *,
    gain_db: Annotated[float, Range(-96, 48)] = 0.0,
    progress: Progress = no_progress,
) -> Audio:
    """Make the sound louder or softer by a fixed amount.

    Nothing is clipped: levels above full scale are kept and can be turned down again later.

    Parameters
    ----------
    audio : Audio
        Any sound.
    gain_db : float, dB
        More is louder; +6 dB doubles the amplitude. 0 dB leaves every sample as it is.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Same channels, frames and rate.
    """
    factor = np.float32(10.0 ** (gain_db / 20.0))

    def amplify(shown: Samples, block: Block) -> Samples:
        return shown * factor

    return map_audio(audio, amplify, progress=progress)


@node(version=1)
def mix(
    *tracks: Audio,
    gains_db: Annotated[tuple[float, ...], PerTrack("tracks"), Range(-96, 24)] = (),
    progress: Progress = no_progress,
) -> Audio:
    """Add tracks together, each at its own level.

    The sum is neither normalised nor clipped: what went in comes out, added. Shorter tracks end
    early; the mix is as long as the longest.

    Parameters
    ----------
    *tracks : Audio
        Any number of sounds of one sample rate and one number of channels.
    gains_db : float, dB
        The level of each track: more brings it forward, 0 dB leaves it as it is.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        The sum, with the tracks' channels and rate, as long as the longest.

    Raises
    ------
    AudioError
        If there is no track, or rates or channels differ.
    """
    _check_alike(tracks)
    factors = [np.float32(10.0 ** (level / 20.0)) for level in gains_db]
    factors += [np.float32(1.0)] * (len(tracks) - len(factors))
    first, frames = tracks[0], max(track.frames for track in tracks)
    result = new_samples(first.channels, frames)

    def add(block: Block) -> int:
        total = np.zeros((first.channels, block.end - block.begin), np.float32)
        for track, factor in zip(tracks, factors, strict=True):
            part = track.samples[:, block.begin : block.end]
            total[:, : part.shape[1]] += part * factor
        if not np.isfinite(total).all():
            raise AudioError("mix: the sum is louder than a 32-bit float can hold. Lower the tracks.")
        result[:, block.begin : block.end] = total
        return block.end

    for done in progress.map(add, cut_blocks(frames, first.channels)):
        progress(done / frames)
    return Audio.trusted(result, first.sample_rate)


def _check_alike(tracks: tuple[Audio, ...]) -> None:
    if not tracks:
        raise AudioError("mix: there is no track. Link at least one sound to it.")
    first = tracks[0]
    for number, track in enumerate(tracks[1:], start=2):
        if track.sample_rate != first.sample_rate:
            raise AudioError(
                f"mix: track {number} is {track.sample_rate} Hz but track 1 is {first.sample_rate} Hz. "
                "Put a Resample node before it."
            )
        if track.channels != first.channels:
            raise AudioError(
                f"mix: track {number} has {track.channels} channels but track 1 has {first.channels}. "
                "Put a Channels node before it."
            )
