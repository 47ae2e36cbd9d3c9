"""Loudness: one gain for the whole recording, so that it plays as loud as others do.

Nothing else happens to the sound: no compression, and no limiter behind it. Where the target lifts
peaks above full scale they stay whole in 32-bit floats, for a limiter to take down.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from nodegraph import Audio, Progress, Range, Samples, no_progress, node
from nodes.dsp.loudness import integrated_lufs, measure_energies
from nodes.dsp.overlap_add import Block, map_audio

__all__ = ["loudness"]

# Of the time that the node takes, measuring is about this share.
_MEASURING = 0.8


@node(version=1, linked=True)
def loudness(
    audio: Audio,
    *,
    target_lufs: Annotated[float, Range(-70, 0)] = -16.0,
    progress: Progress = no_progress,
) -> Audio:
    """Turn the whole recording up or down so that it has a given loudness.

    Every channel gets the same gain from begin to end; nothing is compressed or clipped. A mono
    recording counts as one speaker, as in other meters: on two speakers it plays 3 LU louder.
    Silence, and sounds too short (0.4 s) or too soft (−70 LUFS) to have a loudness, stay as they are.

    Parameters
    ----------
    audio : Audio
        Any sound.
    target_lufs : float, LUFS
        The integrated loudness that comes out: more is louder. −23 is broadcast, −16 streaming of
        speech and albums, −14 loud streaming.
    progress : Progress
        Told after every block.

    Returns
    -------
    audio : Audio
        Same channels, frames and rate; may exceed full scale.

    References
    ----------
    ITU-R BS.1770-5, 2023, Annex 1. EBU R 128, Loudness normalisation and permitted maximum level of
    audio signals, 2023. AES TD1008, Recommendations for loudness of internet audio streaming, 2021.
    """
    energies = measure_energies(audio, progress=progress.part(0.0, _MEASURING))
    measured_lufs = None if energies is None else integrated_lufs(energies)
    if measured_lufs is None:
        progress.note("This sound is too short or too soft to have a loudness: it was left as it is.")
        return audio
    gain_db = target_lufs - measured_lufs
    progress.note(f"Measured {measured_lufs:.1f} LUFS: changed by {gain_db:+.1f} dB.")
    factor = np.float32(10.0 ** (gain_db / 20.0))

    def amplify(shown: Samples, block: Block) -> Samples:
        return shown * factor

    return map_audio(audio, amplify, progress=progress.part(_MEASURING, 1.0))
